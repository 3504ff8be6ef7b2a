"""Difference of equal opportunity: all groups shall be equally sure of the true class.

    loss = CE + lambda (1/K_p) sum_y D_y
    D_y = mean over pairs of groups of |mean of p_y over a in class y - the same over b|

with p the class probabilities and means over the samples of one group and true class y in the batch
(`shared/parity_gaps.py`); K_p counts the classes in which two groups can be compared. It is a
smooth form of the gap between the groups' true-positive rates, class by class, which fits facial
expressions best among the three parity penalties. `reduce = max_gap` takes the largest mean less
the smallest; `classes` restricts the sum. It needs groups in training, none at test; prediction as
in `ce`.

Where we differ. The reference has two groups and the positive one of two classes; with
`classes` set to that class the form above, which is ours, equals it. The reference divides by zero
where a stratum is missing; here a group counts from `min_count` samples of the class on (2), and
without two such groups in any class the term is 0. With many strata most are missing from the
protocol's batch of 32 that all methods share: 64 or more (`protocol.batch_size`) would be better,
or `groups = per_attribute`. Means over a few samples make a gap look larger than it is: `memory`
compares means smoothed over the batches instead. With strength 0 the run is `ce`, bit for bit.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import DatasetSpec
from methods.base import MakeBackbone, method
from methods.ops import masked_mean
from methods.shared.group_statistics import Members
from methods.shared.parity_gaps import gaps
from methods.shared.parity_methods import ParityMethod, ParitySettings


@method(
    "Diff. EOpp",
    family="penalty",
    source="ahxt/fair_fairness_benchmark (DiffEOpp); several classes and groups: ours",
    needs=("train_groups",),
)
class DiffEopp(ParityMethod):
    @dataclass(frozen=True)
    class Settings(ParitySettings):
        classes: tuple[str, ...] = setting((), doc="names of the classes compared; empty: all")

    per_class = True
    chosen: Tensor

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        missing = [name for name in settings.classes if name not in spec.classes]
        return f"data set {spec.name} has no class {', '.join(missing)}" if missing else None

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        super().build_extras(make_backbone, generator)
        names = self.task.spec.classes
        chosen = [name in (self.settings.classes or names) for name in names]
        self.register_buffer("chosen", torch.tensor(chosen), persistent=False)

    def gap(self, means: Tensor, groups: Members) -> Tensor:
        """Mean over the classes compared of D_y, of (K, G, K) means."""
        own = gaps(means, groups, self.settings.reduce).diagonal()
        return masked_mean(own, groups.blocks & self.chosen)
