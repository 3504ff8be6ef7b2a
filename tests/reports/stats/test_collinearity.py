"""Columns that follow from those before them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.stats.collinearity import CHUNK, independent_columns

DRAW = np.random.default_rng(0)


def design(*columns):
    return np.column_stack([np.ones(len(columns[0])), *columns])


def test_constant_copied_and_summed_columns_are_dependent():
    a, b = DRAW.normal(size=(2, 40))

    found = independent_columns(design(a, np.full(40, 0.1), b, 3 * a + 2, a - b))
    assert found.tolist() == [True, True, False, True, False, False]


def test_the_last_dummy_of_a_full_set_is_dependent():
    groups = np.arange(30) % 3

    found = independent_columns(design(*(groups == k for k in range(3))))
    assert found.tolist() == [True, True, True, False]


def test_nearly_collinear_columns_are_kept():
    a = DRAW.normal(size=1000)

    assert independent_columns(design(a, a + 1e-4 * DRAW.normal(size=1000))).all()


def test_a_mean_far_from_zero_hides_no_spread():
    a = DRAW.normal(size=1000)

    assert independent_columns(design(1e6 + a, DRAW.normal(size=1000))).all()


def test_rows_beyond_one_chunk_count():
    last = np.zeros(CHUNK + 2)
    last[-1] = 1.0

    assert independent_columns(design(last)).all()


@pytest.mark.parametrize("rows", [0, 1])
def test_without_two_rows_only_the_intercept_remains(rows):
    assert independent_columns(np.ones((rows, 3))).tolist() == [True, False, False]


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(1, 6))
def test_as_many_columns_remain_as_the_rank_says(seed, rows, columns):
    draw = np.random.default_rng(seed)
    whole = design(*draw.integers(0, 2, (columns, rows)).astype(float))

    assert independent_columns(whole).sum() == np.linalg.matrix_rank(whole)
