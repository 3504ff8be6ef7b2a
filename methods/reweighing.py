"""Reweighing: weights under which class and group are independent in the training data.

    loss = mean_i w_{y_i s_i} CE_i,   w_ys = n_y n_s / (n n_ys)

The weighted counts keep the shares of the classes and of the groups, and lose their dependence.
Unequal groups and rare classes stay as they are: where class and group are independent already,
this is `ce`. It needs groups in training, none at test; prediction as in `ce`.

Where we differ. A stratum without samples cannot be weighted up, so that the weights no longer sum
to n; they are then brought back to mean 1, which no record of the run mentions. Samples of unknown
group have weight 1. Groups are those of all grouped attributes together, never of one apart.
"""

import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.shared.weighting import (
    independence_weights,
    stratum_table,
    weighted_cross_entropy,
    with_unknown,
)


@method(
    "Reweighing",
    family="sampling",
    source="Kamiran and Calders 2012 (reweighing); AIF360 preprocessing/reweighing.py",
    needs=("train_groups",),
)
class Reweighing(Method):
    weights: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        weights = independence_weights(stratum_table(self.task.stratum_counts))
        weights = with_unknown(weights).to(torch.get_default_dtype())
        self.register_buffer("weights", weights, persistent=False)

    def loss(self, batch: Batch, step: Step) -> Losses:
        weights = self.weights[batch.labels, batch.groups]
        logits = self.logits(batch.images)
        return {"weighted_ce": weighted_cross_entropy(logits, batch.labels, weights)}
