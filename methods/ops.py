"""Shared pieces of losses: per-sample cross entropy, means over masks, gradient reversal, an
adversary.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def cross_entropies(logits: Tensor, labels: Tensor) -> Tensor:
    """(B,) cross entropies of (B, K) logits; every method takes its means over this one
    function.
    """
    return F.cross_entropy(logits, labels, reduction="none")


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Scalar mean of `cross_entropies`."""
    return cross_entropies(logits, labels).mean()


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the (B,) values where the mask holds; exactly 0, with a gradient path, where it
    never does.

    Written without branching on tensor values, so that a step can be captured.
    """
    weights = mask.to(values.dtype)
    kept = torch.where(mask, values, torch.zeros_like(values))
    return kept.sum() / weights.sum().clamp(min=1)


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, inputs: Tensor, strength: float
    ) -> Tensor:
        ctx.strength = strength  # type: ignore[attr-defined]
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return grads[0] * -ctx.strength, None  # type: ignore[attr-defined]


def reverse_gradient(inputs: Tensor, strength: float) -> Tensor:
    """`inputs` unchanged; the gradient that flows back is multiplied by -strength.

    Source: Ganin and Lempitsky 2015, Eq. 13 to 15.
    """
    reversed_: Tensor = _Reversal.apply(inputs, strength)  # type: ignore[no-untyped-call]
    return reversed_


def adversary(width_in: int, width_out: int, hidden: int = 256) -> nn.Sequential:
    """The suite's default adversary: three linear layers with ReLU (methods.md 5)."""
    return nn.Sequential(
        nn.Linear(width_in, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, width_out),
    )
