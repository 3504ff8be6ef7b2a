"""Accuracy against fairness: fronts, distances, areas."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.stats.tradeoff import (
    distance_to_optimum,
    front_probability,
    hypervolume,
    pareto_front,
    performance_at_fairness,
)

NAN = np.nan
POINTS = st.lists(
    st.tuples(st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=9
).map(lambda points: np.array(points).T / 10)  # fmt: skip


def test_a_point_is_dominated_by_one_that_is_as_good_in_both_and_better_in_one():
    #                 kept  kept  by 2nd  equal to 2nd
    performance = [0.9, 0.8, 0.8, 0.8]
    fairness = [0.7, 0.9, 0.85, 0.9]

    assert pareto_front(performance, fairness).tolist() == [True, True, False, True]


@given(POINTS)
def test_the_front_is_what_the_definition_says_pair_by_pair(points):
    performance, fairness = points
    wanted = [
        not any(
            p <= q and f <= g and (p < q or f < g)
            for q, g in zip(performance, fairness, strict=True)
        )
        for p, f in zip(performance, fairness, strict=True)
    ]

    assert pareto_front(performance, fairness).tolist() == wanted
    assert any(wanted)


def test_rounding_errors_dominate_nothing():
    assert pareto_front([0.1 + 0.2, 0.3], [0.5, 0.5]).tolist() == [True, True]


def test_an_undefined_point_is_on_no_front_and_dominates_nothing():
    found = pareto_front([NAN, 0.5, 0.9, NAN], [0.9, 0.5, NAN, NAN])

    assert found.tolist() == [False, True, False, False]


def test_no_points_have_no_front():
    assert pareto_front([], []).shape == (0,)


def test_probability_of_the_front_is_the_share_of_replicates():
    # replicate 1: b dominates a; 2: both; 3: a dominates b; c is never defined
    performance = [[0.5, 0.6, NAN], [0.7, 0.6, NAN], [0.7, 0.6, 0.9]]
    fairness = [[0.5, 0.6, 0.9], [0.5, 0.6, 0.9], [0.7, 0.6, NAN]]

    found = front_probability(performance, fairness)
    assert found == pytest.approx([2 / 3, 2 / 3, NAN], nan_ok=True)


def test_replicates_in_which_a_point_is_undefined_do_not_count_for_it():
    # the second point is alone at the top where it is defined
    found = front_probability([[0.5, NAN], [0.5, 0.6]], [[0.5, NAN], [0.5, 0.6]])

    assert found == pytest.approx([0.5, 1])
    assert np.isnan(front_probability(np.empty((0, 2)), np.empty((0, 2)))).all()


def test_distance_to_the_optimum_by_hand():
    # sqrt(.3^2 + .4^2); with utopia (.8, .9): sqrt((1 - 7/8)^2 + (1 - 6/9)^2)
    assert distance_to_optimum(0.7, 0.6) == pytest.approx(0.5)
    assert distance_to_optimum(0.7, 0.6, (0.8, 0.9)) == pytest.approx(
        math.sqrt(1 / 64 + 1 / 9)
    )  # fmt: skip
    assert distance_to_optimum(1, 1) == 0
    assert distance_to_optimum(0, 0) == pytest.approx(math.sqrt(2))


def test_an_undefined_point_or_a_utopia_on_an_axis_has_no_distance():
    assert math.isnan(distance_to_optimum(NAN, 0.5))
    assert math.isnan(distance_to_optimum(0.5, NAN))
    assert math.isnan(distance_to_optimum(0.5, 0.5, (0.0, 1.0)))


def test_hypervolume_by_hand():
    # beyond (.2, 0): (.9 - .2) x .5, and from .5 to .8 (.6 - .2) x .3; (.5, .4) is dominated
    found = hypervolume([0.6, 0.9, 0.5], [0.8, 0.5, 0.4], (0.2, 0.0))

    assert found == pytest.approx(0.35 + 0.12)


def test_points_outside_the_reference_add_nothing():
    assert hypervolume([0.1, 0.9, NAN], [0.9, 0.0, 0.5], (0.2, 0.0)) == 0
    assert math.isnan(hypervolume([NAN, 0.9], [0.5, NAN], (0.2, 0.0)))
    assert math.isnan(hypervolume([], [], (0.2, 0.0)))


@given(POINTS, st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_hypervolume_is_the_share_of_cells_that_some_point_dominates(points, left, below):
    # all coordinates are tenths: count cells of a grid of tenths by their middles
    performance, fairness = points
    middles = (np.arange(10) + 0.5) / 10
    x, y = np.meshgrid(middles, middles)
    covered = (x[..., None] < performance) & (y[..., None] < fairness)
    beyond = (x > left / 10) & (y > below / 10)

    wanted = (covered.any(axis=-1) & beyond).sum() / 100
    assert hypervolume(performance, fairness, (left / 10, below / 10)) == pytest.approx(wanted)


def test_the_best_performance_is_looked_for_among_the_fair_enough():
    performance, fairness = [0.9, 0.8, NAN, 0.6], [0.7, 0.9, 0.99, NAN]
    found = performance_at_fairness(performance, fairness, [0.5, 0.7, 0.71, 0.95])

    assert found == pytest.approx([0.9, 0.9, 0.8, NAN], nan_ok=True)


def test_a_grid_of_thresholds_does_not_miss_a_point_by_rounding():
    # 3 x .3 is .8999999999999999, and .1 + .7 is .7999999999999999
    assert performance_at_fairness([0.8], [0.1 + 0.7], [0.8]) == 0.8
