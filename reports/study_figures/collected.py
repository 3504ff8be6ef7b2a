"""Every figure of a study's report."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from reports.figures.captioned import CaptionedFigure, with_unique_keys
from reports.figures.style import styled
from reports.study import StudyFrames
from reports.study_figures.critical_difference import rank_figures
from reports.study_figures.group_bars import group_figures
from reports.study_figures.profiles import profile_figures
from reports.study_figures.recall_maps import recall_figures
from reports.study_figures.results import results_of
from reports.study_figures.seed_dots import seed_figures
from reports.study_figures.tradeoff import tradeoff_figures
from reports.study_figures.training import training_figures


def study_figures(
    frames: StudyFrames, histories: pd.DataFrame | None = None
) -> list[CaptionedFigure]:
    """The figures, data set by data set: trade-off, groups, recalls, seeds, profiles, training.

    Without `frames.statistics` there are no intervals, and captions say so. The critical-difference
    diagrams come last, where the data sets are enough.

    Args:
        frames: the study.
        histories: what training recorded, columns `reports.study_figures.training.HISTORY`; None
            for none.

    Raises:
        ReportError: the histories lack a column.
    """
    with styled():
        return list(with_unique_keys(_drawn(frames, histories)))


def _drawn(frames: StudyFrames, histories: pd.DataFrame | None) -> Iterator[CaptionedFigure]:
    studies = [results_of(frames, dataset) for dataset in frames.dataset_cards]
    studies = [results for results in studies if results.rows]
    for results in studies:
        yield from tradeoff_figures(results)
        yield from group_figures(results)
        yield from recall_figures(results)
        yield from seed_figures(results)
        yield from profile_figures(results)
        if histories is not None:
            yield from training_figures(results, histories)
    yield from rank_figures(studies)
