"""Accuracy of each group under the baseline and the few best methods, with Wilson intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from reports.figures.captioned import CaptionedFigure
from reports.figures.sheet import Frame, Legend, axes_width, sheet
from reports.figures.style import INK, SMALL_SIZE, TEXT_SIZE, TWO_COLUMNS, GroupStyle, group_styles
from reports.figures.text import in_lines
from reports.rows import MethodRow
from reports.stats.proportions import wilson
from reports.study_figures.looks import GREY
from reports.study_figures.results import Number, Results, fairness_place, percent, seeds_words

_FRAME = Frame(44.0, left=11.0, right=1.0, top=2.0, bottom=7.0)
_GAP = 1.2


def group_figures(results: Results) -> Iterator[CaptionedFigure]:
    """One figure for every attribute of which some method has group accuracies."""
    for attribute in results.attributes:
        methods = results.best(fairness_place(attribute))
        if not methods:
            continue
        yield CaptionedFigure(
            key=f"groups-{results.dataset.key}-{attribute}",
            title=f"Accuracy by {attribute}, {results.dataset.title}",
            caption=_caption(results, attribute, methods),
            figure=_figure(results, attribute, methods),
        )


def _numbers(results: Results, attribute: str, method: MethodRow) -> list[Number]:
    groups = results.dataset.attributes()[attribute]
    return [results.number(method, (attribute, group, "all", "acc")) for group in groups]


def _figure(results: Results, attribute: str, methods: Sequence[MethodRow]) -> Figure:
    groups = results.dataset.attributes()[attribute]
    looks = group_styles(len(groups))
    first = _numbers(results, attribute, methods[0])
    legend = Legend(
        attribute,
        [
            Patch(facecolor=look.colour, hatch=look.hatch * 2, edgecolor=look.ink, linewidth=0.4)
            for look in looks
        ],
        [f"{group} (n = {one.n:,})" for group, one in zip(groups, first, strict=True)],
    )
    figure, (axes,) = sheet(1, 1, width=TWO_COLUMNS, frame=_FRAME, legend=legend)
    for place, method in enumerate(methods):
        start = _GAP + place * (len(groups) + _GAP)
        for offset, number in enumerate(_numbers(results, attribute, method)):
            _bar(axes, start + offset + 0.5, number, looks[offset])
    width = _GAP + len(methods) * (len(groups) + _GAP)
    middles = [_GAP + p * (len(groups) + _GAP) + len(groups) / 2 for p in range(len(methods))]
    room = axes_width(1, TWO_COLUMNS, _FRAME) / width * (len(groups) + _GAP) - 1.5
    names = [
        in_lines(method.label + " (baseline)" * (method is results.baseline), room)
        for method in methods
    ]
    axes.set_xticks(middles, names)
    axes.tick_params(axis="x", length=0, pad=2)
    axes.set_xlim(0, width)
    axes.set_ylim(0, 100)
    axes.set_ylabel("Accuracy (%)", labelpad=2, size=TEXT_SIZE)
    return figure


def _bar(axes: Axes, x: float, number: Number, look: GroupStyle) -> None:
    if not np.isfinite(number.mean):
        axes.annotate(
            f"n = {number.n}", (x, 0), (0, 2), textcoords="offset points", rotation=90,
            ha="center", va="bottom", size=SMALL_SIZE, color=GREY,
        )  # fmt: skip
        return
    axes.bar(
        x, percent(number.mean), width=0.92, color=look.colour, hatch=look.hatch * 2,
        edgecolor=look.ink, linewidth=0.4, zorder=2,
    )  # fmt: skip
    low, high = wilson(number.mean * number.n, number.n)
    # The white line makes the bar seen on dark fills.
    for colour, width in (("white", 1.7), (INK, 0.8)):
        axes.vlines(
            x, percent(float(low)), percent(float(high)), color=colour, linewidth=width, zorder=3
        )


def _caption(results: Results, attribute: str, methods: Sequence[MethodRow]) -> str:
    others = "" if len(methods) == 1 else (
        f", and of the {len(methods) - 1} methods with the highest worst / best group accuracy "
        "among those at least as accurate"
    )  # fmt: skip
    return (
        f"Accuracy of each group by {attribute} of the baseline{others}; {seeds_words(results)}. "
        "Lines are Wilson's 95 % intervals for the number of test images of the group: seeds share "
        "these images and are not counted as further ones."
    )
