"""`data check`: what of a data set is there, what is missing, what would make results wrong."""

from __future__ import annotations

import json
import textwrap
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from tabulate import tabulate

from benchmarks.asked_datasets import asked_datasets
from benchmarks.errors import StudyError
from benchmarks.task_progress import TaskProgress
from datasets.checking import Checked, Count, check
from datasets.picture_set import PictureSet
from datasets.spec import Dataset

WIDTH = 80
_MARKS = {"error": "ERROR", "warning": "warning", "note": "note"}


def main(arguments: Namespace) -> int:
    """Prints what is found; 1 where anything would make results wrong.

    Raises:
        EvenFaceError: an unknown data set or setting, or a cache that cannot be written.
    """
    found = []
    for dataset in asked_datasets(arguments.names, arguments.set):
        key = dataset.card.key
        if not isinstance(dataset, PictureSet):
            if len(arguments.names) == 1:
                raise StudyError(f"{key} is not read from pictures: there is no file to check.")
            continue
        with TaskProgress("pictures") as progress:
            checked = check(
                dataset, arguments.data_root, arguments.cache.resolve(),
                progress=partial(_tell, progress, key),
            )  # fmt: skip
        found.append(checked)
        if not arguments.json:
            print("\n".join(lines(checked, dataset)), end="\n\n")
    if arguments.json:
        print(json.dumps([values(one) for one in found], indent=1))
    return 1 if any(one.is_wrong for one in found) else 0


def _tell(progress: TaskProgress, key: str, done: int, total: int) -> None:
    progress(done, total, key)


def values(checked: Checked) -> dict[str, Any]:
    """What was found as JSON values."""
    return asdict(checked) | {"wrong": checked.is_wrong}


def lines(checked: Checked, dataset: Dataset) -> Iterator[str]:
    """What was found, for a terminal of 80 columns."""
    card = dataset.about
    yield f"{card.title} ({checked.name})"
    yield from _wrapped(f"Licence: {card.licence}", "  ")
    if isinstance(dataset, PictureSet):
        yield from _wrapped(f"To be had: {dataset.documented.request}", "  ")
    if checked.pictures:
        people = f", {checked.people:,} people" if checked.people else ""
        yield f"  {checked.pictures:,} pictures{people}"
    for part in dict.fromkeys(count.part for count in checked.counts):
        yield ""
        yield from _table(part, [count for count in checked.counts if count.part == part])
    yield ""
    for finding in checked.findings:
        yield from _wrapped(f"{_MARKS[finding.level]}: {finding.text}", "  ")
        for detail in finding.details:
            yield from _wrapped(detail, "      ")
    yield "Results would be wrong." if checked.is_wrong else "Nothing that makes results wrong."


def _table(part: str, counts: Sequence[Count]) -> Iterator[str]:
    """Classes down, groups of each attribute across; marked where another number is documented."""
    whole = next(count for count in counts if not count.label and not count.attribute)
    labels = [count for count in counts if count.label and not count.attribute]
    groups = [count for count in counts if count.attribute and not count.label]
    both = {(c.label, c.attribute, c.value): c.found for c in counts if c.label and c.attribute}
    yield f"  {part}: {_number(whole)}"
    for chosen in _panels(groups, max((len(count.label) for count in labels), default=0)):
        rows = [
            [one.label, _number(one), *(both[one.label, g.attribute, g.value] for g in chosen)]
            for one in labels
        ]
        rows.append(["all", _number(whole), *(_number(group) for group in chosen)])
        header = ["", "all", *(group.value or "(missing)" for group in chosen)]
        text = tabulate(
            rows, header, tablefmt="simple", disable_numparse=True,
            colalign=("left", *["right"] * (len(header) - 1)),
        )  # fmt: skip
        title = f"by {chosen[0].attribute}" if chosen else "by class"
        yield textwrap.indent(f"\n{title}\n{text}", "    ")


def _panels(groups: Sequence[Count], label_width: int) -> Iterator[list[Count]]:
    """Groups of one attribute that fit beside each other."""
    if not groups:
        yield []
    for attribute in dict.fromkeys(group.attribute for group in groups):
        panel: list[Count] = []
        width = 4 + label_width + 12
        for group in (group for group in groups if group.attribute == attribute):
            # tabulate pads headers by two, and parts columns by two.
            needed = max(len(group.value or "(missing)") + 2, len(_number(group))) + 2
            if panel and width + needed > WIDTH:
                yield panel
                panel, width = [], 4 + label_width + 12
            panel.append(group)
            width += needed
        yield panel


def _number(count: Count) -> str:
    if count.expected is None or count.expected == count.found:
        return f"{count.found:,}"
    return f"{count.found:,}!"


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip
