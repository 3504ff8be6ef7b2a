"""Bias-balanced loss: tells the loss how frequent each class is in the sample's group.

    loss    = mean_i CE(l_i + log P(y | s_i), y_i),   P from the training counts
    predict   soft-max of l

What the group alone says about the class is in the shift, so that the logits need not learn it; l
then answers as if classes were equally frequent in every group. With one group it is
`logit_adjust`. It needs groups in training, none at test.

Where we differ. P uses Laplace's rule, (n_ys + 1) / (n_s + K): the reference's floor of 1e-9 (here
`floor`) shifts the logits of an empty stratum by -20.7, which forbids the class to the group. The
reference shifts the logits in place, so that what it logs is shifted; here they are copied. Samples
of unknown group are shifted by log P(y).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.ops import cross_entropy
from methods.shared.priors import log_class_by_group_code


@method(
    "Bias-balanced",
    family="heads",
    source="Hong and Yang 2021 (BiasBal); debias/losses/bbloss.py",
    needs=("train_groups",),
    aliases=("bias_bal",),
)
class BiasBalanced(Method):
    @dataclass(frozen=True)
    class Settings:
        floor: float = setting(
            0.0,
            doc="added to P(y | s); 0 for Laplace's rule, 1e-9 as in the authors' code",
            low=0.0,
        )

    shifts: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        shifts = log_class_by_group_code(
            self.task.stratum_counts, self.task.class_counts, floor=self.settings.floor
        )
        self.register_buffer("shifts", shifts, persistent=False)

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        return {"balanced_ce": cross_entropy(logits + self.shifts[batch.groups], batch.labels)}
