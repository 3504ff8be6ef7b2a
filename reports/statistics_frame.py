"""The frame `statistics`: every number of a method over its seeds, with what is known about it."""

from __future__ import annotations

#: place of a number, as in `metrics.csv` without the seed
PLACE = (
    "dataset", "method", "variant", "select", "attribute", "group", "emotion", "metric",
)  # fmt: skip

#: columns of `statistics.csv`; fractions, NaN where undefined, `reason` says why
STATISTICS = (
    *PLACE,
    # mean of the defined seeds, how many these are, smallest denominator, deviation over seeds
    "mean", "seeds", "n", "sd",
    # sampling error of the test set, of seeds and test set together, and the 95 % interval:
    # `interval` is t (metrics.md 7 and decisions 23), simultaneous (6.5), bootstrap (6.6) or none
    "se_test", "se", "low", "high", "interval",
    # what a perfectly fair classifier would show (6.3): mean and 95 % range, excess over the mean,
    # one-sided p, p corrected within the table's family
    "null", "floor_mean", "floor_low", "floor_high", "excess", "floor_p", "floor_p_holm",
    # against the baseline method on the same data set and rule, seeds and samples paired (8.1):
    # difference, its interval, p of the test over seeds and samples, of the paired exchange,
    # corrected p
    "baseline", "difference", "difference_low", "difference_high", "difference_p", "exchange_p",
    "difference_p_holm",
    # over seeds only: t test, Wilcoxon's signed-rank test, smallest p that so many seeds reach with
    # it, Cliff's delta, Brown-Forsythe test of equal spread
    "seed_t_p", "signed_rank_p", "smallest_p", "cliffs_delta", "spread_p",
    # over test samples only, accuracies: McNemar's exact test of each seed, most of them together
    "mcnemar_p",
    # among the methods that compete: the best one, p of the difference to it, p corrected over all
    # pairs of them; see `reports/best.py`
    "best", "best_p", "best_p_holm",
    "reason",
)  # fmt: skip

#: columns of words, empty where they do not apply
TEXTS = (*PLACE, "interval", "null", "baseline", "best", "reason")
