"""Shared pieces of losses: per-sample cross entropy, means over masks, gradient reversal, an
adversary.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


def at_least_single(values: Tensor) -> Tensor:
    """`values` in single precision or better, as they are where they have it already.

    For outputs of a network under autocast: on the CPU it leaves what follows, such as a soft-max,
    in bfloat16, which holds three digits.
    """
    return values.to(torch.promote_types(values.dtype, torch.float32))


def class_probabilities(logits: Tensor) -> Tensor:
    """(B, K) soft-max of (B, K) logits, in at least single precision."""
    return torch.softmax(at_least_single(logits), dim=1)


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the (B,) values where the mask holds; exactly 0, with a gradient path, where it
    never does.

    Written without branching on tensor values, so that a step can be captured.
    """
    weights = mask.to(values.dtype)
    kept = torch.where(mask, values, torch.zeros_like(values))
    return kept.sum() / weights.sum().clamp(min=1)


def indicator(codes: Tensor, size: int, dtype: torch.dtype) -> Tensor:
    """(B, size) with 1 at the (B,) codes; rows of code -1 are 0.

    Written without looking at the codes' values, as `torch.nn.functional.one_hot` does.
    """
    return (codes[:, None] == torch.arange(size, device=codes.device)).to(dtype)


def unit_rows(vectors: Tensor) -> Tensor:
    """(B, d) vectors scaled to length 1, in at least single precision; rows shorter than 1e-8 are
    divided by that.
    """
    with torch.autocast(vectors.device.type, enabled=False):
        return F.normalize(at_least_single(vectors), dim=1, eps=1e-8)


def cosines(vectors: Tensor) -> Tensor:
    """(B, B) cosines of the rows of (B, d); 0, with a finite gradient, for rows that are zero.

    In full precision under autocast: three digits do not hold a cosine that is divided by a
    temperature or taken from 1.
    """
    unit = unit_rows(vectors)
    with torch.autocast(vectors.device.type, enabled=False):
        return unit @ unit.T


def reverse_cross_entropies(logits: Tensor, labels: Tensor, log_zero: float = -4.0) -> Tensor:
    """(B,) reverse cross entropies |A| (1 - p_y), in [0, |A|].

    Closed form of -sum_k p_k log q_k for a one-hot target q with log 0 replaced by `log_zero` = A.

    Source: Wang et al. 2019, Eq. 5 and Sec. 3.2 (A = -4).
    """
    # 1 - p_y through the cross entropy: no second soft-max, and exact for p_y near 0.
    return -log_zero * -torch.expm1(-cross_entropies(logits, labels))


@contextmanager
def batch_statistics_only(module: nn.Module) -> Iterator[None]:
    """Batch normalisation of `module` uses the batch's statistics and leaves the running ones.

    For a second forward pass over the same batch in training mode, which would otherwise count the
    batch twice (methods.md 1.4, rule 2).
    """
    tracking = [part for part in module.modules() if getattr(part, "track_running_stats", False)]
    for part in tracking:
        part.track_running_stats = False  # type: ignore[assignment]
    try:
        yield
    finally:
        for part in tracking:
            part.track_running_stats = True  # type: ignore[assignment]


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, inputs: Tensor, strength: float
    ) -> Tensor:
        ctx.strength = strength  # type: ignore[attr-defined]
        return inputs.view_as(inputs)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0] * -ctx.strength, None  # type: ignore[attr-defined]


def reverse_gradient(inputs: Tensor, strength: float) -> Tensor:
    """`inputs` unchanged; the gradient that flows back is multiplied by -strength.

    Source: Ganin and Lempitsky 2015, Eq. 13 to 15.
    """
    reversed_: Tensor = _Reversal.apply(inputs, strength)  # type: ignore[no-untyped-call]
    return reversed_


def adversary(width_in: int, width_out: int, hidden: int = 256) -> nn.Sequential:
    """The suite's default adversary: three linear layers with ReLU (methods.md 5); one linear layer
    for `hidden` = 0.
    """
    if hidden == 0:
        return nn.Sequential(nn.Linear(width_in, width_out))
    return nn.Sequential(
        nn.Linear(width_in, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, width_out),
    )
