"""From data to everything that an audit says: the one function that the command calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from reports.audit.association_rows import association_tests
from reports.audit.cluster_rows import (
    clustered_pair_rows,
    clustered_proportion_rows,
    clustered_tests,
    is_clustered,
    pooled_clustered_tests,
)
from reports.audit.collected import Collected
from reports.audit.counts_file import CountedData
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
from reports.audit.sentences import findings, limits, notes
from reports.audit.stratum_rows import pair_rows, proportion_rows, stratum_tests
from reports.audit.tabulation import Tabulation

Input = Observations | CountedData
#: called with what is done, how much there is in all, and what is being done
Progress = Callable[[int, int, str], None]


def audit(
    inputs: Sequence[Input], options: AuditOptions, *, progress: Progress | None = None
) -> AuditResult:
    """Every question that the inputs allow, asked.

    Args:
        inputs: data sets, in the order of the tables' blocks.
        options: the user's choices.
        progress: told before each question.

    Raises:
        ReportError: joint patterns of too many action units.
    """
    tables: dict[tuple[str, str], list[Question]] = defaultdict(list)
    for data in inputs:
        for question in _questions(data, options):
            tables[question.label, question.attribute].append(question)
    conditions = {
        key: chosen_condition(questions, options.condition, options.convention)
        for key, questions in tables.items()
    }
    collected = Collected(options)
    every = [question for questions in tables.values() for question in questions]
    for done, question in enumerate(every):
        if progress is not None:
            text = f"{question.dataset}: {question.label} by {question.attribute}"
            progress(done, len(every), text)
        _ask(question, conditions[question.label, question.attribute], options, collected)
    for data in inputs:
        if isinstance(data, Observations):
            _describe(data, options, collected)
    if progress is not None:
        progress(len(every), len(every), "")
    frames = collected.frames()
    return AuditResult(
        frames,
        notes=notes(inputs, conditions, options),
        limits=limits(inputs, every),
        findings=findings(frames),
        settings=_settings(options),
    )


def _questions(data: Input, options: AuditOptions) -> list[Question]:
    if isinstance(data, CountedData):
        return questions_of_counts(data)
    return questions_of_rows(data, options)


def _ask(
    question: Question, condition: Condition, options: AuditOptions, collected: Collected
) -> None:
    printed = question.printed(condition)
    clustered = is_clustered(question)
    for tabulation in (*printed, question.overall):
        # A data set without facial movement has one condition only, which then is what is printed.
        in_table = bool(tabulation.units) or not printed
        if clustered:
            _clustered(question, tabulation, options, collected, in_table=in_table)
        if not _of_votes(question):
            _independent(question, tabulation, options, collected, in_table=in_table)
    for tabulation in question.pooled(condition):
        _pooled(question, tabulation, options, collected)
    _discriminate(question, condition, options, collected)
    for model, term in group_terms(question):
        collected.test(adjusted_test(question, model, term), family=MODELS[model])
        collected.add("adjusted", adjusted_rows(question, model, term))
    collected.add("curves", curve_rows(question))


def _of_votes(question: Question) -> bool:
    return question.overall.counted == "vote"


def _clustered(
    question: Question,
    tabulation: Tabulation,
    options: AuditOptions,
    collected: Collected,
    *,
    in_table: bool,
) -> None:
    collected.add("proportions", clustered_proportion_rows(question, tabulation))
    collected.add("pairs", clustered_pair_rows(question, tabulation))
    for row, is_printed in clustered_tests(question, tabulation, options):
        cell = tabulation.family if is_printed and in_table else ""
        collected.test(row, family="" if not is_printed else "all", cell_of=cell)


def _independent(
    question: Question,
    tabulation: Tabulation,
    options: AuditOptions,
    collected: Collected,
    *,
    in_table: bool,
) -> None:
    clustered = is_clustered(question)
    if not clustered:
        collected.add("proportions", proportion_rows(tabulation))
        collected.add("pairs", pair_rows(tabulation))
    for row, is_printed in stratum_tests(tabulation, options):
        corrected = is_printed and not clustered
        cell = tabulation.family if corrected and in_table else ""
        collected.test(row, family="all" if corrected else "", cell_of=cell)
    collected.add("corrected", corrected_rows(question, tabulation, options))


def _pooled(
    question: Question, tabulation: Tabulation, options: AuditOptions, collected: Collected
) -> None:
    if is_clustered(question):
        for row in pooled_clustered_tests(question, tabulation, options):
            collected.test(row, family=row["test"])
    if not _of_votes(question):
        for row in pooled_tests(tabulation):
            collected.test(row, family=row["test"])


def _discriminate(
    question: Question, condition: Condition, options: AuditOptions, collected: Collected
) -> None:
    asked = {"label": question, "prediction": of_prediction(question)}
    for source, one in asked.items():
        if one is not None and not _of_votes(one):
            families = one.pooled(condition)
            collected.add("discrimination", discrimination_rows(one.overall, families, source))


def _describe(data: Observations, options: AuditOptions, collected: Collected) -> None:
    for row in association_tests(data, options.convention):
        collected.test(row, family="association")
    for row in loss_tests(data):
        collected.test(row, family="loss")
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
