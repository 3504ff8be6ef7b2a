"""Metrics of counts against scikit-learn and Fairlearn on random predictions, empty cells included.

Fairlearn calls a rate without a denominator 0 and knows two classes; it is asked about one class
against the rest, in groups in which the rates exist. Its frames are slow: one serves all metrics of
a case, and its functions of single metrics are asked now and then.
"""

import warnings

import numpy as np
import pytest
from fairlearn.metrics import (
    MetricFrame,
    demographic_parity_difference,
    demographic_parity_ratio,
    equal_opportunity_difference,
    equal_opportunity_ratio,
    equalized_odds_difference,
    equalized_odds_ratio,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, recall_score

from reports.metrics.performance import mean_recall
from tests.reports.frames import scores, value
from tests.reports.metrics.cases import CASES, codes, counts_of

SIZES = [(2, 2), (3, 4), (7, 3)]
RATES = {
    "sr": selection_rate,
    "tpr": true_positive_rate,
    "fpr": false_positive_rate,
    "fnr": false_negative_rate,
}


def test_performance_of_a_group_equals_scikit_learn():
    for seed in range(CASES):
        num_classes, num_groups = SIZES[seed % 3]
        y, p, g = codes(seed, num_classes, num_groups)
        counts = counts_of(y, p, g, num_classes, num_groups)
        of = g == (k := g[0])
        own, decided, code = y[of], p[of], f"g{k}"
        found = {key: value(key, counts, group=code) for key in ("acc", "mca", "wf1")}
        recall = dict(labels=range(num_classes), average="macro", zero_division=0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wanted = {
                "acc": accuracy_score(own, decided),
                "mca": balanced_accuracy_score(own, decided),
                "wf1": f1_score(own, decided, average="weighted", zero_division=0),
            }
        assert found == pytest.approx(wanted, abs=1e-12)
        macro = recall_score(own, decided, **recall)
        assert mean_recall(counts, "zero")[0, k] == pytest.approx(macro, abs=1e-12)


def one_against_the_rest():
    """200 cases in which at least two groups have both positives and negatives of a class.

    Yields the class's name, our counts and Fairlearn's arguments.
    """
    found = seed = 0
    while found < CASES:
        num_classes, num_groups = SIZES[seed % 3]
        y, p, g = codes(seed, num_classes, num_groups)
        c, seed = seed % num_classes, seed + 1
        both = [0 < (y[g == k] == c).sum() < (g == k).sum() for k in range(num_groups)]
        keep = np.array(both)[g]
        if sum(both) >= 2:
            found += 1
            of = dict(y_true=y[keep] == c, y_pred=p[keep] == c, sensitive_features=g[keep])
            counts = counts_of(y[keep], p[keep], g[keep], num_classes, num_groups)
            yield f"c{c}", counts, of


def test_gaps_ratios_and_rates_of_a_class_against_the_rest_equal_fairlearns_frame():
    for name, counts, of in one_against_the_rest():
        frame = MetricFrame(metrics=RATES, **of)
        gap, ratio = frame.difference(), frame.ratio()
        wanted = {
            "disc": gap["sr"], "dpd": gap["sr"], "dpr": ratio["sr"],
            "eopd": gap["tpr"], "eopr": ratio["tpr"], "fs_tpr": ratio["tpr"],
            "fpr_gap": gap["fpr"], "fnr_gap": gap["fnr"],
            "eod": max(gap["tpr"], gap["fpr"]), "eod_average": (gap["tpr"] + gap["fpr"]) / 2,
        }  # fmt: skip
        if not ratio[["tpr", "fpr"]].isna().any():
            wanted["eor"] = min(ratio["tpr"], ratio["fpr"])
        found = {key: value(key, counts, name) for key in wanted}
        assert found == pytest.approx(wanted, abs=1e-12, nan_ok=True)
        for group, rates in frame.by_group.iterrows():
            found = [value(key, counts, name, f"g{group}") for key in ("sr", "tpr", "fpr", "fnr")]
            assert found == pytest.approx(rates.tolist(), abs=1e-12)


def test_parity_and_odds_equal_fairlearns_functions():
    for index, (name, counts, of) in enumerate(one_against_the_rest()):
        if index % 10:
            continue
        for key, oracle in (
            ("disc", demographic_parity_difference), ("dpr", demographic_parity_ratio),
            ("eopd", equal_opportunity_difference), ("eopr", equal_opportunity_ratio),
            ("eod", equalized_odds_difference),
        ):  # fmt: skip
            found = value(key, counts, name)
            assert found == pytest.approx(oracle(**of), abs=1e-12, nan_ok=True), key
        average = equalized_odds_difference(**of, agg="mean")
        assert value("eod_average", counts, name) == pytest.approx(average, abs=1e-12)
        # Where no group has a false alarm, Fairlearn's ratio is that of the recalls alone.
        if not np.isnan(value("eor", counts, name)):
            wanted = equalized_odds_ratio(**of)
            assert value("eor", counts, name) == pytest.approx(wanted, abs=1e-12)


def test_ratios_and_gaps_of_group_accuracies_equal_fairlearns_frame():
    for seed in range(CASES):
        num_classes, num_groups = SIZES[seed % 3]
        y, p, g = codes(seed, num_classes, num_groups)
        if len(np.unique(g)) < 2:
            continue
        counts = counts_of(y, p, g, num_classes, num_groups)
        frame = MetricFrame(metrics=accuracy_score, y_true=y, y_pred=p, sensitive_features=g)
        found = [value(key, counts) for key in ("fs_acc", "fs_gap", "wga_attr")]
        wanted = [frame.ratio(), frame.difference(), frame.group_min()]
        assert found == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_means_over_pairs_equal_a_loop_over_the_pairs():
    for seed in range(CASES):
        y, p, g = codes(seed, 3, 5)
        counts = counts_of(y, p, g, 3, 5)
        for key, rates in (("eopd_pairs", "tpr"), ("disc_tv_mean", "sr")):
            of = scores(rates, counts).value[0]
            found = scores(key, counts).value[0, 0]
            if key == "disc_tv_mean":
                every = [np.abs(of[a] - of[b]).sum() / 2 for a in range(5) for b in range(a)]
                wanted = [np.mean([d for d in every if not np.isnan(d)])]
            else:
                gaps = [[abs(of[a, c] - of[b, c]) for a in range(5) for b in range(a)]
                        for c in range(3)]  # fmt: skip
                kept = [[d for d in own if not np.isnan(d)] for own in gaps]
                wanted = [np.mean(own) if own else np.nan for own in kept]
            assert found[: len(wanted)] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_the_variance_between_groups_is_that_of_a_slow_loop():
    for seed in range(CASES):
        y, p, g = codes(seed, 3, 4)
        counts = counts_of(y, p, g, 3, 4)
        right = [(y == p)[g == k] for k in range(4) if (g == k).sum() >= 2]
        if len(right) < 2:
            assert np.isnan(value("bgv", counts))
            continue
        # numpy's unbiased variance of n samples, over n, is m (1 - m) / (n - 1)
        noise = np.mean([own.var(ddof=1) / len(own) for own in right])
        wanted = np.var([own.mean() for own in right], ddof=1) - noise
        assert value("bgv", counts) == pytest.approx(wanted, abs=1e-12)
