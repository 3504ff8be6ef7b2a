"""Contrastive pre-training of the trunk, then a linear classifier on its frozen features."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Losses,
    MakeBackbone,
    Method,
    Optimiser,
    ParameterSet,
    Stage,
    Step,
    Update,
)
from methods.shared.contrastive import both_views, projector, similarities
from methods.shared.probe import BATCH_FACTOR, RATE, SHARE, probe_stage

#: the first stage of FSCL (main_contrastive.py; batch 128, cosine schedule, 100 epochs), and its
#: classifier (main_classifier.py; batch 256)
PAPER_OPTIMISER = Optimiser("sgd", 0.1, 1e-4, momentum=0.9)
PAPER_PROBE_OPTIMISER = Optimiser("sgd", 0.1, 0.0, momentum=0.9)


@dataclass(frozen=True)
class PretrainingSettings:
    """Settings of the two stages."""

    temperature: float = setting(
        0.1, doc="T, divides the cosines (FSCL losses.py)", search=(0.05, 0.1, 0.2), low=1e-3
    )
    batch_factor: int = setting(
        1,
        doc="batch of the contrastive stage over the protocol's; the pictures seen stay the same",
        search=(1, 4),
        low=1,
    )
    optimiser: str = setting(
        "protocol",
        doc="the study's optimiser, or the papers' SGD (rate 0.1, momentum 0.9, decay 1e-4)",
        choices=("protocol", "paper"),
    )
    probe_rate: float = setting(
        RATE,
        doc="learning-rate factor of the linear classifier; 0.1, FSCL's rate, under `default`",
        low=0.0,
    )
    probe_share: float = setting(
        SHARE, doc="rows the linear classifier sees, over the budget (our choice)", low=0.01
    )
    probe_batch_factor: int = setting(
        BATCH_FACTOR,
        doc="batch of the linear classifier over the protocol's (FSCL: 256 rows)",
        low=1,
    )


class ContrastivePretraining(Method):
    """Two stages; a subclass writes `contrastive`, the loss of the first."""

    Settings = PretrainingSettings

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.projector = projector(int(self.trunk.num_features))  # type: ignore[arg-type]

    def stages(self) -> tuple[Stage, ...]:
        published = self.settings.optimiser == "paper"
        trained = tuple(
            ParameterSet(tuple(module.parameters())) for module in (self.trunk, self.projector)
        )
        first = Update(self.contrastive, trained, PAPER_OPTIMISER if published else None)
        return (
            Stage(
                "contrastive",
                (first,),
                batch_factor=self.settings.batch_factor,
                predicts=False,
            ),
            probe_stage(
                self.head,
                self.features,
                (self.trunk, self.projector),
                rate=self.settings.probe_rate,
                share=self.settings.probe_share,
                batch_factor=self.settings.probe_batch_factor,
                optimiser=PAPER_PROBE_OPTIMISER if published else None,
            ),
        )

    def contrastive(self, batch: Batch, step: Step) -> Losses:
        """The terms of the first stage."""
        raise TypeError(f"{type(self).__name__} does not implement contrastive()")

    def view_similarities(self, batch: Batch) -> Tensor:
        """(2B, 2B) cosines over the temperature of the embeddings of both views."""
        embeddings = self.projector(self.features(both_views(batch)))
        return similarities(embeddings, self.settings.temperature)
