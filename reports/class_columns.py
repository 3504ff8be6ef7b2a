"""Columns that several layouts of Rizvi et al. share: class accuracies, means by group, scores."""

from __future__ import annotations

from collections.abc import Mapping

from reports.specs import ColumnSpec, DatasetCard

Levels = Mapping[str, tuple[str, ...]]
Columns = tuple[ColumnSpec, ...]


def class_accuracies(dataset: DatasetCard) -> Columns:
    """The recall of every class over all samples, then their mean."""
    classes = (ColumnSpec(emotion, "tpr", emotion=emotion) for emotion in dataset.classes)
    return (*classes, ColumnSpec("Mean", "mca"))


def group_means(attributes: Levels) -> Columns:
    """The class-mean accuracy of every group, under the name of its attribute."""
    return tuple(
        ColumnSpec(group, "mca", attribute, group, span=attribute)
        for attribute, groups in attributes.items()
        for group in groups
    )


def summed_recall_scores(attributes: Levels) -> Columns:
    """Worst over best group of summed recalls for every attribute of two or more groups."""
    return tuple(
        ColumnSpec(attribute, "fs_mca", attribute, span="worst / best group")
        for attribute, groups in attributes.items()
        if len(groups) >= 2
    )
