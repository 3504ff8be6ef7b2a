"""Losses on the two parts of an invertible map's output, Z = [Z_Y, Z_S] (methods.md 9.2)."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.ops import masked_mean


def gaussian_loss(latent: Tensor, log_det: Tensor) -> Tensor:
    """Negative log-likelihood of (B, D) outputs under N(0, I) for each entry, without constant."""
    return (0.5 * latent.square().sum(dim=1) - log_det).mean() / latent.shape[1]


def covariance(part: Tensor) -> Tensor:
    """(d, d) covariance over the batch with divisor B - 1; 0 for a single sample."""
    centred = part - part.mean(dim=0)
    return centred.T @ centred / max(len(part) - 1, 1)


def off_diagonal(matrix: Tensor) -> Tensor:
    """Mean square of the entries off the diagonal; 0 for a 1 x 1 matrix."""
    width = len(matrix)
    outside = matrix - torch.diag(matrix.diagonal())
    return outside.square().sum() / max(width * (width - 1), 1)


def diagonal_spread(matrix: Tensor) -> Tensor:
    """Variance (divisor d) of the diagonal entries."""
    return matrix.diagonal().var(correction=0)


def contrast(
    part: Tensor, kept: Tensor, crossed: Tensor, draws: Tensor, temperature: float
) -> Tensor:
    """Pulls each sample to a random one of its own `kept` code and another `crossed` code.

    -log [exp(-r_ip / T) / (exp(-r_ip / T) + sum_n exp(-r_in / T))] with r the squared distance
    divided by d and n all samples of another `kept` code; mean over the samples that have such a
    partner, 0 where none has.

    Args:
        part: (B, d) vectors.
        kept: (B,) codes that a pair shares.
        crossed: (B,) codes in which a pair differs.
        draws: (B, B) random numbers; the partner of a sample is the allowed one with the largest.
        temperature: T.

    Samples with either code unknown (-1) take no part.
    """
    known = (kept >= 0) & (crossed >= 0)
    both = known[:, None] & known[None, :]
    same = kept[:, None] == kept[None, :]
    partners = both & same & (crossed[:, None] != crossed[None, :])
    squares = part.square().sum(dim=1)
    distances = (squares[:, None] + squares[None, :] - 2 * part @ part.T).clamp(min=0)
    scores = distances / (-part.shape[1] * temperature)
    chosen = draws.masked_fill(~partners, -1.0).argmax(dim=1, keepdim=True)
    own = scores.gather(1, chosen)
    others = scores.masked_fill(~(both & ~same), -torch.inf)
    losses = torch.cat([own, others], dim=1).logsumexp(dim=1) - own.squeeze(1)
    return masked_mean(losses, partners.any(dim=1))
