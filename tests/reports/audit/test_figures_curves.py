import math

import numpy as np
import pytest
from scipy.special import expit

from reports.audit.figures import figures_of, svg_text
from reports.audit.result import AuditResult, empty_frames, frame_of
from reports.convention import STRICT
from reports.figures.style import PAGE_HEIGHT
from tests.reports.audit.figure_checks import outside, touching, words_of

GRID = np.linspace(0, 5, 51)


def curve(dataset, unit, group, end=5.0, slope=1.0):
    """Rows of one curve, undefined above `end`."""
    for x in GRID:
        seen = x <= end + 1e-9
        yield {
            "dataset": dataset, "label": "happy", "attribute": "gender", "action_unit": unit,
            "group": group, "intensity": x,
            "probability": expit(slope * x - 2) if seen else math.nan,
            "low": expit(slope * x - 2.5) if seen else math.nan,
            "high": expit(slope * x - 1.5) if seen else math.nan,
        }  # fmt: skip


def result_with(rows):
    return AuditResult(empty_frames() | {"curves": frame_of("curves", rows)})


def figure_with(*curves):
    (drawn,) = figures_of(result_with([row for rows in curves for row in rows]), STRICT)
    return drawn


def lines_of(axes):
    return [line for line in axes.lines if len(line.get_xdata())]


def test_a_curve_ends_where_the_intensities_of_its_group_end():
    drawn = figure_with(curve("A", "AU06", "male", end=3.0), curve("A", "AU06", "female"))

    male, female = lines_of(drawn.figure.axes[0])

    assert male.get_xdata()[-1] == pytest.approx(3.0)
    assert female.get_xdata()[-1] == pytest.approx(5.0)
    assert male.get_ydata() == pytest.approx(expit(GRID[:31] - 2))


def test_the_axis_of_probabilities_is_the_same_in_all_panels():
    drawn = figure_with(*(curve("A", u, g) for u in ("AU06", "AU12") for g in ("male", "female")))

    assert {axes.get_ylim() for axes in drawn.figure.axes} == {(-0.03, 1.06)}
    assert list(drawn.figure.axes[0].get_yticks()) == [0, 0.5, 1]


def test_groups_differ_in_line_marker_and_colour():
    drawn = figure_with(curve("A", "AU06", "male"), curve("A", "AU06", "female"))

    male, female = lines_of(drawn.figure.axes[0])

    assert male.get_linestyle() != female.get_linestyle()
    assert male.get_marker() != female.get_marker()
    assert male.get_color() != female.get_color()


def test_a_group_without_a_curve_is_named_in_the_caption():
    drawn = figure_with(curve("A", "AU06", "male"), curve("A", "AU06", "female", end=-1))

    assert len(lines_of(drawn.figure.axes[0])) == 1
    assert "No curve could be fitted for AU06 of female in A." in drawn.caption


def test_curves_that_are_all_undefined_give_no_figure():
    rows = [*curve("A", "AU06", "male", end=-1), *curve("A", "AU06", "female", end=-1)]

    assert figures_of(result_with(rows), STRICT) == []


def test_a_unit_without_curves_leaves_no_empty_panel():
    drawn = figure_with(curve("A", "AU05", "male", end=-1), curve("A", "AU06", "male"))

    assert len(drawn.figure.axes) == 1
    assert words_of(drawn.figure)[:2] == ["AU06", "A"]


def test_a_curve_of_one_point_draws_without_warning():
    drawn = figure_with(curve("A", "AU06", "male", end=0.0))

    assert outside(drawn.figure) == []


def test_twelve_units_of_two_data_sets_fit_one_page():
    units = [f"AU{number:02d}" for number in (1, 2, 4, 5, 6, 7, 9, 10, 12, 15, 17, 25)]
    drawn = figure_with(
        *(
            curve(dataset, unit, group, slope=1 + 0.3 * (group == "female"))
            for dataset in ("RAF-DB", "AffectNet-Automatic_$1$")
            for unit in units
            for group in ("male", "female")
        )
    )

    assert len(drawn.figure.axes) == 24
    assert drawn.figure.get_figheight() * 25.4 <= PAGE_HEIGHT
    assert outside(drawn.figure) == []
    assert touching(drawn.figure) == []
    assert len(svg_text(drawn)) < 150_000


def test_many_groups_are_spread_over_pages_that_stay_small():
    rows = [
        row
        for unit in range(12)
        for group in range(9)
        for row in curve("A", f"AU{unit:02d}", f"group {group}", slope=0.5 + 0.1 * group)
    ]

    figures = figures_of(result_with(rows), STRICT)

    assert [len(drawn.figure.axes) for drawn in figures] == [6, 6]
    assert len(svg_text(figures[0])) < 150_000
    assert "(page 1 of 2)" in figures[0].title
