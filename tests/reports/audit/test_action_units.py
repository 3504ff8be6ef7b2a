import math

import numpy as np
import pytest

from reports.audit.action_units import (
    DEFAULT_THRESHOLDS,
    Thresholds,
    chosen_units,
    intensities_of,
    parse_thresholds,
    threshold_of,
    thresholds_of,
    unit_column,
    unit_columns,
)
from reports.errors import ReportError

NAN = math.nan


def units(*columns):
    return [unit_column(column) for column in columns]


def values(*rows):
    return np.array(rows, dtype=float)


@pytest.mark.parametrize(
    ("column", "unit", "kind"),
    [("AU06", "AU06", ""), ("AU6", "AU06", ""), ("au6_r", "AU06", "r"), (" AU06_r", "AU06", "r"),
     ("AU06_c ", "AU06", "c"), ("AU12_R", "AU12", "r"), ("AU_45", "AU45", "")],
)  # fmt: skip
def test_usual_spellings_of_an_action_unit_are_recognised(column, unit, kind):
    found = unit_column(column)

    assert (found.unit, found.column, found.kind) == (unit, column, kind)


@pytest.mark.parametrize("column", ["AUC", "AU", "AU0", "AU123", "AU06_x", "tau06", "AU06_r_mean"])
def test_other_columns_are_no_action_units(column):
    assert unit_column(column) is None


def test_intensity_is_taken_before_presence_unless_the_unit_has_no_threshold():
    found = unit_columns(["AU06_r", "AU07_r", "AU06_c", "AU07_c", "gender"])

    assert [unit.column for unit in found] == ["AU06_r", "AU07_c"]


def test_units_are_asked_for_by_number_or_by_column():
    columns = ["AU06_r", "AU06_c", "AU12_r"]

    assert [u.column for u in chosen_units(["au12", "AU6"], columns, source="f")] == [
        "AU12_r",
        "AU06_r",
    ]
    assert [u.column for u in chosen_units(["AU06_c"], columns, source="f")] == ["AU06_c"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [(["AU04"], "no column 'AU04' for --au"), (["smile"], "no action unit"),
     (["AU06", "AU6_c"], "asked for twice")],
)  # fmt: skip
def test_units_that_cannot_be_had_are_an_error(wanted, message):
    with pytest.raises(ReportError, match=message):
        chosen_units(wanted, ["AU06_r", "AU06_c", "AU6_c"], source="f")


def test_values_above_one_are_on_the_scale_of_five():
    assert intensities_of(units("AU06"), values([0.2], [1.5]), source="f").top == 5


def test_values_up_to_one_are_on_the_scale_of_one():
    assert intensities_of(units("AU06"), values([0.2], [1.0], [NAN]), source="f").top == 1


def test_intensities_of_openface_are_on_the_scale_of_five_however_small():
    assert intensities_of(units("AU06_r"), values([0.2], [0.9]), source="f").top == 5


def test_presences_beside_intensities_are_written_on_their_scale():
    found = intensities_of(units("AU06_r", "AU23_c"), values([2.5, 1], [0.5, 0]), source="f")

    assert found.values.tolist() == [[2.5, 5], [0.5, 0]]
    assert "AU23" in found.notes[0]
    assert "AU06" not in found.notes[0]


def test_a_column_of_zeros_and_ones_beside_fractions_is_a_presence():
    found = intensities_of(units("AU06", "AU04"), values([2.5, 1], [0.5, 0]), source="f")

    assert found.values.tolist() == [[2.5, 5], [0.5, 0]]


def test_whole_grades_of_a_rare_unit_are_no_presences():
    found = intensities_of(units("AU06", "AU04"), values([4, 1], [2, 0]), source="f")

    assert found.values.tolist() == [[4, 1], [2, 0]]
    assert found.notes == ()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("AU06", -0.1, "line 3: AU06 must be from 0 to 5, not -0.1"),
     ("AU06", 5.2, "line 3: AU06 must be from 0 to 5, not 5.2"),
     ("AU06", math.inf, "line 3: AU06 must be from 0 to 5, not inf"),
     ("AU06_c", 0.5, "line 3: AU06_c must be 0 or 1, not 0.5")],
)  # fmt: skip
def test_a_value_off_the_scale_is_an_error_that_names_the_line(column, value, message):
    with pytest.raises(ReportError, match=message):
        intensities_of(units(column), values([0], [value]), source="f")


def test_units_that_were_never_measured_have_a_scale_all_the_same():
    assert intensities_of(units("AU06"), values([NAN], [NAN]), source="f").top == 1


def test_no_units_at_all_is_no_error():
    assert intensities_of([], np.zeros((3, 0)), source="f").values.shape == (3, 0)


def test_default_thresholds_are_those_of_the_source():
    # README of auc_fer_counts
    listed = (
        "AU1 4.4, AU2 4.8, AU4 2.4, AU5 3.7, AU6 1.8, AU9 2.8, AU10 0.2, AU12 1.3, AU15 1.3, "
        "AU17 5, AU20 5, AU25 0.7, AU26 5"
    )
    pairs = [part.split() for part in listed.split(", ")]

    assert {f"AU{int(unit[2:]):02d}": float(t) for unit, t in pairs} == DEFAULT_THRESHOLDS


def test_defaults_are_divided_by_five_on_the_scale_of_one():
    assert threshold_of("AU04", 5) == 2.4
    assert threshold_of("AU04", 1) == pytest.approx(0.48)


def test_a_unit_without_default_needs_a_threshold():
    with pytest.raises(ReportError, match="AU14 has no default.*--au-threshold AU14=1 "):
        threshold_of("AU14", 5)


def test_own_threshold_beats_that_of_all_which_beats_the_default():
    given = Thresholds(every=1.0, units={"AU06": 2.0})

    assert threshold_of("AU06", 5, given) == 2.0
    assert threshold_of("AU14", 5, given) == 1.0
    assert threshold_of("AU12", 5, given) == 1.0


def test_a_threshold_above_the_scale_is_an_error():
    with pytest.raises(ReportError, match="2.4 of AU06 is above the scale of this file, 0 to 1"):
        threshold_of("AU06", 1, Thresholds(every=2.4))


def test_thresholds_are_read_as_one_number_or_unit_by_unit():
    assert parse_thresholds(["0.5"]) == Thresholds(every=0.5)
    assert parse_thresholds(["AU14=1.0, au6=2", "0.5"]) == Thresholds(0.5, {"AU14": 1, "AU06": 2})
    assert parse_thresholds([]) == Thresholds()


@pytest.mark.parametrize(
    "text", ["x", "", "AU14=", "AU14=x", "smile=1", "-1", "nan", "inf", "1,2", "AU14=1,AU14=2"]
)
def test_thresholds_that_cannot_be_read_are_an_error(text):
    with pytest.raises(ReportError):
        parse_thresholds([text])


def test_presences_need_no_threshold():
    found = thresholds_of(["AU14", "AU06"], values([5, 2.5], [0, 0.1]), 5)

    assert found == {"AU14": 2.5, "AU06": 1.8}


def test_presences_of_a_unit_whose_default_is_the_top_of_the_scale_stay_presences():
    # the default of AU17 is 5, on the scale of one 1: no 1 would be greater
    assert thresholds_of(["AU17"], values([1], [0]), 1) == {"AU17": 0.5}


def test_a_threshold_for_a_unit_that_is_not_read_is_an_error():
    with pytest.raises(ReportError, match="names AU14, which is not read; it reads AU06"):
        thresholds_of(["AU06"], values([0.3]), 5, Thresholds(units={"AU14": 1.0}))
