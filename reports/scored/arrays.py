"""Predictions in arrays, Series or frames, of names or codes, as a sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from reports.errors import ReportError
from reports.scored.reading import without_minus_one
from reports.scored.sheet import Probabilities, Sheet, class_column
from reports.tabular.columns import TextColumn, text_column
from reports.tabular.groups import Codes, Floats, Grouping
from reports.tabular.levels import AttributeSpec, grouping_of

#: the method, the data set and the attribute of arrays that have no name
METHOD, DATASET, ATTRIBUTE = "model", "data", "group"


def sheet_of(
    y: Any, yhat: Any, groups: Any, *, proba: Any = None,
    classes: Sequence[Any] | None = None, levels: Mapping[str, Sequence[Any]] | None = None,
    seeds: Sequence[Any] | None = None, dataset: str = DATASET,
) -> Sheet:  # fmt: skip
    """The sheet of arrays; arguments as in `reports.api.fairness_report`.

    Raises:
        ReportError: lengths, shapes, indexes, classes or levels do not fit together.
    """
    label = _words("y", y)
    size = len(label.codes)
    attributes = _attributes(groups)
    _check_index({"y": y, **attributes, **_by_method(yhat), **_by_method(proba)})
    predicted = {name: _runs(name, values, size) for name, values in _by_method(yhat).items()}
    chances = {name: _chances(name, values, size) for name, values in _by_method(proba).items()}
    shape = _shape(predicted, chances)
    declared = _declared(y, classes, proba, label)
    guessed = _joined(predicted)
    label, guessed = _named_classes(label, guessed, declared)
    runs = [(name, str(seed)) for name, count in shape.items() for seed in _seeds(seeds, count)]
    rows = np.tile(np.arange(size), len(runs))
    return Sheet(
        source="the arrays",
        first_line=0,
        dataset=_constant("dataset", dataset, len(rows)),
        method=_repeated("method", [name for name, _ in runs], size),
        seed=_repeated("seed", [seed for _, seed in runs], size),
        label=TextColumn(label.name, label.levels, label.codes[rows]),
        predicted=guessed,
        probabilities=Probabilities(
            declared, np.concatenate([chances[name].reshape(-1, len(declared)) for name in shape])
        )
        if chances
        else None,
        groupings=tuple(
            Grouping(one.name, one.levels, one.codes[rows])
            for name, values in attributes.items()
            for one in [_grouping(name, values, (levels or {}).get(name), size)]
        ),
        classes=declared,
    )


def _words(name: str, values: Any) -> TextColumn:
    array = values if isinstance(values, pd.Series) else pd.Series(_flat(name, values))
    return class_column(text_column(name, array))


def _flat(name: str, values: Any) -> Any:
    if isinstance(values, pd.Categorical | pd.Index):
        return values
    array = np.asarray(values)
    if array.ndim != 1:
        raise ReportError(f"{name} has shape {array.shape}; give one value a sample")
    return array


def _attributes(groups: Any) -> dict[str, Any]:
    """Attribute -> its values."""
    if isinstance(groups, pd.DataFrame):
        return {str(name): groups[name] for name in groups.columns}
    if isinstance(groups, Mapping):
        return {str(name): values for name, values in groups.items()}
    name = groups.name if isinstance(groups, pd.Series) else None
    return {ATTRIBUTE if name is None else str(name): groups}


def _by_method(values: Any) -> dict[str, Any]:
    if values is None:
        return {}
    if isinstance(values, Mapping):
        return {str(name): one for name, one in values.items()}
    return {METHOD: values}


def _check_index(values: Mapping[str, Any]) -> None:
    """Raise where Series are in another order: by place other samples would be paired."""
    known = [
        (name, one.index)
        for name, one in values.items()
        if isinstance(one, pd.Series | pd.DataFrame)
    ]
    for name, index in known[1:]:
        if len(index) == len(known[0][1]) and not index.equals(known[0][1]):
            raise ReportError(
                f"{name} and {known[0][0]} have different indexes; align them, or drop the "
                "indexes with reset_index(drop=True) if the rows are in one order"
            )


def _runs(name: str, values: Any, size: int) -> list[TextColumn]:
    """Predicted classes, one column a run."""
    if isinstance(values, pd.Series | pd.Categorical | pd.Index):
        columns: list[Any] = [values]
    else:
        array = np.asarray(values)
        columns = [array] if array.ndim == 1 else list(array)
        if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] != size):
            turned = array.ndim == 2 and array.shape[0] == size
            mend = "transpose it, for runs are rows" if turned else f"give ({size},) or (S, {size})"
            raise ReportError(f"yhat of {name} has shape {array.shape}; {mend}")
    runs = [_words(f"yhat of {name}", column) for column in columns]
    for run in runs:
        if len(run.codes) != size:
            raise ReportError(
                f"yhat of {name} has {len(run.codes)} values and y {size}; give one a sample"
            )
    return runs


def _chances(name: str, values: Any, size: int) -> Floats:
    """(S, N, K) probabilities."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ReportError(f"proba of {name} holds something that is no number") from None
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1] != size:
        raise ReportError(
            f"proba of {name} has shape {np.shape(values)}; give ({size}, K) or (S, {size}, K)"
        )
    return array


def _shape(
    predicted: Mapping[str, Sequence[TextColumn]], chances: Mapping[str, Floats]
) -> dict[str, int]:
    """Method -> its number of runs.

    Raises:
        ReportError: predictions and probabilities are not of the same methods and runs.
    """
    shape = {name: len(runs) for name, runs in predicted.items()}
    other = {name: len(runs) for name, runs in chances.items()}
    if shape and other and shape != other:
        raise ReportError(
            f"yhat has the runs {shape} and proba {other}; give both for the same methods and runs"
        )
    if not shape and not other:
        raise ReportError("there are no predictions; give yhat, or proba for the most probable")
    if 0 in (shape or other).values():
        raise ReportError("a method has no run; give at least one")
    return shape or other


def _declared(
    y: Any, classes: Sequence[Any] | None, proba: Any, label: TextColumn
) -> tuple[str, ...]:
    """The declared classes in order; empty where nothing declares them."""
    widths = {np.shape(values)[-1] for values in _by_method(proba).values()}
    if len(widths) > 1:
        raise ReportError("the probabilities are of different numbers of classes; give all of them")
    if classes is not None:
        names = tuple(map(str, classes))
    elif isinstance(getattr(y, "dtype", None), pd.CategoricalDtype):
        names = tuple(map(str, y.dtype.categories))
    elif any(isinstance(values, pd.DataFrame) for values in _by_method(proba).values()):
        frame = next(v for v in _by_method(proba).values() if isinstance(v, pd.DataFrame))
        names = tuple(map(str, frame.columns))
    elif widths and all(level.isdecimal() for level in label.levels):
        names = tuple(map(str, range(max(widths))))
    elif widths:
        raise ReportError("the order of the classes in proba is not said; give classes=[...]")
    else:
        return ()
    if widths and widths != {len(names)}:
        raise ReportError(
            f"proba has {max(widths)} columns for {len(names)} classes; give one a class"
        )
    return names


def _joined(predicted: Mapping[str, Sequence[TextColumn]]) -> TextColumn | None:
    """The predictions of all runs below each other."""
    columns = [run for runs in predicted.values() for run in runs]
    if not columns:
        return None
    levels = tuple(dict.fromkeys(level for column in columns for level in column.levels))
    place = {level: code for code, level in enumerate(levels)}
    codes = [
        np.array([place[level] for level in column.levels], dtype=np.int64)[column.codes]
        for column in columns
    ]
    return TextColumn("yhat", levels, np.concatenate(codes))


def _named_classes(
    label: TextColumn, guessed: TextColumn | None, classes: Sequence[str]
) -> tuple[TextColumn, TextColumn | None]:
    """Both columns with names instead of codes, where the declared classes are names."""
    both = {*label.levels, *(guessed.levels if guessed is not None else ())}
    if both <= set(classes):
        return label, guessed
    known = {str(code): name for code, name in enumerate(classes)}
    if not both <= set(known):
        return label, guessed

    def named(column: TextColumn) -> TextColumn:
        return TextColumn(column.name, tuple(known[x] for x in column.levels), column.codes)

    return named(label), None if guessed is None else named(guessed)


def _grouping(name: str, values: Any, declared: Sequence[Any] | None, size: int) -> Grouping:
    column = without_minus_one(_words(name, values))
    if len(column.codes) != size:
        raise ReportError(
            f"attribute {name} has {len(column.codes)} values and y {size}; give one a sample"
        )
    dtype = getattr(values, "dtype", None)
    if declared is None and isinstance(dtype, pd.CategoricalDtype):
        declared = list(dtype.categories)
    if declared is None:
        return grouping_of(AttributeSpec(name, name), column)
    names = tuple(map(str, declared))
    codes = {str(code): level for code, level in enumerate(names)}
    used = {column.levels[code] for code in np.unique(column.codes)} - {"", "unknown"}
    if not used <= set(names) and used <= set(codes):
        levels = tuple(codes.get(level, level) for level in column.levels)
        column = TextColumn(name, levels, column.codes)
    spec = AttributeSpec(name, name, tuple((level,) for level in names))
    # A declared level that does not occur is an empty group.
    return grouping_of(spec, column, known=names)


def _seeds(seeds: Sequence[Any] | None, count: int) -> Sequence[Any]:
    if seeds is None:
        return range(count)
    if len(seeds) != count or len({str(seed) for seed in seeds}) != count:
        raise ReportError(
            f"seeds are {list(map(str, seeds))} for {count} runs; give one name a run"
        )
    return seeds


def _constant(name: str, level: str, size: int) -> TextColumn:
    return TextColumn(name, (level,), np.zeros(size, dtype=np.int64))


def _repeated(name: str, words: Sequence[str], times: int) -> TextColumn:
    levels = tuple(dict.fromkeys(words))
    codes: Codes = np.repeat([levels.index(word) for word in words], times).astype(np.int64)
    return TextColumn(name, levels, codes)
