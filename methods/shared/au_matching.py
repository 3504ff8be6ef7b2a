"""Matching of positives weighted by action units: the term that the AU methods share.

    L_pm = -(1/N) sum_i sum_{p in P_i} cos(A_i, A_p) cos(h_i, h_p)
    P_i  = other samples of the batch with the class of i; both measured
    A = ReLU(linear 12 -> 32 of the action units),   h = ReLU(linear d -> 128 of the features)

`reduce = mean` divides the inner sum by max(|P_i|, 1). Lower is better and the value is never
positive. Source: S2 (arXiv 2303.04896) Sec. III-B, Eq. 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from datasets.spec import Batch, DatasetSpec
from methods.ops import cosines, masked_mean

#: the paper's list (S2, footnote 1)
PAPER_UNITS = (
    "AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23", "AU24",
)  # fmt: skip
#: widths of the projected action units and of the projected features (S2 Sec. III-B)
UNIT_WIDTH = 32
FEATURE_WIDTH = 128

REDUCTIONS = ("sum", "mean")
WEIGHTINGS = ("learned", "detached", "raw_cosine", "fixed_projection", "none")


def used_units(
    spec: DatasetSpec, names: tuple[str, ...], defaults: tuple[str, ...] = PAPER_UNITS
) -> tuple[str, ...]:
    """`names`, or, when empty, those of the defaults that the data set measures."""
    return names if names else tuple(name for name in defaults if name in spec.action_units)


def skip_reason(
    spec: DatasetSpec, names: tuple[str, ...], defaults: tuple[str, ...] = PAPER_UNITS
) -> str | None:
    """Why the action units cannot be used on this data set, or None."""
    missing = [name for name in names if name not in spec.action_units]
    if missing:
        return f"data set {spec.name} does not measure {', '.join(missing)}"
    if not used_units(spec, names, defaults):
        return f"data set {spec.name} measures none of the paper's action units"
    return None


def positive_pairs(labels: Tensor, known: Tensor) -> Tensor:
    """(B, B) bool: different samples of one class, both with known action units."""
    others = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return (labels[:, None] == labels) & known[:, None] & known & others


def matching_loss(similarities: Tensor, weights: Tensor, positives: Tensor, reduce: str) -> Tensor:
    """L_pm of (B, B) feature cosines, (B, B) weights and the (B, B) mask of positive pairs.

    Anchors without positives add 0; the divisor is B whatever is masked (methods.md 13).

    `reduce` is `sum` over an anchor's positives as published, or `mean`.
    """
    products = torch.where(positives, similarities * weights, torch.zeros_like(similarities))
    per_anchor = products.sum(dim=1)
    if reduce == "mean":
        per_anchor = per_anchor / positives.sum(dim=1).clamp(min=1)
    return -per_anchor.mean()


class AuMatcher(nn.Module):
    """The two projectors, and the term of a batch.

    Args:
        spec: gives the columns of the action units.
        width: number of features d.
        names: action units used; see `used_units`.
        weighting: one of `WEIGHTINGS`. `learned` as published; `detached` cuts the gradient of the
            weights, so that the projector keeps its random values; `fixed_projection` also leaves
            out bias and ReLU, which keeps angles in expectation; `raw_cosine` uses the measured
            vectors; `none` sets the weights to 1.
        reduce: one of `REDUCTIONS`.
    """

    columns: Tensor

    def __init__(
        self, spec: DatasetSpec, width: int, names: tuple[str, ...], *, weighting: str, reduce: str
    ) -> None:
        super().__init__()
        columns = [spec.action_units.index(name) for name in used_units(spec, names)]
        self.register_buffer("columns", torch.tensor(columns), persistent=False)
        self.weighting = weighting
        self.reduce = reduce
        self.features = nn.Linear(width, FEATURE_WIDTH)
        self.units = nn.Linear(len(columns), UNIT_WIDTH)
        self.units.requires_grad_(weighting == "learned")

    def forward(self, features: Tensor, batch: Batch) -> Tensor:
        """Scalar L_pm of (B, d) features."""
        similarities = cosines(F.relu(self.features(features)))
        positives = positive_pairs(batch.labels, batch.action_units_known)
        return matching_loss(similarities, self.weights(batch), positives, self.reduce)

    def degeneration(self, features: Tensor, batch: Batch) -> Degeneration:
        """How far the term has run into its degenerate optimum on a batch."""
        similarities = cosines(F.relu(self.features(features)))
        known = batch.action_units_known
        return degeneration(similarities, self.weights(batch), batch.labels, known)

    def weights(self, batch: Batch) -> Tensor:
        """(B, B) cos(A_i, A_p); rows of samples that were not measured have no meaning."""
        units = batch.action_units[:, self.columns]
        # Rows that were not measured may hold NaN, which a mask on the result would not stop.
        units = torch.where(batch.action_units_known[:, None], units, torch.zeros_like(units))
        match self.weighting:
            case "none":
                return torch.ones(len(units), len(units), dtype=units.dtype, device=units.device)
            case "raw_cosine":
                return cosines(units)
            case "fixed_projection":
                return cosines(F.linear(units, self.units.weight))
            case _:
                return cosines(F.relu(self.units(units)))


@dataclass(frozen=True)
class Degeneration:
    """How far the term has run into its degenerate optimum (constant A, constant h).

    Attributes:
        weight_spread: standard deviation of cos(A_i, A_p) over positive pairs; 0 when the action
            units no longer matter.
        cross_class_similarity: mean cos(h_i, h_j) over pairs of different classes; 1 when h no
            longer tells classes apart.
    """

    weight_spread: Tensor
    cross_class_similarity: Tensor


def degeneration(
    similarities: Tensor, weights: Tensor, labels: Tensor, known: Tensor
) -> Degeneration:
    """The two diagnostics of (B, B) feature cosines and (B, B) weights; 0 without such pairs."""
    positives = positive_pairs(labels, known)
    centre = masked_mean(weights.flatten(), positives.flatten())
    spread = masked_mean((weights - centre).square().flatten(), positives.flatten()).sqrt()
    across = labels[:, None] != labels
    return Degeneration(spread, masked_mean(similarities.flatten(), across.flatten()))
