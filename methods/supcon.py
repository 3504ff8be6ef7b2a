"""Supervised contrastive learning: the control, blind to groups, of the fair contrastive methods.

Faces of one class are pulled together and pushed away from all others. Of every picture there are
two augmented views; with v the 2N embeddings (a projection head d -> d -> 128 on the features,
scaled to length 1) and P(i) the other embeddings of the class of i:

    l_i = -(1/|P(i)|) sum_{j in P(i)} [v_i . v_j / T - log sum_{k != i} exp(v_i . v_k / T)]

    two_stage   trunk and projection head on mean l_i, then a linear classifier on the frozen trunk
    joint       CE of the first views + weight x mean l_i

It needs two views and no groups; prediction as in `ce`, from the features before the projection
head. What `fscl` or `bias_contrastive` gain over `ce` but not over this comes from contrastive
learning itself.

Where we differ. The linear classifier is trained on features of pictures that are not augmented,
computed once: that makes its many steps nearly free, and with a rate of its own (`probe_rate`) it
converges. Both stages keep the study's optimiser and the first its batch; FSCL's are `optimiser =
paper` (rate 0.1; the other rates that the papers try, 0.01 and 0.05, are set through the protocol)
and `batch_factor`. Contrastive training sees the study's budget of pictures, each twice: the ledger
counts pictures drawn, not views. In `joint` with weight 0 the second view is skipped: the run is
`ce`, bit for bit.
"""

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MethodCard, Stage, Step, Update, method
from methods.ops import cross_entropy, masked_mean
from methods.shared.contrastive import anchor_losses, both_views, mean_weights, others, similarities
from methods.shared.contrastive_pretraining import ContrastivePretraining, PretrainingSettings

#: two views of every picture; nothing is computed for a second stage
JOINT_COST = 2.0


def supervised_contrastive(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over the anchors that have positives.

    Args:
        logits: (V, V) cosines over the temperature.
        labels: (V,) class codes.
    """
    rest = others(len(labels), labels.device)
    positives = (labels[:, None] == labels) & rest
    losses = anchor_losses(logits, mean_weights(positives, logits.dtype), rest)
    return masked_mean(losses, positives.any(dim=1))


@method(
    "Supervised contrastive learning",
    family="contrastive",
    source="Khosla et al. 2020, Eq. 2",
    needs=("two_views",),
    cost=2.2,
)
class SupCon(ContrastivePretraining):
    @dataclass(frozen=True)
    class Settings(PretrainingSettings):
        mode: str = setting(
            "two_stage",
            doc="contrastive training and then a linear classifier, or both terms together",
            choices=("two_stage", "joint"),
        )
        weight: float = setting(
            1.0,
            doc="weight of the contrastive term, mode joint (our choice)",
            search=(0.1, 1.0, 10.0),
            low=0.0,
        )

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        if settings.mode == "two_stage":
            return cls.card
        if settings.weight == 0:
            return replace(cls.card, needs=frozenset(), cost=1.0)
        return replace(cls.card, cost=JOINT_COST)

    def stages(self) -> tuple[Stage, ...]:
        if self.settings.mode == "two_stage":
            return super().stages()
        sets = self.parameter_sets() if self.settings.weight > 0 else self.parameter_sets()[:1]
        return (Stage("train", (Update(self.joint, sets),)),)

    def contrastive(self, batch: Batch, step: Step) -> Losses:
        """The contrastive term of both views."""
        logits = self.view_similarities(batch)
        return {"supcon": supervised_contrastive(logits, batch.labels.repeat(2))}

    def joint(self, batch: Batch, step: Step) -> Losses:
        """Cross entropy of the first views and the contrastive term of both."""
        if self.settings.weight == 0:
            return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}
        features = self.features(both_views(batch))
        ce = cross_entropy(self.head(features[: len(batch)]), batch.labels)
        logits = similarities(self.projector(features), self.settings.temperature)
        term = supervised_contrastive(logits, batch.labels.repeat(2))
        return {"ce": ce, "supcon": self.settings.weight * term}
