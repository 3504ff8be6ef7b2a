"""The end of an audit on the terminal: a short block a data set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from textwrap import wrap

from reports.audit.overview import Overview, general, overviews
from reports.audit.result import AuditResult
from reports.audit.table_specs import records_of

#: differences that a block names
MOST_FINDINGS = 10
NARROWEST = 30


def terminal_text(result: AuditResult, width: int = 80) -> str:
    """Size, groups, the largest differences that survive Holm and the limits of each data set.

    Args:
        result: of the audit.
        width: columns of the terminal, at least 30; no line is longer.
    """
    width = max(width, NARROWEST)
    lines: list[str] = []
    blocks = overviews(result)
    shared = _shared(blocks)
    for overview in blocks:
        own = tuple(text for text in overview.limits if text not in shared)
        lines += [*_block(replace(overview, limits=own), width), ""]
    units = dict.fromkeys(row["action_unit"] for row in records_of(result, "calibration"))
    calibrated = [f"Thresholds of {', '.join(units)} by group: tables chen_1."] if units else []
    said = [*shared, *general((*result.notes, *result.limits)), *calibrated]
    if said and blocks:
        lines.append("Of all data:" if len(blocks) > 1 else "Besides:")
    for text in said:
        lines += _item(text, width)
    return "\n".join(lines).rstrip() + "\n"


def _shared(blocks: Sequence[Overview]) -> tuple[str, ...]:
    """The limits that all of several data sets have, to be said once."""
    if len(blocks) < 2:
        return ()
    first, *others = (overview.limits for overview in blocks)
    return tuple(text for text in first if all(text in limits for limits in others))


def _block(overview: Overview, width: int) -> Iterator[str]:
    head = f"{overview.dataset}: {overview.size}" if overview.size else overview.dataset
    yield from wrap(_plain(head), width)
    for groups in overview.groups:
        yield from wrap(_plain(groups), width, initial_indent="  ", subsequent_indent="    ")
    yield from _section(_verdict(overview), (one.sentence for one in overview.findings), width)
    if overview.limits:
        yield from _indented("Cannot be asked, or only in part:", width)
        for text in overview.limits:
            yield from _item(text, width)


def _verdict(overview: Overview) -> str:
    kept = len(overview.findings)
    if not overview.tested:
        return "Nothing could be tested."
    verb = "differs" if kept == 1 else "differ"
    text = f"{kept} of {overview.tested} tested conditions {verb} after Holm's correction"
    if not kept:
        return f"{text}."
    return f"{text}, the largest:" if kept > MOST_FINDINGS else f"{text}:"


def _section(verdict: str, items: Iterable[str], width: int) -> Iterator[str]:
    yield from _indented(verdict, width)
    for number, text in enumerate(items):
        if number == MOST_FINDINGS:
            return
        yield from _item(text, width)


def _indented(text: str, width: int) -> list[str]:
    return wrap(text, width, initial_indent="  ", subsequent_indent="  ")


def _item(text: str, width: int) -> list[str]:
    return wrap(_plain(text), width, initial_indent="  - ", subsequent_indent="    ")


def _plain(text: str) -> str:
    """Text without control characters, which a data set's names could use to write elsewhere."""
    return "".join(one if one.isprintable() else " " for one in text)
