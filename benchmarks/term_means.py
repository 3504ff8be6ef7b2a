"""Means of the loss terms between two validations."""

from __future__ import annotations

from collections import Counter

import numpy as np
from torch import Tensor

from benchmarks.errors import TrainingDiverged


class TermMeans:
    """Means of the loss terms between two validations, without waiting for the device."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.counts: Counter[str] = Counter()

    def add(self, losses: dict[str, Tensor]) -> None:
        for name, value in losses.items():
            known = self.sums.get(name)
            self.sums[name] = value.detach() if known is None else known + value.detach()
            self.counts[name] += 1

    def take(self, stage: str) -> dict[str, float]:
        """The means so far as `loss_TERM`; starts anew.

        Raises:
            TrainingDiverged: a mean is not finite.
        """
        means = {name: float(value) / self.counts[name] for name, value in self.sums.items()}
        for name, value in means.items():
            if not np.isfinite(value):
                raise TrainingDiverged(
                    f"The term '{name}' of stage '{stage}' became {value}; lower the learning "
                    "rate or its coefficient."
                )
        self.sums, self.counts = {}, Counter()
        return {f"loss_{name}": value for name, value in means.items()}
