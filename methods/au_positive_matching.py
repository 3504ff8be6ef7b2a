"""AU positive matching: samples of one class are pulled together where their action units agree.

An annotator's bias puts faces with different muscle movements under one label. Of the positive
pairs of a batch those with similar action units therefore get more weight:

    loss = CE + lambda L_pm
    L_pm = -(1/N) sum_i sum_{p in P_i} cos(A_i, A_p) cos(h_i, h_p)

with P_i the other samples of the batch in the class of i, A the projected action units and h the
projected features (`methods/au_matching.py`). The classifier reads the features, not h. It needs
action units in training, no groups, and nothing but the picture at test; prediction as in `ce`.

Where we differ. A face without measured action units is left out of L_pm and keeps its CE term (the
paper drops the picture). The paper's twelve units are used as far as the data set measures them.
Everything else is as published, flaws included: L_pm is not divided by the number of positives, so
its weight grows with batch size and class frequency, and since nothing repels, constant A and h
minimise it (`degeneration` measures how near a run is). `au_positive_matching_repaired` will differ
in `reduce` and `au_weighting`. With strength 0 the term is skipped: the run is `ce`, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

import torch

from datasets.settings import setting
from datasets.spec import Batch, DatasetSpec
from methods.au_matching import REDUCTIONS, WEIGHTINGS, AuMatcher, skip_reason
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.ops import cross_entropy


@method(
    "AU positive matching",
    family="contrastive",
    source="Suresh and Ong 2023 (S2, arXiv 2303.04896), Eq. 2 and 3",
    needs=("action_units",),
)
class AuPositiveMatching(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            1.0, doc="lambda (S2 Eq. 3)", search=(0.01, 0.03, 0.1, 0.3, 1.0), low=0.0
        )
        reduce: str = setting(
            "sum",
            doc="sum over an anchor's positives (S2 Eq. 2) or their mean",
            choices=REDUCTIONS,
            search=REDUCTIONS,
        )
        au_weighting: str = setting(
            "learned",
            doc="weight of a pair: learned (S2), detached, raw_cosine, fixed_projection or none",
            choices=WEIGHTINGS,
            search=WEIGHTINGS,
        )
        action_units: tuple[str, ...] = setting(
            (), doc="units used (AU01, ...); empty: those of the paper's twelve that there are"
        )

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        return skip_reason(spec, settings.action_units)

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.matcher = AuMatcher(
            self.task.spec,
            int(self.trunk.num_features),  # type: ignore[arg-type]
            self.settings.action_units,
            weighting=self.settings.au_weighting,
            reduce=self.settings.reduce,
        )

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        matching = self.matcher(features, batch)
        return {"ce": ce, "positive_matching": self.settings.strength * matching}
