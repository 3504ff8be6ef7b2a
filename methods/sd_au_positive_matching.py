"""AU positive matching with spectral decoupling: the two, as S2 combines them.

    loss = w_ce CE + w_sd SD + lambda L_pm

with L_pm of `au_positive_matching` and the weights w_ce, w_sd and the penalty SD of
`spectral_decoupling` under the same `schedule`. It needs action units in training, no groups, and
nothing but the picture at test; prediction as in `ce`.

    constant          CE + lambda_sd SD
    author_switch     CE + lambda_sd SD, from the switch on lambda_sd (CE + SD)
    switch_rescaled   CE + lambda_sd SD, from the switch on CE + SD

Where we differ. S2 does not say whether the matching term is scaled down with the rest after the
authors' switch: by default it keeps its weight (`switch_scope = ce`), `all` scales it too and acts
with `author_switch` only. That schedule stops training of CE under SGD and is a labelled
reproduction; `switch_rescaled` is the default. The switch is a share of the steps. With
`schedule = constant` and `sd_strength = 0` the run is `au_positive_matching`, with strength 0 it is
`spectral_decoupling`. The controls are those of `au_positive_matching`.
"""

from dataclasses import dataclass
from typing import Any

from datasets.settings import setting
from datasets.spec import Batch, DatasetSpec
from methods.base import Losses, Step, method
from methods.ops import cross_entropy
from methods.shared.au_matching import skip_reason
from methods.shared.au_matching_base import AuMatchingMethod, MatchingSettings
from methods.shared.logit_penalty import (
    ScheduledPenalty,
    ScheduleSettings,
    schedule_skip_reason,
    scheduled_penalty,
)


@method(
    "AU positive matching with spectral decoupling",
    family="contrastive",
    source="Suresh and Ong 2023 (S2, arXiv 2303.04896), Sec. IV-D.2",
    needs=("action_units",),
)
class SdAuPositiveMatching(AuMatchingMethod):
    @dataclass(frozen=True)
    class Settings(ScheduleSettings, MatchingSettings):
        sd_strength: float | None = setting(
            None,
            doc="lambda_sd; none takes the schedule's published value: 0.1 constant, 2e-5 for both "
            "switches, 0.1 target",
            search=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
            low=0.0,
        )
        switch_scope: str = setting(
            "ce",
            doc="what author_switch scales down: CE and its penalty, or L_pm as well",
            choices=("ce", "all"),
        )

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        no_units = skip_reason(spec, settings.action_units)
        return no_units if no_units else schedule_skip_reason(spec, settings.schedule)

    @property
    def penalty(self) -> ScheduledPenalty:
        """The penalty on the logits and its schedule under the method's settings."""
        return scheduled_penalty(self.settings, self.settings.sd_strength)

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        logits = self.head(features)
        ce = cross_entropy(logits, batch.labels)
        ce_weight, penalty_weight = self.penalty.weights(step.progress)
        plain = penalty_weight == 0 and ce_weight == 1
        terms = {"ce": ce if plain else ce_weight * ce}
        if not plain:
            penalty = self.penalty.of(logits, batch.labels)
            terms["spectral_decoupling"] = penalty_weight * penalty
        if self.settings.strength > 0:
            scaled = self.settings.switch_scope == "all"
            matching = self.matching(features, batch)
            terms["positive_matching"] = ce_weight * matching if scaled else matching
        return terms
