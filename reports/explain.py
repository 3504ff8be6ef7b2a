"""What lies behind one number: its runs, the counts of the groups and the formula."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from reports.assemble import mean_and_sd
from reports.catalogue import MetricCard, SampleMetricCard, all_metric_cards
from reports.convention import STRICT, Convention
from reports.errors import ReportError
from reports.formats.markdown import plain_table
from reports.formulas import formula, rates_of
from reports.measure import OVERALL, measure
from reports.metrics.counts import Counts, Numbers, counts_of_all
from reports.predictions import PredictionSet
from reports.runs import Runs, runs_of

#: metrics that follow from samples and right predictions of the groups alone
_OF_ACCURACY = frozenset({"acc", "fs_acc", "fs_gap", "wga_attr", "bgv"})


@dataclass(frozen=True)
class Place:
    """Which number of a method: metric, attribute, group and emotion as in `metrics.csv`."""

    metric: str
    attribute: str = OVERALL
    group: str = "all"
    emotion: str = "all"

    def __str__(self) -> str:
        parts = [self.metric]
        if self.emotion in ("mean", "max", "min"):
            parts.append(f"({self.emotion} over the classes)")
        elif self.emotion != "all":
            parts.append(f"of {self.emotion}")
        if self.attribute != OVERALL:
            parts.append(f"by {self.attribute}")
        if self.group != "all":
            parts.append(f"for {self.group}")
        return " ".join(parts)


@dataclass(frozen=True, eq=False)
class Explanation:
    """One number over the runs of a method.

    Attributes:
        place: which number.
        card: its metric.
        convention: how it was counted.
        rows: a row a run, columns of `metrics.csv`.
        counts: of all runs, by the groups of the place's attribute.
        classes: the classes on whose counts the number rests; empty where right and wrong suffice,
            or where it rests on more than counts.
    """

    place: Place
    card: MetricCard | SampleMetricCard
    convention: Convention
    rows: pd.DataFrame
    counts: Counts
    classes: tuple[str, ...]


def explained(
    sets: Sequence[PredictionSet], place: Place, convention: Convention = STRICT
) -> Explanation:
    """The runs, counts and formula behind one number.

    Args:
        sets: predictions of the runs of one method on one data set under one rule.
        place: the number.
        convention: as of the report that prints it.

    Raises:
        ReportError: there is no such number; the message names those that there are.
    """
    card = _card(place.metric)
    (runs,) = runs_of(sets)
    rows = pd.concat([_row(measure(one, convention), place) for one in sets], ignore_index=True)
    classes = _classes(runs, place, rows)
    if isinstance(card, SampleMetricCard) and place.emotion not in runs.classes:
        classes = ()
    return Explanation(place, card, convention, rows, _counts(runs, place), classes)


def text_of(explanation: Explanation, folders: Mapping[str, str]) -> str:
    """The explanation as Markdown.

    Args:
        explanation: what to print.
        folders: cell -> where it is stored.
    """
    card, first = explanation.card, explanation.rows.iloc[0]
    line = formula(card)
    variant = f" [{first['variant']}]" if first["variant"] else ""
    parts = [
        f"# {explanation.place}: {first['method']}{variant} on {first['dataset']}",
        f"{card.title}. Source: {card.source}. Best: {_BEST[card.direction]}.",
        "\n".join([f"    {card.key} = {line}", *(f"    {rate}" for rate in rates_of(line))]),
        f"Convention {explanation.convention.name}: rates of fewer than "
        f"{explanation.convention.min_n} samples are undefined. Checkpoint rule {first['select']}.",
        _mean(explanation),
        _values(explanation, folders),
        *_count_tables(explanation),
    ]
    return "\n\n".join(parts) + "\n"


_BEST = {"higher": "high", "lower": "low", "zero": "0"}


def _card(key: str) -> MetricCard | SampleMetricCard:
    cards = {card.key: card for card in all_metric_cards()}
    if key not in cards:
        raise ReportError(_unknown("metric", key, cards))
    return cards[key]


def _row(frame: pd.DataFrame, place: Place) -> pd.DataFrame:
    """The one row of the place.

    Raises:
        ReportError: there is none.
    """
    for name in ("metric", "attribute", "group", "emotion"):
        wanted = getattr(place, name)
        left = frame[frame[name] == wanted]
        if left.empty:
            if name == "metric":
                raise ReportError(
                    f"{place.metric} is no number of these predictions: they lack what it is made "
                    "of; `list metrics` says what that is"
                )
            known = list(dict.fromkeys(frame[name]))
            what = f"{name} of {place.metric}"
            if wanted == "all":
                raise ReportError(f"{what} is one of {', '.join(known)}; give --{name}")
            raise ReportError(_unknown(what, wanted, known))
        frame = left
    return frame


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
    return f"no {what} is called {name!r}; {hint}"


def _counts(runs: Runs, place: Place) -> Counts:
    if place.attribute != OVERALL:
        return runs.counts(place.attribute)
    names = runs.attribute_names()
    if names:
        return counts_of_all(runs.counts(names[0]).overall, runs.classes)
    everyone = Runs(**{**vars(runs), "levels": {"all": ("all",)}, "intersections": (),
                       "attributes": np.zeros((len(runs.labels), 1), dtype=np.int64)})  # fmt: skip
    return counts_of_all(everyone.counts("all").overall, runs.classes)


def _classes(runs: Runs, place: Place, rows: pd.DataFrame) -> tuple[str, ...]:
    if place.emotion in runs.classes:
        return (place.emotion,)
    if place.metric in _OF_ACCURACY:
        return ()
    # `class | group` where the number is that of one stratum, in each run perhaps another.
    strata = {name.split(" | ")[0] for name in rows["worst_group"] if " | " in name}
    named = tuple(name for name in runs.classes if name in strata)
    return named or runs.classes


def _mean(explanation: Explanation) -> str:
    values = explanation.rows["value"].tolist()
    defined = [value for value in values if not math.isnan(value)]
    if not defined:
        return f"Undefined in all {len(values)} runs."
    mean, sd = mean_and_sd(defined, explanation.convention.ddof)
    spread = "" if sd is None else f", sd {sd:.6g} (ddof {explanation.convention.ddof})"
    of = f"{len(defined)} runs" if len(defined) > 1 else "1 run"
    missing = len(values) - len(defined)
    left = f"; undefined in {missing}" if missing else ""
    return f"Mean of {of}: **{mean:.6g}**{spread}{left}."


def _values(explanation: Explanation, folders: Mapping[str, str]) -> str:
    names = ["seed", "value", "n", "worst_group", "best_group", "reason", "cell"]
    lines = []
    for seed, value, n, worst, best, reason, cell in zip(
        *(explanation.rows[name].tolist() for name in names), strict=True
    ):
        shown = "-" if math.isnan(value) else f"{value:.6g}"
        where = " + ".join(folders.get(one, one) for one in cell.split("+"))
        lines.append([seed, shown, str(n), worst, best, reason, where])
    headers = ["seed", "value", "smallest n", "worst", "best", "note", "folder"]
    return plain_table(headers, lines)


def _count_tables(explanation: Explanation) -> Iterator[str]:
    counts = explanation.counts
    seeds = [f"seed {seed}" for seed in explanation.rows["seed"]]
    right = counts.correct.sum(-1)
    lines = [
        [group, *(f"{right[s, k]:g} / {counts.per_group[s, k]}" for s in range(len(seeds)))]
        for k, group in enumerate(counts.groups)
    ]
    unknown = (
        f" {counts.n_unknown} samples of unknown group are in none." if counts.n_unknown else ""
    )
    yield f"Right / samples of each group.{unknown}\n\n" + plain_table(["group", *seeds], lines)
    for name in explanation.classes:
        yield (
            f"{name}: right / samples of the class; predicted as {name}, of each group\n\n"
            + plain_table(["group", *seeds], _class_lines(counts, counts.classes.index(name)))
        )


def _class_lines(counts: Counts, code: int) -> list[list[str]]:
    right, of_class, chosen = (
        _of_class(array, code) for array in (counts.correct, counts.per_class, counts.selected)
    )
    return [
        [
            group,
            *(
                f"{right[s, k]:g} / {of_class[s, k]}; {chosen[s, k]:g}"
                for s in range(len(counts.tensor))
            ),
        ]
        for k, group in enumerate(counts.groups)
    ]


def _of_class(array: Numbers, code: int) -> Numbers:
    part: Numbers = array[..., code]
    return part
