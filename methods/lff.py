"""Learning from failure: a network that is made to rely on bias says which samples go against it.

Two networks of the same shape are trained together on the same batches. The biased one, b, is
drawn to what is easy by the generalised cross entropy (GCE), whose gradient is p_y^q times that of
CE. The other, d, which predicts, gives weight to the samples that b finds hard:

    loss = mean_i GCE(b, i) + mean_i W_i CE(d, i),      GCE = (1 - p_y^q) / q
    W_i = B_i / (B_i + D_i + 1e-8)                      without gradient
    B_i = m_i / (largest m_j over the samples j of class y_i seen so far)
    m_i <- 0.7 m_i + 0.3 CE(b, i),   the first CE as it is;   D_i the same of d

W is near 1 for samples that are hard for b and easy for d, 1/2 where both are alike, and 1/2 for a
class whose largest average is 0. It reads the stable index of a sample and no groups; prediction
as in `ce`, by d.

Where we differ. The authors multiply CE by p_y^q q without gradient, which is q times the gradient
of GCE (0.7 of it); this is GCE itself. Constants q and 0.7 are theirs. d starts where `ce` does and
b elsewhere. Each network is clipped apart. That bias is learnt first and strongly, on which all
this rests, is doubtful for the make-up of a training set by gender or skin tone: then the hard
samples are rather those with a wrong label.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, ParameterSet, Stage, Step, Update, method
from methods.ops import cross_entropies

#: keeps W finite where both averages are 0 (Nam et al. 2020, code)
TINY = 1e-8


def generalised_cross_entropies(logits: Tensor, labels: Tensor, q: float) -> Tensor:
    """(B,) values (1 - p_y^q) / q in [0, 1 / q]; CE for q -> 0, 1 - p_y for q = 1.

    Source: Zhang and Sabuncu 2018, Eq. 6.
    """
    return -torch.expm1(-q * cross_entropies(logits, labels)) / q


class LossAverages(nn.Module):
    """Moving average of the loss of every training sample.

    Args:
        size: number of training samples n.
        num_classes: K.
        decay: share of the old average that stays; the first loss is taken as it is.
    """

    averages: Tensor
    labels: Tensor

    def __init__(self, size: int, num_classes: int, decay: float) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.decay = decay
        self.register_buffer("averages", torch.zeros(size), persistent=False)
        # The class of the samples seen so far, -1 for the others.
        unseen = torch.full((size,), -1, dtype=torch.int64)
        self.register_buffer("labels", unseen, persistent=False)

    def forward(self, losses: Tensor, labels: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        """Takes in the losses of a batch.

        Args:
            losses: (B,) losses >= 0, without gradient.
            labels: (B,) class codes.
            index: (B,) positions of the samples, each at most once.

        Returns:
            (B,) averages of these samples, and (B,) the largest average of their class.
        """
        old = self.averages[index]
        mixed = self.decay * old + (1 - self.decay) * losses.to(old.dtype)
        own = torch.where(self.labels[index] >= 0, mixed, losses.to(old.dtype))
        self.averages[index] = own
        self.labels[index] = labels
        return own, self._largest()[labels]

    def _largest(self) -> Tensor:
        """(K,) largest average of each class, 0 for classes not seen; averages are not negative."""
        classes = torch.arange(self.num_classes, device=self.labels.device)
        members = self.labels == classes[:, None]
        return (self.averages * members).amax(dim=1)


def failure_weights(biased: tuple[Tensor, Tensor], debiased: tuple[Tensor, Tensor]) -> Tensor:
    """(B,) weights W in [0, 1], from averages and largest averages of their classes, (B,) each."""
    defined = (biased[1] > 0) & (debiased[1] > 0)
    shares = [own / torch.where(defined, top, 1.0) for own, top in (biased, debiased)]
    weights = shares[0] / (shares[0] + shares[1] + TINY)
    return torch.where(defined, weights, 0.5)


@method(
    "Learning from failure",
    family="robust",
    source="Nam et al. 2020, Algorithm 1; alinlab/LfF",
    needs=("sample_index",),
    cost=2.0,
)
class LearningFromFailure(Method):
    @dataclass(frozen=True)
    class Settings:
        q: float = setting(
            0.7,
            doc="exponent of the generalised cross entropy (Nam et al. 2020)",
            search=(0.3, 0.5, 0.7),
            low=1e-6,
            high=1.0,
        )
        decay: float = setting(
            0.7,
            doc="share of the old value in the moving average of a loss (LfF code)",
            low=0.0,
            high=1.0,
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        trunk = make_backbone(None, generator)
        width = int(trunk.num_features)  # type: ignore[arg-type]
        self.biased = nn.Sequential(trunk, nn.Linear(width, self.task.num_classes))
        size = (sum(self.task.class_counts), self.task.num_classes, self.settings.decay)
        self.biased_averages, self.averages = LossAverages(*size), LossAverages(*size)

    def stages(self) -> tuple[Stage, ...]:
        core, *_ = self.parameter_sets()
        biased = ParameterSet(tuple(self.biased.parameters()))
        return (Stage("train", (Update(self.loss, (core, biased)),)),)

    def loss(self, batch: Batch, step: Step) -> Losses:
        losses = cross_entropies(self.logits(batch.images), batch.labels)
        biased_logits = self.biased(batch.images)
        weights = self._weights(biased_logits.detach(), losses.detach(), batch)
        easy = generalised_cross_entropies(biased_logits, batch.labels, self.settings.q)
        return {"weighted_ce": (weights * losses).mean(), "biased": easy.mean()}

    def _weights(self, biased_logits: Tensor, losses: Tensor, batch: Batch) -> Tensor:
        biased_losses = cross_entropies(biased_logits, batch.labels)
        where = batch.labels, batch.index
        return failure_weights(
            self.biased_averages(biased_losses, *where), self.averages(losses, *where)
        )
