"""Bias-contrastive learning: a class looks the same in all groups.

The positives of a contrastive term are the faces of the anchor's class from *other* groups; a
feature that only tells the group cannot bring them together:

    loss = w CE + weight L_bc
    L_bc = mean_i of -(1/|P(i)|) sum_{j in P(i)} [r_ij - log sum_{k != i} exp(r_ik)]
    r_ij = z_i . z_j / T
    P(i) = both views of samples of the class of i whose group differs

with z the features scaled to length 1 (no projection head); anchors without positives count as 0.
The two terms read different samples: CE those of a random permutation, L_bc two views of samples
drawn in proportion to 1 / P(s | y), clipped at `ratio` times the smallest. `bb = true` adds log
P(y | s) to the logits of CE (`bias_balanced`). It needs groups in training and two views;
prediction as in `ce`.

Where we differ. The authors draw the two kinds of samples from two loaders, with batches of 128 and
64; here every batch is twice the protocol's, its even rows for CE and its odd ones for L_bc, so
that CE sees the samples and takes the steps of `ce`. All pictures are augmented, those of CE too.
The ledger counts pictures drawn, not views. The running statistics of batch normalisation also see
the group-balanced views. With several attributes a group differs when any of them does (`differs =
all`: when all do). Samples of unknown group are not drawn for L_bc while there are others, and take
no part in it. The weight w of 0.01 is the authors'; it is small because L_bc, with T = 0.07, has
large gradients, and under Adam only the ratio of the weights counts. With weight 0 the second half
of the batch is left out; with w = 1 as well the run is `ce`, bit for bit.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, MethodCard, Stage, Step, Update, method
from methods.ops import cross_entropy, masked_mean
from methods.shared.contrastive import anchor_losses, both_views, mean_weights, others, similarities
from methods.shared.priors import log_class_by_group_code
from methods.shared.sampling import draw_rows


def differing_groups(attributes: Tensor, differs: str) -> Tensor:
    """(V, V) bool: pairs of samples whose (V, J) codes are known and differ in `any` or `all`."""
    unequal = attributes[:, None] != attributes
    apart = unequal.any(dim=2) if differs == "any" else unequal.all(dim=2)
    known = (attributes >= 0).all(dim=1)
    return apart & known[:, None] & known


def bias_contrastive(
    logits: Tensor, labels: Tensor, attributes: Tensor, differs: str = "any"
) -> Tensor:
    """L_bc; 0 where no anchor has a positive.

    Args:
        logits: (V, V) cosines over the temperature.
        labels: (V,) class codes.
        attributes: (V, J) codes, -1 unknown; a sample with an unknown one is left out.
        differs: `any` or `all` attributes differ between an anchor and its positives.
    """
    known = (attributes >= 0).all(dim=1)
    positives = (labels[:, None] == labels) & differing_groups(attributes, differs)
    contrast = others(len(labels), labels.device) & known[:, None] & known
    losses = anchor_losses(logits, mean_weights(positives, logits.dtype), contrast)
    return masked_mean(torch.where(positives.any(dim=1), losses, torch.zeros_like(losses)), known)


def group_balancing_weights(counts: Tensor, labels: Tensor, groups: Tensor, ratio: float) -> Tensor:
    """(n,) weights 1 / P(s | y), at most `ratio` times the smallest, 0 for unknown groups.

    All 1 where no group is known.

    Args:
        counts: (K, G) training counts.
        labels: (n,) class codes.
        groups: (n,) group codes, -1 unknown.
        ratio: at least 1.
    """
    table = counts.sum(dim=1, keepdim=True) / counts.clamp(min=1)
    known = groups >= 0
    weights = table[labels, groups.clamp(min=0)]
    smallest = torch.where(known, weights, torch.inf).amin()
    clipped = torch.where(known, weights.minimum(ratio * smallest), torch.zeros_like(weights))
    return torch.where(known.any(), clipped, torch.ones_like(clipped))


@method(
    "Bias-contrastive",
    family="contrastive",
    source="Hong and Yang 2021, Eq. 4; grayhong/bias-contrastive-learning bias_contrastive.py",
    needs=("train_groups", "two_views"),
    aliases=("biascon",),
    cost=3.0,
)
class BiasContrastive(Method):
    @dataclass(frozen=True)
    class Settings:
        ce_weight: float = setting(
            0.01, doc="w, weight of CE (train_celeba_bc.py)", search=(0.01, 0.1, 1.0), low=0.0
        )
        weight: float = setting(
            1.0, doc="weight of L_bc (train_celeba_bc.py); 0 leaves the second half out", low=0.0
        )
        temperature: float = setting(
            0.07, doc="T (bias_contrastive.py)", search=(0.07, 0.1), low=1e-3
        )
        ratio: float = setting(
            10.0,
            doc="largest over smallest drawing weight (UTKFace; CelebA 30 or 50)",
            search=(10.0, 30.0),
            low=1.0,
        )
        differs: str = setting(
            "any",
            doc="attributes in which a group must differ to be another one",
            choices=("any", "all"),
        )
        bb: bool = setting(False, doc="add log P(y | s) to the logits of CE (BiasCon + BiasBal)")

    log_priors: Tensor

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        needs = {"train_groups"} if settings.weight > 0 or settings.bb else set()
        if settings.weight > 0:
            needs.add("two_views")
        cost = cls.card.cost if settings.weight > 0 else 1.0
        return replace(cls.card, needs=frozenset(needs), cost=cost)

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        if self.settings.bb:
            counts = self.task.stratum_counts
            table = log_class_by_group_code(counts, self.task.class_counts)
            self.register_buffer("log_priors", table, persistent=False)

    def stages(self) -> tuple[Stage, ...]:
        updates = (Update(self.loss, self.parameter_sets()),)
        if self.settings.weight == 0:
            return (Stage("train", updates),)
        return (Stage("train", updates, share=2, batch_factor=2, sampling=self.interleaved),)

    def interleaved(self, training: Batch, epoch: int, generator: torch.Generator) -> Tensor:
        """(2n,) rows of an epoch: at even places a permutation, at odd ones weighted draws."""
        plain = torch.randperm(len(training), generator=generator)
        counts = torch.tensor(self.task.stratum_counts, dtype=torch.float64)
        weights = group_balancing_weights(
            counts.to(training.labels.device), training.labels, training.groups, self.settings.ratio
        )
        return torch.stack([plain, draw_rows(weights, generator)], dim=1).flatten()

    def loss(self, batch: Batch, step: Step) -> Losses:
        if self.settings.weight == 0:
            return {"ce": self.classification(batch)}
        rows = torch.arange(len(batch), device=batch.labels.device)
        terms = {"ce": self.classification(batch.take(rows[0::2]))}
        drawn = batch.take(rows[1::2])
        if len(drawn) > 0:
            features = self.features(both_views(drawn))
            logits = similarities(features, self.settings.temperature)
            term = bias_contrastive(
                logits,
                drawn.labels.repeat(2),
                drawn.attributes.repeat(2, 1),
                self.settings.differs,
            )
            terms["bias_contrastive"] = self.settings.weight * term
        return terms

    def classification(self, batch: Batch) -> Tensor:
        """Weighted cross entropy, with the priors of the groups if asked for."""
        logits = self.logits(batch.images)
        if self.settings.bb:
            logits = logits + self.log_priors[batch.groups]
        ce = cross_entropy(logits, batch.labels)
        weight: float = self.settings.ce_weight
        return ce if weight == 1 else weight * ce
