"""The tables of an audit as files: one document a format, and each table by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from reports.errors import ReportError
from reports.files import write_text
from reports.formats import csv, json, latex, markdown
from reports.tables import Table

FORMATS = ("md", "tex", "csv", "json")
_ONE_TABLE = {"tex": latex.table_text, "csv": csv.table_text, "json": json.table_text}


def write_tables(
    tables: Sequence[Table],
    out: Path,
    formats: Sequence[str] = FORMATS,
    *,
    title: str = "annotation-bias audit",
) -> list[Path]:
    """Write `tables.md`, `tables.tex` and `tables/<key>.{tex,csv,json}` below the folder.

    Args:
        tables: any.
        out: folder, made if absent.
        formats: any of `FORMATS`.
        title: what the tables are of.

    Returns:
        The files written, in order; each whole or not at all, the same bytes for the same tables.

    Raises:
        ReportError: a format is unknown.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ReportError(f"no format is called {unknown[0]!r}; give any of {', '.join(FORMATS)}")
    written = []
    for name, text in _texts(tables, formats, title):
        write_text(out / name, text)
        written.append(out / name)
    return written


def _texts(
    tables: Sequence[Table], formats: Sequence[str], title: str
) -> Iterator[tuple[str, str]]:
    if "md" in formats:
        body = "\n".join(markdown.table_text(table) for table in tables)
        yield "tables.md", f"# Tables of the {title}\n\n{body}"
    if "tex" in formats:
        yield "tables.tex", latex.document_text([(title[:1].upper() + title[1:], list(tables))])
    for table in tables:
        for suffix, text_of in _ONE_TABLE.items():
            if suffix in formats:
                yield f"tables/{table.key}.{suffix}", text_of(table)
