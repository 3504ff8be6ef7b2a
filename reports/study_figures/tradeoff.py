"""Accuracy against fairness: a point a method, one figure an attribute.

All methods stand in the first panel; where they are many, a second one enlarges the crowd. Points
bear numbers whose names stand below.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from reports.figures.captioned import CaptionedFigure
from reports.figures.labels import label_places
from reports.figures.sheet import Frame, Legend, sheet
from reports.figures.style import INK, MM_PER_INCH, SMALL_SIZE, TWO_COLUMNS
from reports.figures.text import fitted, text_width
from reports.rows import REFERENCE_BLOCK, MethodRow
from reports.stats.tradeoff import pareto_front
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

Floats = NDArray[np.float64]

_FRAME = Frame(72.0, left=12.0, right=2.0, top=2.0, bottom=9.0)
_KEY_COLUMNS, _KEY_LINE = 3, 2.9
#: more points than this get a second, enlarged panel
_CROWD = 12
_FRONT = "Pareto front"


@dataclass(frozen=True)
class Point:
    """A method's numbers; `number` is what the figure calls it."""

    number: int
    row: MethodRow
    accuracy: Number
    fairness: Number
    on_front: bool = False

    @property
    def at(self) -> tuple[float, float]:
        """Place in percent."""
        return percent(self.accuracy.mean), percent(self.fairness.mean)


def tradeoff_figures(results: Results) -> Iterator[CaptionedFigure]:
    """One figure for every attribute that at least two methods have a score of."""
    for attribute in results.attributes:
        points = trade_points(results, attribute)
        if len(points) < 2:
            continue
        yield CaptionedFigure(
            key=f"tradeoff-{results.dataset.key}-{attribute}",
            title=f"Accuracy against fairness by {attribute}, {results.dataset.title}",
            caption=_caption(results, attribute, points),
            figure=_figure(results, points, attribute),
        )


def trade_points(results: Results, attribute: str) -> list[Point]:
    """The methods that have both numbers, numbered by accuracy from the best; the front marked.

    Only methods that compete can be on the front: as many seeds as planned, the study's own data
    and protocol.
    """
    found = [
        Point(0, row, results.number(row, ACCURACY), results.number(row, fairness_place(attribute)))
        for row in results.rows
    ]
    found = [point for point in found if not any(map(math.isnan, point.at))]
    found.sort(key=lambda point: -point.accuracy.mean)
    able = [point for point in found if results.competes(point.row)]
    on_front = pareto_front(
        [point.accuracy.mean for point in able], [point.fairness.mean for point in able]
    )
    best = {point.row.run for point, hit in zip(able, on_front, strict=True) if hit}
    return [
        replace(point, number=place, on_front=point.row.run in best)
        for place, point in enumerate(found, start=1)
    ]


def _figure(results: Results, points: Sequence[Point], attribute: str) -> Figure:
    columns = 2 if len(points) > _CROWD else 1
    key_rows = math.ceil(len(points) / _KEY_COLUMNS)
    frame = replace(_FRAME, bottom=_FRAME.bottom + _KEY_LINE * key_rows + 2.0)
    figure, axes = sheet(
        columns, columns, width=TWO_COLUMNS, frame=frame, legend=_legend(results, points)
    )
    crowd = _crowd(points) if columns == 2 else None
    for place, one in enumerate(axes):
        _set_limits(one, _limits(points) if place == 0 else _padded(*crowd))  # type: ignore[misc]
        _draw(one, results, points)
        one.set_xlabel("Accuracy (%)", labelpad=2)
    axes[0].set_ylabel(
        fitted(f"Worst / best group accuracy (%) by {attribute}", _FRAME.height), labelpad=2
    )
    if crowd is not None:
        _frame_crowd(axes[0], axes[1])
    inside = [point for point in points if crowd is not None and _within(axes[-1], point)]
    _number(axes[0], [point for point in points if point not in inside], inside)
    _number(axes[-1], inside, [])
    _key(figure, points, key_rows, results)
    return figure


def _legend(results: Results, points: Sequence[Point]) -> Legend:
    handles, texts = kind_entries(point.row.block for point in points)
    everything: list[Line2D | Patch] = [*handles, line_handle(INK, "solid", 0.9)]
    texts = [*texts, _FRONT]
    if results.baseline is not None:
        ring = Line2D(
            [], [], linestyle="none", marker="o", markersize=7.5, markerfacecolor="none",
            markeredgecolor=INK, markeredgewidth=1.0,
        )  # fmt: skip
        everything.append(ring)
        texts.append(f"baseline ({results.baseline.label})")
    if _floor(results, points) is not None:
        everything.append(Patch(facecolor=PALE, alpha=0.45, linewidth=0))
        texts.append("what a perfectly fair classifier would show")
    return Legend("Methods", everything, texts)


def _limits(points: Sequence[Point]) -> tuple[Floats, Floats]:
    at = np.array([point.at for point in points])
    return _padded(at.min(0), at.max(0))


def _padded(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    room = np.maximum(0.07 * (high - low), 0.4)
    return np.maximum(low - room, 0.0), np.minimum(high + room, 101.0)


def _crowd(points: Sequence[Point]) -> tuple[Floats, Floats]:
    """Corners of the region worth enlarging: the better three quarters in both directions, and the
    baseline's neighbourhood with them.
    """
    at = np.array([point.at for point in points])
    low: Floats = np.quantile(at, 0.3, axis=0)
    inside = at[(at >= low).all(1)]
    if len(inside) < 3:
        return at.min(0), at.max(0)
    return inside.min(0), inside.max(0)


def _set_limits(axes: Axes, corners: tuple[Floats, Floats]) -> None:
    (left, bottom), (right, top) = corners
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, top)
    axes.locator_params(nbins=6)


def _draw(axes: Axes, results: Results, points: Sequence[Point]) -> None:
    _draw_floor(axes, results, points)
    for point in points:
        look = look_of(point.row.block)
        x, y = point.at
        for low, high, flat in (
            (point.accuracy.low, point.accuracy.high, True),
            (point.fairness.low, point.fairness.high, False),
        ):
            if math.isfinite(low) and math.isfinite(high):
                ends = [percent(low), percent(high)]
                across = ([x, x], ends) if not flat else (ends, [y, y])
                axes.plot(*across, color=look.colour, alpha=0.35, linewidth=0.5, zorder=1)
        axes.plot(
            x, y, linestyle="none", marker=look.marker, markersize=3.6,
            markerfacecolor=fill_of(point.row.block), markeredgecolor=INK, markeredgewidth=0.4,
            zorder=4,
        )  # fmt: skip
        if point.row is results.baseline:
            axes.plot(
                x, y, linestyle="none", marker="o", markersize=7.5, markerfacecolor="none",
                markeredgecolor=INK, markeredgewidth=1.0, zorder=5,
            )  # fmt: skip
    _draw_front(axes, points)


def _draw_front(axes: Axes, points: Sequence[Point]) -> None:
    """The line below and left of which everything is dominated."""
    front = np.array(sorted(point.at for point in points if point.on_front))
    if not len(front):
        return
    left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
    x = np.concatenate([[min(left, front[0, 0])], front[:, 0], [front[-1, 0]]])
    y = np.concatenate([[front[0, 1]], front[:, 1], [min(bottom, front[-1, 1])]])
    axes.plot(x, y, drawstyle="steps-pre", color=INK, linewidth=0.9, zorder=2)


def _draw_floor(axes: Axes, results: Results, points: Sequence[Point]) -> None:
    """The range of the score that chance alone gives the baseline if it treats groups alike."""
    number = _floor(results, points)
    if number is not None:
        axes.axhspan(
            percent(number.floor_low), percent(number.floor_high), color=PALE, alpha=0.45,
            linewidth=0, zorder=0,
        )  # fmt: skip
        axes.axhline(percent(number.floor_mean), color=GREY, linewidth=0.5, zorder=0)


def _floor(results: Results, points: Sequence[Point]) -> Number | None:
    """The baseline's fairness score, if its floor is known."""
    found = [point.fairness for point in points if point.row is results.baseline]
    known = [one for one in found if math.isfinite(one.floor_low + one.floor_high)]
    return known[0] if known else None


def _frame_crowd(axes: Axes, enlarged: Axes) -> None:
    (left, right), (bottom, top) = enlarged.get_xlim(), enlarged.get_ylim()
    axes.add_patch(
        Rectangle(
            (left, bottom), right - left, top - bottom, fill=False, edgecolor=GREY, linewidth=0.6,
            linestyle=(0, (3, 2)), zorder=3,
        )
    )  # fmt: skip
    for side in ("top", "right"):
        enlarged.spines[side].set_visible(True)
    for spine in enlarged.spines.values():
        spine.set(color=GREY, linestyle=(0, (3, 2)))


def _within(axes: Axes, point: Point) -> bool:
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return left <= point.at[0] <= right and bottom <= point.at[1] <= top


def _number(axes: Axes, points: Sequence[Point], others: Sequence[Point]) -> None:
    """Write the numbers beside their points, with a line to those that stand apart."""
    if not points:
        return
    size = np.asarray(axes.bbox.size) / axes.figure.dpi * MM_PER_INCH
    scale = axes.transData + axes.transAxes.inverted()
    places = scale.transform(np.array([point.at for point in (*points, *others)])) * size
    places, covered = places[: len(points)], places[len(points) :]
    texts = [str(point.number) for point in points]
    sizes = np.array([(text_width(text, SMALL_SIZE) + 0.4, 2.1) for text in texts])
    found = label_places(places, sizes, (float(size[0]), float(size[1])), covered)
    for point, text, at, put in zip(points, texts, places, found, strict=True):
        far = float(np.hypot(*(put - at))) > 3.2
        axes.annotate(
            text, at / size, tuple(put / size), xycoords="axes fraction",
            textcoords="axes fraction", ha="center", va="center", size=SMALL_SIZE,
            weight="bold" if point.on_front else "normal", zorder=6,
            arrowprops={"arrowstyle": "-", "linewidth": 0.3, "color": GREY, "shrinkA": 3.0,
                        "shrinkB": 1.5} if far else None,
        )  # fmt: skip


def _key(figure: Figure, points: Sequence[Point], rows: int, results: Results) -> None:
    """Names of the numbers, column by column, below the panels."""
    width, height = figure.get_size_inches() * MM_PER_INCH
    column = (width - 2.0) / _KEY_COLUMNS
    top = rows * _KEY_LINE + 1.5
    for place, point in enumerate(points):
        across, down = divmod(place, rows)
        x, y = 1.0 + across * column, top - down * _KEY_LINE
        weight = "bold" if point.on_front else "normal"
        name = point.row.label + (" (baseline)" if point.row is results.baseline else "")
        style: dict[str, Any] = {"size": SMALL_SIZE, "va": "top", "weight": weight}
        figure.text((x + 4.5) / width, y / height, str(point.number), ha="right", **style)
        room = (column - 9.0) * (0.9 if point.on_front else 1.0)
        marker = look_of(point.row.block)
        figure.add_artist(
            Line2D(
                [(x + 6.3) / width], [(y - 1.15) / height], marker=marker.marker, markersize=2.6,
                markerfacecolor=fill_of(point.row.block), markeredgecolor=INK,
                markeredgewidth=0.3, linestyle="none",
            )
        )  # fmt: skip
        figure.text((x + 8.0) / width, y / height, fitted(name, room, SMALL_SIZE), **style)


def _caption(results: Results, attribute: str, points: Sequence[Point]) -> str:
    front = ", ".join(point.row.label for point in points if point.on_front) or "none"
    sentences = [
        f"Each point is a method on {results.dataset.title}, {seeds_words(results)}: accuracy, and "
        f"accuracy of the worst over that of the best group by {attribute}; higher is better on "
        "both axes.",
        interval_words(results),
        f"Numbers run by accuracy and are named below; on the Pareto front (bold): {front}.",
    ]
    if len(points) > _CROWD:
        sentences.append("The right panel enlarges the dashed region of the left one.")
    if any(point.row.block == REFERENCE_BLOCK for point in points):
        sentences.append("Hollow points: other data or protocol, never on the front.")
    if _floor(results, points) is not None:
        sentences.append(
            "Grey band: 95 % range of the score that the baseline would show if it treated all "
            "groups alike; the line in it is the mean."
        )
    return " ".join(sentences)
