"""The audit of the printed tables as Markdown, CSV and JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd
from tabulate import tabulate

from reports.arithmetic.checks import findings_frame
from reports.arithmetic.finding import Finding
from reports.arithmetic.floors import FloorRow, floors_frame
from reports.formats.markdown import escaped
from reports.rounding import rounded

_INTRODUCTION = """\
A printed number stands for all numbers that round to it. Each check asks whether numbers that print
like this can fulfil the relation that the tables imply. *Consistent*: some do. *Inconsistent*: none
do, so at least one of the printed numbers differs from what was computed. *Undecidable*: what the
check needs is not printed. Rows of one number belong to one entry of the list of known
inconsistencies; a row without a number is not in it. Why numbers differ is not known here: a
misprint, another run or another way of averaging look alike.
"""
_FLOORS = """\
A classifier that is equally right for all groups does not score 100 %: some group is lowest by
chance. The range is where 95 % of such classifiers fall at these group sizes. A printed score in it
(or above) does not show that the groups are treated differently, and of two methods whose scores
both lie inside the score does not tell which is fairer. Sizes: public class counts of the test part
times printed shares, so approximate; ranges are those of one run, or of runs that err on the same
images.
"""


def audit_markdown(findings: Sequence[Finding], floors: Sequence[FloorRow]) -> str:
    """Everything for a reader: what does not fit first, then the rest, then the noise floors."""
    counts = Counter(one.verdict for one in findings)
    numbers = {one.known for one in findings if one.known}
    computed = {one.known for one in findings if one.known and one.verdict == "inconsistent"}
    parts = [
        "# Published tables: do their numbers fit each other?",
        _INTRODUCTION,
        f"{sum(one.is_computed for one in findings)} checks: {counts['consistent']} consistent, "
        f"{counts['inconsistent']} inconsistent, {counts['undecidable']} undecidable; "
        f"{counts['not computed']} remarks that are not computed. {len(numbers)} numbered "
        f"inconsistencies, {len(computed)} of them derived by calculation.",
        "## Inconsistent",
        _table(_with(findings, "inconsistent")),
        "## Undecidable",
        _table(_with(findings, "undecidable")),
        "## Remarks with a source, *not computed*",
        _remarks(_with(findings, "not computed")),
        "## Consistent",
        _consistent(_with(findings, "consistent")),
        "## Printed fairness scores and the noise floor",
        _FLOORS,
        _floors(floors),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _with(findings: Iterable[Finding], verdict: str) -> list[Finding]:
    """Those of one verdict, numbered ones first."""
    chosen = [one for one in findings if one.verdict == verdict]
    return sorted(chosen, key=lambda one: one.known or math.inf)


def _number(one: Finding) -> str:
    return str(one.known) if one.known else ""


def _table(findings: Sequence[Finding]) -> str:
    rows = [
        [
            _number(one),
            escaped(one.cited),
            escaped(f"{one.place}: {one.check}"),
            escaped(one.printed),
            escaped(one.implied),
            escaped(one.shown_by),
        ]
        for one in findings
    ]
    heads = ["No.", "Where", "What", "Printed", "The paper's own numbers imply", "Shown by"]
    return _pipe(rows, heads)


def _remarks(findings: Sequence[Finding]) -> str:
    rows = [
        [_number(one), *map(escaped, (one.cited, one.place, one.printed, one.shown_by))]
        for one in findings
    ]
    return _pipe(rows, ["No.", "Where", "Subject", "The paper", "Remark"])


def _consistent(findings: Sequence[Finding]) -> str:
    counts = Counter((one.cited, one.check) for one in findings)
    rows = [[escaped(cited), escaped(check), str(n)] for (cited, check), n in counts.items()]
    return _pipe(rows, ["Where", "Check", "Numbers"])


def _floors(floors: Sequence[FloorRow]) -> str:
    rows = [
        [
            escaped(one.cited),
            escaped(one.place),
            escaped(one.sizes),
            f"{_percent(one.mean)} \\[{_percent(one.low)}, {_percent(one.high)}\\]",
            escaped(", ".join(f"{method} {text}" for method, text in one.scores)),
            f"{one.inside} of {len(one.scores)}",
            f"{one.pairs_inside} of {one.pairs}",
        ]
        for one in floors
    ]
    heads = [
        "Where", "Score", "Group sizes", "Fair: mean and 95 % range", "Printed", "Scores inside",
        "Differences of two methods inside",
    ]  # fmt: skip
    return _pipe(rows, heads)


def _percent(share: float) -> str:
    return "-" if math.isnan(share) else rounded(share, 1, scale=100)


def _pipe(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    return tabulate(rows, headers=heads, tablefmt="pipe", disable_numparse=True) if rows else "none"


def audit_csv(findings: Sequence[Finding]) -> str:
    """One line a finding, columns of `findings_frame`; an absent interval is an empty field."""
    return findings_frame(findings).to_csv(index=False, lineterminator="\n")


def differences_csv(floors: Sequence[FloorRow]) -> str:
    """One line a pair of methods, columns of `floors_frame`."""
    return floors_frame(floors).to_csv(index=False, lineterminator="\n")


def audit_json(findings: Sequence[Finding], floors: Sequence[FloorRow]) -> str:
    """An object with the lists `findings` and `differences`; numbers that are absent are null."""
    content = {
        "findings": _objects(findings_frame(findings)),
        "differences": _objects(floors_frame(floors)),
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _objects(frame: pd.DataFrame) -> list[dict[str, object]]:
    rows = frame.astype(object).where(frame.notna(), None)
    return [dict(zip(frame.columns, row, strict=True)) for row in rows.to_numpy().tolist()]
