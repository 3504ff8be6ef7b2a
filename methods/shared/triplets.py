"""Triplet loss over mined pairs, with masks instead of lists of indices.

    D_ij = distance of the features scaled to length 1,   S_ij = their cosine
    positive pair (a, p), one code, kept if    S_ap - epsilon < max_n S_an
    negative pair (a, n), two codes, kept if   S_an + epsilon > min_p S_ap
    loss = mean over the active triplets of kept pairs of D_ap - D_an + margin;
           active: the value is positive

Source: Wang et al. 2019 (multi-similarity mining), as Chen and Joo 2021 use it through
pytorch-metric-learning (losses/triplet_margin_loss.py, miners/multi_similarity_miner.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from methods.ops import cosines, masked_mean, unit_rows


@dataclass(frozen=True)
class CodePairs:
    """(B, B) masks of the ordered pairs of different samples with known codes.

    Attributes:
        positives: pairs of one code.
        negatives: pairs of two codes.
    """

    positives: Tensor
    negatives: Tensor


def code_pairs(codes: Tensor) -> CodePairs:
    """The pairs of (B,) codes; -1 is unknown and in no pair."""
    known = (codes >= 0)[:, None] & (codes >= 0)
    same = codes[:, None] == codes
    others = ~torch.eye(len(codes), dtype=torch.bool, device=codes.device)
    return CodePairs(same & known & others, ~same & known)


def mined(similarities: Tensor, pairs: CodePairs, epsilon: float) -> CodePairs:
    """The pairs that the miner keeps, given (B, B) cosines; an anchor needs pairs of both kinds."""
    fixed = similarities.detach()
    nearest_negative = fixed.masked_fill(~pairs.negatives, -torch.inf).amax(dim=1, keepdim=True)
    farthest_positive = fixed.masked_fill(~pairs.positives, torch.inf).amin(dim=1, keepdim=True)
    return CodePairs(
        pairs.positives & (fixed - epsilon < nearest_negative),
        pairs.negatives & (fixed + epsilon > farthest_positive),
    )


def violations(
    features: Tensor, pairs: CodePairs, *, margin: float, epsilon: float
) -> tuple[Tensor, Tensor]:
    """(B, B, B) values D_ap - D_an + margin by anchor, positive, negative, and which are active."""
    unit = unit_rows(features)
    # Not through the product of the matrices: its rounding is a distance of 3e-4 between equal
    # rows in single precision.
    distances = torch.cdist(unit, unit, compute_mode="donot_use_mm_for_euclid_dist")
    kept = mined(cosines(features), pairs, epsilon)
    values = distances[:, :, None] - distances[:, None, :] + margin
    return values, kept.positives[:, :, None] & kept.negatives[:, None, :] & (values > 0)


def triplet_loss(features: Tensor, codes: Tensor, *, margin: float, epsilon: float) -> Tensor:
    """Scalar >= 0 of (B, d) features and (B,) codes, -1 unknown; 0 without active triplets."""
    values, active = violations(features, code_pairs(codes), margin=margin, epsilon=epsilon)
    return masked_mean(values.flatten(), active.flatten())


@dataclass(frozen=True)
class Collapse:
    """How far the features have run into the collapse at which the loss equals the margin.

    Attributes:
        active_share: active triplets among all triplets of known codes; 0 without any.
        feature_variance: summed variance of the features scaled to length 1: 1 - |their mean|^2,
            0 when all are equal.
    """

    active_share: Tensor
    feature_variance: Tensor


def collapse(features: Tensor, codes: Tensor, *, margin: float, epsilon: float) -> Collapse:
    """The two diagnostics of a batch; arguments as `triplet_loss`."""
    pairs = code_pairs(codes)
    _, active = violations(features, pairs, margin=margin, epsilon=epsilon)
    possible = pairs.positives[:, :, None] & pairs.negatives[:, None, :]
    share = masked_mean(active.to(features.dtype).flatten(), possible.flatten())
    unit = unit_rows(features)
    return Collapse(share, (unit - unit.mean(dim=0)).square().sum(dim=1).mean())
