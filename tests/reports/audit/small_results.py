"""Audit results from counts written by hand; p-values straight from SciPy, not from the suite."""

import itertools
import math

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, fisher_exact

from reports.audit.result import AuditResult, empty_frames, frame_of
from reports.convention import STRICT
from reports.rounding import rounded

NASTY = r"50% of_a & b #1 {x} $y$ ~z^ \w <t> |p| [q] *s* `u` -- 'v' \"r\""


def result_of(counts, convention=STRICT, **fields):
    """A result whose conditional frames follow from counts.

    Args:
        counts: (data set, label, attribute) -> condition -> group -> (n, n labelled). The whole
            data set is the condition `all`; where it is missing, it is the sum of the others.
        convention: decides which tests are printed.
        fields: notes, limits, settings.
    """
    frames = empty_frames()
    rows = {"proportions": [], "pairs": [], "tests": [], "cells": []}
    for (dataset, label, attribute), conditions in counts.items():
        place = {"dataset": dataset, "label": label, "attribute": attribute}
        for condition, groups in with_total(conditions).items():
            family = ",".join(part.partition("=")[0] for part in condition.split(","))
            here = place | {"family": family, "condition": condition}
            rows["proportions"] += shares(here, groups)
            rows["pairs"] += differences(here, groups)
            test, cell = tested(here, groups, convention)
            rows["tests"].append(test)
            if condition != "all" or set(conditions) == {"all"}:
                rows["cells"].append(cell)
    correct(rows["cells"])
    frames |= {name: frame_of(name, own) for name, own in rows.items()}
    return AuditResult(frames, **fields)


def with_rows(result, **rows):
    """The result with these rows added to its frames."""
    frames = dict(result.frames)
    for name, own in rows.items():
        both = [*result[name].to_dict("records"), *own]
        frames[name] = frame_of(name, both)
    return AuditResult(frames, result.notes, result.limits, result.settings)


def with_total(conditions):
    if "all" in conditions:
        return conditions
    total = {}
    for groups in conditions.values():
        for group, (n, labelled) in groups.items():
            before = total.get(group, (0, 0))
            total[group] = (before[0] + n, before[1] + labelled)
    return {**conditions, "all": total}


def shares(here, groups):
    for group, (n, labelled) in groups.items():
        share = labelled / n if n else math.nan
        error = math.sqrt(share * (1 - share) / n) if n else math.nan
        yield here | {
            "group": group, "n": n, "n_labelled": labelled, "proportion": share,
            "standard_error": error, "low": share - error, "high": share + error,
            "residual": 2.5 if labelled else math.nan, "counted": "image",
        }  # fmt: skip


def differences(here, groups):
    for (a, (n_a, x_a)), (b, (n_b, x_b)) in itertools.combinations(groups.items(), 2):
        value = x_a / n_a - x_b / n_b if n_a and n_b else math.nan
        yield here | {
            "group_a": a, "group_b": b, "difference": value, "difference_low": value - 0.1,
            "difference_high": value + 0.1, "n": n_a + n_b, "reason": "",
        }  # fmt: skip


def tested(here, groups, convention):
    table = np.array([[n - x, x] for n, x in groups.values() if n])
    test = here | {"test": "chi2", "n": int(table.sum()), "reason": ""}
    cell = here | {"test": "chi2", "p": math.nan, "effect": 0.123, "reason": ""}
    if len(table) < 2 or not table.sum(axis=0).all():
        cell["reason"] = "nobody or everybody has the label"
        return test, cell
    found = chi2_contingency(table, correction=False)
    test |= {
        "statistic": found.statistic,
        "p": found.pvalue,
        "min_expected": found.expected_freq.min(),
    }
    cell["p"] = found.pvalue
    if found.expected_freq.min() < 5:
        cell |= {"p": math.nan, "reason": "an expected count below 5"}
        if convention.exact and len(table) == 2:
            cell |= {"test": "exact", "p": fisher_exact(table).pvalue, "reason": "Fisher"}
    return test, cell


def correct(cells):
    """Holm's correction within each label and attribute, by its definition."""
    for cell in cells:
        own = [
            other["p"] for other in cells
            if (other["label"], other["attribute"]) == (cell["label"], cell["attribute"])
            and not math.isnan(other["p"])
        ]  # fmt: skip
        steps = [
            min(1.0, p * (len(own) - rank)) for rank, p in enumerate(sorted(own)) if p <= cell["p"]
        ]
        cell["p_holm"] = max(steps) if steps else math.nan


def counts_of_auc_fer(folder):
    """The published counts as `result_of` takes them, with race3 as the paper tests it."""
    table = pd.read_csv(folder / "auc_fer_counts" / "counts.csv")
    counts = {}
    for row in table.itertuples():
        counted = (int(row.n), int(row.n_labelled))
        for attribute in ("race", "race3") if row.attribute == "race" else (row.attribute,):
            if attribute == "race3" and row.group not in ("Asian", "Black", "White"):
                continue
            key = (row.dataset, row.label, attribute)
            counts.setdefault(key, {}).setdefault(row.au, {})[row.group] = counted
    for conditions in counts.values():
        if any("," not in condition for condition in conditions):
            pair = [own for name, own in conditions.items() if name.startswith("AU04")]
            conditions["all"] = {
                group: tuple(map(sum, zip(*(own[group] for own in pair), strict=True)))
                for group in pair[0]
            }
    return counts


def three_decimals(value):
    return rounded(value, 3)
