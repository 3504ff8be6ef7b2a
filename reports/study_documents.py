"""Figures and page of a study's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from reports.figures.files import write_figures
from reports.files import write_text
from reports.origins import origins_of
from reports.page import report_page
from reports.runs import Runs
from reports.study import StudyFrames
from reports.study_figures import study_figures
from reports.tables import Table

PAGE = "report.html"


def write_study_documents(
    frames: StudyFrames,
    sections: Sequence[tuple[str, Sequence[Table]]],
    out: Path,
    *,
    runs: Sequence[Runs],
    histories: pd.DataFrame | None,
    provenance: Mapping[str, str],
    warnings: Sequence[str] = (),
) -> list[Path]:
    """Write `report.html` and `figures/<key>.{pdf,png}`.

    Args:
        frames: the study.
        sections: its tables, as `tables_of` gives them.
        out: folder of the report.
        runs: predictions of the shown selection rule, for the origin of each number.
        histories: training curves, columns `reports.study_figures.training.HISTORY`; None without.
        provenance: what the numbers were computed with, name -> text.
        warnings: sentences for the top of the page.

    Returns:
        The files written, each whole or not there. Figures of an earlier report that this one does
        not have are removed.
    """
    figures = study_figures(frames, histories)
    origins = origins_of(frames, sections, runs)
    text = report_page(
        frames, sections, figures, origins=origins, provenance=provenance, warnings=warnings
    )
    write_text(out / PAGE, text)
    written = write_figures(figures, out / "figures")
    for path in (out / "figures").glob("*.p[dn][fg]"):
        if path not in written:
            path.unlink()
    return [out / PAGE, *written]
