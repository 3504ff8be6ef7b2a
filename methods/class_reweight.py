"""Class re-weighting: every class counts for the same in the loss, however rare it is.

    loss = mean_i w_{y_i} CE_i,   w_y = n / (K n_y)

over the K classes that have samples; w has mean 1 over the training set. It needs labels only;
prediction as in `ce`.

Where we differ. The weighted sum is divided by the batch size; PyTorch divides by the sum of the
weights in the batch, which gives the same sample another gradient in every batch. `exponent` = 0.5
(the square root) is brought back to mean 1 as well.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.shared.weighting import class_table, inverse_counts, weighted_cross_entropy


@method("Class re-weighting", family="loss", source="inverse class frequency, n / (K n_y)")
class ClassReweight(Method):
    @dataclass(frozen=True)
    class Settings:
        exponent: float = setting(
            1.0,
            doc="power of 1 / n_y: 1 equal classes, 0.5 square root, 0 plain CE",
            search=(0.5, 1.0),
            low=0.0,
            high=1.0,
        )

    weights: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        counts = class_table(self.task.class_counts)
        weights = inverse_counts(counts, self.settings.exponent)
        self.register_buffer("weights", weights.to(torch.get_default_dtype()), persistent=False)

    def loss(self, batch: Batch, step: Step) -> Losses:
        weights = self.weights[batch.labels]
        logits = self.logits(batch.images)
        return {"weighted_ce": weighted_cross_entropy(logits, batch.labels, weights)}
