"""Domain-discriminative training: one soft-max over all combinations of class and group.

The network is told the groups instead of being made blind to them: the head has G K outputs L, the
one of group s and class y at position s K + y, and the class is read off by summing the groups out.

    loss = mean_i -log P(y_i, s_i | x_i),   P = softmax over all G K outputs
    group unknown:  -log sum_s P(y_i, s | x_i)                                     (marginalised)

    sum_prob         argmax_y sum_s P(y, s | x)
    sum_prob_prior   argmax_y sum_s P(y, s | x) w_ys
    max_prob_prior   argmax_y max_s P(y, s | x) w_ys
    argmax_joint     class part of the joint argmax
    conditional      argmax_y P(y | s, x) for the sample's own group (sum_prob where it is unknown)

    w_ys = min(pi_test(y, s) / pi_train(y, s), 100), 0 for empty strata, pi_test uniform

It needs groups in training. Under `rule = conditional`, and only then, it needs them at test too
(`card_for`), and such a row belongs into the block of methods that see the group when they decide.

Where we differ. Wang et al. have one attribute of two values and known test priors; here the groups
are the product of the grouped attributes (no head for each attribute apart), and the ratio of
priors is capped, since a stratum with a handful of samples would decide everything. S2 does not say
which rule it uses.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, MethodCard, Step, method
from methods.ops import at_least_single, cross_entropies
from methods.shared.blocks import as_blocks, card_of_rule, own_block_or

#: largest ratio of test to training prior (P, methods.md 4.1)
MAX_RATIO = 100.0
#: logarithm that stands for weight 0: finite, and its exponential is exactly 0 in every precision
LOG_ZERO = -1e4


def log_prior_weights(counts: Tensor) -> Tensor:
    """(G, K) log w_ys of (K, G) training counts; LOG_ZERO for empty strata.

    The test prior is uniform over the K G strata.
    """
    ratio = counts.sum() / (counts.numel() * counts.clamp(min=1))
    weights = ratio.clamp(max=MAX_RATIO).log()
    return torch.where(counts > 0, weights, torch.full_like(weights, LOG_ZERO)).T.contiguous()


def joint_losses(joint: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """(B,) negative log-probabilities of (class, group), or of the class where the group is -1.

    Args:
        joint: (B, G, K) outputs.
        labels: (B,) class codes.
        groups: (B,) group codes, -1 unknown.
    """
    size, _, num_classes = joint.shape
    flat = joint.reshape(size, -1)
    known = cross_entropies(flat, groups.clamp(min=0) * num_classes + labels)
    log_joint = torch.log_softmax(flat, dim=1).view_as(joint)
    of_class = log_joint.gather(2, labels[:, None, None].expand(-1, joint.shape[1], 1))
    marginal = -of_class.flatten(1).logsumexp(dim=1)
    return torch.where(groups >= 0, known, marginal)


@method(
    "Domain-aware",
    family="heads",
    source="Wang et al. 2020, Sec. 4.3 (domain discriminative); S2 IV-D.1",
    needs=("train_groups",),
    optional=("test_groups",),
    aliases=("domain_aware", "ddc"),
)
class DomainDiscriminative(Method):
    @dataclass(frozen=True)
    class Settings:
        rule: str = setting(
            "sum_prob",
            doc="how the class is read off the joint probabilities; conditional sees test groups",
            choices=(
                "sum_prob",
                "sum_prob_prior",
                "max_prob_prior",
                "argmax_joint",
                "conditional",
            ),
            search=("sum_prob", "sum_prob_prior", "max_prob_prior", "argmax_joint"),
        )

    log_weights: Tensor

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        return card_of_rule(cls.card, settings.rule)

    def num_outputs(self) -> int:
        return self.task.num_groups * self.task.num_classes

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        counts = torch.tensor(self.task.stratum_counts, dtype=torch.get_default_dtype())
        self.register_buffer("log_weights", log_prior_weights(counts), persistent=False)

    def joint(self, images: Tensor) -> Tensor:
        """(B, G, K) outputs."""
        return as_blocks(at_least_single(self.logits(images)), self.task.num_groups)

    def loss(self, batch: Batch, step: Step) -> Losses:
        joint = self.joint(batch.images)
        return {"joint_ce": joint_losses(joint, batch.labels, batch.groups).mean()}

    def predict(self, batch: Batch) -> Tensor:
        joint = self.joint(batch.images)
        log_joint = torch.log_softmax(joint.flatten(1), dim=1).view_as(joint)
        match self.settings.rule:
            case "sum_prob":
                scores = log_joint.logsumexp(dim=1)
            case "sum_prob_prior":
                scores = (log_joint + self.log_weights).logsumexp(dim=1)
            case "max_prob_prior":
                scores = (log_joint + self.log_weights).amax(dim=1)
            case "argmax_joint":
                scores = log_joint.amax(dim=1)
            case _:
                summed = log_joint.logsumexp(dim=1)
                scores = own_block_or(log_joint, batch.groups, summed)
        return torch.log_softmax(scores, dim=1)
