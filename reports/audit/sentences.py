"""What an audit says in words: what was done to the data, what cannot be asked, what was found."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from reports.audit.counts_file import CountedData
from reports.audit.group_rows import lost
from reports.audit.observations import Grouping, Observations
from reports.audit.options import ALPHA, AuditOptions, Condition
from reports.audit.questions import Question
from reports.audit.tabulation import ALL
from reports.rounding import rounded

Said = tuple[tuple[str, str], ...]
Row = dict[str, Any]


def notes(
    inputs: Sequence[Observations | CountedData],
    conditions: Mapping[tuple[str, str], Condition],
    options: AuditOptions,
) -> Said:
    """What was guessed, left out or chosen."""
    said = [(data.name, note) for data in inputs for note in data.notes]
    if options.condition == "auto":
        marginal = [label for (label, _), chosen in conditions.items() if chosen == "marginal"]
        if marginal and any(_moves(data) for data in inputs):
            names = ", ".join(f"'{label}'" for label in dict.fromkeys(marginal))
            said.append(
                (
                    "",
                    f"Tables of {names} show each action unit alone: some joint pattern has too "
                    "few images, or there are more than four units (--condition joint shows the "
                    "patterns all the same).",
                )
            )
    return tuple(said)


def _moves(data: Observations | CountedData) -> bool:
    if isinstance(data, Observations):
        return len(data.action_units) > 1
    return any(len(tabulation.units) > 1 for tabulation in data.tabulations)


def limits(inputs: Sequence[Observations | CountedData], questions: Sequence[Question]) -> Said:
    """What cannot be asked of each data set, and why."""
    said: list[tuple[str, str]] = []
    for data in inputs:
        own = [question for question in questions if question.dataset == data.name]
        of_rows = _limits_of_rows(data) if isinstance(data, Observations) else _limits_of_counts()
        said += [(data.name, text) for text in (*of_rows, *_limits_of_questions(own))]
    return tuple(dict.fromkeys(said))


def _limits_of_rows(data: Observations) -> Iterator[str]:
    if not data.groupings:
        yield (
            "Whether a label depends on the group cannot be asked: there is no protected attribute "
            "(--attribute)."
        )
    if not data.action_units and not data.conditions:
        yield (
            "Whether annotators treat equal faces alike cannot be asked: nothing tells what the "
            "faces do (--au, --strata); a difference may come from the faces or the annotators."
        )
    elif not data.action_units:
        names = ", ".join(condition.name for condition in data.conditions)
        yield (
            f"{names} is not a measured facial movement: a difference within it can come from the "
            "raters or from how the groups show it."
        )
    if data.action_units and lost(data).any():
        share = rounded(float(lost(data).mean()), scale=100)
        yield (
            f"{share} % of the images have no measured action units; the conditional tests are "
            "about the others."
        )
    if data.has_votes:
        yield (
            "Raters are not named, so votes of one rater cannot be told from those of others; the "
            f"unit is the {data.cluster_name or 'image'}."
        )
    for grouping in data.groupings:
        yield from _limits_of_grouping(grouping)


def _limits_of_grouping(grouping: Grouping) -> Iterator[str]:
    present = [
        level for code, level in enumerate(grouping.levels) if (grouping.codes == code).any()
    ]
    if len(present) < 2:
        named = f"only {present[0]}" if present else "no group at all"
        yield f"Groups of {grouping.name} cannot be compared: the data hold {named}."
    if grouping.predicted and grouping.confusion is None:
        yield (
            f"{grouping.name} was predicted by a classifier: proportions are uncorrected for "
            "attribute misclassification (--attribute-confusion gives its confusion matrix)."
        )


def _limits_of_counts() -> Iterator[str]:
    yield (
        "Counts hold no intensities: no regression on action units, no fitted curves; images "
        "without action units, if any were left out, are not seen."
    )


def _limits_of_questions(questions: Sequence[Question]) -> Iterator[str]:
    for question in questions:
        counts = question.overall.counts.sum(axis=(0, 1))
        if counts.sum() and not counts[1]:
            yield f"The label '{question.label}' never occurs: nothing can be tested about it."
        elif counts.sum() and not counts[0]:
            yield f"Every image has the label '{question.label}': nothing can be tested about it."


def findings(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """The differences that survive Holm, largest effect first, one sentence each."""
    cells = frames["cells"].to_dict("records")
    found: list[Row] = [
        {str(k): v for k, v in row.items()} for row in cells if row["p_holm"] < ALPHA
    ]
    found.sort(key=lambda row: -abs(row["effect"]) if not math.isnan(row["effect"]) else 0.0)
    shares = _shares(frames["proportions"])
    return tuple(_finding(row, shares) for row in found)


def _shares(proportions: pd.DataFrame) -> dict[tuple[str, ...], list[tuple[str, float]]]:
    shares: dict[tuple[str, ...], list[tuple[str, float]]] = {}
    keys = ["dataset", "label", "attribute", "family", "condition"]
    for row in proportions.to_dict("records"):
        if not math.isnan(row["proportion"]):
            place = tuple(str(row[key]) for key in keys)
            shares.setdefault(place, []).append((str(row["group"]), float(row["proportion"])))
    return shares


def _finding(row: Row, shares: Mapping[tuple[str, ...], list[tuple[str, float]]]) -> str:
    keys = ("dataset", "label", "attribute", "family", "condition")
    own = sorted(shares[tuple(row[key] for key in keys)], key=lambda pair: pair[1])
    (lowest, low), (highest, high) = own[0], own[-1]
    where = "" if row["condition"] == ALL else f" at {row['condition']}"
    p = "below .001" if row["p_holm"] < 0.001 else rounded(row["p_holm"], 3)
    return (
        f"{row['dataset']}{where}: '{row['label']}' for {highest} ({rounded(high, 3)}) more often "
        f"than for {lowest} ({rounded(low, 3)}); {row['attribute']}, Holm p {p}."
    )
