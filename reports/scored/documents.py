"""The report of scored predictions: tables, metrics, figures and page."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from reports.convention import Convention
from reports.predictions import PredictionSet
from reports.report import FORMATS, tables_of, write_report
from reports.runs import runs_of
from reports.study import StudyFrames
from reports.study_documents import write_study_documents


def write_scored(
    frames: StudyFrames,
    sets: Sequence[PredictionSet],
    out: Path,
    convention: Convention,
    *,
    formats: Sequence[str] = FORMATS,
    layouts: Sequence[str] | None = None,
    warnings: Sequence[str] = (),
) -> list[Path]:
    """Write what `report` writes of a study; the files written.

    Args:
        frames: as `scored_frames` makes them.
        sets: the predictions, for the origin of each number on the page.
        out: folder of the report.
        convention: as of the frames.
        formats: any of `reports.report.FORMATS`.
        layouts: keys of the tables wanted, None for all.
        warnings: sentences for the top of the page.

    Raises:
        ReportError: a format or layout is unknown.
    """
    written = write_report(frames, out, formats, layouts, convention)
    if "html" in formats:
        packages = {name: version(name) for name in ("numpy", "pandas", "scipy")}
        written += write_study_documents(
            frames, tables_of(frames, layouts, convention), out, runs=runs_of(sets),
            histories=None, provenance={"python": platform.python_version(), **packages},
            warnings=warnings,
        )  # fmt: skip
    return written
