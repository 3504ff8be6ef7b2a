"""Prejudice remover: mutual information between prediction and group as a penalty.

    loss = CE + lambda (1/n) sum_i sum_k p_ik log(P(k | s_i) / P(k))

with p_ik the class probabilities, P(k | s) their mean over group s and P(k) over all groups of the
batch: the mutual information, in nats, of the group and a class drawn from p. It is at least 0, and
0 when the groups have the same mean probabilities. It needs groups in training, none at test;
prediction as in `ce`.

Where we differ. The reference takes the sum over the samples, which grows with the batch; we take
the mean. Probabilities are held at 1e-7 or more inside the logarithm. A group counts from
`min_count` samples on (2) and n counts the samples of such groups; with fewer than two the term is
0. The published penalty is for a logistic regression with a model for each group; like later work
we keep one network. All methods share the protocol's batch of 32, where means over a few samples
make the information look larger than it is; 64 or more would be better (`protocol.batch_size`).
With strength 0 the run is `ce`, bit for bit.
"""

from dataclasses import dataclass

from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import class_probabilities, cross_entropy
from methods.shared.adversaries import GROUPINGS
from methods.shared.group_statistics import Members, mean_over_targets, members_of

#: smallest probability inside the logarithm
FLOOR = 1e-7


def mutual_information(probabilities: Tensor, groups: Members) -> Tensor:
    """Mutual information in nats of group and class drawn from (B, K) probabilities, one block."""
    sums = groups.sums(probabilities)[0]
    number = groups.counts.sum().clamp(min=1)
    given_group = groups.means(probabilities)[0]
    overall = sums.sum(dim=0) / number
    ratios = given_group.clamp(min=FLOOR).log() - overall.clamp(min=FLOOR).log()
    return (sums * ratios).sum() / number


@method(
    "Prejudice remover",
    family="penalty",
    source="Kamishima et al. 2012 (prejudice index); ahxt/fair_fairness_benchmark (PRLoss)",
    needs=("train_groups",),
)
class PrejudiceRemover(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            1.0, doc="lambda (ours)", search=(0.1, 0.3, 1.0, 3.0, 10.0), low=0.0
        )
        groups: str = setting(
            "intersection",
            doc="groups of all attributes together, or the mean of the term for each attribute",
            choices=GROUPINGS,
        )
        min_count: int = setting(2, doc="samples that a group needs to be compared", low=1)

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        ce = cross_entropy(logits, batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        targets = members_of(
            batch, self.task, self.settings.groups, min_count=self.settings.min_count
        )
        information = mean_over_targets(mutual_information, class_probabilities(logits), targets)
        return {"ce": ce, "prejudice": self.settings.strength * information}
