"""What stands below a figure: what is drawn, of how many, which test, which convention."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from reports.audit.result import AuditResult
from reports.convention import Convention

_TESTS = {
    "chi2": "the chi-square test of independence (no continuity correction)",
    "exact": "an exact test (\u2020)",
    "cluster_wald": "a cluster-robust Wald test",
    "cluster_permutation": "a permutation test of whole clusters",
}
_FEW = 6


def corrected_column(convention: Convention) -> str:
    """The p that marks refer to: as in the paper the raw one, else the one corrected after Holm."""
    return "p" if convention.name == "paper" else "p_holm"


def mark_of(p: float, test: str) -> str:
    """Significance code of the paper from .05 on; a dash for no test, nothing for p > .05."""
    if p != p:
        return "\u2013"
    for limit, code in ((0.001, "***"), (0.01, "**"), (0.05, "*")):
        if p <= limit:
            return code + ("\u2020" if test == "exact" else "")
    return ""


def bar_title(label: str, attribute: str, name: str) -> str:
    """One line for the figure of a family of conditions."""
    given = {"marginal": "each action unit", "all": ""}.get(name, name.replace(",", ", "))
    return f"P({label}) by {attribute}" + (f" given {given}" if given else "")


def bar_caption(
    rows: pd.DataFrame,
    cells: pd.DataFrame,
    result: AuditResult,
    convention: Convention,
    *,
    one_axis: bool,
    in_legend: bool,
) -> str:
    """Sentences for bars.

    Args:
        rows: of `proportions` that are drawn.
        cells: of `cells` that marks are drawn for.
        result: whose settings say what was corrected together.
        convention: of the error bars and marks.
        one_axis: whether the axis of proportions is the same in all panels.
        in_legend: whether group sizes stand in the legend, not above the panels.
    """
    label, attribute = rows["label"].iloc[0], rows["attribute"].iloc[0]
    counted = f"{rows['counted'].iloc[0]}s"
    named = f"labelled {label}" if counted == "images" else f"for {label}"
    sentences = [
        f"Share of {counted} {named} in each group of {attribute}, among those that show the same "
        "facial movement (0 absent, 1 present, where units are action units); at the right all "
        f"{counted} together.",
        _error_bars(rows, convention),
        _sizes(rows, counted, in_legend=in_legend),
        _marks(cells, result, convention, beside_all=rows["family"].nunique() > 1),
    ]
    if (rows["n"] == 0).any():
        sentences.append(f"n = 0: the group has no {counted} of this condition.")
    if not one_axis:
        sentences.append("The axes of proportions differ between panels.")
    sentences.append(f"Convention: {convention.name}.")
    return " ".join(filter(None, sentences))


def _error_bars(rows: pd.DataFrame, convention: Convention) -> str:
    drawn = rows[rows["low"].notna()]
    of_clusters = drawn["standard_error"].isna()
    plain = "95 % intervals (Wilson)"
    if convention.error_bar == "standard_error":
        plain = "one binomial standard error on each side"
    clustered = "95 % intervals that allow for several votes on an image or images of a person"
    if not of_clusters.any():
        return f"Error bars: {plain}."
    if of_clusters.all():
        return f"Error bars: {clustered}."
    names = ", ".join(dict.fromkeys(drawn.loc[of_clusters, "dataset"].astype(str)))
    return f"Error bars: {plain}; of {names} {clustered}."


def _sizes(rows: pd.DataFrame, counted: str, *, in_legend: bool) -> str:
    whole = rows.loc[rows["family"] == "all", "n"]
    if whole.empty:
        return ""
    datasets = rows["dataset"].nunique()
    sets = f" in {datasets} data sets" if datasets > 1 else ""
    where = "in the legend" if in_legend else "above each panel in the order of the legend"
    return f"{int(whole.sum()):,} {counted}{sets}; group sizes stand {where}."


def _marks(
    cells: pd.DataFrame, result: AuditResult, convention: Convention, *, beside_all: bool
) -> str:
    if cells.empty:
        return ""
    tests = [_TESTS.get(str(name), str(name)) for name in dict.fromkeys(cells["test"])]
    over = (
        "of the call" if result.settings.get("family") == "call" else "of this label and attribute"
    )
    corrected = (
        "uncorrected"
        if convention.name == "paper"
        else f"corrected after Holm over all tests {over}"
    )
    sentence = (
        f"Marks above a condition: *** p \u2264 .001, ** p \u2264 .01, * p \u2264 .05 of "
        f"{' or '.join(tests)}, p {corrected}; no mark: p > .05"
    )
    if cells[corrected_column(convention)].isna().any():
        sentence += "; \u2013: not tested"
    return sentence + (". All together bear no mark." if beside_all else ".")


def curve_caption(label: str, attribute: str, sizes: str, missing: Sequence[str]) -> str:
    """Sentences for curves; `missing` names what has no curve."""
    sentences = [
        f"Fitted P({label}) against the intensity of one action unit at a time: a logistic "
        f"regression within each group of {attribute}, drawn over the intensities that occur in "
        "the group, in the unit of the input. Bands: pointwise 95 % intervals. No test is made of "
        "these curves: the groups may differ in other units.",
        sizes,
    ]
    if missing:
        more = f" and {len(missing) - _FEW} more" if len(missing) > _FEW else ""
        sentences.append(f"No curve could be fitted for {'; '.join(missing[:_FEW])}{more}.")
    return " ".join(filter(None, sentences))
