"""Figures of a study's report: trade-off, groups, recalls, seeds, ranks, profiles, training."""

from reports.study_figures.collected import study_figures

__all__ = ["study_figures"]
