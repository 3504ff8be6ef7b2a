"""Attribute-aware classification: the network is told the protected attributes of the face.

Their one-hot codes a, one after the other, go through a linear layer e to the width of the features
z:

    logits = W relu(z + e(a)) + b     fusion = add      (default)
    logits = W [z, e(a)] + b          fusion = concat
    loss   = CE

An unknown attribute is a zero vector. It needs groups in training and at test: it sees the
attribute when it decides. `at_test = unknown` predicts with all attributes unknown instead, needs
no groups at test (`card_for`), and belongs beside the row with the true ones.

Where we differ. Reconstruction: the paper's text was not available, the fusion is written from
memory of it. e has no bias, so that "all unknown" is e = 0 exactly; where every attribute is known
a bias would add nothing, since the codes of an attribute sum to 1. Not to be confused with
`domain_discriminative`, which S2 calls domain-aware.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, MethodCard, Step, method
from methods.ops import cross_entropy


def one_hot(attributes: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """(B, sum of sizes) one-hot codes of (B, J) attributes, zeros where a code is -1."""
    columns = []
    for codes, size in zip(attributes.unbind(dim=1), sizes, strict=True):
        columns.append(codes[:, None] == torch.arange(size, device=codes.device))
    return torch.cat(columns, dim=1)


@method(
    "Attribute-aware (Xu)",
    family="heads",
    source="Xu et al. 2020 (arXiv 2007.10075), attribute-aware approach",
    needs=("train_groups", "test_groups"),
    reconstruction=True,
)
class XuAttributeAware(Method):
    @dataclass(frozen=True)
    class Settings:
        fusion: str = setting(
            "add",
            doc="how features and attributes are joined (from memory of Xu et al. 2020)",
            choices=("add", "concat"),
            search=("add", "concat"),
        )
        at_test: str = setting(
            "given",
            doc="predict from the true attributes, or as if all were unknown",
            choices=("given", "unknown"),
        )

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        if settings.at_test == "given":
            return cls.card
        return replace(cls.card, needs=cls.card.needs - {"test_groups"})

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.trunk = make_backbone(None, generator)
        width = int(self.trunk.num_features)  # type: ignore[arg-type]
        self.head = nn.Linear(
            width if self.settings.fusion == "add" else 2 * width, self.num_outputs()
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        width = int(self.trunk.num_features)  # type: ignore[arg-type]
        self.embedding = nn.Linear(sum(self.task.group_sizes), width, bias=False)

    def fused_logits(self, images: Tensor, embedded: Tensor) -> Tensor:
        """(B, K) logits of the pictures and (B, d) embedded attributes."""
        features = self.features(images)
        if self.settings.fusion == "add":
            fused = torch.relu(features + embedded)
        else:
            fused = torch.cat([features, embedded], dim=1)
        logits: Tensor = self.head(fused)
        return logits

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.fused_logits(batch.images, self._embed(batch.attributes))
        return {"ce": cross_entropy(logits, batch.labels)}

    def predict(self, batch: Batch) -> Tensor:
        if self.settings.at_test == "given":
            embedded = self._embed(batch.attributes)
        else:
            weight = self.embedding.weight
            embedded = weight.new_zeros(len(batch.images), len(weight))
        return torch.log_softmax(self.fused_logits(batch.images, embedded), dim=1)

    def _embed(self, attributes: Tensor) -> Tensor:
        codes = one_hot(attributes, self.task.group_sizes)
        embedded: Tensor = self.embedding(codes.to(self.embedding.weight.dtype))
        return embedded
