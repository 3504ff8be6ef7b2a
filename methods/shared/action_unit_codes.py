"""Codes of faces: which of a few action units are active, as one number.

A pattern of M units is the number whose bits are the units, the first one lowest. Patterns that few
training images show are merged into the nearest frequent one, so that codes have members.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from datasets.spec import Batch, DatasetSpec
from methods.shared.au_matching import used_units

#: units of the multi-class extension (methods.md 7.3, project choice)
DEFAULT_UNITS = ("AU01", "AU04", "AU06", "AU12", "AU15", "AU23")
#: more units than this make tables of patterns too large, and codes without members
MAX_UNITS = 10
#: intensities, 0 to 5 as OpenFace gives them, above which a unit counts as active; chosen by the
#: authors on EmotioNet (yunliangchen/auc-fer, auc_fer/). Those at 5 never fire.
OPENFACE_THRESHOLDS = {
    "AU01": 4.4, "AU02": 4.8, "AU04": 2.4, "AU05": 3.7, "AU06": 1.8, "AU09": 2.8, "AU10": 0.2,
    "AU12": 1.3, "AU15": 1.3, "AU17": 5.0, "AU20": 5.0, "AU25": 0.7, "AU26": 5.0,
}  # fmt: skip
OPENFACE_SCALE = 5.0


def thresholds_of(units: tuple[str, ...], *, openface: bool, otherwise: float) -> list[float]:
    """Values in [0, 1] above which each unit is active.

    `openface` takes OpenFace's, divided by its scale, and `otherwise` for units it has none for.
    """
    known = OPENFACE_THRESHOLDS if openface else {}
    return [known[u] / OPENFACE_SCALE if u in known else otherwise for u in units]


def merge_rare(counts: Tensor, bits: Tensor, min_count: int) -> Tensor:
    """(P,) pattern that each pattern is counted as.

    Patterns with at least `min_count` images stay, and the most frequent one in any case; every
    other one goes to the kept pattern that differs in the fewest units, of several to the most
    frequent, of several of these to the one with the lowest number.

    Args:
        counts: (P,) training images of each pattern.
        bits: (P, M) 0 or 1.
        min_count: smallest number of images of a kept pattern.
    """
    kept = counts >= counts.max().clamp(max=min_count)
    distances = (bits[:, None] != bits).sum(dim=2)
    # One whole number that sorts by distance, then by frequency, then by number.
    total, size = counts.sum(), len(counts)
    numbers = torch.arange(size, device=counts.device)
    order = (distances * (total + 1) + total - counts) * size + numbers
    unreachable = torch.full_like(order, torch.iinfo(order.dtype).max)
    return torch.where(kept, order, unreachable).argmin(dim=1)


class ActionUnitCodes(nn.Module):
    """Turns action units into codes; `learn` merges rare patterns.

    Args:
        spec: gives the columns of the action units.
        names: units used; empty for those of `DEFAULT_UNITS` that there are.
        openface, threshold: see `thresholds_of`.
        min_count: see `merge_rare`.
    """

    columns: Tensor
    thresholds: Tensor
    table: Tensor
    kept: Tensor

    def __init__(
        self,
        spec: DatasetSpec,
        names: tuple[str, ...],
        *,
        openface: bool,
        threshold: float,
        min_count: int,
    ) -> None:
        super().__init__()
        units = used_units(spec, names, DEFAULT_UNITS)
        levels = thresholds_of(units, openface=openface, otherwise=threshold)
        columns = torch.tensor([spec.action_units.index(name) for name in units])
        self.num_patterns = 2 ** len(units)
        self.min_count = min_count
        self.register_buffer("columns", columns, persistent=False)
        self.register_buffer("thresholds", torch.tensor(levels), persistent=False)
        self.register_buffer("table", torch.arange(self.num_patterns))
        self.register_buffer("kept", torch.ones(self.num_patterns, dtype=torch.bool))

    @property
    def num_codes(self) -> int:
        """Codes that are in use; all patterns before `learn`."""
        return int(self.kept.sum())

    def learn(self, training: Batch) -> None:
        """Counts the patterns of the training samples and merges the rare ones."""
        patterns = self.patterns(training)[training.action_units_known]
        counts = torch.bincount(patterns, minlength=self.num_patterns)
        self.table = merge_rare(counts, self._bits(), self.min_count)
        self.kept = self.table == torch.arange(self.num_patterns, device=self.table.device)

    def forward(self, batch: Batch) -> Tensor:
        """(B,) codes, -1 where the action units were not measured."""
        codes = self.table[self.patterns(batch)]
        return torch.where(batch.action_units_known, codes, torch.full_like(codes, -1))

    def patterns(self, batch: Batch) -> Tensor:
        """(B,) patterns before merging; without meaning where the units were not measured."""
        active = batch.action_units[:, self.columns] > self.thresholds
        weights = 2 ** torch.arange(len(self.columns), device=active.device)
        return (active * weights).sum(dim=1)

    def _bits(self) -> Tensor:
        numbers = torch.arange(self.num_patterns, device=self.columns.device)
        places = torch.arange(len(self.columns), device=self.columns.device)
        return (numbers[:, None] >> places) & 1
