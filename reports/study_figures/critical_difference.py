"""Critical-difference diagram: mean ranks over data sets, methods that cannot be told apart joined.

Source: Demsar 2006, Fig. 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reports.figures.captioned import CaptionedFigure
from reports.figures.style import INK, MM_PER_INCH, SMALL_SIZE, TEXT_SIZE, TWO_COLUMNS
from reports.figures.text import fitted
from reports.rounding import rounded
from reports.seed_values import Place
from reports.stats.blocks import Ranking, cliques, critical_difference, ranking
from reports.study_figures.looks import GREY
from reports.study_figures.results import ACCURACY, Results, fairness_place

#: fewer data sets are too few for a rank test
FEWEST = 5
_SIDE, _LINE, _TOP, _CLIQUE = 52.0, 3.1, 13.0, 1.5


def rank_figures(studies: Sequence[Results]) -> Iterator[CaptionedFigure]:
    """A diagram of accuracy, and one of each fairness score that all data sets have.

    None with fewer than `FEWEST` data sets.
    """
    if len(studies) < FEWEST:
        return
    shared = [
        name for name in studies[0].attributes if all(name in one.attributes for one in studies)
    ]
    for place in (ACCURACY, *map(fairness_place, shared)):
        labels, scores = _scores(studies, place)
        if len(labels) < 3:
            continue
        what = "accuracy" if place == ACCURACY else f"worst / best group accuracy by {place[0]}"
        found = ranking(scores)
        yield CaptionedFigure(
            key="-".join(("ranks", *place[:1], place[3])),
            title=f"Mean ranks of {what} over {len(scores)} data sets",
            caption=_caption(what, len(labels), len(scores), found),
            figure=rank_figure(labels, found.mean_ranks, len(scores)),
        )


def no_rank_figure(datasets: int) -> str:
    """Why there is no diagram; empty where there is one."""
    if datasets >= FEWEST:
        return ""
    return (
        f"Too few data sets ({datasets}) for a rank test, so there is no critical-difference "
        f"diagram; it takes {FEWEST}."
    )


def _scores(studies: Sequence[Results], place: Place) -> tuple[list[str], NDArray[np.float64]]:
    """Labels of the methods that have a number on every data set, and (data sets, methods) means.

    Methods are the same where key and variant are.
    """
    means = [
        {row.peer: results.number(row, place).mean for row in results.rows
         if results.competes(row)}
        for results in studies
    ]  # fmt: skip
    labels = {row.peer: row.label for row in studies[0].rows}
    everywhere = [
        key for key in labels if all(math.isfinite(one.get(key, math.nan)) for one in means)
    ]
    scores = np.array([[one[key] for key in everywhere] for one in means])
    return [labels[key] for key in everywhere], scores


def rank_figure(labels: Sequence[str], mean_ranks: NDArray[np.float64], datasets: int) -> Figure:
    """The diagram.

    Args:
        labels: k names.
        mean_ranks: (k,) from 1, the best, to k.
        datasets: how many the ranks are means over.
    """
    difference = critical_difference(len(labels), datasets)
    order = np.argsort(mean_ranks, kind="stable")
    joined = cliques(mean_ranks, difference)
    half = math.ceil(len(labels) / 2)
    bars = 2.0 + _CLIQUE * len(joined)
    height = _TOP + bars + _LINE * half + 2.0
    figure = Figure(figsize=(TWO_COLUMNS / MM_PER_INCH, height / MM_PER_INCH))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(0, TWO_COLUMNS)
    axes.set_ylim(height, 0)
    scale = (TWO_COLUMNS - 2 * _SIDE) / max(1, len(labels) - 1)
    across = _SIDE + (mean_ranks - 1) * scale
    _axis(axes, len(labels), scale, difference)
    for line, members in enumerate(joined):
        ends = [across[place] for place in members]
        y = _TOP + 2.0 + line * _CLIQUE
        axes.plot([min(ends) - 0.6, max(ends) + 0.6], [y, y], color=INK, linewidth=2.2,
                  solid_capstyle="butt")  # fmt: skip
    for place, method in enumerate(order.tolist()):
        left = place < half
        down = place if left else len(labels) - 1 - place
        y = _TOP + bars + _LINE * (down + 0.6)
        end = _SIDE - 2.0 if left else TWO_COLUMNS - _SIDE + 2.0
        axes.plot(
            [across[method], across[method], end], [_TOP, y, y], color=GREY, linewidth=0.5, zorder=1
        )
        text = fitted(labels[method], _SIDE - 12.0, SMALL_SIZE)
        rank = rounded(float(mean_ranks[method]), 2)
        axes.text(
            end - 1.0 if left else end + 1.0, y, f"{text}  {rank}" if left else f"{rank}  {text}",
            ha="right" if left else "left", va="center", size=SMALL_SIZE,
        )  # fmt: skip
    return figure


def _axis(axes: Axes, methods: int, scale: float, difference: float) -> None:
    """The line of ranks with its ticks, and the length of the critical difference above it."""
    end = _SIDE + (methods - 1) * scale
    axes.plot([_SIDE, end], [_TOP, _TOP], color=INK, linewidth=0.8)
    step = max(1, math.ceil(methods / 12))
    for rank in sorted({1, *range(step, methods + 1, step)}):
        x = _SIDE + (rank - 1) * scale
        axes.plot([x, x], [_TOP, _TOP - 1.0], color=INK, linewidth=0.6)
        axes.text(x, _TOP - 1.6, str(rank), ha="center", va="bottom", size=TEXT_SIZE)
    length = difference * scale
    axes.plot([_SIDE, _SIDE + length], [4.5, 4.5], color=INK, linewidth=1.2)
    for x in (_SIDE, _SIDE + length):
        axes.plot([x, x], [3.7, 5.3], color=INK, linewidth=0.8)
    axes.text(
        _SIDE, 3.2, f"critical difference {rounded(difference, 2)}", va="bottom", size=TEXT_SIZE
    )


def _caption(what: str, methods: int, datasets: int, found: Ranking) -> str:
    return (
        f"Mean ranks of {methods} methods by {what} over {datasets} data sets, 1 is best; the "
        "entry of a data set is the mean over seeds. Bars join methods whose mean ranks differ by "
        "less than the critical difference of Nemenyi's test at 5 %. Friedman's test in the form "
        f"of Iman and Davenport: {_tested(found)}. Only methods with all seeds on every data set "
        "are ranked."
    )


def _tested(found: Ranking) -> str:
    """The p of the better calibrated test, or why there is none."""
    p = found.iman_davenport.p
    if not math.isfinite(p):
        return found.iman_davenport.reason or "not defined"
    return "p < 0.001" if p < 0.0005 else f"p = {rounded(p, 3)}"
