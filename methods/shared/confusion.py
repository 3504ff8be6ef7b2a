"""Confusion of group classifiers: the trunk is asked for features on which they answer uniformly.

    L_adv  = CE(g(sg(z)), s)                                     moves the classifiers g only
    L_conf = -(1/N) sum_i (1/G) sum_j log softmax(g(z_i))_j      moves the trunk only; >= log G

Both are means over the samples of known group and over the H targets of `shared/adversaries.py`;
sg stops the gradient. Each side of the game is shut off from the other's term here, in the graph:
L_conf leaking into g would make g uniform without any change of the features.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from datasets.spec import Batch
from methods.ops import at_least_single, masked_mean
from methods.shared.adversaries import GroupAdversary, target_codes


def uniform_cross_entropy(logits: Sequence[Tensor], codes: Tensor) -> Tensor:
    """Mean over targets and samples of known group of the cross entropy to the uniform answer.

    Args:
        logits: H tensors of (B, size).
        codes: (B, H) codes, -1 unknown; a target that is unknown throughout adds 0.

    Source: Alvi et al. 2018, Eq. 3.
    """
    losses = []
    for position, scores in enumerate(logits):
        values = -at_least_single(scores).log_softmax(dim=1).mean(dim=1)
        losses.append(masked_mean(values, codes[:, position] >= 0))
    return torch.stack(losses).mean()


def confusion_loss(adversary: GroupAdversary, features: Tensor, batch: Batch) -> Tensor:
    """L_conf of (B, d) features; the adversary's parameters get no gradient."""
    fixed = {name: value.detach() for name, value in adversary.named_parameters()}
    logits: Any = torch.func.functional_call(adversary, fixed, (features,))
    return uniform_cross_entropy(logits, target_codes(batch, adversary.grouping))


def classifier_loss(adversary: GroupAdversary, features: Tensor, batch: Batch) -> Tensor:
    """L_adv of (B, d) features; whatever made the features gets no gradient."""
    return adversary.loss(features.detach(), batch)
