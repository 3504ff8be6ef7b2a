"""What the tests of penalties between groups share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from datasets.spec import Batch
from methods.base import Losses, Method
from methods.shared.group_statistics import Members, class_blocks, members
from tests.methods.tiny import on_logits, step_at


def grouped(codes: list[int], num_groups: int = 0, *, min_count: int = 1) -> Members:
    """One block of samples with these codes."""
    size = num_groups if num_groups else max(codes) + 1
    return members(torch.tensor(codes), size, min_count=min_count)


def within_classes(codes: list[int], labels: list[int], *, min_count: int = 1) -> Members:
    """A block for each class."""
    blocks = class_blocks(torch.tensor(labels), max(labels) + 1)
    return members(torch.tensor(codes), max(codes) + 1, min_count=min_count, blocks=blocks)


def points(size: int, width: int, seed: int = 0) -> Tensor:
    return torch.randn(size, width, generator=torch.Generator().manual_seed(seed))


def terms_of(
    cls: type[Method],
    labels: list[int],
    groups: list[int],
    *,
    num_classes: int = 3,
    num_groups: int = 2,
    **settings: Any,
) -> Callable[[Tensor], Losses]:
    """Terms as a function of the (B, K) outputs of the network."""
    method = on_logits(cls, num_classes, (num_groups,), **settings)
    codes = torch.tensor(groups)
    fields = {"labels": torch.tensor(labels), "groups": codes, "attributes": codes[:, None]}
    return lambda logits: method.loss(Batch(images=logits, **fields), step_at())


def losses_of(
    cls: type[Method], logits: Tensor, labels: list[int], groups: list[int], **settings: Any
) -> Losses:
    """Terms where the outputs of the network are these (B, K) logits."""
    return terms_of(cls, labels, groups, num_classes=logits.shape[1], **settings)(logits)


def decisions(classes: list[int], num_classes: int) -> Tensor:
    """(B, K) logits whose soft-max is exactly 1 for these classes."""
    return 1000 * torch.nn.functional.one_hot(torch.tensor(classes), num_classes).double()
