"""Cards of metrics and layouts: decorators that attach them, and the walk that finds them.

A decorator only attaches a card to its function; nothing is collected while modules are imported.
The functions `metric_cards` and `layout_cards` walk `reports/metrics` and `reports/layouts` and
read the cards, so a new file in either folder is found without being listed anywhere.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Literal, TypeVar

from reports.errors import ReportError

if TYPE_CHECKING:
    import numpy as np

    from reports.convention import Convention
    from reports.metrics.counts import Counts, Floats
    from reports.metrics.samples import GroupedSamples
    from reports.metrics.scores import Scores
    from reports.predictions import PredictionSet
    from reports.rows import MethodRow
    from reports.specs import DatasetCard, TableSpec
    from reports.study import StudyFrames
    from reports.tables import Table

Direction = Literal["higher", "lower", "zero"]
ClassCount = Literal["any", "two", "more"]
#: what perfectly fair means: correctness independent of the group given the class (`tpr`) or
#: altogether (`acc`), prediction independent of the group (`dp`), or no such idea
Null = Literal["", "tpr", "acc", "dp"]
#: cells whose sizes a bootstrap keeps: those that are the denominators of the metric
Strata = Literal["group", "group_class", "all"]
MetricFunction = Callable[["Counts", "Convention"], "Scores"]
SampleFunction = Callable[["GroupedSamples", "Convention"], "Scores"]
#: (B, R) values of R runs of one method on the same samples, B deals of the groups that they share
PermutedFunction = Callable[
    [Sequence["GroupedSamples"], "Convention", int, "np.random.Generator"], "Floats"
]
LayoutFunction = Callable[["DatasetCard"], Iterator["TableSpec"]]
#: each data set with the rows of its tables
RowsOfDatasets = Sequence[tuple["DatasetCard", Sequence["MethodRow"]]]
OverDatasets = Callable[["StudyFrames", RowsOfDatasets], Iterable["Table"]]
MetricF = TypeVar("MetricF", bound=MetricFunction)
SampleF = TypeVar("SampleF", bound=SampleFunction)
LayoutF = TypeVar("LayoutF", bound=LayoutFunction)
Card = TypeVar("Card", "MetricCard", "SampleMetricCard", "LayoutCard")

LAYOUT_ENTRY_POINTS = "evenface.layouts"


@dataclass(frozen=True)
class MetricCard:
    """What one metric is; `limits` are the smallest and largest value it can take.

    `per` says of what there is one value ("group", "attribute and class", ...). Metrics with
    `overall` are also computed over all samples, those of unknown groups included. `null` says for
    which perfectly fair classifier the noise floor is computed, "" for none; `strata` which counts
    a bootstrap of the test samples keeps. `on_resampled` is computed of resampled test sets to give
    the interval where the metric itself would count the sampling noise twice.
    """

    key: str
    title: str
    limits: tuple[float, float]
    direction: Direction
    source: str
    per: str
    overall: bool
    compute: MetricFunction
    null: Null = ""
    strata: Strata = "group"
    on_resampled: MetricFunction | None = None


@dataclass(frozen=True)
class SampleMetricCard:
    """What one metric is that needs more than confusion counts: probabilities, strata, ...

    As `MetricCard`; `applies` says whether a prediction set is of the kind that the metric is about
    (of two classes, say). Where it is but lacks what the metric needs, the values are undefined and
    say so. `permuted` gives values with the groups dealt anew among all samples, for the noise
    floor, where the metric has one.
    """

    key: str
    title: str
    limits: tuple[float, float]
    direction: Direction
    source: str
    per: str
    overall: bool
    compute: SampleFunction
    applies: Callable[[PredictionSet], bool]
    permuted: PermutedFunction | None = None


@dataclass(frozen=True)
class LayoutCard:
    """What one table layout shows and its source; layouts of low `order` are printed first.

    `needs` says what a data set must have for a table, where it may lack it. `published` is (paper,
    tables): the printed values of which the layout can show beside measured ones. A layout for data
    of `two` or of `more` classes is printed of other data only when it is asked for by name.
    `over_datasets` makes its tables over all data sets together.
    """

    key: str
    title: str
    source: str
    order: int
    specs: LayoutFunction
    needs: str = ""
    published: tuple[str, ...] = ()
    classes: ClassCount = "any"
    over_datasets: OverDatasets | None = None

    def suits(self, dataset: DatasetCard) -> bool:
        """Whether a report of all layouts has it for this data set."""
        two = len(dataset.classes) == 2
        return {"any": True, "two": two, "more": not two}[self.classes]


def metric(
    key: str,
    *,
    title: str,
    limits: tuple[float, float],
    direction: Direction,
    source: str,
    per: str,
    overall: bool = False,
    null: Null = "",
    strata: Strata = "group",
    on_resampled: MetricFunction | None = None,
) -> Callable[[MetricF], MetricF]:
    """Decorator that makes a function of (counts, convention) a metric of the suite."""

    def attach(function: MetricF) -> MetricF:
        card = MetricCard(
            key, title, limits, direction, source, per, overall, function, null, strata,
            on_resampled,
        )  # fmt: skip
        setattr(function, "metric_card", card)  # noqa: B010  (mypy knows no attributes of functions)
        return function

    return attach


def _always(predictions: PredictionSet) -> bool:
    return True


def sample_metric(
    key: str,
    *,
    title: str,
    limits: tuple[float, float],
    direction: Direction,
    source: str,
    per: str,
    overall: bool = False,
    applies: Callable[[PredictionSet], bool] = _always,
    permuted: PermutedFunction | None = None,
) -> Callable[[SampleF], SampleF]:
    """Decorator that makes a function of (grouped samples, convention) a metric of the suite."""

    def attach(function: SampleF) -> SampleF:
        card = SampleMetricCard(
            key, title, limits, direction, source, per, overall, function, applies, permuted
        )
        setattr(function, "metric_card", card)  # noqa: B010  (as above)
        return function

    return attach


def layout(
    key: str,
    *,
    title: str,
    source: str,
    order: int = 50,
    needs: str = "",
    published: tuple[str, ...] = (),
    classes: ClassCount = "any",
    over_datasets: OverDatasets | None = None,
) -> Callable[[LayoutF], LayoutF]:
    """Decorator that makes a generator of `TableSpec` for a data set a layout of the report."""

    def attach(function: LayoutF) -> LayoutF:
        card = LayoutCard(
            key, title, source, order, function, needs, published, classes, over_datasets
        )
        setattr(function, "layout_card", card)  # noqa: B010  (as above)
        return function

    return attach


@functools.cache
def metric_cards() -> tuple[MetricCard, ...]:
    """Cards of all metrics of confusion counts, in order of file name and then of definition."""
    return _unique(_cards(_modules("reports.metrics"), "metric_card", MetricCard))


@functools.cache
def sample_metric_cards() -> tuple[SampleMetricCard, ...]:
    """Cards of all metrics that need the samples, in order of file name and then of definition.

    Raises:
        ReportError: one has the key of a metric of confusion counts.
    """
    cards = _unique(_cards(_modules("reports.metrics"), "metric_card", SampleMetricCard))
    taken = {card.key for card in metric_cards()} & {card.key for card in cards}
    if taken:
        raise ReportError(f"two plug-ins are called {min(taken)!r}; rename one of them")
    return cards


def all_metric_cards() -> list[MetricCard | SampleMetricCard]:
    """Cards of both kinds of metrics, in order of their keys."""
    cards: list[MetricCard | SampleMetricCard] = [*metric_cards(), *sample_metric_cards()]
    return sorted(cards, key=lambda card: card.key)


@functools.cache
def layout_cards() -> tuple[LayoutCard, ...]:
    """Cards of all layouts, ours and those of installed packages, by `order` and key."""
    modules = [*_modules("reports.layouts"), *_entry_point_modules()]
    cards = _unique(_cards(modules, "layout_card", LayoutCard))
    return tuple(sorted(cards, key=lambda card: (card.order, card.key)))


def layouts_named(keys: Iterable[str] | None) -> tuple[LayoutCard, ...]:
    """The layouts with these keys, in the order given; all layouts for None.

    Raises:
        ReportError: a key is unknown; the message names the nearest one.
    """
    cards = {card.key: card for card in layout_cards()}
    if keys is None:
        return tuple(cards.values())
    chosen = []
    for key in keys:
        if key not in cards:
            near = difflib.get_close_matches(key, cards, n=1)
            hint = f"did you mean {near[0]}?" if near else "known: " + ", ".join(cards)
            raise ReportError(f"no layout is called {key!r}; {hint}")
        chosen.append(cards[key])
    return tuple(chosen)


def _modules(package: str) -> Iterator[ModuleType]:
    parent = importlib.import_module(package)
    for found in sorted(pkgutil.iter_modules(parent.__path__), key=lambda module: module.name):
        yield importlib.import_module(f"{package}.{found.name}")


def _entry_point_modules() -> Iterator[ModuleType]:
    points = importlib.metadata.entry_points(group=LAYOUT_ENTRY_POINTS)
    for point in sorted(points, key=lambda point: point.name):
        yield importlib.import_module(point.module)


def _cards(modules: Iterable[ModuleType], attribute: str, kind: type[Card]) -> Iterator[Card]:
    for module in modules:
        for thing in vars(module).values():
            card = getattr(thing, attribute, None)
            # A function imported into another plug-in file is no second registration.
            if isinstance(card, kind) and thing.__module__ == module.__name__:
                yield card


def _unique(cards: Iterable[Card]) -> tuple[Card, ...]:
    found: dict[str, Card] = {}
    for card in cards:
        if card.key in found:
            raise ReportError(f"two plug-ins are called {card.key!r}; rename one of them")
        found[card.key] = card
    return tuple(found.values())
