"""Discrimination within strata: by hand, by a slow loop, and where plain figures mislead."""

import numpy as np
import pytest

from reports.convention import PAPER, STRICT
from reports.measure import measure
from tests.reports.frames import value
from tests.reports.metrics.cases import (
    CASES,
    codes,
    counts_of,
    prediction_set,
    sample_reason,
    sample_scores,
    sample_value,
)


def stratified(predicted, groups, strata, **more):
    options = {"num_classes": 2, "num_groups": 2} | more
    labels = np.zeros(len(predicted), int)
    return prediction_set(
        labels, None, groups, predicted=predicted,
        strata=None if strata is None else np.asarray(strata), **options,
    )  # fmt: skip


# Stratum 0: g0 1 of 2, g1 1 of 4 called c1; stratum 1: g0 3 of 3, g1 0 of 1; stratum 2: g0 alone.
PREDICTED = [1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1]
GROUPS = [0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0]
STRATA = [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
HAND = stratified(PREDICTED, GROUPS, STRATA)


def test_differences_within_strata_are_weighed_as_by_mantel_and_haenszel():
    # Differences .25 and 1 with weights 2 * 4 / 6 and 3 * 1 / 4.
    wanted = (0.25 * 4 / 3 + 1 * 3 / 4) / (4 / 3 + 3 / 4)
    found = sample_scores("cdisc_signed", HAND)
    assert found.value[0, 0].tolist() == pytest.approx([-wanted, wanted])
    assert found.items[found.worst[0, 0, 1]] == "g1"
    # Of 7 and 5 samples 5 and 5 lie in strata with both.
    assert found.n[0, 0, 1] == 5
    assert sample_value("cdisc_share", HAND) == pytest.approx(10 / 12)
    assert sample_scores("cdisc", HAND).value[0, 0].tolist() == pytest.approx([wanted] * 4)


def test_a_difference_that_lies_between_the_strata_is_none_within_them():
    # Both groups: 1 of 4 in stratum 0, 3 of 4 in stratum 1, but g0 has more of stratum 1.
    cells = [(0, 0, 1, 4), (0, 1, 6, 8), (1, 0, 2, 8), (1, 1, 3, 4)]
    rows = [(int(i < hits), k, h) for k, h, hits, n in cells for i in range(n)]
    one = stratified(*zip(*rows, strict=True))
    assert value("disc", counts_of(one.labels, one.predicted, one.attributes[:, 0], 2, 2), "c1") > 0
    assert sample_value("cdisc", one) == pytest.approx(0.0, abs=1e-12)


def test_groups_that_are_balanced_in_every_stratum_have_the_plain_discrimination():
    for seed in range(30):
        _, p, _ = codes(seed, 3, 2)
        p = p[: len(p) // 2 * 2]
        groups, strata = np.arange(len(p)) % 2, np.arange(len(p)) // 2 % 3
        one = stratified(p, groups, strata, num_classes=3)
        counts = counts_of(one.labels, p, groups, 3, 2)
        found = sample_scores("cdisc", one).value[0, 0]
        plain = [value("disc", counts, name) for name in ("c0", "c1", "c2", "max", "mean")]
        assert found.tolist() == pytest.approx(plain, abs=1e-12)


def test_it_equals_a_slow_loop_over_strata_and_pairs():
    for seed in range(CASES):
        h, p, g = codes(seed, 3, 3)
        one = stratified(p, g, h - 1, num_classes=3, num_groups=3)  # stratum -1 is unknown
        found = sample_scores("cdisc_signed", one).value[0]
        for pair, (a, b) in enumerate([(0, 1), (0, 2), (1, 2)]):
            total = weights = 0.0
            for stratum in (0, 1):
                of = [p[(h - 1 == stratum) & (g == k)] for k in (a, b)]
                if len(of[0]) and len(of[1]):
                    weight = len(of[0]) * len(of[1]) / (len(of[0]) + len(of[1]))
                    total += weight * (np.mean(of[0] == 1) - np.mean(of[1] == 1))
                    weights += weight
            wanted = total / weights if weights else np.nan
            assert found[pair, 1] == pytest.approx(wanted, abs=1e-12, nan_ok=True)


def test_decisions_drawn_at_random_count_by_their_probabilities():
    certain = np.eye(2)[PREDICTED]
    drawn = stratified(PREDICTED, GROUPS, STRATA, decisions=certain)
    assert sample_value("cdisc", drawn) == pytest.approx(sample_value("cdisc", HAND))
    even = stratified(PREDICTED, GROUPS, STRATA, decisions=np.full((12, 2), 0.5))
    assert sample_value("cdisc", even) == 0.0


def test_what_cannot_be_compared_says_why():
    assert sample_reason("cdisc", stratified([1, 0], [0, 1], None)) == "no_strata"
    apart = stratified([1, 0], [0, 1], [0, 1])
    assert sample_reason("cdisc", apart) == "no_shared_stratum"
    assert sample_reason("cdisc_signed", apart) == "no_shared_stratum"
    assert sample_value("cdisc_share", apart) == 0.0
    alone = stratified([1, 0], [0, 0], [0, 0])
    assert sample_reason("cdisc", alone) == "fewer_than_two_groups"
    assert sample_reason("cdisc_signed", alone) == "empty_group"
    assert sample_reason("cdisc_share", alone) == "empty_group"
    assert sample_reason("cdisc_signed", HAND, convention=STRICT) == "insufficient"


def test_pairs_that_cannot_be_compared_are_named():
    one = stratified(
        [*PREDICTED, 1], [*GROUPS, 2], [*STRATA, 9], num_groups=3
    )  # g2 shares no stratum
    found = sample_scores("cdisc", one)
    assert found.value[0, 0, 1] == pytest.approx(sample_value("cdisc", HAND))
    assert found.skips[0, 0, 1] == "skipped: g0:g2; g1:g2"


def test_signed_rows_are_written_only_where_strata_are_given():
    without = set(measure(stratified([1, 0], [0, 1], None), PAPER)["metric"])
    assert "cdisc" in without and "cdisc_signed" not in without
    assert {"cdisc_signed", "cdisc_share"} <= set(measure(HAND, PAPER)["metric"])
