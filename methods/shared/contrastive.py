"""Contrastive terms over masks, the projection head and the two views of a batch.

    l_i = -(1/sum_j w_ij) sum_j w_ij [v_i . v_j / T - log sum_{k in C_i} exp(v_i . v_k / T)]

with v the embeddings scaled to length 1, w the weights of an anchor's positives and C its contrast
set. What is a positive and what is in C tells the methods apart.

Source: Khosla et al. 2020, Eq. 2 (L_out); methods.md 7.4 to 7.6.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.ops import cosines

#: width of the embeddings (methods.md 7.4, 7.5)
EMBEDDING_WIDTH = 128


def projector(width: int) -> nn.Sequential:
    """The projection head d -> d -> 128 with ReLU."""
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, EMBEDDING_WIDTH))


def both_views(batch: Batch) -> Tensor:
    """(2B, 3, H, W) pictures and, below them, their second views."""
    return torch.cat([batch.images, batch.views])


def similarities(embeddings: Tensor, temperature: float) -> Tensor:
    """(V, V) cosines of (V, d) embeddings over the temperature."""
    return cosines(embeddings) / temperature


def others(count: int, device: torch.device) -> Tensor:
    """(V, V) bool: everything but the diagonal."""
    return ~torch.eye(count, dtype=torch.bool, device=device)


def log_sum_exp(logits: Tensor, mask: Tensor) -> Tensor:
    """(V,) log of the sum of exp over the masked entries of each row; 0, without gradient, where a
    row has none.
    """
    filled = mask.any(dim=1)
    # An empty row is filled with zeros instead, whose result is finite and dropped: no NaN, and
    # nothing reaches the inputs.
    floor = torch.where(filled, -torch.inf, 0.0).to(logits.dtype)
    return torch.where(mask, logits, floor[:, None]).logsumexp(dim=1) * filled


def anchor_losses(logits: Tensor, weights: Tensor, contrast: Tensor) -> Tensor:
    """(V,) losses of the anchors, weighted sums over the positives; 0 for anchors without any.

    Args:
        logits: (V, V) `similarities`.
        weights: (V, V) weight of each positive of an anchor, 0 for all other samples; rows that sum
            to 1 give the mean over the positives.
        contrast: (V, V) bool, the contrast set of each anchor.
    """
    denominators = log_sum_exp(logits, contrast)
    return -(weights * (logits - denominators[:, None])).sum(dim=1)


def mean_weights(positives: Tensor, dtype: torch.dtype) -> Tensor:
    """(V, V) weights 1 / |P(i)| of a mask of positives; rows without positives are 0."""
    members = positives.to(dtype)
    return members / members.sum(dim=1, keepdim=True).clamp(min=1)
