"""Training curves: validation accuracy against images seen, a small panel a method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.errors import ReportError
from reports.figures.captioned import CaptionedFigure
from reports.figures.pages import pages
from reports.figures.sheet import Frame, Legend, axes_width, rows_on_a_page, sheet
from reports.figures.style import SMALL_SIZE, TWO_COLUMNS
from reports.figures.text import fitted
from reports.rows import MethodRow
from reports.study_figures.looks import GREY, PALE, line_handle, look_of
from reports.study_figures.results import Results

#: columns of the frame of histories
HISTORY = ("dataset", "method", "variant", "seed", "images", "name", "value")
#: what is drawn: name in the history -> words, line
CURVES = {
    "val_acc": ("accuracy on the validation part", "solid"),
    "val_wga": ("accuracy of its worst group", (0, (4, 1.6))),
}
_FRAME = Frame(17.5, left=7.5, right=1.0, top=4.2, bottom=4.5)
_COLUMNS = 6


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean, lowest and highest over seeds, (P,) each, at so many images seen."""

    images: NDArray[np.float64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def training_figures(results: Results, histories: pd.DataFrame) -> Iterator[CaptionedFigure]:
    """One figure a data set, several pages where methods are many; none without validations.

    Args:
        results: of the data set.
        histories: one row a value, columns `HISTORY`.

    Raises:
        ReportError: a column is missing.
    """
    missing = [name for name in HISTORY if name not in histories.columns]
    if missing:
        raise ReportError(f"the histories lack the column {missing[0]!r}; add it")
    curves = _curves(histories[histories["dataset"] == results.dataset.key])
    rows = [row for row in results.rows if row.run[1:] in curves]
    most = _COLUMNS * rows_on_a_page(_FRAME)
    for page, of, shown in pages(rows, most):
        yield CaptionedFigure(
            key=f"training-{results.dataset.key}" + (f"-{page}" if of > 1 else ""),
            title=f"Training, {results.dataset.title}" + (f" (page {page} of {of})" * (of > 1)),
            caption=(
                "Validation accuracy in percent against thousands of images seen: mean over seeds, "
                "band from the lowest to the highest seed. Panels share their axes; the thin grey "
                "line is the baseline's accuracy. Seeds that validated at different numbers of "
                "images are not averaged: only numbers that all seeds reached are drawn."
            ),
            figure=_figure(results, shown, curves),
        )


def _curves(rows: pd.DataFrame) -> dict[tuple[str, ...], dict[str, Curve]]:
    wanted = rows[rows["name"].isin(list(CURVES))]
    found: dict[tuple[str, ...], dict[str, Curve]] = {}
    for key, part in wanted.groupby(["method", "variant", "name"], sort=False):
        method, variant, name = map(str, key)
        # The last value stands where a stage validates twice at the same number of images.
        last = part.drop_duplicates(["images", "seed"], keep="last")
        table = last.pivot(index="images", columns="seed", values="value").dropna()
        if len(table):
            values, images = table.to_numpy(dtype=float), table.index.to_numpy(dtype=float)
            curve = Curve(images, values.mean(1), values.min(1), values.max(1))
            found.setdefault((method, variant), {})[name] = curve
    return found


def _figure(
    results: Results, rows: Sequence[MethodRow], curves: dict[tuple[str, ...], dict[str, Curve]]
) -> Figure:
    handles = [line_handle(GREY, style, 1.2) for _, style in CURVES.values()]
    legend = Legend(
        "Validation accuracy (%) against thousands of images seen",
        [*handles, line_handle(PALE)],
        [*(words for words, _ in CURVES.values()), "accuracy of the baseline"],
    )
    columns = min(_COLUMNS, len(rows))
    figure, axes = sheet(len(rows), columns, width=TWO_COLUMNS, frame=_FRAME, legend=legend)
    end = max(curve.images.max() for row in rows for curve in curves[row.run[1:]].values())
    baseline = curves.get(results.baseline.run[1:], {}) if results.baseline else {}
    wide = axes_width(columns, TWO_COLUMNS, _FRAME)
    for place, (row, one) in enumerate(zip(rows, axes, strict=True)):
        if "val_acc" in baseline and row is not results.baseline:
            plain = baseline["val_acc"]
            one.plot(plain.images / 1000, 100 * plain.mean, color=PALE, linewidth=1.0, zorder=1)
        _draw(one, row, curves[row.run[1:]])
        one.set_xlim(0, end / 1000 * 1.03)
        one.set_ylim(0, 100)
        one.set_yticks([0, 50, 100], ["0", "50", "100"] if place % columns == 0 else [])
        one.tick_params(labelsize=SMALL_SIZE, pad=1.5)
        if place + columns < len(rows):
            one.set_xticklabels([])
        one.set_title(
            fitted(row.label, wide, SMALL_SIZE), size=SMALL_SIZE, loc="left", pad=2,
            weight="bold" if row is results.baseline else "normal",
        )  # fmt: skip
    return figure


def _draw(axes: Axes, row: MethodRow, curves: dict[str, Curve]) -> None:
    colour = look_of(row.block).colour
    for name, (_, style) in CURVES.items():
        if name not in curves:
            continue
        curve = curves[name]
        x = curve.images / 1000
        axes.fill_between(
            x, 100 * curve.low, 100 * curve.high, color=colour, alpha=0.18, linewidth=0, zorder=2
        )
        axes.plot(
            x, 100 * curve.mean, color=colour, linestyle=style, linewidth=1.0, marker="o",
            markersize=1.8, zorder=3,
        )  # fmt: skip
