"""What the methods that match positives by action units share: settings, modules, preparation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch, DatasetSpec
from methods.base import Losses, MakeBackbone, Method, MethodCard, Stage, Update
from methods.shared.au_matching import REDUCTIONS, WEIGHTINGS, AuMatcher, skip_reason
from methods.shared.shuffled_units import UNITS, ShuffledUnits, with_sample_index


@dataclass(frozen=True)
class MatchingSettings:
    """Settings of the matching term, with the published values as defaults."""

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
    units: str = setting(
        "measured",
        doc="whose action units a face is given: its own, or those of another face (a control)",
        choices=UNITS,
    )


class AuMatchingMethod(Method):
    """A method with the matching term; a subclass writes `loss`."""

    Settings = MatchingSettings

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        return skip_reason(spec, settings.action_units)

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        return with_sample_index(cls.card) if settings.units == "shuffled" else cls.card

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.shuffled = ShuffledUnits()
        self.matcher = AuMatcher(
            self.task.spec,
            int(self.trunk.num_features),  # type: ignore[arg-type]
            self.settings.action_units,
            weighting=self.settings.au_weighting,
            reduce=self.settings.reduce,
        )

    def stages(self) -> tuple[Stage, ...]:
        prepare = self.shuffled.deal if self.settings.units == "shuffled" else None
        return (Stage("train", (Update(self.loss, self.parameter_sets()),), prepare=prepare),)

    def matching(self, features: Tensor, batch: Batch) -> Tensor:
        """The weighted term, lambda L_pm, of (B, d) features."""
        term: Tensor = self.matcher(features, self._seen(batch))
        strength: float = self.settings.strength
        return strength * term

    def diagnostics(self, batch: Batch) -> Losses:
        """How near the term is to constant weights and to one point for all classes (S2)."""
        if self.settings.strength == 0:
            return {}
        found = self.matcher.degeneration(self.features(batch.images), self._seen(batch))
        return vars(found)

    def _seen(self, batch: Batch) -> Batch:
        return self.shuffled(batch) if self.settings.units == "shuffled" else batch
