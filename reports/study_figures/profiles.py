"""Performance profiles: the share of runs that score above each threshold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.figures.captioned import CaptionedFigure
from reports.figures.sheet import Frame, Legend, axes_width, put_title, sheet
from reports.figures.style import TWO_COLUMNS, GroupStyle, group_styles
from reports.rows import MethodRow
from reports.seed_values import Place
from reports.stats.aggregates import performance_profile
from reports.study_figures.looks import PALE, line_handle
from reports.study_figures.results import ACCURACY, Results, fairness_place

Floats = NDArray[np.float64]

_FRAME = Frame(38.0, left=11.0, right=2.0, top=5.5, bottom=8.5)
_COLUMNS = 3


def profile_figures(results: Results) -> Iterator[CaptionedFigure]:
    """One figure a data set: a panel for accuracy and for each fairness score."""
    places = [ACCURACY, *(fairness_place(attribute) for attribute in results.attributes)]
    shown = results.best(ACCURACY)
    most = max((row.done for row in results.rows), default=0)
    if most < 2 or not shown:
        return
    yield CaptionedFigure(
        key=f"profile-{results.dataset.key}",
        title=f"Performance profiles, {results.dataset.title}",
        caption=(
            f"Share of a method's runs ({most} seeds on {results.dataset.title}) whose score lies "
            "above the threshold; a curve farther right is better, a steeper one steadier. Worst / "
            "best: accuracy of the worst over that of the best group. In colour the baseline and "
            "the most accurate methods, in grey all others."
        ),
        figure=_figure(results, places, shown),
    )


def _figure(results: Results, places: Sequence[Place], shown: Sequence[MethodRow]) -> Figure:
    looks = group_styles(len(shown))
    legend = Legend(
        "Methods",
        [*(line_handle(look.colour, look.line, 1.3) for look in looks), line_handle(PALE)],
        [
            *(row.label + " (baseline)" * (row is results.baseline) for row in shown),
            "the other methods",
        ],
    )
    columns = min(_COLUMNS, len(places))
    figure, axes = sheet(len(places), columns, width=TWO_COLUMNS, frame=_FRAME, legend=legend)
    wide = axes_width(columns, TWO_COLUMNS, _FRAME)
    for order, (place, one) in enumerate(zip(places, axes, strict=True)):
        _draw(one, results, place, list(zip(shown, looks, strict=True)))
        name = "Accuracy" if place == ACCURACY else f"Worst / best by {place[0]}"
        put_title(one, name, width=wide)
        one.set_xlabel("Threshold (%)", labelpad=2)
        if order % columns == 0:
            one.set_ylabel("Runs above it (%)", labelpad=2)
    return figure


def _draw(
    axes: Axes, results: Results, place: Place, shown: Sequence[tuple[MethodRow, GroupStyle]]
) -> None:
    scores = {
        row.run: np.array(results.number(row, place).values)
        for row in results.rows
        if results.number(row, place).values
    }
    if not scores:
        return
    everything = np.concatenate(list(scores.values()))
    low, high = float(everything.min()), float(everything.max())
    room = max(0.02 * (high - low), 0.002)
    ends = (low - room, high + room)
    drawn = {row.run for row, _ in shown}
    for run, values in scores.items():
        if run not in drawn:
            _step(axes, ends, values, color=PALE, linewidth=0.5, zorder=1)
    for row, look in shown:
        if row.run in scores:
            _step(axes, ends, scores[row.run], color=look.colour, linestyle=look.line,
                  linewidth=1.3, zorder=3)  # fmt: skip
    axes.set_ylim(-3, 103)
    axes.set_xlim(100 * ends[0], 100 * ends[1])


def _step(axes: Axes, ends: tuple[float, float], values: Floats, **look: Any) -> None:
    # A run counts only strictly above a threshold, so the share drops at the score itself.
    thresholds = np.unique([ends[0], *values, ends[1]])
    share = performance_profile(values, thresholds)
    axes.plot(100 * thresholds, 100 * share, drawstyle="steps-post", **look)
