"""Properties of all metrics over random confusion tensors, empty cells included."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reports.catalogue import metric_cards
from reports.convention import PAPER, STRICT
from reports.metrics import Counts
from tests.reports.frames import counts, scores

CASES = settings(max_examples=40, deadline=None, derandomize=True)
CARDS = metric_cards()
BETWEEN = [card for card in CARDS if "group" not in card.per]


TWO_TO_FOUR = st.integers(2, 4)


def tensors(groups=TWO_TO_FOUR, classes=TWO_TO_FOUR, high=14):
    """(G, K, K) counts; zero is likely, so empty strata and groups occur."""
    some = st.one_of(st.just(0), st.integers(0, high))
    return st.tuples(groups, classes).flatmap(
        lambda shape: hnp.arrays(np.int64, (shape[0], shape[1], shape[1]), elements=some)
    )


def same(one, other):
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-12, equal_nan=True)


@CASES
@given(tensors())
def test_values_lie_within_the_declared_limits_and_are_nan_exactly_where_a_reason_is(tensor):
    for convention in (PAPER, STRICT):
        for card in CARDS:
            found = card.compute(counts(tensor), convention)
            assert ((found.reason > 0) == np.isnan(found.value)).all(), card.key
            defined = found.value[found.reason == 0]
            assert ((defined >= card.limits[0]) & (defined <= card.limits[1])).all(), card.key
            assert (found.n[found.reason == 0] >= 1).all(), card.key


@CASES
@given(tensors(), st.randoms(use_true_random=False))
def test_relabelling_groups_leaves_comparisons_and_permutes_group_rates(tensor, random):
    order = list(range(len(tensor)))
    random.shuffle(order)
    for card in CARDS:
        one, other = card.compute(counts(tensor), PAPER), card.compute(counts(tensor[order]), PAPER)
        if card in BETWEEN:
            same(one.value, other.value)
        elif "pair" not in card.per:
            same(one.value[:, order], other.value)


@CASES
@given(tensors(), st.randoms(use_true_random=False))
def test_relabelling_classes_permutes_class_values_and_leaves_summaries(tensor, random):
    order = list(range(tensor.shape[1]))
    random.shuffle(order)
    relabelled = tensor[:, order][:, :, order]
    for card in CARDS:
        one, other = card.compute(counts(tensor), PAPER), card.compute(counts(relabelled), PAPER)
        per_class = one.emotions[0] == "c0"
        cut = len(order) if per_class else 0
        same(one.value[..., cut:], other.value[..., cut:])
        if per_class:
            same(one.value[..., order], other.value[..., :cut])


@CASES
@given(tensors())
def test_duplicating_all_samples_changes_no_value(tensor):
    for card in CARDS:
        if card.key in ("bgv", "bgv_tpr"):  # less noise is taken off
            continue
        one, two = card.compute(counts(tensor), PAPER), card.compute(counts(2 * tensor), PAPER)
        same(one.value, two.value)
        assert (two.n == 2 * one.n).all(), card.key


@CASES
@given(tensors(), st.integers(1, 9))
def test_samples_of_unknown_group_change_no_group_value(tensor, extra):
    unknown = np.full(tensor.shape[1:], extra)
    for card in CARDS:
        if card.key != "dto":  # its first part is overall accuracy, in which they count
            one, two = (
                card.compute(counts(tensor), PAPER),
                card.compute(counts(tensor, unknown), PAPER),
            )
            same(one.value, two.value)


@CASES
@given(tensors())
def test_an_empty_declared_level_changes_no_value(tensor):
    wider = np.concatenate([tensor, np.zeros_like(tensor[:1])])
    for card in BETWEEN:
        same(card.compute(counts(tensor), PAPER).value, card.compute(counts(wider), PAPER).value)


@CASES
@given(tensors())
def test_signed_difference_changes_its_sign_with_the_order_of_the_groups(tensor):
    pair = tensor[:2]
    one, other = scores("disc_signed", counts(pair)), scores("disc_signed", counts(pair[::-1]))
    same(one.value, -other.value)


@CASES
@given(tensors())
def test_disc_is_the_largest_absolute_signed_difference(tensor):
    signed = scores("disc_signed", counts(tensor)).value[0]
    wanted = np.where(np.isnan(signed), -np.inf, np.abs(signed)).max(0)
    found = scores("disc", counts(tensor)).value[0, 0, : tensor.shape[1]]
    same(np.where(np.isnan(found), -np.inf, found), wanted)


@CASES
@given(tensors())
def test_equalized_odds_are_never_below_the_gap_of_recalls_or_of_false_alarms(tensor):
    odds = scores("eod", counts(tensor)).value[0, 0, : tensor.shape[1]]
    opportunity = scores("eopd", counts(tensor)).value[0, 0, : tensor.shape[1]]
    alarms = scores("fpr_gap", counts(tensor)).value[0, 0, : tensor.shape[1]]
    both = ~np.isnan(odds)
    assert (odds[both] >= opportunity[both]).all()
    assert (odds[both] >= alarms[both]).all()


@CASES
@given(tensors(classes=st.just(2)))
def test_two_classes_have_equal_discrimination_and_odds(tensor):
    for key in ("disc", "eod"):
        found = scores(key, counts(tensor)).value[0, 0]
        same(found[0], found[1])


@CASES
@given(tensors(classes=st.just(2)))
def test_of_two_classes_the_recall_of_one_is_the_specificity_of_the_other(tensor):
    recall, alarms = (scores(key, counts(tensor)).value[0] for key in ("tpr", "fpr"))
    same(recall[:, 0], 1 - alarms[:, 1])
    same(recall[:, 1], 1 - alarms[:, 0])


@CASES
@given(tensors())
def test_total_variation_bounds_every_signed_difference_and_is_it_for_two_classes(tensor):
    signed = np.abs(scores("disc_signed", counts(tensor)).value[0]).max(-1)
    distance = scores("disc_tv_pair", counts(tensor)).value[0, :, 0]
    known = ~np.isnan(distance)
    assert (np.isnan(signed) == ~known).all()
    assert (distance[known] >= signed[known] - 1e-12).all()
    if tensor.shape[1] == 2:
        same(distance, signed)
        same(
            scores("disc_tv", counts(tensor)).value[0, 0],
            scores("disc", counts(tensor)).value[0, 0, :1],
        )


@CASES
@given(tensors())
def test_means_over_pairs_lie_between_nothing_and_the_largest_gap(tensor):
    for mean, largest in (
        ("eopd_pairs", "eopd"),
        ("eod_pairs", "eod"),
        ("disc_tv_mean", "disc_tv"),
    ):
        low, high = (scores(key, counts(tensor)).value for key in (mean, largest))
        assert (np.isnan(low) == np.isnan(high)).all()
        known = ~np.isnan(low)
        assert (low[known] <= high[known] + 1e-12).all() and (low[known] >= 0).all()


@CASES
@given(tensors())
def test_the_corrected_variance_grows_with_more_samples_of_the_same_rates(tensor):
    one, two = (scores("bgv", counts(factor * tensor)).value[0, 0, 0] for factor in (1, 2))
    if not np.isnan(one):
        assert two >= one - 1e-12 or (tensor.sum((-2, -1)) == 1).any()


def test_the_corrected_variance_averages_to_the_variance_of_the_true_rates():
    rng = np.random.default_rng(0)
    rates, sizes = np.array([0.9, 0.8, 0.6]), np.array([12, 30, 60])
    right = rng.binomial(sizes, rates, (20_000, 3))
    tensor = np.zeros((20_000, 3, 2, 2), dtype=np.int64)
    tensor[..., 0, 0], tensor[..., 0, 1] = right, sizes - right
    many = Counts(tensor, tensor.sum(1), ("a", "b", "c"), ("x", "y"), 0)

    values = scores("bgv", many).value[:, 0, 0]

    standard_error = values.std() / len(values) ** 0.5
    assert abs(values.mean() - rates.var(ddof=1)) < 4 * standard_error
    # Uncorrected it would be off by more than that.
    assert (rates * (1 - rates) / sizes).mean() > 20 * standard_error


@CASES
@given(tensors())
def test_quiet_counts_have_the_same_values_and_reasons(tensor):
    for card in CARDS:
        loud = card.compute(counts(tensor), STRICT)
        quiet = card.compute(dataclasses.replace(counts(tensor), quiet=True), STRICT)
        same(loud.value, quiet.value)
        assert (loud.reason == quiet.reason).all(), card.key
        assert not quiet.skips, card.key


@CASES
@given(tensors())
def test_the_fairness_score_is_one_exactly_where_the_gap_is_zero(tensor):
    ratio = scores("fs_acc", counts(tensor)).value[0, 0, 0]
    gap = scores("fs_gap", counts(tensor)).value[0, 0, 0]
    if not np.isnan(ratio):
        assert (ratio == 1.0) == (gap == 0.0)


@CASES
@given(tensors())
def test_the_perfect_predictor_has_no_gap_of_recall(tensor):
    right = np.zeros_like(tensor)
    diagonal = np.arange(tensor.shape[1])
    right[:, diagonal, diagonal] = tensor.sum(-1)
    for key, best in (
        ("fs_acc", 1.0),
        ("fs_tpr", 1.0),
        ("fs_mca", 1.0),
        ("eod", 0.0),
        ("wga_stratum", 1.0),
        ("dto", 0.0),
    ):
        found = scores(key, counts(right)).value
        assert (found[~np.isnan(found)] == best).all(), key


@CASES
@given(tensors())
def test_class_mean_fairness_is_the_ratio_of_class_means_when_all_classes_occur(tensor):
    full = tensor + np.eye(tensor.shape[1], dtype=np.int64)
    means = scores("mca", counts(full)).value[0, :, 0]
    same(scores("fs_mca", counts(full)).value[0, 0, 0], means.min() / means.max())


@CASES
@given(tensors())
def test_seeds_are_measured_independently(tensor):
    flipped = tensor[:, ::-1]
    one, two = counts(tensor), counts(flipped)
    both = Counts(
        np.concatenate([one.tensor, two.tensor]),
        np.concatenate([one.overall, two.overall]),
        one.groups,
        one.classes,
        0,
    )
    for card in CARDS:
        found = card.compute(both, STRICT)
        alone = [card.compute(part, STRICT) for part in (one, two)]
        same(found.value, np.concatenate([part.value for part in alone]))
        assert (found.n == np.concatenate([part.n for part in alone])).all(), card.key
        for seed, part in enumerate(alone):
            mine = {at[1:]: phrase for at, phrase in found.skips.items() if at[0] == seed}
            assert mine == {at[1:]: phrase for at, phrase in part.skips.items()}, card.key


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_every_metric_says_what_it_is(card):
    assert card.title and card.source and card.per
    assert card.limits[0] < card.limits[1]
