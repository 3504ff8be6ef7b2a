"""Predictions of one trained model on one test set, checked when made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from reports.errors import ReportError

Integers = npt.NDArray[np.integer]
Floats = npt.NDArray[np.float64]
Array = TypeVar("Array", Integers, Floats)
#: largest distance of a sum of probabilities from 1
_TOLERANCE = 1e-6

RESERVED = frozenset({"", "all", "mean", "max", "min"})


@dataclass(frozen=True, eq=False)
class ValidationPart:
    """What a model predicts for the V samples of its validation part, for choosing thresholds.

    Attributes:
        labels: (V,) integers in 0..K-1.
        attributes: (V, J) integers as those of the test part, -1 unknown.
        probabilities: (V, K) predicted probabilities.
        folds: (V,) which of several pooled models each row belongs to; None for one model.
        features: (V, d) representations of the model; None where they were not stored.
    """

    labels: Integers
    attributes: Integers
    probabilities: Floats
    folds: Integers | None = None
    features: Floats | None = None


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
        validation: the model's predictions of its validation part, where they are known.
        train_counts: attribute, or intersection by its printed name, to (K, G) counts of the
            training samples of each class and group; None where they are not known.
        strata: (N,) integers, what the samples have in common beside their class (a combination of
            action units, say), -1 unknown; None without strata.
        folds: (N,) which of several pooled models predicted each sample; None for one model.
        features: (N, d) representations of the model; None where they were not stored, and for
            pooled models, whose representations have nothing in common.

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
    validation: ValidationPart | None = None
    train_counts: Mapping[str, Integers] | None = None
    strata: Integers | None = None
    folds: Integers | None = None
    features: Floats | None = None

    def __post_init__(self) -> None:
        _check_names(self)
        _check_arrays(self)
        _check_further_parts(self)

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What several metrics or attributes share, by name; `samples.once` fills it."""
        return {}

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
        decisions=_pooled_rows("decisions", [one.decisions for one in sets]),
        probabilities=_pooled_rows("probabilities", [one.probabilities for one in sets]),
        validation=_pooled_validation([one.validation for one in sets]),
        train_counts=_summed([one.train_counts for one in sets]),
        strata=_pooled_rows("strata", [one.strata for one in sets]),
        folds=_fold_codes([one.labels for one in sets]),
    )


def _pooled_rows(name: str, arrays: Sequence[Array | None]) -> Array | None:
    rows = [array for array in arrays if array is not None]
    if len(rows) not in (0, len(arrays)):
        raise ReportError(f"some folds have {name} and others do not; pool like with like")
    return np.concatenate(rows) if rows else None


def _fold_codes(labels: Sequence[Integers]) -> npt.NDArray[np.int64]:
    return np.repeat(np.arange(len(labels)), [len(one) for one in labels])


def _pooled_validation(parts: Sequence[ValidationPart | None]) -> ValidationPart | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    return ValidationPart(
        labels=np.concatenate([part.labels for part in known]),
        attributes=np.concatenate([part.attributes for part in known]),
        probabilities=np.concatenate([part.probabilities for part in known]),
        folds=_fold_codes([part.labels for part in known]),
    )


def _summed(parts: Sequence[Mapping[str, Integers] | None]) -> dict[str, Integers] | None:
    """Counts of all folds' training parts; of no attribute that a fold lacks."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    names = [name for name in known[0] if all(name in part for part in known)]
    return {name: np.sum([part[name] for part in known], axis=0) for name in names}


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
        _check_codes(one.where, name, array, wanted)
    for name, codes in (("labels", one.labels), ("predicted", one.predicted)):
        _check_range(one.where, name, codes, 0, len(one.classes))
    for name in ("decisions", "probabilities"):
        rows = getattr(one, name)
        if rows is not None:
            _check_rows(one.where, name, rows, (len(one.labels), len(one.classes)))
    if one.features is not None and len(one.features) != len(one.labels):
        raise ReportError(
            f"{one.where}: features have {len(one.features)} rows, give {len(one.labels)}"
        )
    _check_attributes(one.where, one.attributes, one.levels)


def _check_attributes(where: str, codes: Integers, levels: Mapping[str, tuple[str, ...]]) -> None:
    for column, (name, own) in enumerate(levels.items()):
        _check_range(where, f"attribute {name}", codes[:, column], -1, len(own))


def _check_further_parts(one: PredictionSet) -> None:
    """Validation, training counts, strata and folds fit the classes, levels and samples."""
    for name in ("strata", "folds"):
        codes = getattr(one, name)
        if codes is not None:
            _check_codes(one.where, name, codes, one.labels.shape)
    for name, counts in (one.train_counts or {}).items():
        if name not in one.attribute_names():
            raise ReportError(
                f"{one.where}: training counts of {name!r}, give {list(one.attribute_names())}"
            )
        shape = (len(one.classes), len(one.groups(name)[0]))
        _check_codes(one.where, f"training counts of {name}", counts, shape)
        if counts.min(initial=0) < 0:
            raise ReportError(f"{one.where}: training counts of {name} are negative; give counts")
    part = one.validation
    if part is None:
        return
    where, size = f"{one.where}, validation part", len(part.labels)
    _check_codes(where, "labels", part.labels, (size,))
    _check_range(where, "labels", part.labels, 0, len(one.classes))
    _check_codes(where, "attributes", part.attributes, (size, len(one.levels)))
    _check_attributes(where, part.attributes, one.levels)
    _check_rows(where, "probabilities", part.probabilities, (size, len(one.classes)))
    if part.folds is not None:
        _check_codes(where, "folds", part.folds, (size,))


def _check_codes(where: str, name: str, codes: Integers, wanted: tuple[int, ...]) -> None:
    if codes.shape != wanted:
        raise ReportError(f"{where}: {name} has shape {codes.shape}, give {wanted}")
    if not np.issubdtype(codes.dtype, np.integer):
        raise ReportError(f"{where}: {name} has type {codes.dtype}, give integer codes")


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
