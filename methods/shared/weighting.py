"""Weights of classes and of strata from training counts, and the cross entropy that takes them.

Every table has mean weight 1 over the training samples that it covers, so that a loss weighted by
it stays on the scale of `ce` and shares its learning rate; empty classes and strata have weight 0
(methods.md 2.5 and 13). A sample of unknown group has weight 1. The weighted loss is divided by the
batch size, not by the sum of the weights: a batch of rare samples counts for more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from methods.ops import cross_entropies

#: allowed values of a `mode` setting: what is made equally heavy
MODES = ("stratum", "within_class", "group")


def normalised(weights: Tensor, counts: Tensor) -> Tensor:
    """`weights` over their mean over the samples, 0 where there are none; any shape, like `counts`.

    All 0 where no count is positive.
    """
    kept = torch.where(counts > 0, weights, torch.zeros_like(weights))
    total = (kept * counts).sum()
    return kept * (counts.sum() / torch.where(total > 0, total, torch.ones_like(total)))


def inverse_counts(counts: Tensor, exponent: float = 1.0) -> Tensor:
    """Weights in proportion to n^-exponent; n / (C n_c) for C non-empty classes and exponent 1."""
    return normalised(counts.clamp(min=1) ** -exponent, counts)


def effective_numbers(counts: Tensor, beta: float) -> Tensor:
    """Weights in proportion to (1 - beta) / (1 - beta^n); beta = 1 is the limit 1 / n.

    Source: Cui et al. 2019, Proposition 1 and Sec. 4.
    """
    if beta == 1:
        return inverse_counts(counts)
    # expm1 keeps the digits that 1 - beta^n loses for beta near 1.
    inside = counts.clamp(min=1) * torch.tensor(beta, dtype=counts.dtype).log()
    return normalised(-1 / torch.expm1(inside), counts)


def stratum_weights(counts: Tensor, mode: str, exponent: float = 1.0) -> Tensor:
    """(K, G) weights of (K, G) counts n_ys.

    Args:
        counts: training counts of the strata.
        mode: `stratum` n / (C n_ys) for C non-empty strata; `within_class` n_y / (G_y n_ys) for G_y
            non-empty groups in class y; `group` n / (G n_s).
        exponent: power of the weights, before they are brought back to mean 1; 0.5 is the root.
    """
    filled = (counts > 0).to(counts.dtype)
    match mode:
        case "within_class":
            per_class = counts.sum(dim=1, keepdim=True) / filled.sum(dim=1, keepdim=True).clamp(1)
            weights = per_class / counts.clamp(min=1)
        case "group":
            weights = (1 / counts.sum(dim=0).clamp(min=1)).expand_as(counts)
        case _:
            weights = 1 / counts.clamp(min=1)
    return normalised(weights**exponent, counts)


def independence_weights(counts: Tensor) -> Tensor:
    """(K, G) weights n_y n_s / (n n_ys) of (K, G) counts n_ys: class and group become independent.

    Empty strata leave the plain weights with a mean below 1; they are brought back to it.

    Source: Kamiran and Calders 2012 (reweighing).
    """
    per_class, per_group = counts.sum(dim=1, keepdim=True), counts.sum(dim=0, keepdim=True)
    expected = per_class * per_group / counts.sum().clamp(min=1)
    return normalised(expected / counts.clamp(min=1), counts)


def capped(weights: Tensor, counts: Tensor, cap: float) -> Tensor:
    """`weights` cut at `cap`; what is cut off goes to the other strata of the same row in
    proportion, so that the weighted counts of every row sum to what they did.

    Args:
        weights: (R, C), of mean at most `cap` in every row.
        counts: (R, C) training counts.
        cap: largest weight.
    """
    total = (weights * counts).sum(dim=1, keepdim=True)
    for _ in range(weights.shape[1]):  # each round may lift others to the cap
        over = weights >= cap
        fixed = (cap * counts * over).sum(dim=1, keepdim=True)
        free = (weights * counts * ~over).sum(dim=1, keepdim=True)
        factor = (total - fixed) / torch.where(free > 0, free, torch.ones_like(free))
        weights = torch.where(over, torch.full_like(weights, cap), weights * factor)
    return weights


def class_table(class_counts: tuple[int, ...]) -> Tensor:
    """(K,) counts in double precision, as the functions above take them."""
    return torch.tensor(class_counts, dtype=torch.float64)


def stratum_table(stratum_counts: tuple[tuple[int, ...], ...]) -> Tensor:
    """(K, G) counts in double precision, as the functions above take them."""
    return torch.tensor(stratum_counts, dtype=torch.float64)


def with_unknown(weights: Tensor) -> Tensor:
    """(K, G + 1) of (K, G) weights: the last column, which code -1 reaches, is 1."""
    return torch.cat([weights, torch.ones_like(weights[:, :1])], dim=1)


def weighted_cross_entropy(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Mean over the batch of (B,) weights times cross entropies."""
    return (weights * cross_entropies(logits, labels)).mean()
