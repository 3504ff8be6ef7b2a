"""The noise floor: arithmetic, validity of its p, growth with the groups."""

import numpy as np
import pytest
from scipy.stats import kstest

from reports.convention import PAPER
from reports.metrics.counts import confusion_tensor
from reports.replicates.floor import floor_of
from reports.replicates.permuted import permuted_tensors
from reports.replicates.published import published_floor
from reports.replicates.values import replicate_values, seed_mean, values_of_chunks
from tests.reports.replicates.samples import CARDS

KEYS = ("fs_acc", "eopd", "disc")


def test_floor_p_is_the_share_of_replicates_at_least_as_unfair_with_the_observed_one():
    replicated = np.array([0.5, 0.6, 0.7, 0.8])
    # Scores: 0.5 and 0.6 are at most 0.6, so (1 + 2) / (4 + 1). Gaps: 0.6, 0.7 and 0.8 are at
    # least 0.6, so (1 + 3) / 5.
    assert floor_of(np.array(0.6), replicated, "higher").p == pytest.approx(0.6)
    assert floor_of(np.array(0.6), replicated, "lower").p == pytest.approx(0.8)


def test_floor_p_of_a_signed_score_is_two_sided():
    replicated = np.array([-0.3, -0.1, 0.1, 0.2])
    # |-0.3| and |0.2| are at least |-0.2|: (1 + 2) / 5.
    assert floor_of(np.array(-0.2), replicated, "zero").p == pytest.approx(0.6)


def test_floor_mean_range_and_excess_follow_from_the_replicates():
    replicated = np.linspace(0, 1, 41)
    floor = floor_of(np.array(0.75), replicated, "higher")
    # 2.5 % of 40 steps of 0.025 is the first step.
    assert floor.mean == pytest.approx(0.5)
    assert (floor.low, floor.high) == (pytest.approx(0.025), pytest.approx(0.975))
    assert floor.excess == pytest.approx(0.25)


def test_undefined_replicates_are_left_out_and_counted():
    replicated = np.array([[0.5, np.nan], [np.nan, np.nan], [0.7, np.nan]])
    floor = floor_of(np.array([0.5, 0.5]), replicated, "higher")
    np.testing.assert_array_equal(floor.draws, [2, 0])
    # (1 + 1) / (2 + 1) over the two defined ones
    np.testing.assert_allclose(floor.p, [2 / 3, np.nan])
    np.testing.assert_allclose(floor.mean, [0.6, np.nan])


def test_an_undefined_score_has_no_p_and_no_excess():
    floor = floor_of(np.array(np.nan), np.array([0.5, 0.7]), "higher")
    assert np.isnan([floor.p, floor.excess]).all()


def fair_classifier(generator, seeds=3):
    """Group and class are associated, correctness and group are not, runs err alike."""
    groups = np.repeat([0, 1, 2], [60, 25, 15])
    labels = (generator.random(100) < np.array([0.7, 0.4, 0.5])[groups]).astype(int)
    hard = generator.random(100) < 0.4
    wrong = hard & (generator.random((seeds, 100)) < 0.7)
    return labels, np.where(wrong, 1 - labels, labels), groups


def p_of_one_study(generator, key, null):
    labels, decided, groups = fair_classifier(generator)
    if null == "dp":
        # Parity is fair when the prediction ignores the group: deal the groups at random.
        groups = generator.permutation(groups)
    names = {"groups": ("a", "b", "c"), "classes": ("x", "y"), "convention": PAPER}
    shape = {"num_groups": 3, "num_classes": 2}
    chunks = permuted_tensors(
        labels, decided, groups, null=null, draws=79, generator=generator, **shape
    )
    values = values_of_chunks([CARDS[key]], chunks, seed_averaged=True, **names)[key]
    own = confusion_tensor(labels, decided, groups, **shape)[None]
    seen = seed_mean(replicate_values(CARDS[key], own, **names))[0]
    return floor_of(seen, values, CARDS[key].direction).p[0, 0]


@pytest.mark.parametrize("key", KEYS)
def test_floor_p_of_fair_classifiers_is_uniform(key):
    generator = np.random.default_rng(5)
    p = np.array([p_of_one_study(generator, key, CARDS[key].null) for _ in range(500)])
    # p takes the values 1/80 ... 80/80, and more than its level where scores tie: spread evenly
    # below each value it is uniform.
    spread = p - generator.random(500) / 80
    assert kstest(spread, "uniform").pvalue > 0.001


def test_the_floor_rises_to_1_as_groups_grow():
    generator = np.random.default_rng(0)
    means = [
        float(published_floor([n, n // 4], 0.8, draws=2_000, generator=generator).mean)
        for n in (40, 400, 4_000, 400_000)
    ]
    assert means == sorted(means)
    assert means[-1] > 0.998


def test_every_comparison_between_groups_names_its_null_and_no_rate_does():
    for card in CARDS.values():
        rate = card.overall or card.key == "dto"
        assert not (rate and card.null), card.key
    assert {key: CARDS[key].null for key in ("fs_acc", "fs_tpr", "eod", "wga_stratum", "disc")} == {
        "fs_acc": "tpr", "fs_tpr": "tpr", "eod": "tpr", "wga_stratum": "tpr", "disc": "dp",
    }  # fmt: skip
