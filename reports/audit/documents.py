"""Everything that an audit writes into its folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.audit.figures import figures_of
from reports.audit.findings import findings_of
from reports.audit.page import html_page, summary_text
from reports.audit.result import AuditResult
from reports.audit.tables import audit_tables
from reports.audit.writers import write_tables
from reports.convention import Convention
from reports.figures.files import svg_text, write_figures
from reports.files import write_text

TITLE = "Annotation-bias audit"
SUMMARY, PAGE, RECORD = "audit.md", "audit.html", "audit.json"
#: the frame that has a name of its own
NAMES = {"tests": "audit"}


def write_audit(
    result: AuditResult,
    out: Path,
    convention: Convention,
    *,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Path]:
    """Write `audit.csv` and the other frames, the tables, the figures and the page.

    Files of an earlier audit in the same folder that this one does not have are removed.

    Args:
        result: what was found.
        out: folder, made if absent: `audit.csv`, `<frame>.csv`, `tables.{md,tex}`,
            `tables/<key>.{tex,csv,json}`, `figures/<key>.{pdf,png}`, `audit.{md,html,json}`.
        convention: how tables and figures print.
        progress: told before each figure, which is what takes time.

    Returns:
        The files written; each is whole or not there, the same bytes for the same result.
    """
    tables = audit_tables(result, convention)
    figures = figures_of(result, convention)
    written = []
    for name, frame in result.frames.items():
        if len(frame) or name in NAMES:
            path = out / f"{NAMES.get(name, name)}.csv"
            write_text(path, frame.to_csv(index=False, lineterminator="\n"))
            written.append(path)
    written += write_tables(tables, out)
    drawn = []
    for done, figure in enumerate(figures):
        if progress is not None:
            progress(done, len(figures), figure.key)
        written += write_figures([figure], out / "figures")
        drawn.append((figure.title, figure.caption, svg_text(figure)))
    write_text(out / SUMMARY, summary_text(result, title=TITLE))
    write_text(out / PAGE, html_page(result, tables, drawn, title=TITLE))
    written += [out / SUMMARY, out / PAGE]
    _remove_stale(out, written)
    write_text(out / RECORD, _record(result, out, written))
    return [*written, out / RECORD]


def _record(result: AuditResult, out: Path, written: list[Path]) -> str:
    content: dict[str, Any] = {
        "settings": dict(result.settings),
        "findings": [[one.dataset, one.sentence] for one in findings_of(result)],
        "limits": [list(pair) for pair in result.limits],
        "notes": [list(pair) for pair in result.notes],
        "files": [path.relative_to(out).as_posix() for path in written],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _remove_stale(out: Path, written: list[Path]) -> None:
    """Delete what the record of an earlier audit names and this one did not write."""
    try:
        earlier = json.loads((out / RECORD).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    root = out.resolve()
    for name in earlier:
        path = (out / str(name)).resolve()
        # A record that somebody edited must not reach out of the folder.
        if path.is_relative_to(root) and path.is_file() and out / str(name) not in written:
            path.unlink()
