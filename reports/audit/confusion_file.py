"""Confusion matrices of classifiers that guessed an attribute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from reports.audit.observations import Observations
from reports.errors import ReportError
from reports.tabular.columns import TableFile, listed
from reports.tabular.groups import Floats, Grouping


def parse_confusions(texts: Iterable[str]) -> dict[str, Path]:
    """Attribute -> file, from `gender=confusion.csv`.

    Raises:
        ReportError: a text is something else.
    """
    found = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not name.strip() or not path.strip():
            raise ReportError(f"{text!r} is no matrix: write --attribute-confusion gender=FILE.csv")
        found[name.strip()] = Path(path.strip())
    return found


def with_confusions(data: Observations, files: dict[str, Path]) -> Observations:
    """The observations, with the matrix of each attribute named; such an attribute is predicted.

    Raises:
        ReportError: an attribute is not there, or a matrix does not fit its groups.
    """
    names = [grouping.name for grouping in data.groupings]
    for attribute in files:
        if attribute not in names:
            raise ReportError(
                f"--attribute-confusion names {attribute!r}, which is no attribute of "
                f"{data.name}; it has {', '.join(names) or 'none'}"
            )
    groupings = (
        _with_matrix(grouping, files[grouping.name]) if grouping.name in files else grouping
        for grouping in data.groupings
    )
    return replace(data, groupings=tuple(groupings))


def _with_matrix(grouping: Grouping, path: Path) -> Grouping:
    return replace(grouping, predicted=True, confusion=read_confusion(path, grouping.levels))


def read_confusion(path: Path, levels: Sequence[str]) -> Floats:
    """(G, G) P(guessed j | true i) in the order of the levels.

    The file has a first column with the true level and one column for each guessed level; counts
    and shares are both taken, rows are divided by their sum.

    Raises:
        ReportError: levels are missing, an entry is negative or empty, or a row sums to 0.
    """
    file = TableFile.opened(path)
    true, *guessed = file.columns
    for level in levels:
        if level not in guessed:
            raise ReportError(f"{path} has no column for the guessed level {level!r}")
    columns = file.read([true], list(levels))
    codes = {level: code for code, level in enumerate(columns.texts[true].levels)}
    rows = []
    for level in levels:
        if level not in codes:
            raise ReportError(
                f"{path} has no row for the true level {level!r}; it has {listed(tuple(codes))}"
            )
        place = np.flatnonzero(columns.texts[true].codes == codes[level])
        if len(place) > 1:
            raise ReportError(f"{path} has two rows for the true level {level!r}: keep one")
        rows.append([columns.numbers[name][place[0]] for name in levels])
    matrix = np.array(rows)
    if not np.isfinite(matrix).all() or (matrix < 0).any() or not matrix.sum(axis=1).all():
        raise ReportError(f"{path} must hold numbers of at least 0, none missing, no row all 0")
    shares: Floats = matrix / matrix.sum(axis=1, keepdims=True)
    return shares
