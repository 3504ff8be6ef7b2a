"""Predictions of one trained model on one test set, checked when made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from reports.errors import ReportError

Integers = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
#: largest distance of a sum of probabilities from 1
_TOLERANCE = 1e-6

RESERVED = frozenset({"", "all", "mean", "max", "min"})


@dataclass(frozen=True, eq=False)
class PredictionSet:
    """Labels, predicted classes and protected attributes of the N samples of a test set.

    Attributes:
        dataset, method, variant, seed, select, cell: names that the metric rows carry along;
            `variant` may be empty, `seed` is text because pooled folds are called "0-4".
        classes: names of the K classes in declared order.
        levels: attribute name to its declared levels in order; a level may have no samples.
        intersections: tuples of attribute names whose product is reported too, as "gender x tone".
        labels, predicted: (N,) integers in 0..K-1.
        attributes: (N, J) integers, columns in the order of `levels`; -1 is unknown.
        decisions: (N, K) probabilities with which each class is decided, for a rule that decides at
            random; metrics are then those of the expected counts. None: `predicted` is decided.
        probabilities: (N, K) predicted probabilities, for calibration and thresholds; None where
            they are not known.

    Raises:
        ReportError: shapes, codes or names do not fit together.
    """

    dataset: str
    method: str
    variant: str
    seed: str
    select: str
    cell: str
    classes: tuple[str, ...]
    levels: Mapping[str, tuple[str, ...]]
    intersections: tuple[tuple[str, ...], ...]
    labels: Integers
    predicted: Integers
    attributes: Integers
    decisions: Floats | None = None
    probabilities: Floats | None = None

    def __post_init__(self) -> None:
        _check_names(self)
        _check_arrays(self)

    @property
    def where(self) -> str:
        """Short name for messages."""
        return f"predictions {self.dataset}/{self.method}/seed {self.seed}"

    def attribute_names(self) -> tuple[str, ...]:
        """Declared attributes, then intersections by their printed names."""
        return (*self.levels, *(" x ".join(names) for names in self.intersections))

    def groups(self, attribute: str) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
        """Group names and (N,) group codes of an attribute or an intersection.

        An intersection has the Cartesian product of the declared levels in row-major order and is
        unknown (-1) where any of its attributes is.
        """
        return group_codes(self.levels, self.attributes, attribute)


def group_codes(
    levels: Mapping[str, tuple[str, ...]], attributes: Integers, attribute: str
) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Group names and (N,) codes of an attribute, or of an intersection ("gender x tone").

    Args:
        levels: attribute -> declared levels.
        attributes: (N, J) codes in the order of `levels`, -1 unknown.
        attribute: printed name.
    """
    names = (attribute,) if attribute in levels else tuple(attribute.split(" x "))
    order = list(levels)
    codes = np.zeros(len(attributes), dtype=np.int64)
    unknown = np.zeros(len(attributes), dtype=bool)
    for name in names:
        column = attributes[:, order.index(name)]
        codes = codes * len(levels[name]) + column
        unknown |= column < 0
    group_names = tuple(" x ".join(one) for one in product(*(levels[name] for name in names)))
    return group_names, np.where(unknown, -1, codes)


def pooled(sets: Sequence[PredictionSet], seed_label: str) -> PredictionSet:
    """One prediction set holding the samples of several, for protocols that test one fold per seed.

    Args:
        sets: at least one; all of the same data set, method, variant and selection rule.
        seed_label: the seed text of the result, such as "0-4".

    Returns:
        Samples in the order given; its `cell` joins the cells' names with "+".

    Raises:
        ReportError: no sets, or sets that do not belong together.
    """
    if not sets:
        raise ReportError("no predictions to pool; give the predictions of at least one fold")
    first = sets[0]
    for other in sets[1:]:
        for field in ("dataset", "method", "variant", "select", "classes", "intersections"):
            if getattr(other, field) != getattr(first, field):
                raise ReportError(
                    f"{other.where}: {field} differs from the other folds'; pool like with like"
                )
        if list(other.levels.items()) != list(first.levels.items()):
            raise ReportError(
                f"{other.where}: levels differ from the other folds'; pool like with like"
            )
    return PredictionSet(
        dataset=first.dataset,
        method=first.method,
        variant=first.variant,
        seed=seed_label,
        select=first.select,
        cell="+".join(one.cell for one in sets),
        classes=first.classes,
        levels=first.levels,
        intersections=first.intersections,
        labels=np.concatenate([one.labels for one in sets]),
        predicted=np.concatenate([one.predicted for one in sets]),
        attributes=np.concatenate([one.attributes for one in sets]),
        decisions=_pooled_rows([one.decisions for one in sets]),
        probabilities=_pooled_rows([one.probabilities for one in sets]),
    )


def _pooled_rows(arrays: Sequence[Floats | None]) -> Floats | None:
    rows = [array for array in arrays if array is not None]
    if len(rows) not in (0, len(arrays)):
        raise ReportError("some folds decide at random and others do not; pool like with like")
    return np.concatenate(rows) if rows else None


def _check_names(one: PredictionSet) -> None:
    lists = {
        "classes": one.classes,
        **{f"levels of {name}": level for name, level in one.levels.items()},
    }
    for what, names in {**lists, "attributes": tuple(one.levels)}.items():
        if len(set(names)) != len(names):
            raise ReportError(f"{one.where}: {what} repeat a name; make the names differ")
        taken = RESERVED.intersection(names)
        if taken:
            raise ReportError(
                f"{one.where}: {what} use the reserved name {min(taken)!r}; choose another"
            )
    if not one.classes:
        raise ReportError(f"{one.where}: no classes are declared; declare at least one")
    for names in one.intersections:
        missing = [name for name in names if name not in one.levels]
        if missing or len(names) < 2:
            raise ReportError(
                f"{one.where}: intersection {names} needs two or more declared attributes"
            )


def _check_arrays(one: PredictionSet) -> None:
    shape = (len(one.labels), len(one.levels))
    for name, array, wanted in (
        ("labels", one.labels, shape[:1]),
        ("predicted", one.predicted, shape[:1]),
        ("attributes", one.attributes, shape),
    ):
        if array.shape != wanted:
            raise ReportError(f"{one.where}: {name} has shape {array.shape}, give {wanted}")
        if not np.issubdtype(array.dtype, np.integer):
            raise ReportError(f"{one.where}: {name} has type {array.dtype}, give integer codes")
    for name, codes in (("labels", one.labels), ("predicted", one.predicted)):
        _check_range(one.where, name, codes, 0, len(one.classes))
    for name in ("decisions", "probabilities"):
        rows = getattr(one, name)
        if rows is not None:
            _check_rows(one.where, name, rows, (len(one.labels), len(one.classes)))
    for column, (name, levels) in enumerate(one.levels.items()):
        _check_range(one.where, f"attribute {name}", one.attributes[:, column], -1, len(levels))


def _check_rows(where: str, name: str, rows: Floats, shape: tuple[int, int]) -> None:
    if rows.shape != shape:
        raise ReportError(f"{where}: {name} have shape {rows.shape}, give {shape}")
    sums = rows.sum(axis=1)
    # A NaN is neither at least 0 nor close to anything.
    if rows.size and not (rows.min() >= 0 and np.allclose(sums, 1, rtol=0, atol=_TOLERANCE)):
        raise ReportError(f"{where}: {name} must be probabilities; give rows that sum to 1")


def _check_range(where: str, name: str, codes: Integers, low: int, count: int) -> None:
    if codes.size and (codes.min() < low or codes.max() >= count):
        raise ReportError(
            f"{where}: {name} holds codes {codes.min()}..{codes.max()}, give {low}..{count - 1}"
        )
