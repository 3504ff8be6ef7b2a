"""The frames of a report, from prediction sets that any program made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from reports.convention import STRICT, Convention
from reports.errors import ReportError
from reports.measure import measure
from reports.predictions import PredictionSet
from reports.study import CELL_COLUMNS, DATASET_COLUMNS, METHOD_COLUMNS, StudyFrames


def scored_frames(
    sets: Sequence[PredictionSet],
    convention: Convention = STRICT,
    *,
    source: str = "given predictions",
    baseline: str = "",
    titles: Mapping[str, str] | None = None,
) -> StudyFrames:
    """A study of the methods whose predictions these are, in the order in which they come.

    Args:
        sets: at least one, all of one selection rule.
        convention: smallest denominator of a rate.
        source: where the predictions come from, printed in captions.
        baseline: the method that goes first; empty keeps the order.
        titles: printed names of methods, where they differ from their keys.

    Raises:
        ReportError: there are no sets, or no method is called as the baseline.
    """
    if not sets:
        raise ReportError("there are no predictions to score; give at least one run")
    methods = list(dict.fromkeys(one.method for one in sets))
    if baseline:
        if baseline not in methods:
            raise ReportError(
                f"no method is called {baseline!r}, so it cannot be the baseline; there are "
                f"{', '.join(methods)}"
            )
        methods.sort(key=lambda name: name != baseline)
    names = titles or {}
    cells = [
        (one.dataset, one.method, one.variant, one.seed, False, False, "done", "", one.cell)
        for one in sets
    ]
    cards = [
        (name, names.get(name, name), "", source, False, False, float("nan")) for name in methods
    ]
    datasets = {
        one.dataset: (
            one.dataset, one.dataset, one.classes, dict(one.levels), one.intersections, 1,
        )
        for one in sets
    }  # fmt: skip
    return StudyFrames(
        metrics=pd.concat([measure(one, convention) for one in sets], ignore_index=True),
        cells=pd.DataFrame(cells, columns=list(CELL_COLUMNS)),
        methods=pd.DataFrame(cards, columns=list(METHOD_COLUMNS)),
        datasets=pd.DataFrame(list(datasets.values()), columns=list(DATASET_COLUMNS)),
        preset=source,
        select=sets[0].select,
    )
