"""Class-balanced loss: weights classes by their effective number of samples.

A second picture of a class tells less than the first; the effective number of n of them is
(1 - beta^n) / (1 - beta):

    loss = mean_i w_{y_i} CE_i,   w_y in proportion to (1 - beta) / (1 - beta^n_y)

beta = 0 is plain cross entropy, beta = 1 is `class_reweight`. It needs labels only; prediction as
in `ce`.

Where we differ. Weights have mean 1 over the training set, so that the loss stays on the scale of
`ce`; the paper makes them sum to K over the classes (Cui et al. 2019, Sec. 4), which changes the
scale with the imbalance. Classes without samples have weight 0. Only the soft-max form is here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.shared.weighting import class_table, effective_numbers, weighted_cross_entropy


@method("Class-balanced loss", family="loss", source="Cui et al. 2019, Proposition 1 and Sec. 4")
class ClassBalancedLoss(Method):
    @dataclass(frozen=True)
    class Settings:
        beta: float = setting(
            0.9999,
            doc="overlap of samples (Cui et al. 2019): 0 plain CE, 1 inverse class frequency",
            search=(0.99, 0.999, 0.9999, 0.99999),
            low=0.0,
            high=1.0,
        )

    weights: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        weights = effective_numbers(class_table(self.task.class_counts), self.settings.beta)
        self.register_buffer("weights", weights.to(torch.get_default_dtype()), persistent=False)

    def loss(self, batch: Batch, step: Step) -> Losses:
        weights = self.weights[batch.labels]
        logits = self.logits(batch.images)
        return {"weighted_ce": weighted_cross_entropy(logits, batch.labels, weights)}
