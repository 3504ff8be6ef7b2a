"""The figures of an audit: proportions at equal facial movement, and fitted logistic curves."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from reports.audit.figures_bars import bar_figures
from reports.audit.figures_curves import curve_figures
from reports.audit.result import AuditResult
from reports.convention import Convention
from reports.figures.captioned import CaptionedFigure
from reports.figures.files import svg_text, write_figures
from reports.figures.style import styled

__all__ = ["AuditFigure", "figures_of", "svg_text", "write_figures"]

AuditFigure = CaptionedFigure

#: characters of a figure's key, which is a file name
LONGEST_KEY = 80


def figures_of(result: AuditResult, convention: Convention) -> list[AuditFigure]:
    """Every figure of the audit: per label and attribute the bars, then the curves.

    Frames without rows give no figures. Keys are unique, also where file names ignore case.
    """
    with styled():
        drawn = [*bar_figures(result, convention), *curve_figures(result)]
    return list(_with_unique_keys(drawn))


def _with_unique_keys(drawn: Iterable[AuditFigure]) -> Iterable[AuditFigure]:
    taken: set[str] = set()
    for figure in drawn:
        wanted = re.sub(r"[^A-Za-z0-9]+", "-", figure.key)[:LONGEST_KEY].strip("-") or "figure"
        key, copy = wanted, 1
        while key.lower() in taken:
            copy += 1
            key = f"{wanted}-{copy}"
        taken.add(key.lower())
        yield replace(figure, key=key)
