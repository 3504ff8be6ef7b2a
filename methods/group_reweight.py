"""Group re-weighting: strata of class and group count for the same in the loss.

    loss = mean_i w_{y_i s_i} CE_i

    stratum        w_ys = n / (C n_ys)         C non-empty strata   (default)
    within_class   w_ys = n_y / (G_y n_ys)     G_y non-empty groups in class y
    group          w_ys = n / (G n_s)          G non-empty groups

In expectation these are the gradients of `strategic_sampling` in the mode of the same name. It
needs groups in training, none at test; prediction as in `ce`.

Where we differ. Every mode, the square root (`exponent` = 0.5) included, is brought to mean weight
1 over the training set, and the sum is divided by the batch size. Samples of unknown group have
weight 1, empty strata 0. Groups are those of all grouped attributes together, never of one apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.shared.weighting import (
    MODES,
    stratum_table,
    stratum_weights,
    weighted_cross_entropy,
    with_unknown,
)


@method(
    "Group re-weighting",
    family="sampling",
    source="inverse stratum frequency; Wang et al. 2020, utils.py (within_class)",
    needs=("train_groups",),
)
class GroupReweight(Method):
    @dataclass(frozen=True)
    class Settings:
        mode: str = setting(
            "stratum",
            doc="what is made equally heavy: strata, groups within a class, or groups",
            choices=MODES,
            search=MODES,
        )
        exponent: float = setting(
            1.0,
            doc="power of the weights: 1 as they are, 0.5 square root, 0 plain CE",
            search=(0.5, 1.0),
            low=0.0,
            high=1.0,
        )

    weights: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        counts = stratum_table(self.task.stratum_counts)
        weights = stratum_weights(counts, self.settings.mode, self.settings.exponent)
        weights = with_unknown(weights).to(torch.get_default_dtype())
        self.register_buffer("weights", weights, persistent=False)

    def loss(self, batch: Batch, step: Step) -> Losses:
        weights = self.weights[batch.labels, batch.groups]
        logits = self.logits(batch.images)
        return {"weighted_ce": weighted_cross_entropy(logits, batch.labels, weights)}
