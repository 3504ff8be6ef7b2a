"""`audit`: annotation-bias tests, tables and figures of labelled face data; imports no torch."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.errors import StoreError, StudyError
from benchmarks.paths import shown
from benchmarks.task_progress import TaskProgress
from reports.audit.action_units import parse_thresholds
from reports.audit.confusion_file import parse_confusions, with_confusions
from reports.audit.counts_file import read_counts
from reports.audit.documents import write_audit
from reports.audit.engine import Input, audit
from reports.audit.expert import Expert, parse_truth, read_expert
from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.reading import read_observations
from reports.audit.roles import Roles
from reports.audit.terminal import terminal_text
from reports.convention import convention_named
from reports.tabular.levels import parse_attributes

if TYPE_CHECKING:
    from datasets.spec import Dataset

DEFAULT_OUT = Path("results/audit")


def main(arguments: Namespace) -> int:
    """Writes `audit.csv`, tables, figures and the page of all inputs together.

    Raises:
        EvenFaceError, ReportError: an input cannot be read or does not fit the options.
    """
    out = arguments.out or DEFAULT_OUT
    if arguments.simulate is not None:
        from benchmarks.commands import audit_simulation

        return audit_simulation.main(arguments, out)
    if not arguments.inputs and arguments.expert is None:
        raise StudyError("Nothing to audit: give a file or a data set (`list datasets`).")
    options = AuditOptions(
        condition=arguments.condition,
        thresholds=parse_thresholds(arguments.au_threshold),
        convention=convention_named(arguments.convention),
        family=arguments.family,
        seed=arguments.seed,
    )
    inputs = _inputs(arguments)
    for line in _notes(inputs):
        print(line)
    expert = _expert(arguments)
    _check_folder(out)
    with TaskProgress() as progress:
        result = audit(inputs, options, expert=expert, progress=progress)
    try:
        with TaskProgress("figures") as progress:
            written = write_audit(result, out, options.convention, progress=progress)
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}.") from None
    print(terminal_text(result))
    for path in written:
        if path.parent == out:
            print(shown(path, Path.cwd()))
    return 0


def _notes(inputs: Sequence[Input]) -> list[str]:
    """What was guessed or left out; once where all of several data sets share it."""
    every = [data.notes for data in inputs]
    shared = [n for n in every[0] if all(n in notes for notes in every)] if every[1:] else []
    own = [f"{data.name}: {n}" for data in inputs for n in data.notes if n not in shared]
    return [*(f"all {len(inputs)} data sets: {n}" for n in shared), *own]


def _check_folder(out: Path) -> None:
    """Raise if the folder cannot be written, before minutes are spent on what goes into it.

    Raises:
        StoreError: it cannot.
    """
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise StoreError(f"{out} cannot be written: {there} is no folder.")
    if not os.access(there, os.W_OK | os.X_OK):
        raise StoreError(f"{out} cannot be written: {there} allows no writing.")


def _inputs(arguments: Namespace) -> list[Input]:
    roles = Roles(
        dataset=arguments.dataset,
        labels=arguments.label,
        positives=arguments.positive,
        votes=arguments.votes,
        attributes=parse_attributes(arguments.attribute),
        action_units=arguments.au,
        conditions=arguments.strata,
        cluster=arguments.cluster,
        prediction=arguments.prediction,
        weight=arguments.weight,
        labelled=arguments.labelled,
        predicted_attributes=arguments.predicted,
    )
    confusions = parse_confusions(arguments.attribute_confusion)
    asked = _asked(arguments)
    found: list[Input] = []
    for text in arguments.inputs:
        read = _read(text, roles, arguments, asked)
        found += [
            with_confusions(d, confusions) if isinstance(d, Observations) else d for d in read
        ]
    names = [data.name for data in found]
    for name in names:
        if names.count(name) > 1:
            raise StudyError(f"Two data sets are called '{name}': rename a file.")
    return found


def _asked(arguments: Namespace) -> dict[str, Dataset]:
    """The registered data sets among the inputs, by key, with their settings.

    Raises:
        EvenFaceError: an input is neither a file nor a data set, or a setting is nobody's.
    """
    names = [text for text in arguments.inputs if not Path(text).is_file()]
    for text in names:
        if Path(text).is_dir() and len(Path(text).parts) > 1:
            raise StudyError(f"{text} is a folder: name a file in it.")
        if Path(text).suffix or len(Path(text).parts) > 1:
            raise StudyError(f"There is no file {text}.")
    if arguments.set and not names:
        raise StudyError("--set changes a setting of a registered data set, and none is named.")
    if not names:
        return {}
    from benchmarks.asked_datasets import asked_datasets

    return {dataset.card.key: dataset for dataset in asked_datasets(names, arguments.set)}


def _read(
    text: str, roles: Roles, arguments: Namespace, asked: Mapping[str, Dataset]
) -> Sequence[Input]:
    path = Path(text)
    if path.is_file():
        if arguments.counts:
            _reject_with_counts(arguments)
            return read_counts(path, roles)
        return read_observations(path, roles)
    from benchmarks.audit_source import observations_of, restricted
    from benchmarks.registry import select_datasets

    return [
        restricted(data, roles)
        for key in select_datasets((text,))
        for data in observations_of(asked[key], arguments.data_root, arguments.cache)
    ]


def _reject_with_counts(arguments: Namespace) -> None:
    """Raise where an option needs images, which a table of counts has not.

    Raises:
        StudyError: one does.
    """
    for option in ("votes", "strata", "cluster", "prediction", "predicted", "attribute_confusion"):
        if getattr(arguments, option):
            name = option.replace("_", "-")
            raise StudyError(f"--{name} needs a row an image: leave it or --counts out.")


def _expert(arguments: Namespace) -> Expert | None:
    if not arguments.au_truth:
        if arguments.expert is not None:
            raise StudyError("--expert needs --au-truth AU04=COLUMN,...: its expert codes.")
        return None
    path = arguments.expert or Path(arguments.inputs[0])
    truth = parse_truth(arguments.au_truth)
    return read_expert(path, truth, parse_attributes(arguments.attribute), arguments.au)
