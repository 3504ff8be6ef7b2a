"""Domain-independent training: a classifier for each group on one trunk, joined when they decide.

The head has G blocks of K logits L_s. A sample trains the block of its own group only, so that no
block can use the correlation of class and group:

    loss = mean_i -log softmax(L_{s_i})_{y_i}
    group unknown:  mean_s -log softmax(L_s)_{y_i}

    sum_logits    argmax_y sum_s L_sy             (default)
    sum_scaled    argmax_y sum_s L_sy / sigma_s   (sigma_s: standard deviation of block s)
    sum_prob      argmax_y sum_s softmax(L_s)_y
    max_prob      argmax_y max_s softmax(L_s)_y
    conditional   argmax_y softmax(L_s)_y of the sample's own group (sum_logits where it is unknown)

It needs groups in training. Under `rule = conditional`, and only then, it needs them at test too
(`card_for`), and such a row belongs into the block of methods that see the group when they decide.

Where we differ. Wang et al. have two domains; here the groups are the product of the grouped
attributes (no heads for each attribute apart). Log-probabilities are those of the mean of the
blocks' logits in place of their sum (under `sum_scaled` times the mean sigma): the same decisions,
but no more certain the more groups there are. A block never sees a class that its group lacks, and
blocks of small groups have smaller logits, so that large groups dominate the sum; `sum_scaled` is
our remedy, with sigma_s kept as a running mean of the batches' variances over all samples and
classes, as batch normalisation keeps its own.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, MethodCard, Step, method
from methods.ops import at_least_single, cross_entropies
from methods.shared.blocks import as_blocks, card_of_rule, own_block, own_block_or

#: share of a batch in the running variance of a block, as in batch normalisation (ours)
MOMENTUM = 0.1


def block_losses(blocks: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """(B,) cross entropies in the block of the own group, their mean over blocks where it is -1.

    Args:
        blocks: (B, G, K) logits.
        labels: (B,) class codes.
        groups: (B,) group codes, -1 unknown.
    """
    size, num_groups, _ = blocks.shape
    known = cross_entropies(own_block(blocks, groups), labels)
    everywhere = cross_entropies(blocks.flatten(0, 1), labels.repeat_interleave(num_groups))
    return torch.where(groups >= 0, known, everywhere.view(size, num_groups).mean(dim=1))


@method(
    "Domain-independent",
    family="heads",
    source="Wang et al. 2020, Sec. 4.4 (domain independent); models/celeba_domain_independent.py",
    needs=("train_groups",),
    optional=("test_groups",),
    aliases=("dic",),
)
class DomainIndependent(Method):
    @dataclass(frozen=True)
    class Settings:
        rule: str = setting(
            "sum_logits",
            doc="how the blocks are joined (Wang et al. 2020); conditional sees test groups",
            choices=("sum_logits", "sum_scaled", "sum_prob", "max_prob", "conditional"),
            search=("sum_logits", "sum_scaled", "sum_prob", "max_prob"),
        )

    variances: Tensor

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        return card_of_rule(cls.card, settings.rule)

    def num_outputs(self) -> int:
        return self.task.num_groups * self.task.num_classes

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        if self.settings.rule == "sum_scaled":
            self.register_buffer("variances", torch.ones(self.task.num_groups))

    def blocks(self, images: Tensor) -> Tensor:
        """(B, G, K) logits."""
        return as_blocks(at_least_single(self.logits(images)), self.task.num_groups)

    def loss(self, batch: Batch, step: Step) -> Losses:
        blocks = self.blocks(batch.images)
        if self.settings.rule == "sum_scaled" and self.training:
            self._track(blocks.detach())
        return {"block_ce": block_losses(blocks, batch.labels, batch.groups).mean()}

    def predict(self, batch: Batch) -> Tensor:
        blocks = self.blocks(batch.images)
        log_shares = torch.log_softmax(blocks, dim=2)
        match self.settings.rule:
            case "sum_logits":
                scores = blocks.mean(dim=1)
            case "sum_scaled":
                scale = self.variances.clamp(min=1e-12).sqrt()[:, None]
                scores = (blocks / scale).mean(dim=1) * scale.mean()
            case "sum_prob":
                scores = log_shares.logsumexp(dim=1)
            case "max_prob":
                scores = log_shares.amax(dim=1)
            case _:
                scores = own_block_or(blocks, batch.groups, blocks.mean(dim=1))
        return torch.log_softmax(scores, dim=1)

    def _track(self, blocks: Tensor) -> None:
        """Moves the running variances towards those of the batch."""
        found = blocks.transpose(0, 1).flatten(1).var(dim=1, unbiased=False)
        self.variances.lerp_(found.to(self.variances.dtype), MOMENTUM)
