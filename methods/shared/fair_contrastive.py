"""The fair supervised contrastive loss, plain and normalised by strata; cards: `fscl`, `fscl_plus`.

Embeddings of known group are compared, as the contrast set of an anchor, only with those of another
class and its own group. Source: Park et al. 2022, Eq. 3 and 5 (sungho-CoolG/FSCL: losses.py).
"""

from __future__ import annotations

import torch
from torch import Tensor

from methods.shared.contrastive import anchor_losses, mean_weights, others

#: T_b of the reference: losses are multiplied by T / T_b
BASE_TEMPERATURE = 0.07


def contrast_sets(labels: Tensor, groups: Tensor) -> Tensor:
    """(V, V) bool: pairs of two classes and one group; code -1 is in no pair."""
    known = groups >= 0
    same_group = (groups[:, None] == groups) & known[:, None] & known
    return (labels[:, None] != labels) & same_group


def same_class(labels: Tensor) -> Tensor:
    """(V, V) bool: other embeddings of the class."""
    return (labels[:, None] == labels) & others(len(labels), labels.device)


def fair_losses(logits: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """(V,) losses of the anchors, not yet multiplied by T / T_b.

    Args:
        logits: (V, V) cosines over the temperature.
        labels: (V,) class codes.
        groups: (V,) group codes; an anchor of code -1 has positives but nothing to contrast.
    """
    weights = mean_weights(same_class(labels), logits.dtype)
    return anchor_losses(logits, weights, contrast_sets(labels, groups))


def normalised_losses(logits: Tensor, labels: Tensor, groups: Tensor) -> Tensor:
    """As `fair_losses`, every stratum of the batch counting alike.

    A positive j has weight 1 / n(j) with n(j) the other embeddings of its stratum, an anchor i has
    weight c / (n(i) + 1) with c the mean size of the strata in the batch. Embeddings of unknown
    group count as in `fair_losses`: weight 1 / |P(i)| as positives, 1 as anchors.
    """
    known = groups >= 0
    stratum = (labels[:, None] == labels) & (groups[:, None] == groups)
    sizes = torch.where(known, stratum.sum(dim=1), torch.ones_like(labels)).to(logits.dtype)
    members = known.to(logits.dtype)
    # Each stratum adds up to 1: the number of those present, without leaving the device.
    present = (members / sizes).sum()
    mean_size = members.sum() / present.clamp(min=1)
    anchors = torch.where(known, mean_size / sizes, torch.ones_like(sizes))

    positives = same_class(labels)
    by_stratum = positives.to(logits.dtype) / (sizes - 1).clamp(min=1)
    weights = torch.where(known, by_stratum, mean_weights(positives, logits.dtype))
    return anchors * anchor_losses(logits, weights, contrast_sets(labels, groups))
