"""Properties of every metric of samples, on random prediction sets that have all it may need."""

import dataclasses

import numpy as np
import pytest

from reports.catalogue import sample_metric_cards
from reports.convention import PAPER, STRICT
from reports.measure import grouped, measure
from reports.metrics.thresholded import by_cross_fit
from reports.predictions import ValidationPart
from tests.reports.metrics.cases import random_set

CARDS = sample_metric_cards()
SEEDS = range(12)


def complete(seed, num_classes=2, size=60):
    """A set with validation part, training counts and strata; group g2 may be tiny."""
    rng = np.random.default_rng([9, seed])
    one, other = random_set(seed, num_classes, size=size), random_set(seed + 1000, num_classes)
    return dataclasses.replace(
        one,
        validation=ValidationPart(other.labels, other.attributes, other.probabilities),
        train_counts={"g": rng.poisson(3, (num_classes, 3))},
        strata=rng.integers(-1, 4, size),
    )


def values(card, one, convention=PAPER):
    return card.compute(grouped(one, "g"), convention).value


def taken(one, order):
    """The samples in another order, or some of them several times."""
    rows = {
        name: getattr(one, name)[order]
        for name in ("labels", "predicted", "attributes", "probabilities", "strata")
    }
    return dataclasses.replace(one, **rows)


def with_groups(one, codes):
    return dataclasses.replace(one, attributes=codes[:, None])


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_values_lie_within_the_limits_and_are_nan_exactly_where_a_reason_is(card):
    for seed in SEEDS:
        for convention in (PAPER, STRICT):
            found = card.compute(grouped(complete(seed), "g"), convention)
            shape = (1, len(found.groups), len(found.emotions))
            assert found.value.shape == found.n.shape == found.reason.shape == shape
            assert ((found.reason > 0) == np.isnan(found.value)).all()
            defined = found.value[found.reason == 0]
            low, high = card.limits
            assert ((defined >= low - 1e-12) & (defined <= high + 1e-12)).all()
            assert (found.n[found.reason == 0] >= 1).all()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_the_order_of_the_samples_changes_nothing(card):
    for seed in SEEDS:
        one = complete(seed)
        order = np.random.default_rng(seed).permutation(len(one.labels))
        np.testing.assert_allclose(values(card, one), values(card, taken(one, order)), atol=1e-12)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_relabelling_groups_permutes_what_belongs_to_them(card):
    swap = np.array([1, 0, 2, -1])
    for seed in SEEDS:
        one = complete(seed)
        train = {"g": one.train_counts["g"][:, [1, 0, 2]]}
        other = dataclasses.replace(
            with_groups(one, swap[one.attributes[:, 0]]), train_counts=train
        )
        before, after = values(card, one), values(card, other)
        if "pair" in card.per:  # g0:g1 g0:g2 g1:g2
            sign = np.array([-1, 1, 1])[:, None] if card.limits[0] < 0 else 1
            after = after[:, [0, 2, 1]] * sign
        elif "group" in card.per:
            after = after[:, [1, 0, 2]]
        np.testing.assert_allclose(before, after, atol=1e-12)


@pytest.mark.parametrize(
    "card", [card for card in CARDS if "_cv" not in card.key], ids=lambda card: card.key
)
def test_duplicating_all_samples_changes_no_value(card):
    # The halves of a cross-fit are other ones.
    for seed in SEEDS:
        one = complete(seed)
        twice = taken(one, np.tile(np.arange(len(one.labels)), 2))
        np.testing.assert_allclose(values(card, one), values(card, twice), atol=1e-12)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_an_empty_declared_level_changes_no_comparison(card):
    if "group" in card.per:
        return
    for seed in SEEDS:
        one = complete(seed)
        wide = dataclasses.replace(
            one, levels={"g": (*one.levels["g"], "nobody")},
            train_counts={"g": np.pad(one.train_counts["g"], ((0, 0), (0, 1)))},
        )  # fmt: skip
        np.testing.assert_allclose(values(card, one), values(card, wide), atol=1e-12)


@pytest.mark.parametrize("num_classes", [1, 2, 3])
@pytest.mark.parametrize("size", [0, 1, 4])
def test_tiny_test_sets_are_measured_without_a_warning(num_classes, size):
    one = complete(0, num_classes, size)
    frame = measure(one, PAPER)
    assert (frame["value"].isna() == ~frame["reason"].str.match("^$|skipped: ")).all()
    assert frame.duplicated(["attribute", "group", "emotion", "metric"]).sum() == 0


def test_the_cross_fit_is_the_same_every_time():
    one = complete(3)
    assert (by_cross_fit(one) == by_cross_fit(complete(3))).all()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.key)
def test_every_metric_of_samples_says_what_it_is(card):
    assert card.title and card.source and card.per
    assert card.limits[0] < card.limits[1]
