"""From data to everything that an audit says: the one function that the command calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reports.audit.association_rows import association_tests
from reports.audit.calibration_rows import (
    Calibrated,
    calibrated,
    calibration_rows,
    sensitivity_questions,
)
from reports.audit.cluster_rows import (
    clustered_pair_rows,
    clustered_proportion_rows,
    clustered_tests,
    is_clustered,
    noted,
    pooled_clustered_tests,
    with_clustered_intervals,
)
from reports.audit.collected import Collected
from reports.audit.counts_file import CountedData
from reports.audit.expert import Expert
from reports.audit.group_rows import agreement_rows, corrected_rows, loss_rows, loss_tests
from reports.audit.intensity_rows import (
    MODELS,
    adjusted_rows,
    adjusted_test,
    curve_rows,
    group_terms,
)
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions, Condition
from reports.audit.pooled_rows import discrimination_rows, pooled_tests
from reports.audit.questions import (
    Question,
    chosen_condition,
    of_prediction,
    questions_of_counts,
    questions_of_rows,
)
from reports.audit.result import AuditResult
from reports.audit.sentences import limits, notes
from reports.audit.stratum_rows import pair_rows, proportion_rows, stratum_tests
from reports.audit.tabulation import Tabulation

Input = Observations | CountedData
#: called with what is done, how much there is in all, and what is being done
Progress = Callable[[int, int, str], None]


def audit(
    inputs: Sequence[Input],
    options: AuditOptions,
    *,
    expert: Expert | None = None,
    progress: Progress | None = None,
) -> AuditResult:
    """Every question that the inputs allow, asked.

    Args:
        inputs: data sets, in the order of the tables' blocks.
        options: the user's choices.
        expert: faces on which presence thresholds are calibrated; the questions are then asked once
            more under these.
        progress: told before each question.

    Raises:
        ReportError: joint patterns of too many action units, or a unit without a threshold.
    """
    thresholds = calibrated(expert, options) if expert is not None else []
    tables = _tables(inputs, thresholds, options)
    conditions = {
        key: chosen_condition(questions, options.condition, options.convention)
        for key, questions in tables.items()
    }
    collected = Collected(options)
    if expert is not None:
        collected.add("calibration", calibration_rows(thresholds, options.convention))
    every = [question for questions in tables.values() for question in questions]
    tell = progress or (lambda done, total, what: None)
    for done, question in enumerate(every):
        tell(done, len(every), f"{question.dataset}: {question.label} by {question.attribute}")
        asked = _Asking(question, conditions[question.label, question.attribute], options)
        asked.into(collected)
    for data in inputs:
        if isinstance(data, Observations):
            _describe(data, options, collected)
    tell(len(every), len(every), "")
    return AuditResult(
        collected.frames(),
        notes=notes(inputs, conditions, options),
        limits=limits(inputs, every),
        settings=_settings(options),
    )


def _tables(
    inputs: Sequence[Input], thresholds: Sequence[Calibrated], options: AuditOptions
) -> dict[tuple[str, str], list[Question]]:
    """The questions of each table, one label by one attribute in all data sets."""
    tables: dict[tuple[str, str], list[Question]] = defaultdict(list)
    for data in inputs:
        asked = _questions(data, options)
        if isinstance(data, Observations):
            asked += sensitivity_questions(data, thresholds, options)
        for question in asked:
            tables[question.label, question.attribute].append(question)
    return tables


def _questions(data: Input, options: AuditOptions) -> list[Question]:
    if isinstance(data, CountedData):
        return questions_of_counts(data)
    return questions_of_rows(data, options)


@dataclass(frozen=True, eq=False)
class _Asking:
    """One question under the condition of its table."""

    question: Question
    condition: Condition
    options: AuditOptions

    def into(self, collected: Collected) -> None:
        """Asks, and leaves all rows in `collected`."""
        question = self.question
        printed = question.printed(self.condition)
        for tabulation in (*printed, question.overall):
            # Without facial movement there is one condition only, which then is what is printed.
            in_table = bool(tabulation.units) or not printed
            self._strata(tabulation, collected, in_table=in_table)
        for tabulation in question.pooled(self.condition):
            self._pooled(tabulation, collected)
        if question.variant:
            return
        self._discrimination(collected)
        for model, term in group_terms(question):
            row = self._noted(adjusted_test(question, model, term))
            collected.test(row, family=MODELS[model])
            collected.add("adjusted", map(self._noted, adjusted_rows(question, model, term)))
        collected.add("curves", curve_rows(question))

    @property
    def _clustered(self) -> bool:
        return is_clustered(self.question)

    @property
    def _of_votes(self) -> bool:
        return self.question.overall.counted == "vote"

    def _strata(self, tabulation: Tabulation, collected: Collected, *, in_table: bool) -> None:
        question, options = self.question, self.options
        tests: list[tuple[dict[str, Any], bool]] = []
        if self._clustered:
            collected.add("proportions", clustered_proportion_rows(question, tabulation))
            collected.add("pairs", clustered_pair_rows(question, tabulation))
            tests += clustered_tests(question, tabulation, options)
        else:
            collected.add("proportions", proportion_rows(tabulation))
            collected.add("pairs", pair_rows(tabulation))
        if not self._of_votes:
            plain = stratum_tests(tabulation, options)
            tests += [(self._noted(row), is_for and not self._clustered) for row, is_for in plain]
            corrected = corrected_rows(question, tabulation, options)
            collected.add("corrected", map(self._noted, corrected))
        for row, is_printed in tests:
            collected.test(
                row,
                family="all" if is_printed else "",
                cell_of=tabulation.family if is_printed and in_table else "",
                variant=question.variant,
            )

    def _pooled(self, tabulation: Tabulation, collected: Collected) -> None:
        tests: list[dict[str, Any]] = []
        if self._clustered:
            tests += pooled_clustered_tests(self.question, tabulation, self.options)
        if not self._of_votes:
            tests += [self._noted(row) for row in pooled_tests(tabulation)]
        for row in tests:
            collected.test(row, family=row["test"], variant=self.question.variant)

    def _noted(self, row: dict[str, Any]) -> dict[str, Any]:
        return noted(row, self.question.rows.observations) if self.question.rows else row

    def _discrimination(self, collected: Collected) -> None:
        asked = {"label": self.question, "prediction": of_prediction(self.question)}
        for source, one in asked.items():
            if one is None:
                continue
            families = one.pooled(self.condition)
            rows = discrimination_rows(one.overall, families, source)
            if is_clustered(one):
                rows = with_clustered_intervals(one, rows)
            collected.add("discrimination", rows)


def _describe(data: Observations, options: AuditOptions, collected: Collected) -> None:
    for row in association_tests(data, options.convention):
        collected.test(noted(row, data), family="association")
    for row in loss_tests(data, options.convention):
        collected.test(noted(row, data), family="loss")
    collected.add("loss", loss_rows(data))
    collected.add("agreement", agreement_rows(data, options))


def _settings(options: AuditOptions) -> dict[str, str]:
    given = options.thresholds
    thresholds = [f"{unit} {value:g}" for unit, value in given.units.items()]
    if given.every is not None:
        thresholds.insert(0, f"{given.every:g}")
    return {
        "convention": options.convention.name,
        "condition": options.condition,
        "family": options.family,
        "seed": str(options.seed),
        "thresholds": ", ".join(thresholds) or "default",
    }
