"""The figures of an audit: proportions at equal facial movement, and fitted logistic curves."""

from __future__ import annotations

from reports.audit.figures_bars import bar_figures
from reports.audit.figures_curves import curve_figures
from reports.audit.result import AuditResult
from reports.convention import Convention
from reports.figures.captioned import CaptionedFigure, with_unique_keys
from reports.figures.files import svg_text, write_figures
from reports.figures.style import styled

__all__ = ["AuditFigure", "figures_of", "svg_text", "write_figures"]

AuditFigure = CaptionedFigure


def figures_of(result: AuditResult, convention: Convention) -> list[AuditFigure]:
    """Every figure of the audit: per label and attribute the bars, then the curves.

    Frames without rows give no figures. Keys are unique, also where file names ignore case.
    """
    with styled():
        drawn = [*bar_figures(result, convention), *curve_figures(result)]
    return list(with_unique_keys(drawn))
