"""Logit adjustment: tells the loss how frequent each class is, so that the logits need not.

    loss      mean_i CE(l_i + tau log pi, y_i),   pi_y = P(y) in training
    predict   soft-max of l

The shift takes the class prior out of what the head learns; l alone then answers as if classes were
equally frequent. `mode = post_hoc` trains `ce` and predicts the soft-max of l - tau log pi instead.
It needs labels only. With tau = 1 the loss is the balanced soft-max.

Where we differ. The prior uses Laplace's rule, pi_y = (n_y + 1) / (n + K), so that a class without
samples stays possible; `floor` = 1e-9 takes the plain shares plus that floor.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Step, method
from methods.ops import cross_entropy
from methods.shared.priors import log_class_priors


@method(
    "Logit adjustment",
    family="loss",
    source="Menon et al. 2021, Eq. 9 and 10; Ren et al. 2020 (balanced soft-max)",
    aliases=("balanced_softmax",),
)
class LogitAdjust(Method):
    @dataclass(frozen=True)
    class Settings:
        tau: float = setting(
            1.0,
            doc="strength of the shift (Menon et al. 2021; search range ours)",
            search=(0.5, 1.0, 1.5),
            low=0.0,
        )
        mode: str = setting(
            "loss",
            doc="shift the logits of the loss, or those of the prediction after plain training",
            choices=("loss", "post_hoc"),
            search=("loss", "post_hoc"),
        )
        floor: float = setting(
            0.0, doc="added to the shares of the classes; 0 for Laplace's rule", low=0.0
        )

    shift: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        prior = log_class_priors(self.task.class_counts, floor=self.settings.floor)
        self.register_buffer("shift", self.settings.tau * prior, persistent=False)

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        if self.settings.mode == "loss":
            return {"balanced_ce": cross_entropy(logits + self.shift, batch.labels)}
        return {"ce": cross_entropy(logits, batch.labels)}

    def predict(self, batch: Batch) -> Tensor:
        logits = self.logits(batch.images)
        if self.settings.mode == "post_hoc":
            logits = logits - self.shift
        return torch.log_softmax(logits, dim=1)
