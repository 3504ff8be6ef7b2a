"""Templates of pages: every value is escaped, an unknown name is an error."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from reports.tables import TIED, Column

TEMPLATES = Path(__file__).resolve().parent


def template(name: str) -> Template:
    """A template of this folder."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["tied"] = TIED
    return environment.get_template(name)


def column_spans(columns: Sequence[Column]) -> list[tuple[str, int]]:
    """Spanning headers and how many columns each covers; empty where no column has one."""
    if not any(column.span for column in columns):
        return []
    spans: list[tuple[str, int]] = []
    for column in columns:
        if spans and spans[-1][0] == column.span:
            spans[-1] = (column.span, spans[-1][1] + 1)
        else:
            spans.append((column.span, 1))
    return spans
