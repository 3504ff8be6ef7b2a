"""Focal loss: down-weights samples that are already classified well.

    loss = mean_i (1 - p_i)^gamma (-log p_i),   p_i = probability of the true class.

The factor alpha of the detection paper balances foreground against background; it has no meaning
for K classes and is left out. gamma = 0 is plain cross entropy. Prediction as in `ce`.
"""

from dataclasses import dataclass

import torch

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropies


@method("Focal loss", family="loss", source="Lin et al. 2017, Eq. 4", version=2)
class Focal(Method):
    @dataclass(frozen=True)
    class Settings:
        gamma: float = setting(
            2.0,
            doc="focusing exponent, at least 0 (Lin et al. 2017)",
            search=(0.5, 1.0, 2.0, 3.0, 5.0),
            low=0.0,
        )

    def loss(self, batch: Batch, step: Step) -> Losses:
        losses = cross_entropies(self.logits(batch.images), batch.labels)
        # 1 - p without cancellation near p = 1, where for gamma < 1 the slope of (1 - p)^gamma has
        # no bound.
        distance = (-torch.expm1(-losses)).clamp(min=1e-8)
        return {"focal": (distance**self.settings.gamma * losses).mean()}
