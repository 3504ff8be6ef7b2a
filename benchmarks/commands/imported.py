"""`import`: results that other suites stored; imports no torch."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from benchmarks.commands.score import attributes_of, report_sheet
from benchmarks.errors import StoreError, StudyError
from benchmarks.paths import shown
from reports.imported import domainbed, subpopbench
from reports.imported.documents import Imported, write_imported
from reports.imported.wilds import WildsTruth, wilds_sheet

#: algorithm that others are compared with unless another is named
_PLAIN = "ERM"


def main(arguments: Namespace) -> int:
    """Writes tables of another suite's results.

    Raises:
        EvenFaceError, ReportError: the results are absent, damaged or do not fit the options.
    """
    if arguments.suite == "wilds":
        return _wilds(arguments)
    folder: Path = arguments.folder
    if not folder.exists():
        raise StudyError(f"There is no folder {folder}.")
    imported = _domainbed(folder) if arguments.suite == "domainbed" else _subpopbench(folder)
    baseline = arguments.baseline
    if baseline is None:
        baseline = _PLAIN if _PLAIN in set(imported.runs["method"]) else ""
    for note in imported.notes:
        print(note)
    try:
        written = write_imported(imported, arguments.out, baseline)
    except OSError as error:
        raise StoreError(f"{arguments.out} cannot be written: {error.strerror or error}.") from None
    for one in written:
        if one.parent == arguments.out:
            print(shown(one, Path.cwd()))
    return 0


def _domainbed(folder: Path) -> Imported:
    runs, rules, notes = domainbed.read_domainbed(folder)
    return Imported(domainbed.SUITE, runs, rules, [("accuracy", domainbed.MEAN)], notes)


def _subpopbench(folder: Path) -> Imported:
    runs, rules, notes = subpopbench.read_subpopbench(folder)
    headlines = [("worst_group_accuracy", subpopbench.ALL), ("accuracy", subpopbench.ALL)]
    return Imported(subpopbench.SUITE, runs, rules, headlines, notes)


def _wilds(arguments: Namespace) -> int:
    column, equals, value = arguments.rows.partition("=")
    if arguments.rows and not (column and equals):
        raise StudyError(f"--rows is written COLUMN=VALUE, not '{arguments.rows}'.")
    truth = WildsTruth(
        arguments.metadata, arguments.label, attributes_of(arguments), column.strip(),
        value.strip(), arguments.classes,
    )  # fmt: skip
    sheet = wilds_sheet(arguments.folders, truth, split=arguments.split, epoch=arguments.epoch)
    print(
        f"Rows of {arguments.metadata} and lines of predictions are matched by their order, which "
        "nothing in the files can prove"
    )
    return report_sheet(sheet, arguments, source="predictions in the format of WILDS")
