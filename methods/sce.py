"""Symmetric cross entropy: adds a bounded loss that a wrong label can raise only so far.

Plain cross entropy grows without bound on a sample whose label the annotator got wrong. The reverse
one, with prediction and label swapped, does not:

    loss = alpha CE + beta RCE,   RCE = mean_i -sum_k p_ik log q_ik = mean_i |A| (1 - p_iy)

with q the one-hot label and log 0 replaced by A < 0. It needs labels only; prediction as in `ce`.

Where we differ. alpha = beta = 1 is our choice: the paper's alpha = 0.1 (10 classes) makes the
gradient of CE ten times smaller, which under a shared learning rate is another method. A = -4 is
the paper's; its code clips the target at 1e-4, which makes A = ln 1e-4 = -9.21. The closed form
above replaces the clipped sum; clipping predictions at 1e-7 would change RCE by less than
K 1e-7 |A|. With beta = 0 the reverse part is skipped.
"""

from dataclasses import dataclass

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropy, reverse_cross_entropies


@method("Symmetric cross entropy", family="loss", source="Wang et al. 2019, Eq. 5 and Sec. 3.2")
class SymmetricCrossEntropy(Method):
    @dataclass(frozen=True)
    class Settings:
        alpha: float = setting(
            1.0,
            doc="weight of CE (our choice; Wang et al. 2019: 0.1 for 10 classes, 6 for 100)",
            search=(0.1, 1.0, 6.0),
            low=0.0,
        )
        beta: float = setting(
            1.0,
            doc="weight of the reverse part (Wang et al. 2019: 1 for 10 classes, 0.1 for 100)",
            search=(0.1, 1.0),
            low=0.0,
        )
        log_zero: float = setting(
            -4.0,
            doc="A, what replaces log 0 (Wang et al. 2019 Sec. 3.2; their code: ln 1e-4 = -9.21)",
            high=0.0,
        )

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        losses = {"ce": self.settings.alpha * cross_entropy(logits, batch.labels)}
        if self.settings.beta != 0:
            reverse = reverse_cross_entropies(logits, batch.labels, self.settings.log_zero).mean()
            losses["reverse_ce"] = self.settings.beta * reverse
        return losses
