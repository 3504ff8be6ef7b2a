"""Cross entropy: plain training, the baseline of every comparison.

    loss = mean_i -log p(y_i | x_i),   prediction = argmax of the logits.

It uses no group labels and has no setting beside the protocol. The continual-learning literature
calls the same joint training on all data at once `offline`.
"""

from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropy


@method("Cross entropy", family="baseline", source="methods.md 2.1", aliases=("offline",))
class CrossEntropy(Method):
    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}
