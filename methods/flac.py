"""FLAC: pairs that a group classifier finds unusual count most in the geometry of the features.

A second network is first trained to tell the group; its features b say how similar two faces are in
what betrays the group. The main network, on features z, then learns from the pairs that a biased
network would get wrong: of one class but unlike in group features, or of two classes but alike.

    loss = w CE + a L
    S = 1 / (1 + D^delta),   D = sqrt(squared distance + 1e-6) of features scaled to length 1
    mask = (same class and S^b < th) or (different class and S^b > th)
    th = (max S^b + min S^b) / 2
    P = rows of 1 - S^b over the mask,   Q = rows of S^z over the mask, both divided by their sum
    L = mean over the mask of (P - Q)(log P - log Q)

Faces unlike in group features are to be alike in z, and the other way round. Groups are needed to
train the group classifier, which is frozen then; the main training reads none. Prediction as in
`ce`.

Where we differ. The group classifier is a trunk of the study's kind with a linear head, trained
from scratch on the training part for `classifier_share` of the budget (the paper's is trained on
another data set where there is one); samples of unknown group are left out there and take part in
the main training. The constants are the defaults of the public package; its CelebA runs use w =
0.01, a = 30,000, delta = 0.5. 1e-7 is added to the sums of the rows; an empty mask gives 0. A
second public copy does not scale the features. As published, sums are taken row by row and the mean
over all pairs, so that rows with many pairs dominate. With a = 0 there is no group classifier; with
w = 1 as well the run is `ce`, bit for bit.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Losses,
    MakeBackbone,
    Method,
    MethodCard,
    MethodError,
    ParameterSet,
    Stage,
    Step,
    Update,
    method,
)
from methods.ops import cosines, cross_entropy, masked_mean
from methods.shared.adversaries import (
    GROUPINGS,
    target_codes,
    target_cross_entropy,
    target_sizes,
)

#: cost of the group classifier's forward passes in the main training
FORWARD = 0.3


def soft_similarities(features: Tensor, delta: float) -> Tensor:
    """(B, B) S in (0, 1) of (B, d) features."""
    squared = (2 - 2 * cosines(features)).clamp(min=0) + 1e-6
    return 1 / (1 + squared ** (delta / 2))


def unusual_pairs(similarities: Tensor, labels: Tensor) -> Tensor:
    """(B, B) bool: the mask of the (B, B) similarities in group features and (B,) labels."""
    threshold = (similarities.amax() + similarities.amin()) / 2
    same = labels[:, None] == labels
    return torch.where(same, similarities < threshold, similarities > threshold)


def row_shares(values: Tensor, mask: Tensor) -> Tensor:
    """(B, B) values over the sum of their row's masked ones (plus 1e-7); 1 outside the mask."""
    kept = torch.where(mask, values, torch.zeros_like(values))
    shares = kept / (kept.sum(dim=1, keepdim=True) + 1e-7)
    return torch.where(mask, shares, torch.ones_like(shares))


def symmetric_divergence(first: Tensor, second: Tensor, mask: Tensor) -> Tensor:
    """Mean >= 0 over the mask of (P - Q)(log P - log Q) for positive P and Q; 0 without pairs."""
    values = (first - second) * (first.log() - second.log())
    return masked_mean(values.flatten(), mask.flatten())


def flac_loss(features: Tensor, group_features: Tensor, labels: Tensor, *, delta: float) -> Tensor:
    """L of (B, d) features, given (B, e) features of the group classifier and (B,) labels."""
    of_groups = soft_similarities(group_features.detach(), delta)
    mask = unusual_pairs(of_groups, labels)
    wanted = row_shares(1 - of_groups, mask)
    found = row_shares(soft_similarities(features, delta), mask)
    return symmetric_divergence(wanted, found, mask)


@method(
    "FLAC",
    family="contrastive",
    source="Sarridis et al. 2023, Eq. 3 to 8; mever-team/vb-mitigator flac.py",
    needs=("train_groups",),
    cost=1.8,
)
class Flac(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            110.0,
            doc="a, weight of L (vb-mitigator; CelebA: 30,000)",
            search=(1e2, 1e3, 1e4, 3e4),
            low=0.0,
        )
        ce_weight: float = setting(1.0, doc="w, weight of CE (vb-mitigator; CelebA: 0.01)", low=0.0)
        delta: float = setting(
            1.0, doc="exponent of the distances (vb-mitigator; CelebA: 0.5)", search=(0.5, 1.0),
            low=0.01, high=2.0,
        )  # fmt: skip
        groups: str = setting(
            "intersection",
            doc="one classifier of all attributes together, or one head for each",
            choices=GROUPINGS,
        )
        classifier_share: float = setting(
            0.5, doc="pictures the group classifier sees, over the budget (our choice)", low=0.01
        )

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        if settings.strength == 0:
            return replace(cls.card, needs=frozenset(), cost=1.0)
        return replace(cls.card, cost=1 + settings.classifier_share + FORWARD)

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        if self.settings.strength > 0 and not any(map(any, self.task.stratum_counts)):
            raise MethodError("flac has no training sample of known group.")
        self.group_trunk = make_backbone(None, generator)
        width = int(self.group_trunk.num_features)  # type: ignore[arg-type]
        sizes = target_sizes(self.task, self.settings.groups)
        self.group_heads = nn.ModuleList(nn.Linear(width, size) for size in sizes)

    def stages(self) -> tuple[Stage, ...]:
        core, classifier = self.parameter_sets()
        if self.settings.strength == 0:
            return (Stage("train", (Update(self.loss, (core,)),)),)
        return (
            Stage(
                "group classifier",
                (Update(self.group_loss, (classifier,)),),
                share=self.settings.classifier_share,
                frozen=(self.trunk, self.head),
                predicts=False,
            ),
            Stage(
                "train",
                (Update(self.loss, (core,)),),
                frozen=(self.group_trunk, self.group_heads),
            ),
        )

    def parameter_sets(self) -> tuple[ParameterSet, ...]:
        core = (*self.trunk.parameters(), *self.head.parameters())
        classifier = (*self.group_trunk.parameters(), *self.group_heads.parameters())
        return ParameterSet(core), ParameterSet(classifier)

    def group_loss(self, batch: Batch, step: Step) -> Losses:
        """Cross entropy of the group classifier."""
        features = self.group_trunk(batch.images)
        logits = [head(features) for head in self.group_heads]
        codes = target_codes(batch, self.settings.groups)
        return {"group_ce": target_cross_entropy(logits, codes)}

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        weight = self.settings.ce_weight
        terms = {"ce": ce if weight == 1 else weight * ce}
        if self.settings.strength > 0:
            with torch.no_grad():
                group_features = self.group_trunk(batch.images)
            delta = self.settings.delta
            term = flac_loss(features, group_features, batch.labels, delta=delta)
            terms["flac"] = self.settings.strength * term
        return terms
