"""A study's report as one page: cautions, tables, figures and origins in a file without network."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reports.cautions import Caution, cautions
from reports.figures.captioned import CaptionedFigure
from reports.figures.files import svg_text
from reports.missing import missing_lines
from reports.origins import Json, Sections, json_text
from reports.rows import common_settings
from reports.study import StudyFrames
from reports.study_figures.critical_difference import no_rank_figure
from reports.tables import Cell, Column, Row, Table
from reports.templates import column_spans, template

TITLE = "Fairness report"


def report_page(
    frames: StudyFrames,
    sections: Sections,
    figures: Sequence[CaptionedFigure],
    *,
    origins: Json,
    provenance: Mapping[str, str],
    warnings: Iterable[str] = (),
) -> str:
    """The report as one HTML document without outside parts.

    Args:
        frames: the study.
        sections: its tables, as `tables_of` gives them.
        figures: in the order of the page; their SVG is our own, everything else is escaped.
        origins: what `origins_of` gives for the same frames and sections.
        provenance: names and values of where the study ran: commit, packages, machine.
        warnings: further sentences for the top of the page: stale cells, changed code.
    """
    said = [*(Caution(text) for text in warnings), *cautions(frames)]
    return template("report.html.j2").render(
        title=TITLE,
        cautions=said,
        facts=_facts(frames),
        provenance=list(provenance.items()),
        missing=missing_lines(frames.cell_records),
        sections=[(name, tables) for name, tables in sections if tables],
        spans=column_spans,
        live=_Live(origins),
        figures=[(one.title, one.caption, Markup(svg_text(one))) for one in figures],  # noqa: S704
        no_figure=no_rank_figure(len(frames.dataset_cards)) if figures else "",
        data=Markup(json_text(origins)),  # noqa: S704
    )


def _facts(frames: StudyFrames) -> list[tuple[str, str]]:
    records = frames.cell_records
    done = sum(record.status == "done" for record in records)
    facts = [
        ("Protocol", frames.preset),
        ("Checkpoint rule", frames.select),
        ("Cells", f"{done} of {len(records)} done"),
    ]
    for card in frames.dataset_cards:
        mine = [record for record in records if record.dataset == card.key]
        methods = len({(record.method, record.variant) for record in mine})
        seeds = ", ".join(dict.fromkeys(record.seed for record in mine)) or "none"
        folds = f", {card.folds} folds a repeat" if card.folds > 1 else ""
        text = f"{methods} methods and variants, seeds {seeds}{folds}"
        common = common_settings(frames, card)
        facts.append((card.title, "; ".join([text, *common])))
    return facts


class _Live:
    """Attributes by which the page's script finds the origin of a number."""

    def __init__(self, origins: Json) -> None:
        self._runs: dict[tuple[str, ...], int] = {}
        self._places: dict[str, dict[tuple[str, ...], int]] = {}
        for key, study in origins.get("data", {}).items():
            for at, run in enumerate(study["runs"]):
                self._runs[key, run["method"], run["variant"]] = at
            self._places[key] = {tuple(place): at for at, place in enumerate(study["places"])}

    def row(self, row: Row) -> Markup:
        """Data set and run."""
        if row.run not in self._runs:
            return Markup("")
        return _attributes({"d": row.run[0], "r": self._runs[row.run]})

    def column(self, table: Table, column: Column) -> Markup:
        """Place by data set, what is printed, and the method whose value is subtracted."""
        keys = dict.fromkeys(row.run[0] for _, row in table.rows() if row.run)
        found = {
            key: self._places[key][column.place]
            for key in keys
            if column.place in self._places.get(key, {})
        }
        if not found:
            return Markup("")
        what = f"{column.span}: {column.header}" if column.span else column.header
        less = {"less": column.less} if column.less else {}
        return _attributes({"p": json.dumps(found, separators=(",", ":")), "what": what, **less})

    def value(self, cell: Cell) -> str:
        """What the entry is sorted by; empty where it is no number."""
        return f"{cell.mean:.6g}" if cell.state == "value" and math.isfinite(cell.mean) else ""


def _attributes(values: Mapping[str, Any]) -> Markup:
    return Markup("").join(
        Markup(' data-{}="{}"').format(name, value) for name, value in values.items()
    )
