"""Groups of an attribute as figures show them: one look each, and how many of each there are."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from reports.audit.result import AuditResult
from reports.audit.tabulation import ALL
from reports.figures.style import GroupStyle, group_styles

#: data set -> group -> images (or votes) in all
Sizes = dict[str, dict[str, int]]


def looks_of(result: AuditResult, attribute: str) -> dict[str, GroupStyle]:
    """Group -> look, the same in every figure of the attribute."""
    names: dict[str, None] = {}
    for frame in (result["proportions"], result["curves"]):
        names |= dict.fromkeys(frame.loc[frame["attribute"] == attribute, "group"].astype(str))
    return dict(zip(names, group_styles(len(names)), strict=True))


def group_sizes(frame: pd.DataFrame, datasets: Sequence[str]) -> Sizes:
    """Sizes of the groups of these data sets, from the rows for the whole data set.

    Args:
        frame: rows of `proportions` for one label and attribute.
        datasets: those wanted; one without such rows is left out.
    """
    whole = frame[(frame["family"] == ALL) & frame["dataset"].isin(list(datasets))]
    sizes: Sizes = {}
    for dataset, group, n in zip(whole["dataset"], whole["group"], whole["n"], strict=True):
        sizes.setdefault(str(dataset), {})[str(group)] = int(n)
    return sizes


def legend_texts(groups: Sequence[str], datasets: Sequence[str], sizes: Sizes) -> list[str]:
    """Names of the groups, with their sizes where the figure is of one data set."""
    known = sizes.get(datasets[0], {}) if len(datasets) == 1 else {}
    return [f"{group} (n = {known[group]:,})" if group in known else group for group in groups]


def sizes_text(groups: Sequence[str], sizes: dict[str, int]) -> list[str]:
    """The sizes of one data set in the order of the legend, a dash for a group that it lacks."""
    if not sizes:
        return []
    numbers = [f"{sizes[group]:,}" if group in sizes else "\u2013" for group in groups]
    return [f"n = {numbers[0]}", *numbers[1:]]
