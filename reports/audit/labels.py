"""Labels, votes and predictions of a file as numbers for each class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reports.errors import ReportError
from reports.tabular.columns import TextColumn, line_of, listed
from reports.tabular.groups import Codes, Floats
from reports.tabular.levels import natural_order

#: cells without a label; `unknown` and `none` are classes in some data sets
MISSING_LABELS = frozenset({"", "nan", "n/a", "na", "null"})
#: more classes than this are most often numbers or names, and would each be asked about
MAX_CLASSES = 50
#: a count above this is a slip, and its products would pass what whole numbers hold
MOST_IMAGES = 10**9
PREFIXES = ("votes_", "vote_", "count_", "n_")
_YES = {"1": True, "0": False, "1.0": True, "0.0": False, "true": True, "false": False,
        "yes": True, "no": False}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of N images.

    Attributes:
        classes: the K that are asked about.
        yes: (N, K) votes for each.
        votes: (N,) votes in all, 0 where the label is missing.
        binary: the column says yes or no to its one class.
    """

    classes: tuple[str, ...]
    yes: Codes
    votes: Codes
    binary: bool = False


def labels_of(column: TextColumn, positives: Sequence[str] = ()) -> Labels:
    """Labels of a column with one class an image, or with yes and no.

    A column of 0 and 1 (true and false, yes and no) has one class, called as the column.

    Args:
        column: of labels.
        positives: classes that are asked about; empty asks about all.

    Raises:
        ReportError: every label is missing, a class asked about does not occur, or there are more
            than `MAX_CLASSES` and none is asked about.
    """
    found = natural_order(level for level in column.levels if level.lower() not in MISSING_LABELS)
    if not found:
        raise ReportError(f"column {column.name!r} holds no label: name another with --label")
    binary = all(level.lower() in _YES for level in found) and set(positives) <= {column.name}
    missing = [level.lower() in MISSING_LABELS for level in column.levels]
    known = 1 - np.array(missing, dtype=np.int64)
    votes = known[column.codes]
    if binary:
        table = np.array([_YES.get(level.lower(), False) for level in column.levels])
        return Labels((column.name,), table[column.codes].astype(np.int64)[:, None], votes, True)
    if not positives and len(found) > MAX_CLASSES:
        raise ReportError(
            f"column {column.name!r} holds {len(found)} different labels ({listed(found)}): choose "
            f"some with --positive, or name another column with --label"
        )
    classes = _asked(found, positives, column.name)
    return Labels(classes, _one_hot(column, classes), votes)


def labels_of_votes(
    votes: Mapping[str, Floats], positives: Sequence[str] = (), *, source: str
) -> Labels:
    """Labels of columns with the number of votes for each class.

    A prefix as `votes_` that all names share is no part of the classes. An image with an empty
    cell has no votes at all, for its share of each class is not known.

    Args:
        votes: column -> (N,) votes, NaN where empty.
        positives: classes that are asked about; empty asks about all.
        source: the file, for messages.

    Raises:
        ReportError: a cell is no whole number from 0 on (the message names the line), there are
            no votes, or a class asked about has no column.
    """
    for name, column in votes.items():
        reject_uncountable(column, name, source=source)
    names = tuple(votes)
    for prefix in PREFIXES:
        if all(name.lower().startswith(prefix) and len(name) > len(prefix) for name in names):
            names = tuple(name[len(prefix) :] for name in names)
            break
    every = np.column_stack(list(votes.values()))
    every[np.isnan(every).any(axis=1)] = 0
    counts = every.astype(np.int64)
    if not counts.any():
        raise ReportError(f"{source}: columns {listed(tuple(votes))} hold no vote")
    classes = _asked(names, positives, "votes")
    chosen = counts[:, [names.index(name) for name in classes]]
    return Labels(classes, chosen, counts.sum(axis=1))


def predictions_of(column: TextColumn, labels: Labels, *, source: str) -> Codes:
    """(N, K) 1 where a model predicts the class.

    Raises:
        ReportError: a prediction is empty (the message names the line), or none is a class.
    """
    missing = np.array([level.lower() in MISSING_LABELS for level in column.levels])
    empty = missing[column.codes]
    if empty.any():
        raise ReportError(
            f"{source}, line {line_of(int(np.argmax(empty)))}: {column.name} is empty; "
            f"every row needs a prediction, {int(empty.sum())} have none"
        )
    if labels.binary and all(level.lower() in _YES for level in column.levels):
        table = np.array([_YES[level.lower()] for level in column.levels])
        return table[column.codes].astype(np.int64)[:, None]
    predicted = _one_hot(column, labels.classes)
    if not predicted.any():
        raise ReportError(
            f"{source}: {column.name} predicts {listed(natural_order(column.levels))}, of which "
            f"none is a class asked about ({listed(labels.classes)}); spell classes alike"
        )
    return predicted


def reject_uncountable(column: Floats, name: str, *, source: str) -> None:
    """Raise unless every number is whole, at least 0 and no giant; NaN is let through.

    Raises:
        ReportError: one is not; the message names the line.
    """
    with np.errstate(invalid="ignore"):
        bad: NDArray[np.bool_] = (column < 0) | (column != np.floor(column)) | np.isinf(column)
    bad &= ~np.isnan(column)
    if bad.any():
        row = int(np.argmax(bad))
        raise ReportError(
            f"{source}, line {line_of(row)}: {name} must be a whole number from 0 on, not "
            f"{column[row]:g}"
        )
    with np.errstate(invalid="ignore"):
        much: NDArray[np.bool_] = column > MOST_IMAGES
    if much.any():
        row = int(np.argmax(much))
        raise ReportError(
            f"{source}, line {line_of(row)}: {name} is {column[row]:g}, more than the "
            f"{MOST_IMAGES:g} that can be counted"
        )


def _asked(found: Sequence[str], positives: Sequence[str], where: str) -> tuple[str, ...]:
    for name in positives:
        if name not in found:
            raise ReportError(f"{where} has no class {name!r}; it has {listed(tuple(found))}")
    return tuple(dict.fromkeys(positives)) or tuple(found)


def _one_hot(column: TextColumn, classes: Sequence[str]) -> Codes:
    table = np.array(
        [[int(level == name) for name in classes] for level in column.levels], dtype=np.int64
    )
    return table.reshape(len(column.levels), len(classes))[column.codes]
