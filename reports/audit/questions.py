"""Questions: is this label given to one group of this attribute more often, at equal movement?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reports.audit.action_units import Thresholds, thresholds_of
from reports.audit.counts_file import CountedData
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions, Condition
from reports.audit.tabulate import Presences, marginal, pooled, presences, strata_of, tabulated
from reports.audit.tabulation import Tabulation
from reports.convention import Convention
from reports.errors import ReportError
from reports.stats.chi_square import allows_chi_square
from reports.tabular.groups import Codes, Grouping

#: patterns of more units are too many for a table of their own; pooled tests still use them
MOST_JOINT_UNITS = 6
MOST_AUTOMATIC_UNITS = 4


@dataclass(frozen=True, eq=False)
class Rows:
    """The images behind a question; a file of counts has none."""

    observations: Observations
    label: int
    grouping: Grouping
    present: Presences

    @property
    def labels(self) -> NDArray[np.float64]:
        """(N,) share of the votes for the label, 0 or 1 for single labels; NaN without a label."""
        yes = self.observations.yes[:, self.label].astype(float)
        votes = self.observations.votes
        shares: NDArray[np.float64] = np.full(len(yes), np.nan)
        np.divide(yes, votes, out=shares, where=votes > 0)
        return shares


@dataclass(frozen=True, eq=False)
class Question:
    """One data set, label and attribute.

    Attributes:
        overall: the whole data set as one stratum.
        marginals: each action unit alone, and each named condition.
        joints: all action units together, and each named condition.
        rows: the images; None for counts.
        variant: how it differs from the question proper (other thresholds); corrected on its own.
    """

    overall: Tabulation
    marginals: tuple[Tabulation, ...]
    joints: tuple[Tabulation, ...]
    rows: Rows | None = None
    variant: str = ""

    @property
    def dataset(self) -> str:
        return self.overall.dataset

    @property
    def label(self) -> str:
        return self.overall.label

    @property
    def attribute(self) -> str:
        return self.overall.attribute

    @property
    def place(self) -> dict[str, str]:
        """The columns that name the question in every frame."""
        return {"dataset": self.dataset, "label": self.label, "attribute": self.attribute}

    def strata_codes(self, tabulation: Tabulation) -> Codes:
        """(N,) place of each image in the strata of the tabulation, -1 in none."""
        assert self.rows is not None
        return strata_of(self.rows.observations, tabulation.units, self.rows.present)[1]

    def printed(self, condition: Condition) -> tuple[Tabulation, ...]:
        """The families whose strata are rows of the tables."""
        return self.joints if condition == "joint" else self.marginals

    def pooled(self, condition: Condition) -> tuple[Tabulation, ...]:
        """The families over which tests are pooled: also the joint patterns of a marginal table."""
        if condition == "joint":
            return self.joints
        return (*self.marginals, *(joint for joint in self.joints if len(joint.units) > 1))


def questions_of_rows(observations: Observations, options: AuditOptions) -> list[Question]:
    """Every class by every attribute of the observations.

    Raises:
        ReportError: an action unit has no threshold.
    """
    present = _present(observations, options.thresholds)
    return [
        question_of(Rows(observations, label, grouping, present))
        for grouping in observations.groupings
        for label in range(len(observations.classes))
    ]


def _present(observations: Observations, given: Thresholds) -> Presences:
    units, values = observations.action_units, observations.intensities
    return presences(observations, thresholds_of(units, values, observations.top, given))


def question_of(rows: Rows, *, variant: str = "") -> Question:
    """The question that these images ask; a `variant` is printed behind the data set's name."""
    observations = rows.observations
    name = f"{observations.name} [{variant}]" if variant else observations.name
    label = observations.classes[rows.label]

    def counted(*units: str) -> Tabulation:
        counts = tabulated(observations, label, rows.grouping, units, rows.present)
        return replace(counts, dataset=name)

    named = [counted(condition.name) for condition in observations.conditions]
    alone = [counted(unit) for unit in observations.action_units]
    together = [counted(*observations.action_units)] if len(alone) > 1 else alone
    return Question(
        overall=counted(),
        marginals=(*alone, *named),
        joints=(*together, *named),
        rows=rows,
        variant=variant,
    )


def questions_of_counts(data: CountedData) -> list[Question]:
    """The questions of a file of counts, in its order."""
    found: dict[tuple[str, str], list[Tabulation]] = {}
    for tabulation in data.tabulations:
        found.setdefault((tabulation.label, tabulation.attribute), []).append(tabulation)
    return [_counted_question(tabulations) for tabulations in found.values()]


def _counted_question(tabulations: Sequence[Tabulation]) -> Question:
    overall = next((t for t in tabulations if not t.units), None) or pooled(tabulations[0])
    joints = [t for t in tabulations if t.units]
    alone: dict[str, Tabulation] = {}
    for joint in joints:
        for unit in joint.units:
            alone.setdefault(unit, joint if len(joint.units) == 1 else marginal(joint, unit))
    return Question(overall=overall, marginals=tuple(alone.values()), joints=tuple(joints))


def of_prediction(question: Question) -> Question | None:
    """The same question asked of the model's prediction; None where there is none."""
    rows = question.rows
    if rows is None or rows.observations.predicted is None:
        return None
    predicted = rows.observations.predicted
    swapped = replace(rows.observations, yes=predicted, votes=np.ones(len(predicted), np.int64))
    return question_of(replace(rows, observations=swapped))


def chosen_condition(
    questions: Sequence[Question], asked: Condition, convention: Convention
) -> Condition:
    """`joint` or `marginal` for the tables of these questions (one label and attribute).

    Raises:
        ReportError: joint patterns of too many units are asked for.
    """
    units = max((len(joint.units) for q in questions for joint in q.joints), default=0)
    if asked == "joint" and units > MOST_JOINT_UNITS:
        raise ReportError(
            f"joint patterns of {units} action units are {2**units} conditions; give at most "
            f"{MOST_JOINT_UNITS} with --au, or --condition marginal"
        )
    if asked != "auto":
        return asked
    tables = [table for q in questions for joint in q.joints for table in joint.counts]
    enough = all(allows_chi_square(table, convention.sparse_rule) for table in tables)
    return "joint" if units <= MOST_AUTOMATIC_UNITS and enough else "marginal"
