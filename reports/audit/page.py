"""The audit as one page: summary, tables and figures in a file that needs no network."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from reports.audit.findings import findings_of
from reports.audit.overview import general, overviews
from reports.audit.result import AuditResult
from reports.formats.markdown import escaped
from reports.tables import Table
from reports.templates import column_spans, template

#: title, caption, SVG
Figure = tuple[str, str, str]

#: findings in view; the rest unfolds
FIRST_FINDINGS = 12

QUESTION = (
    "Do annotators give a label to one group more often than to another when the face does the "
    "same thing?"
)
READING = (
    "A share P(label | condition, group) is that of the images of a group, among those that meet "
    "the condition, which carry the label. A condition is what the face does: AU06=0, AU12=1 are "
    "faces whose action unit 6 is absent and 12 present.",
    "A difference within a condition is a difference between faces that do the same thing as far "
    "as these action units tell. It is annotation bias only if nothing else that annotators see, "
    "and the units do not measure, differs between the groups.",
    "p is the probability of a difference at least this large if label and group were independent "
    "within the condition. Holm p is corrected for the number of tests; only what survives it is "
    "called a finding. In large data sets tiny differences have tiny p: read the size of the "
    "difference and its interval first.",
    "'-' stands where a number is not defined or not trustworthy; its footnote says why. An empty "
    "entry was not asked. A condition without a finding is not proof of equal treatment: audit.csv "
    "and pairs.csv hold the smallest difference that could have been found.",
    "Bold marks the group of the highest share where the p of its condition is below .05 before "
    "correction; groups of very few images do not compete.",
)


def html_page(
    result: AuditResult, tables: Sequence[Table], figures: Sequence[Figure], *, title: str
) -> str:
    """The whole audit as one HTML document without outside parts.

    Args:
        result: of the audit.
        tables: as `audit_tables` gives them.
        figures: title, caption and SVG of each. The SVG is put in as it is, so it must be our own;
            everything else is escaped.
        title: of the page.
    """
    return template("audit.html.j2").render(
        title=title,
        question=QUESTION,
        reading=READING,
        settings=dict(result.settings),
        overviews=overviews(result),
        notes=general(result.notes),
        limits=general(result.limits),
        findings=_found(result),
        first=FIRST_FINDINGS,
        tables=tables,
        spans=column_spans,
        figures=[(name, caption, Markup(svg)) for name, caption, svg in figures],  # noqa: S704
    )


def summary_text(result: AuditResult, *, title: str) -> str:
    """The audit in words, as Markdown: question, data, limits, notes, findings."""
    lines = [f"# {escaped(title)}", "", QUESTION, ""]
    if result.settings:
        chosen = ", ".join(f"{name} {value}" for name, value in result.settings.items())
        lines += [f"Settings: {escaped(chosen)}.", ""]
    for overview in overviews(result):
        lines += [f"## {escaped(overview.dataset)}", ""]
        lines += _list("", (overview.size, *overview.groups))
        lines += _list("Cannot be asked, or only in part:", overview.limits)
        lines += _list("Notes:", overview.notes)
    lines += _list("Of all data:", (*general(result.limits), *general(result.notes)))
    lines += ["## Findings", ""]
    found = _found(result)
    if found:
        lines += _list("Differences that survive Holm's correction:", found)
    else:
        lines += ["No difference survives Holm's correction.", ""]
    lines += ["## How to read a number", "", *(f"{text}\n" for text in READING)]
    return "\n".join(lines).rstrip() + "\n"


def _found(result: AuditResult) -> list[str]:
    return [f"{one.dataset}: {one.sentence}" for one in findings_of(result)]


def _list(head: str, items: Sequence[str]) -> list[str]:
    items = [f"- {escaped(item)}" for item in items if item]
    if not items:
        return []
    return [*([head, ""] if head else []), *items, ""]
