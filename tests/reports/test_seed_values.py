"""Values of every method by place and seed."""

import itertools
import math

import pandas as pd
import pytest

from reports.measure import METRIC_COLUMNS
from reports.seed_values import Entry, seed_values

PLACE = ("gender", "f", "happy", "tpr")
OTHER = ("all", "all", "all", "acc")


def rows(*found) -> pd.DataFrame:
    """Metric rows of (method, seed, place, value)."""
    blank = dict.fromkeys(METRIC_COLUMNS, "")
    names = ("attribute", "group", "emotion", "metric")
    return pd.DataFrame(
        [
            {**blank, "method": method, "seed": seed, "value": value, "n": at, "reason": "r" * at,
             **dict(zip(names, place, strict=True))}
            for at, (method, seed, place, value) in enumerate(found)
        ],
        columns=list(METRIC_COLUMNS),
    )  # fmt: skip


def test_entries_stand_in_the_order_of_the_seeds_as_numbers():
    found = seed_values(
        rows(("ce", "10", PLACE, 0.1), ("ce", "9", PLACE, 0.2), ("ce", "0-4", PLACE, math.nan))
    )
    entries = found["ce", ""][PLACE]
    assert [one.seed for one in entries] == ["0-4", "9", "10"]
    assert entries[1] == Entry("9", 0.2, 1, "r")
    assert math.isnan(entries[0].value)


def test_each_method_has_its_own_places_and_seeds():
    frame = rows(
        ("ce", "0", PLACE, 0.1), ("focal", "0", OTHER, 0.2), ("focal", "1", OTHER, 0.3),
    )  # fmt: skip
    found = seed_values(frame)
    assert list(found["ce", ""]) == [PLACE] and list(found["focal", ""]) == [OTHER]
    assert (found["ce", ""].seeds, found["focal", ""].seeds) == (1, 2)
    assert len(found["ce", ""]) == 1
    assert found["ce", ""].get(OTHER) is None


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_the_order_of_the_rows_does_not_matter(order):
    four = [("ce", "0", PLACE, 0.1), ("ce", "1", PLACE, 0.2), ("ce", "0", OTHER, 0.3),
            ("focal", "0", PLACE, 0.4)]  # fmt: skip
    found = seed_values(rows(*four).iloc[list(order)])
    assert [one.value for one in found["ce", ""][PLACE]] == [0.1, 0.2]
    assert [one.value for one in found["focal", ""][PLACE]] == [0.4]


def test_a_study_without_a_finished_cell_has_no_values():
    assert seed_values(rows()) == {}
