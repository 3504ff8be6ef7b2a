"""Every seed of every method as a dot, with mean and interval: accuracy, and fairness scores."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from reports.figures.captioned import CaptionedFigure
from reports.figures.pages import pages
from reports.figures.sheet import Legend
from reports.figures.style import INK, MM_PER_INCH, SMALL_SIZE, TEXT_SIZE, TWO_COLUMNS
from reports.figures.text import fitted
from reports.rows import MethodRow
from reports.seed_values import Place
from reports.study_figures.looks import GREY, PALE, fill_of, kind_entries, line_handle, look_of
from reports.study_figures.results import (
    ACCURACY,
    Number,
    Results,
    fairness_place,
    interval_words,
    percent,
    seeds_words,
)

_LINE, _MOST = 3.1, 62
_NAMES, _GAP, _HEAD, _FOOT = 48.0, 3.0, 7.0, 6.0
#: scores beside each other on a page
_COLUMNS = 5


def seed_figures(results: Results) -> Iterator[CaptionedFigure]:
    """One figure a data set, several pages where methods or attributes are many."""
    places = [ACCURACY, *(fairness_place(attribute) for attribute in results.attributes)]
    rows = [row for row in results.rows if results.number(row, ACCURACY).values]
    rows.sort(key=lambda row: -results.number(row, ACCURACY).mean)
    sheets = [
        (methods, scores)
        for _, _, scores in pages(places, _COLUMNS)
        for _, _, methods in pages(rows, _MOST)
    ]
    for place, (methods, scores) in enumerate(sheets, start=1):
        many = len(sheets) > 1
        yield CaptionedFigure(
            key=f"seeds-{results.dataset.key}" + (f"-{place}" if many else ""),
            title=f"Seeds of every method, {results.dataset.title}"
            + (f" (page {place} of {len(sheets)})" if many else ""),
            caption=_caption(results, scores),
            figure=_figure(results, methods, scores),
        )


def _figure(results: Results, rows: Sequence[MethodRow], places: Sequence[Place]) -> Figure:
    legend = _legend(results, rows, places)
    inside = _LINE * (len(rows) + 1)
    above = legend.height(TWO_COLUMNS) + _HEAD
    height = above + inside + _FOOT
    figure = Figure(figsize=(TWO_COLUMNS / MM_PER_INCH, height / MM_PER_INCH))
    FigureCanvasAgg(figure)
    legend.draw(figure)
    wide = (TWO_COLUMNS - _NAMES) / len(places) - _GAP
    for column, place in enumerate(places):
        left = _NAMES + column * (wide + _GAP)
        box = (left / TWO_COLUMNS, _FOOT / height, wide / TWO_COLUMNS, inside / height)
        axes = figure.add_axes(box)
        _set_up(axes, rows, place, wide)
        _draw(axes, results, rows, place)
        if column == 0:
            names = [fitted(row.label, _NAMES - 4.0, SMALL_SIZE) for row in rows]
            axes.set_yticks(range(len(rows)), names, size=SMALL_SIZE)
            for label, row in zip(axes.get_yticklabels(), rows, strict=True):
                label.set_fontweight("bold" if row is results.baseline else "normal")
        else:
            axes.set_yticks([])
    return figure


def _legend(results: Results, rows: Sequence[MethodRow], places: Sequence[Place]) -> Legend:
    handles, texts = kind_entries(row.block for row in rows)
    entries: list[Line2D | Patch] = [
        *handles,
        Line2D([], [], linestyle="none", marker="|", markersize=7, markeredgewidth=1.4, color=INK),
    ]
    texts = [*(f"a seed: {text}" for text in texts), "mean"]
    if results.has_intervals:
        entries.append(line_handle(GREY, width=1.6))
        texts.append("95 % interval")
    if results.baseline is not None:
        entries.append(line_handle(INK, (0, (3, 2)), 0.7))
        texts.append("mean of the baseline (bold name)")
    if any(math.isfinite(number.floor_low) for number in _of_baseline(results, places)):
        entries.append(Patch(facecolor=PALE, alpha=0.45, linewidth=0))
        texts.append("a perfectly fair classifier")
    return Legend("Methods by accuracy, the best first", entries, texts)


def _of_baseline(results: Results, places: Sequence[Place]) -> list[Number]:
    row = results.baseline
    return [] if row is None else [results.number(row, place) for place in places]


def _set_up(axes: Axes, rows: Sequence[MethodRow], place: Place, wide: float) -> None:
    axes.set_ylim(len(rows) - 0.3, -0.7)
    axes.tick_params(axis="y", length=0, pad=2)
    axes.tick_params(axis="x", pad=2)
    axes.spines["left"].set_visible(False)
    for line in range(0, len(rows), 2):
        axes.axhspan(line - 0.5, line + 0.5, color="#f4f4f4", linewidth=0, zorder=0)
    words = ["Accuracy (%)"] if place == ACCURACY else ["Worst / best (%)", f"by {place[0]}"]
    axes.set_title(
        "\n".join(fitted(word, wide) for word in words), size=TEXT_SIZE, loc="left", pad=2
    )  # fmt: skip
    axes.locator_params(axis="x", nbins=4)


def _draw(axes: Axes, results: Results, rows: Sequence[MethodRow], place: Place) -> None:
    for number in _of_baseline(results, [place]):
        if math.isfinite(number.mean):
            axes.axvline(
                percent(number.mean), color=INK, linestyle=(0, (3, 2)), linewidth=0.7, zorder=1
            )
        if math.isfinite(number.floor_low) and math.isfinite(number.floor_high):
            axes.axvspan(
                percent(number.floor_low), percent(number.floor_high), color=PALE, alpha=0.45,
                linewidth=0, zorder=0.5,
            )  # fmt: skip
    for line, row in enumerate(rows):
        number = results.number(row, place)
        if not number.values:
            continue
        ends = (number.low, number.high)
        if all(map(math.isfinite, ends)):
            axes.plot([percent(end) for end in ends], [line, line], color=GREY, linewidth=1.6,
                      alpha=0.55, solid_capstyle="butt", zorder=2)  # fmt: skip
        axes.plot(
            np.multiply(number.values, 100.0), [line] * len(number.values), linestyle="none",
            marker=look_of(row.block).marker, markersize=2.6, markerfacecolor=fill_of(row.block),
            markeredgecolor=INK, markeredgewidth=0.25, zorder=3,
        )  # fmt: skip
        axes.plot(
            percent(number.mean), line, linestyle="none", marker="|", markersize=6.5,
            markeredgewidth=1.3, color=INK, zorder=4,
        )  # fmt: skip


def _caption(results: Results, places: Sequence[Place]) -> str:
    scores = "Worst / best: accuracy of the worst over that of the best group. " * (
        any(place != ACCURACY for place in places)
    )
    return (
        f"A dot is a seed, the upright stroke the {seeds_words(results)}. {scores}"
        f"{interval_words(results)} Methods are sorted by mean accuracy."
    )
