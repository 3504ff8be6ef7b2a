"""Difference of demographic parity: all groups shall have the same mean class probabilities.

    loss = CE + lambda (1/2) sum_k D_k
    D_k  = mean over pairs of groups of |mean of p_k over a - mean of p_k over b|

with p the class probabilities and means over the samples of a group in the batch
(`shared/parity_gaps.py`); `reduce = max_gap` takes the largest mean less the smallest instead. It
needs groups in training, none at test; prediction as in `ce`. Demographic parity also punishes true
differences in how often the classes occur in the groups; `diff_eopp` and `diff_eodd` do not.

Where we differ. The reference has two classes and two groups, |mean_0 q - mean_1 q|; the form above
is ours and equals it there. The reference divides by zero where a group is missing; here a group
counts from `min_count` samples on (2), and with fewer than two such groups the term is 0. Means
over a few samples make the gap look larger than it is: `memory` compares means smoothed over the
batches instead. All methods share the protocol's batch of 32; 64 or more would be better
(`protocol.batch_size`). Probabilities near 0 and 1 give hardly any gradient. With strength 0 the
run is `ce`, bit for bit.
"""

from dataclasses import dataclass

import torch

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.ops import class_probabilities, cross_entropy
from methods.shared.adversaries import GROUPINGS
from methods.shared.parity_gaps import REDUCTIONS, GroupMeans, gaps


@method(
    "Diff. DP",
    family="penalty",
    source="ahxt/fair_fairness_benchmark (DiffDP); several classes and groups: ours",
    needs=("train_groups",),
)
class DiffDp(Method):
    @dataclass(frozen=True)
    class Settings:
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
        min_count: int = setting(2, doc="samples that a group needs to be compared", low=1)
        memory: float = setting(
            0.0,
            doc="share of earlier batches in the compared means (moving average); 0 none",
            low=0.0,
            high=0.999,
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.group_means = GroupMeans(
            self.task,
            self.settings.groups,
            min_count=self.settings.min_count,
            per_class=False,
            memory=self.settings.memory,
        )

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        ce = cross_entropy(logits, batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        terms = [
            gaps(means, groups, self.settings.reduce).sum() / 2
            for means, groups in self.group_means(class_probabilities(logits), batch)
        ]
        return {"ce": ce, "parity": self.settings.strength * torch.stack(terms).mean()}
