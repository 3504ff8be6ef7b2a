"""What the three parity penalties share: settings, group means, the weighted term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step
from methods.ops import class_probabilities, cross_entropy
from methods.shared.adversaries import GROUPINGS
from methods.shared.group_statistics import Members
from methods.shared.parity_gaps import REDUCTIONS, GroupMeans, gaps


@dataclass(frozen=True)
class ParitySettings:
    """Settings of the term."""

    strength: float = setting(
        1.0, doc="lambda (reference)", search=(0.1, 0.3, 1.0, 3.0, 10.0), low=0.0
    )
    reduce: str = setting(
        "mean_pairs", doc="mean over pairs of groups, or the widest gap", choices=REDUCTIONS
    )
    groups: str = setting(
        "intersection",
        doc="groups of all attributes together, or the mean of the term for each attribute",
        choices=GROUPINGS,
    )
    min_count: int = setting(
        2, doc="samples that a group needs (in a class, if by class) to be compared", low=1
    )
    memory: float = setting(
        0.0,
        doc="share of earlier batches in the compared means (moving average); 0 none",
        low=0.0,
        high=0.999,
    )


class ParityMethod(Method):
    """Cross entropy with a gap between the groups' mean class probabilities.

    `per_class` takes the means within each class; a subclass may define another gap.
    """

    Settings = ParitySettings
    per_class: ClassVar[bool]

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.group_means = GroupMeans(
            self.task,
            self.settings.groups,
            min_count=self.settings.min_count,
            per_class=self.per_class,
            memory=self.settings.memory,
        )

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        ce = cross_entropy(logits, batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        terms = [
            self.gap(means, groups)
            for means, groups in self.group_means(class_probabilities(logits), batch)
        ]
        return {"ce": ce, "parity": self.settings.strength * torch.stack(terms).mean()}

    def gap(self, means: Tensor, groups: Members) -> Tensor:
        """Half the summed gaps of all classes, of (C, G, K) means."""
        return gaps(means, groups, self.settings.reduce).sum() / 2
