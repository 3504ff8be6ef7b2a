"""Heads with a block of K outputs for each of G groups: shapes, and the block of a sample's group.

The output of group s and class y stands at position s K + y.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from methods.base import MethodCard


def as_blocks(outputs: Tensor, num_groups: int) -> Tensor:
    """(B, G, K) of (B, G K) outputs."""
    return outputs.view(len(outputs), num_groups, -1)


def own_block(blocks: Tensor, groups: Tensor) -> Tensor:
    """(B, K) the block of each sample's group out of (B, G, K); the first where the group is -1."""
    places = groups.clamp(min=0)[:, None, None].expand(-1, 1, blocks.shape[2])
    return blocks.gather(1, places).squeeze(1)


def own_block_or(blocks: Tensor, groups: Tensor, otherwise: Tensor) -> Tensor:
    """(B, K) `own_block`, and the rows of (B, K) `otherwise` where the group is -1."""
    return torch.where((groups >= 0)[:, None], own_block(blocks, groups), otherwise)


def card_of_rule(card: MethodCard, rule: str) -> MethodCard:
    """The card of a method that needs test groups under the rule `conditional`, and only then."""
    needs = card.needs | {"test_groups"} if rule == "conditional" else card.needs
    return replace(card, needs=needs, optional=card.optional - {"test_groups"})
