import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.audit.tabulate import (
    FULL_PATTERNS,
    marginal,
    measured,
    patterns_of,
    pooled,
    presences,
    restricted,
    strata_of,
    summed,
    tabulated,
)
from reports.errors import ReportError
from reports.tabular.groups import Grouping
from tests.reports.audit.input_files import observations

NAN = np.nan


def test_a_unit_is_present_above_its_threshold_and_unknown_without_measurement():
    data = observations([1] * 3, [0] * 3, ["f"], units=["AU06", "AU12"],
                        intensities=[[1.8, 1.31], [1.9, 1.3], [NAN, 5]])  # fmt: skip

    found = presences(data, {"AU06": 1.8, "AU12": 1.3, "AU04": 2.4})

    assert found.dtype == np.int8
    assert found.tolist() == [[0, 1], [1, 0], [-1, 1]]


def test_thresholds_of_groups_apply_to_their_images():
    data = observations([1] * 3, [0, 1, -1], ["f", "m"], units=["AU06"], intensities=[[2]] * 3)

    found = presences(data, np.array([[1.0], [3.0]]), groups=np.array([0, 1, -1]))

    assert found.tolist() == [[1], [0], [-1]]


def test_thresholds_of_no_groups_leave_every_image_unknown():
    data = observations([1], [-1], [], units=["AU06"], intensities=[[2]])

    assert presences(data, np.zeros((0, 1)), groups=np.array([-1])).tolist() == [[-1]]


def test_an_image_is_measured_when_all_its_units_are():
    data = observations([1] * 2, [0] * 2, ["f"], units=["AU06", "AU12"],
                        intensities=[[1, 1], [1, NAN]])  # fmt: skip

    assert measured(data).tolist() == [True, False]


def smiling():
    """Eight images: happy or not, of two groups, with AU06 and AU12."""
    return observations(
        yes=[1, 0, 1, 1, 0, 1, 0, 1],
        groups=[0, 0, 0, 1, 1, 1, -1, 1],
        levels=["f", "m"],
        units=["AU06", "AU12"],
        intensities=[[0, 5], [0, 5], [5, 5], [0, 5], [0, 0], [5, 0], [0, 0], [NAN, 5]],
    )


def present(data):
    return presences(data, dict.fromkeys(data.action_units, 2.5))


def test_images_are_counted_by_pattern_group_and_label():
    data = smiling()

    table = tabulated(data, "happy", data.groupings[0], ["AU06", "AU12"], present(data))

    assert table.strata == ("AU06=0,AU12=0", "AU06=0,AU12=1", "AU06=1,AU12=0", "AU06=1,AU12=1")
    # without and with the label; image 7 is in no group, image 8 has AU06 not measured
    assert table.counts.tolist() == [
        [[0, 0], [1, 0]],
        [[1, 1], [0, 1]],
        [[0, 0], [0, 1]],
        [[0, 1], [0, 0]],
    ]
    assert (table.dataset, table.label, table.attribute) == ("faces", "happy", "gender")
    assert table.counted == "image"


def test_the_order_of_the_units_is_that_asked_for():
    data = smiling()

    table = tabulated(data, "happy", data.groupings[0], ["AU12", "AU06"], present(data))

    assert table.strata[1] == "AU12=0,AU06=1"
    assert table.counts[1].tolist() == [[0, 0], [0, 1]]


def test_one_unit_uses_images_in_which_another_is_not_measured():
    data = smiling()

    table = tabulated(data, "happy", data.groupings[0], ["AU12"], present(data))

    # AU12=1: f 1 of 3 not happy, m images 4 and 8 both happy
    assert table.counts[1].tolist() == [[1, 2], [0, 2]]


def test_without_units_all_images_of_a_group_are_one_stratum():
    data = smiling()

    table = tabulated(data, "happy", data.groupings[0], [])

    assert table.strata == ("all",)
    assert table.family == "all"
    assert table.counts.tolist() == [[[1, 2], [1, 3]]]


def test_a_condition_makes_strata_of_its_levels():
    condition = Grouping("intended", ("anger", "joy"), np.array([0, 1, -1, 1]))
    data = observations([1, 0, 1, 1], [0, 0, 0, 1], ["f", "m"], conditions=[condition])

    table = tabulated(data, "happy", data.groupings[0], ["intended"])

    assert table.strata == ("intended=anger", "intended=joy")
    assert table.counts.tolist() == [[[0, 1], [0, 0]], [[1, 0], [0, 1]]]


def test_votes_are_counted_instead_of_images():
    data = observations([3, 0, 0], [0, 0, 0], ["f"], votes=[10, 9, 0])

    table = tabulated(data, "happy", data.groupings[0], [])

    # 7 + 9 against 3 votes; an image without votes counts nowhere
    assert table.counts.tolist() == [[[16, 3]]]
    assert table.counted == "vote"


def test_a_row_counts_as_many_images_as_its_weight():
    data = observations([1, 0], [0, 0], ["f"], weights=[4, 2_000_000_000_000])

    assert tabulated(data, "happy", data.groupings[0], []).counts.tolist() == [
        [[2_000_000_000_000, 4]]
    ]


def test_an_image_without_label_counts_nowhere():
    data = observations([0, 1], [0, 0], ["f"], votes=[0, 1])

    assert tabulated(data, "happy", data.groupings[0], []).counts.tolist() == [[[0, 1]]]


def test_an_empty_group_keeps_its_place():
    data = observations([1], [1], ["f", "m"])

    assert tabulated(data, "happy", data.groupings[0], []).counts.tolist() == [[[0, 0], [0, 1]]]


def test_no_image_in_any_group_gives_zeros():
    data = observations([1, 0], [-1, -1], ["f", "m"])

    assert not tabulated(data, "happy", data.groupings[0], []).counts.any()


def test_an_attribute_without_levels_gives_a_table_without_groups():
    data = observations([1, 0], [-1, -1], [])

    assert tabulated(data, "happy", data.groupings[0], []).counts.shape == (1, 0, 2)


def test_many_units_show_only_the_patterns_that_occur():
    names = [f"AU{number:02d}" for number in range(1, FULL_PATTERNS + 2)]
    rows = [[5, 0, 0, 0, 0], [0, 0, 0, 0, 5], [5, 0, 0, 0, 0], [NAN, 0, 0, 0, 0]]
    data = observations([1, 0, 0, 1], [0] * 4, ["f"], units=names, intensities=rows)

    table = tabulated(data, "happy", data.groupings[0], names, present(data))

    assert table.strata == (
        "AU01=0,AU02=0,AU03=0,AU04=0,AU05=1",
        "AU01=1,AU02=0,AU03=0,AU04=0,AU05=0",
    )
    assert table.counts.tolist() == [[[1, 0]], [[1, 1]]]


def test_many_units_that_were_never_measured_have_no_stratum():
    names = [f"AU{number:02d}" for number in range(1, FULL_PATTERNS + 2)]
    data = observations([1], [0], ["f"], units=names, intensities=[[NAN] * len(names)])

    table = tabulated(data, "happy", data.groupings[0], names, present(data))

    assert table.counts.shape == (0, 1, 2)


def test_the_stratum_of_each_image_is_given_beside_the_names():
    data = smiling()

    names, codes = strata_of(data, ["AU06", "AU12"], present(data))

    assert names == patterns_of(["AU06", "AU12"])
    assert codes.tolist() == [1, 1, 3, 1, 0, 2, 0, -1]


@pytest.mark.parametrize(
    ("label", "units", "message"),
    [("sad", [], "no label 'sad'; it has happy"),
     ("happy", ["AU04"], "no action unit or condition 'AU04'"),
     ("happy", ["AU06", "intended"], "no action unit or condition 'intended'")],
)  # fmt: skip
def test_what_is_not_there_cannot_be_tabulated(label, units, message):
    data = smiling()

    with pytest.raises(ReportError, match=message):
        tabulated(data, label, data.groupings[0], units, present(data))


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(0, 2), st.integers(-1, 2), st.integers(0, 3),
            st.tuples(*[st.sampled_from([0.0, 5.0, NAN])] * 3),
        ),
        max_size=30,
    )
)  # fmt: skip
def test_the_counts_are_those_of_the_obvious_loop(rows):
    names = ["AU01", "AU02", "AU04"]
    yes = [min(y, v) for y, v, *_ in rows]
    data = observations(
        yes, [g for _, _, g, _, _ in rows], ["a", "b", "c"], votes=[v for _, v, *_ in rows],
        weights=[w for *_, w, _ in rows], units=names,
        intensities=np.array([r[4] for r in rows]).reshape(len(rows), 3),
    )  # fmt: skip

    table = tabulated(data, "happy", data.groupings[0], names, present(data))

    expected = {}
    for y, (_, votes, group, weight, face) in zip(yes, rows, strict=True):
        if group >= 0 and not np.isnan(face).any():
            key = tuple(int(value > 0) for value in face), group
            no, with_label = expected.get(key, (0, 0))
            expected[key] = (no + weight * (votes - y), with_label + weight * y)
    for place, pattern in enumerate(itertools.product((0, 1), repeat=3)):
        for group in range(3):
            assert tuple(table.counts[place, group]) == expected.get((pattern, group), (0, 0))


def joint():
    data = smiling()
    return tabulated(data, "happy", data.groupings[0], ["AU06", "AU12"], present(data))


def test_a_marginal_is_the_sum_over_the_other_units():
    table = marginal(joint(), "AU12")

    assert table.units == ("AU12",)
    assert table.strata == ("AU12=0", "AU12=1")
    # AU12=0: strata 1 and 3 of the joint table, AU12=1: strata 2 and 4
    assert table.counts.tolist() == [[[0, 0], [1, 1]], [[1, 2], [0, 1]]]


def test_pooling_adds_all_strata():
    table = pooled(joint())

    assert (table.units, table.strata) == ((), ("all",))
    assert table.counts.tolist() == [[[1, 2], [1, 2]]]


def test_a_marginal_of_a_single_unit_or_condition_is_itself():
    condition = Grouping("intended", ("a,b", "c"), np.array([0, 1]))
    data = observations([1, 0], [0, 0], ["f"], conditions=[condition])
    table = tabulated(data, "happy", data.groupings[0], ["intended"])

    assert marginal(table, "intended") is table
    assert pooled(table).counts.tolist() == [[[1, 1]]]


def test_summing_may_change_the_order_of_units():
    table = summed(joint(), ["AU12", "AU06"])

    assert table.strata == patterns_of(["AU12", "AU06"])
    assert table.counts[1].tolist() == joint().counts[2].tolist()


def test_a_unit_that_is_not_there_has_no_marginal():
    with pytest.raises(ReportError, match="within AU06,AU12 cannot be summed to 'AU04'"):
        marginal(joint(), "AU04")


def test_groups_are_chosen_in_the_order_asked_for():
    table = restricted(joint(), ["m"])

    assert table.groups == ("m",)
    assert table.counts.tolist() == [[[1, 0]], [[0, 1]], [[0, 1]], [[0, 0]]]


def test_a_group_that_is_not_there_cannot_be_chosen():
    with pytest.raises(ReportError, match="no group 'x'; it has f, m"):
        restricted(joint(), ["x"])
