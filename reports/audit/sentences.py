"""What an audit says of its data: what was done to them, and what cannot be asked of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.audit.action_units import thresholds_of
from reports.audit.counts_file import CountedData
from reports.audit.group_rows import lost_share
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions, Condition
from reports.audit.questions import MOST_AUTOMATIC_UNITS, MOST_JOINT_UNITS, Question
from reports.rounding import rounded
from reports.tabular.groups import Grouping

Said = tuple[tuple[str, str], ...]
Row = dict[str, Any]


def notes(
    inputs: Sequence[Observations | CountedData],
    conditions: Mapping[tuple[str, str], Condition],
    options: AuditOptions,
) -> Said:
    """What was guessed, left out or chosen."""
    said = [(data.name, note) for data in inputs for note in data.notes]
    for data in inputs:
        if isinstance(data, Observations) and data.action_units:
            said += [(data.name, text) for text in _threshold_notes(data, options)]
    if options.condition == "auto":
        marginal = [label for (label, _), chosen in conditions.items() if chosen == "marginal"]
        units = max(map(_units, inputs), default=0)
        if marginal and units > 1:
            names = ", ".join(f"'{label}'" for label in dict.fromkeys(marginal))
            said.append(("", f"Tables of {names} show each action unit alone: {_why(units)}."))
    return tuple(said)


def _why(units: int) -> str:
    """Why tables do not show joint patterns, and how to see them."""
    if units <= MOST_AUTOMATIC_UNITS:
        return (
            "some joint pattern has too few images (--condition joint shows the patterns all the "
            "same)"
        )
    few = "" if units <= MOST_JOINT_UNITS else f", with at most {MOST_JOINT_UNITS} units in --au,"
    return f"there are {units} units (--condition joint{few} shows their patterns)"


def _threshold_notes(data: Observations, options: AuditOptions) -> Iterator[str]:
    """The thresholds used, and the units that no face can pass."""
    units = data.action_units
    limits = thresholds_of(units, data.intensities, data.top, options.thresholds)
    used = ", ".join(f"{unit} {limits[unit]:g}" for unit in units)
    yield f"present above (scale of 0 to {data.top:g}): {used}"
    never = [unit for unit in units if limits[unit] >= data.top]
    if never:
        yield (
            f"{', '.join(never)}: the default threshold is the top of the scale, so no face shows "
            "the unit (--au-threshold sets another)"
        )


def _units(data: Observations | CountedData) -> int:
    if isinstance(data, Observations):
        return len(data.action_units)
    return max((len(tabulation.units) for tabulation in data.tabulations), default=0)


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
    if data.action_units and lost_share(data):
        share = rounded(lost_share(data), scale=100)
        yield (
            f"{share} % of the images lack measured action units; conditional tests are about the "
            "images whose units they need."
        )
    if data.has_votes:
        yield (
            "Raters are not named, so votes of one rater cannot be told from those of others; the "
            f"unit is the {data.cluster_name or 'image'}."
        )
    elif data.clusters is not None and data.action_units:
        yield (
            f"Regressions and fitted curves take images of one {data.cluster_name} as independent: "
            "their intervals and bands are too narrow."
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
