"""Cross entropy on frozen codes: the baseline of methods that work on a generator's codes e.

A generator is trained on pixels without labels, or given (`encoder`), and frozen; a linear
classifier is trained on its codes, standardised on the training part.

    loss = CE(W e + b, y)

It needs labels only. Generator and classifier are those of `fair_latent_inn` with the map left out:
in one study both methods train the same generator, weight for weight, so that their rows differ by
the invertible map alone.

Where we differ. A baseline of the suite (methods.md 14), not of a paper.
"""

import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, ParameterSet, Stage, Step, Update, method
from methods.ops import cross_entropy
from methods.shared.code_generators import CodeGenerator, GeneratorSettings


@method(
    "Cross entropy on frozen codes",
    family="generative",
    source="project's baseline (methods.md 14)",
    cost=3.5,
)
class CrossEntropyOnCodes(Method):
    Settings = GeneratorSettings

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.codes = CodeGenerator(self.settings, self.task.pixels, make_backbone, generator)
        self.head = nn.Linear(self.codes.width, self.task.num_classes)

    def stages(self) -> tuple[Stage, ...]:
        classify = Update(self.loss, (ParameterSet(tuple(self.head.parameters())),))
        frozen = (self.codes,)
        last = Stage("classify", (classify,), frozen=frozen, on_features=self.features)
        return (*self.codes.stages(), last)

    def features(self, images: Tensor) -> Tensor:
        """(B, D) standardised codes."""
        return self.codes.codes(images)

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.head(batch.features), batch.labels)}
