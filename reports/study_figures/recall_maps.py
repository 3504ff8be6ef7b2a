"""Recall of each class in each group: a heat map a method, numbers and counts in its fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from reports.figures.captioned import CaptionedFigure
from reports.figures.sheet import Frame, Legend, axes_width, put_title, sheet
from reports.figures.style import INK, SMALL_SIZE, TEXT_SIZE, TWO_COLUMNS, luminance
from reports.figures.text import fitted, text_width
from reports.rounding import rounded
from reports.rows import MethodRow
from reports.study_figures.results import Results, fairness_place, percent, seeds_words

_MAP = "Blues"
_EMPTY = "#e8e8e8"
_LONGEST_NAME = 24.0
_FIELD = 6.2
_COUNT_SIZE = 5.0
#: a field narrower than this has no room for its count
_NARROW = 5.5


def recall_figures(results: Results) -> Iterator[CaptionedFigure]:
    """One figure for every attribute, a panel for the baseline and each of the few best methods."""
    for attribute in results.attributes:
        methods = results.best(fairness_place(attribute))
        if not methods:
            continue
        yield CaptionedFigure(
            key=f"recall-{results.dataset.key}-{attribute}",
            title=f"Recall of each class by {attribute}, {results.dataset.title}",
            caption=_caption(results, attribute),
            figure=_figure(results, attribute, methods),
        )


def _figure(results: Results, attribute: str, methods: Sequence[MethodRow]) -> Figure:
    groups, classes = results.dataset.attributes()[attribute], results.dataset.classes
    columns = min(len(methods), 5 if len(groups) <= 3 else 3)
    names = min(_LONGEST_NAME, max(map(text_width, classes)))
    below = min(_LONGEST_NAME, max(map(text_width, groups)))
    frame = Frame(_FIELD * len(classes), left=names + 2.5, right=1.0, top=5.5, bottom=below + 3.0)
    legend = Legend(
        "Recall (%), and number of test images below it",
        [Patch(facecolor=_colour(share), edgecolor=INK, linewidth=0.4) for share in (0, 0.5, 1)]
        + [Patch(facecolor=_EMPTY, hatch="////", edgecolor="#9a9a9a", linewidth=0.4)],
        ["0", "50", "100", "too few images"],
    )
    figure, axes = sheet(len(methods), columns, width=TWO_COLUMNS, frame=frame, legend=legend)
    wide = axes_width(columns, TWO_COLUMNS, frame)
    for method, one in zip(methods, axes, strict=True):
        values, counts = _recalls(results, attribute, method)
        _draw(one, values, counts, field=wide / len(groups))
        one.set_xticks(
            np.arange(len(groups)) + 0.5, [fitted(g, _LONGEST_NAME) for g in groups], rotation=90
        )
        one.set_yticks(np.arange(len(classes)) + 0.5, [fitted(c, _LONGEST_NAME) for c in classes])
        title = method.label + (" (baseline)" if method is results.baseline else "")
        put_title(one, title, width=wide)
    return figure


def _recalls(
    results: Results, attribute: str, method: MethodRow
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(K, G) recalls, NaN where undefined, and numbers of test images."""
    groups, classes = results.dataset.attributes()[attribute], results.dataset.classes
    numbers = [
        [results.number(method, (attribute, group, name, "tpr")) for group in groups]
        for name in classes
    ]
    return (
        np.array([[one.mean for one in line] for line in numbers]),
        np.array([[one.n for one in line] for line in numbers]),
    )


def _draw(
    axes: Axes, values: NDArray[np.float64], counts: NDArray[np.int64], *, field: float
) -> None:
    rows, columns = values.shape
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.tick_params(length=0, pad=2)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    for (row, column), value in np.ndenumerate(values):
        known = bool(np.isfinite(value))
        fill = _colour(float(value)) if known else _EMPTY
        axes.add_patch(
            Rectangle(
                (column, row), 1, 1, facecolor=fill, edgecolor="white" if known else "#9a9a9a",
                hatch="" if known else "////", linewidth=0.8 if known else 0.4,
            )
        )  # fmt: skip
        ink = "white" if known and luminance(fill) < 0.5 else INK
        middle = column + 0.5
        style: dict[str, Any] = {"ha": "center", "color": ink}
        text = rounded(percent(float(value)), 0) if known else "-"
        if field < _NARROW:
            axes.text(middle, row + 0.5, text, va="center", size=SMALL_SIZE, **style)
            continue
        axes.text(middle, row + 0.56, text, va="bottom", size=TEXT_SIZE, **style)
        axes.text(middle, row + 0.60, f"{counts[row, column]}", va="top", size=_COUNT_SIZE, **style)


def _colour(share: float) -> str:
    # The lightest tenth of the map would be lost on white.
    return to_hex(mpl.colormaps[_MAP](0.08 + 0.92 * min(max(share, 0.0), 1.0)))


def _caption(results: Results, attribute: str) -> str:
    return (
        f"Recall of each class in each group by {attribute}, {seeds_words(results)}; darker is "
        "higher. The small number is the count of test images of the class in the group, the same "
        "for all methods. Shown are the baseline and the methods with the highest worst / best "
        "group accuracy among those at least as accurate."
    )
