"""Cross entropy on the latent encoder: the baseline of `latent_alignment` on its own networks.

Encoder (its mean), blocks and classifier are those of `latent_alignment`, trained end to end in one
stage on as many pictures as that method sees in its two.

    loss = CE(classifier(mu(x)), y)

It needs labels only.

Where we differ. A baseline of the suite (methods.md 14), not of a paper.
"""

from dataclasses import dataclass

import torch
from torch import nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Stage, Step, Update, method
from methods.networks.mbconv import LatentTrunk
from methods.networks.vae import LATENT, Encoder
from methods.ops import cross_entropy


@method(
    "Cross entropy on the latent encoder",
    family="generative",
    source="project's baseline (methods.md 14)",
    cost=4.0,
)
class CrossEntropyOnMean(Method):
    @dataclass(frozen=True)
    class Settings:
        block: str = setting(
            "mbconv", doc="classifier block, as in latent_alignment", choices=("mbconv", "resblock")
        )

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        # Drawn in the order of latent_alignment: both start from the same weights.
        encoder = Encoder(self.task.pixels)
        classifier = LatentTrunk(LATENT, self.settings.block)
        self.trunk = nn.Sequential(encoder.blocks, encoder.to_mean, classifier)
        self.head = nn.Linear(classifier.num_features, self.task.num_classes)

    def stages(self) -> tuple[Stage, ...]:
        return (Stage("train", (Update(self.loss, self.parameter_sets()),), share=2.0),)

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}
