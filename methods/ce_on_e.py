"""Cross entropy on frozen codes: the baseline of methods that work on a generator's codes e.

A generator is trained on pixels without labels, or given (`encoder`), and frozen; a linear
classifier is trained on its codes, standardised on the training part.

    loss = CE(W e + b, y)

It needs labels only. Generator and classifier are those of `fair_latent_inn` with the map left out:
in one study both methods train the same generator, weight for weight, so that their rows differ by
the invertible map alone.

Where we differ. A baseline of the suite (methods.md 14), not of a paper.
"""

from typing import Any

import torch
from torch import Tensor, nn

from methods.base import MakeBackbone, Method, MethodCard, Stage, method
from methods.shared.code_generators import CodeGenerator, GeneratorSettings, codes_card
from methods.shared.probe import probe_stage


@method(
    "Cross entropy on frozen codes",
    family="generative",
    source="project's baseline (methods.md 14)",
    cost=3.5,
)
class CrossEntropyOnCodes(Method):
    Settings = GeneratorSettings

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        return codes_card(cls.card, settings)

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.codes = CodeGenerator(self.settings, self.task.pixels, make_backbone, generator)
        self.head = nn.Linear(self.codes.width, self.task.num_classes)

    def stages(self) -> tuple[Stage, ...]:
        classify = probe_stage(self.head, self.features, (self.codes,), name="classify")
        return (*self.codes.stages(), classify)

    def features(self, images: Tensor) -> Tensor:
        """(B, D) standardised codes."""
        return self.codes.codes(images)
