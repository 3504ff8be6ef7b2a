"""Everything a study's report folder holds, from the study's frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from reports.assemble import assembled, shown_rows
from reports.catalogue import LayoutCard, layout_cards, layouts_named
from reports.convention import STRICT, Convention
from reports.errors import ReportError
from reports.files import write_text
from reports.formats import csv, json, latex, markdown
from reports.header import header_text
from reports.metrics_csv import write_metrics_csv
from reports.published.rows import with_published
from reports.rows import MethodRow, method_rows
from reports.specs import DatasetCard, TableSpec
from reports.study import StudyFrames
from reports.table_request import TableRequest, with_baseline_named
from reports.tables import Table

__all__ = ["FORMATS", "StudyFrames", "tables_of", "write_report"]

#: `html` is the page with its figures, written by `reports.study_documents`
FORMATS = ("md", "tex", "csv", "json", "html")
#: heading of the tables over all data sets
TITLE = "All data sets"
_ONE_TABLE: dict[str, Callable[[Table], str]] = {
    "tex": latex.table_text,
    "csv": csv.table_text,
    "json": json.table_text,
}


def tables_of(
    frames: StudyFrames,
    layouts: Sequence[str] | None = None,
    convention: Convention = STRICT,
    *,
    published: bool = False,
) -> list[tuple[str, list[Table]]]:
    """The tables of every data set: (title of the data set, its tables in layout order).

    Args:
        frames: the study.
        layouts: keys, None for all that suit the data set.
        convention: `ddof` and `min_n` that the tables state.
        published: add the values that the papers print of the same data set.

    Raises:
        ReportError: a layout is unknown, or two tables would have one file name.
    """
    sections = []
    every: list[tuple[DatasetCard, tuple[MethodRow, ...]]] = []
    for dataset in frames.dataset_cards:
        rows = method_rows(frames, dataset)
        every.append((dataset, rows))
        tables = [
            _beside_published(asked, table) if published else table
            for card in layouts_named(layouts)
            if layouts is not None or card.suits(dataset)
            for asked in _asked(frames, dataset, card, rows=rows, convention=convention)
            if (table := _table(asked))
        ]
        sections.append((dataset.title, tables))
    makers = [card.over_datasets for card in layouts_named(layouts)]
    together = [table for maker in makers if maker for table in maker(frames, every)]
    if together:
        sections.append((TITLE, together))
    _check_names(sections)
    return sections


def _check_names(sections: Sequence[tuple[str, Sequence[Table]]]) -> None:
    names = [table.key for _, tables in sections for table in tables]
    for name in names:
        if names.count(name) > 1:
            raise ReportError(
                f"two tables would be called {name}; rename a data set or an attribute"
            )


def _asked(
    frames: StudyFrames,
    dataset: DatasetCard,
    card: LayoutCard,
    *,
    rows: Sequence[MethodRow],
    convention: Convention,
) -> Iterator[TableRequest]:
    for spec in card.specs(dataset):
        own = with_baseline_named(spec, frames)
        yield TableRequest(frames, dataset, card, own, rows, convention)


def _table(asked: TableRequest) -> Table | None:
    """The table of a spec; None where the study has no row of it."""
    spec = asked.spec
    if spec.maker is not None:
        return spec.maker(asked)
    shown = shown_rows(spec, asked.rows)
    if not shown or (spec.optional and not any(_has_value(row, spec) for row in shown)):
        return None
    return assembled(
        asked.study, asked.dataset, asked.layout, spec, rows=asked.rows, convention=asked.convention
    )


def _has_value(row: MethodRow, spec: TableSpec) -> bool:
    places = ((one.attribute, one.group, one.emotion, one.metric) for one in spec.columns)
    return any(entry.value == entry.value for at in places for entry in row.values.get(at, []))


def _beside_published(asked: TableRequest, table: Table) -> Table:
    titles = {key: method.title for key, method in asked.study.method_cards.items()}
    return with_published(table, asked.layout, asked.spec, asked.dataset, titles)


def unfilled(
    frames: StudyFrames, layouts: Sequence[str], convention: Convention = STRICT
) -> list[str]:
    """A sentence for each of these layouts and each data set of which it gives no table."""
    found = []
    for dataset in frames.dataset_cards if layouts else ():
        rows = method_rows(frames, dataset)
        for card in layouts_named(layouts):
            asked = _asked(frames, dataset, card, rows=rows, convention=convention)
            if not any(map(_table, asked)):
                what = f"{card.key} gives no table of {dataset.title}"
                found.append(f"{what}: it needs {card.needs}.")
    return found


def write_report(
    frames: StudyFrames,
    out: Path,
    formats: Sequence[str] = FORMATS,
    layouts: Sequence[str] | None = None,
    convention: Convention = STRICT,
    *,
    published: bool = False,
) -> list[Path]:
    """Make the tables and write them.

    Args:
        frames: the study.
        out: as in `write_tables`.
        formats: any of `FORMATS`.
        layouts: keys of the layouts wanted, None for all.
        convention: as in `write_tables`.
        published: as in `tables_of`.

    Returns:
        The files written, as `write_tables` does.

    Raises:
        ReportError: a format or layout is unknown.
    """
    _check_formats(formats)
    sections = tables_of(frames, layouts, convention, published=published)
    return write_tables(frames, sections, out, formats, convention)


def write_tables(
    frames: StudyFrames,
    sections: Sequence[tuple[str, Sequence[Table]]],
    out: Path,
    formats: Sequence[str] = FORMATS,
    convention: Convention = STRICT,
) -> list[Path]:
    """Write tables in the formats asked for; with `csv` also `metrics.csv`, `statistics.csv`.

    Args:
        frames: the study.
        sections: its tables, as `tables_of` gives them.
        out: folder of the report, made if absent: `tables.md`, `tables.tex` (all tables, to be read
            with LaTeX's input command), `metrics.csv`, and `tables/<table>.{tex,csv,json}`.
        formats: any of `FORMATS`.
        convention: `ddof` and `min_n` that the tables state; `measure` is to be called with the
            same.

    Returns:
        The files written, in order. Each is written whole or not at all, the same bytes for the
        same frames. Files of an earlier report's tables that this one no longer has are removed.

    Raises:
        ReportError: a format is unknown.
    """
    _check_formats(formats)
    texts = {out / name: text for name, text in _texts(frames, sections, formats, convention)}
    written = list(texts)
    if "csv" in formats:
        write_metrics_csv(frames.metrics, out / "metrics.csv")
        written.insert(0, out / "metrics.csv")
        if frames.statistics is not None:
            text = frames.statistics.to_csv(index=False, lineterminator="\n")
            write_text(out / "statistics.csv", text)
            written.insert(1, out / "statistics.csv")
    for path, text in texts.items():
        write_text(path, text)
    _remove_stale(out / "tables", set(written))
    return written


def _check_formats(formats: Sequence[str]) -> None:
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ReportError(f"no format is called {unknown[0]!r}; give any of {', '.join(FORMATS)}")


def _texts(
    frames: StudyFrames,
    sections: Sequence[tuple[str, Sequence[Table]]],
    formats: Sequence[str],
    convention: Convention,
) -> Iterator[tuple[str, str]]:
    """Every file's name inside the report folder and its text, the metrics file apart."""
    if "md" in formats:
        body = [f"## {markdown.escaped(name)}\n\n" + _markdown(own) for name, own in sections]
        yield "tables.md", "\n".join([header_text(frames, convention), *body])
    if "tex" in formats:
        yield "tables.tex", latex.document_text(sections)
    for _, tables in sections:
        for table in tables:
            for suffix in (name for name in _ONE_TABLE if name in formats):
                yield f"tables/{table.key}.{suffix}", _ONE_TABLE[suffix](table)


def _markdown(tables: Sequence[Table]) -> str:
    return "\n".join(markdown.table_text(table) for table in tables)


def _remove_stale(folder: Path, written: set[Path]) -> None:
    """Delete tables of an earlier report: names that a layout makes, never a user's own file."""
    prefixes = tuple(f"{card.key}_" for card in layout_cards())
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        ours = path.name.startswith(prefixes) and path.suffix.removeprefix(".") in _ONE_TABLE
        if ours and path not in written:
            path.unlink()
