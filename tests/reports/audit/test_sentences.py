"""Why tables show each action unit alone, in words that fit the number of units."""

from dataclasses import replace

import numpy as np
import pytest

from reports.audit.observations import Observations
from reports.audit.options import AuditOptions
from reports.audit.sentences import notes


def faces(units):
    nothing = np.zeros((2, 0), dtype=np.int64)
    data = Observations("A", (), nothing, np.ones(2, int), np.ones(2, int), (), (), (), nothing, 5)
    names = tuple(f"AU{unit:02d}" for unit in (1, 2, 4, 5, 6, 9, 10, 12)[:units])
    return replace(data, action_units=names, intensities=np.ones((2, units)))


@pytest.mark.parametrize(
    ("units", "said"),
    [
        (2, "some joint pattern has too few images (--condition joint shows the patterns all"),
        (5, "there are 5 units (--condition joint shows their patterns)"),
        (8, "there are 8 units (--condition joint, with at most 6 units in --au, shows their"),
    ],
)
def test_the_way_to_joint_patterns_is_one_that_works(units, said):
    found = notes([faces(units)], {("happy", "gender"): "marginal"}, AuditOptions())

    assert any(said in text for name, text in found if not name)


def test_a_single_unit_has_no_patterns():
    found = notes([faces(1)], {("happy", "gender"): "marginal"}, AuditOptions())

    assert not any("joint" in text for _, text in found)
