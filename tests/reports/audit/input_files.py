"""Small tables on disk, and observations made by hand."""

from pathlib import Path

import numpy as np

from reports.audit.observations import Observations
from reports.tabular.groups import Grouping


def written(folder: Path, text: str, name: str = "faces.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def observations(
    yes, groups, levels, *, intensities=None, units=(), votes=None, weights=None, conditions=()
):
    """One class `happy` and one attribute `gender`."""
    size = len(yes)
    return Observations(
        name="faces",
        classes=("happy",),
        yes=np.array(yes, dtype=np.int64)[:, None],
        votes=np.ones(size, np.int64) if votes is None else np.array(votes, dtype=np.int64),
        weights=np.ones(size, np.int64) if weights is None else np.array(weights, dtype=np.int64),
        groupings=(Grouping("gender", tuple(levels), np.array(groups, dtype=np.int64)),),
        conditions=tuple(conditions),
        action_units=tuple(units),
        intensities=np.zeros((size, 0)) if intensities is None else np.array(intensities, float),
        top=5.0,
    )
