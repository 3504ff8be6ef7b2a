"""Class-balanced sampling: every class is drawn equally often.

    P(sample i) in proportion to 1 / n_{y_i},   n draws with replacement an epoch

and plain cross entropy on what is drawn. In expectation this is the gradient of `class_reweight`;
a batch has equal shares of the classes, and pictures of rare classes come several times an epoch,
each time augmented anew. It needs labels only; prediction as in `ce`.

Where we differ. In nothing that we know of. An epoch keeps the length of the training set; classes
without samples are never drawn.
"""

import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Stage, Step, Update, method
from methods.ops import cross_entropy
from methods.shared.sampling import draw_rows
from methods.shared.weighting import class_table, inverse_counts


@method("Class-balanced sampling", family="sampling", source="resampling in proportion to 1 / n_y")
class ClassBalancedSampling(Method):
    weights: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        weights = inverse_counts(class_table(self.task.class_counts))
        self.register_buffer("weights", weights.to(torch.get_default_dtype()), persistent=False)

    def stages(self) -> tuple[Stage, ...]:
        update = Update(self.loss, self.parameter_sets())
        return (Stage("train", (update,), sampling=self.draw),)

    def draw(self, training: Batch, epoch: int, generator: torch.Generator) -> Tensor:
        """(n,) rows of one epoch."""
        return draw_rows(self.weights[training.labels], generator)

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}
