"""All checks of the papers' arithmetic, in one list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pandas as pd

from reports.arithmetic import (
    averages,
    claims,
    class_shares,
    differences,
    pooled_groups,
    ratios,
    spreads,
)
from reports.arithmetic.finding import Finding
from reports.arithmetic.notes import sourced_notes
from reports.published.values import PublishedValue, published_records

#: columns of `findings_frame`, fields and properties of a `Finding`
COLUMNS = (
    "known", "source", "table", "place", "check", "verdict", "printed", "implied", "low", "high",
    "shown_by",
)  # fmt: skip
CHECKS: tuple[Callable[[Sequence[PublishedValue]], Iterator[Finding]], ...] = (
    ratios.group_ratios,
    ratios.repeated_values,
    averages.class_means,
    averages.pooled_accuracies,
    averages.ratios_of_means,
    differences.conditional_differences,
    differences.accuracy_differences,
    differences.relative_scores,
    class_shares.group_counts,
    class_shares.shares_of_one,
    class_shares.printed_shares,
    class_shares.training_sizes,
    pooled_groups.merged_ages,
    pooled_groups.marginal_shares,
    pooled_groups.equal_totals,
    pooled_groups.kept_images,
    pooled_groups.order_of_conditions,
    pooled_groups.significance_codes,
    spreads.possible_deviations,
    spreads.granularity,
    claims.better_for_groups,
    claims.bold_print,
    claims.best_emotions,
    claims.always_significant,
    claims.quoted_ratio,
)


def arithmetic_findings(records: Sequence[PublishedValue] | None = None) -> tuple[Finding, ...]:
    """What every check finds on the published values, then the remarks that are not computed.

    Args:
        records: other records than those of the project, for tests.
    """
    chosen = published_records() if records is None else records
    computed = (finding for check in CHECKS for finding in check(chosen))
    return (*computed, *sourced_notes())


def findings_frame(findings: Sequence[Finding]) -> pd.DataFrame:
    """The findings as a frame with `COLUMNS`; `low` and `high` are NaN without an interval."""
    rows = [[getattr(one, name) for name in COLUMNS] for one in findings]
    return pd.DataFrame(rows, columns=list(COLUMNS))
