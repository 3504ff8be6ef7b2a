import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.audit.figures import figures_of, svg_text
from reports.audit.figures_bar_panel import BarPanel, with_axes
from reports.audit.figures_captions import mark_of
from reports.audit.figures_conditions import chunks, condition_of, figure_families
from reports.audit.result import AuditResult, empty_frames
from reports.convention import PAPER, STRICT
from reports.figures.style import ONE_COLUMN, PAGE_HEIGHT, TWO_COLUMNS
from tests.reports.audit.figure_checks import outside, touching, words_of
from tests.reports.audit.small_results import counts_of_auc_fer, result_of

PATTERNS = ("AU06=0,AU12=0", "AU06=0,AU12=1", "AU06=1,AU12=0", "AU06=1,AU12=1")
NASTY = ("_male", "fe$male_$^2 {x}", "Latino-Hispanic of 100 % \\alpha", "Middle Eastern")


def joint(groups=("male", "female"), n=200):
    """Counts of four patterns; the last group has the label more often by a fifth of the images."""
    return {
        pattern: {g: (n, n // 5 * (1 + (g == groups[-1])) + 10 * place) for g in groups}
        for place, pattern in enumerate(PATTERNS)
    }


def bars_of(figure):
    """Heights of the bars in the first panel, container by container."""
    return [[bar.get_height() for bar in group] for group in figure.axes[0].containers]


def only(figures):
    assert len(figures) == 1
    return figures[0]


@pytest.fixture(scope="module")
def gender():
    result = result_of({("RAF-DB", "happy", "gender"): joint()}, PAPER)
    return only(figures_of(result, PAPER))


def test_an_audit_without_rows_has_no_figures():
    assert figures_of(AuditResult(empty_frames()), STRICT) == []


def test_a_bar_is_as_high_as_its_proportion(gender):
    # male 40, 50, 60, 70 of 200, together 220 of 800; female 80, 90, 100, 110, together 380
    assert bars_of(gender.figure) == [
        pytest.approx([0.2, 0.25, 0.3, 0.35, 0.275]),
        pytest.approx([0.4, 0.45, 0.5, 0.55, 0.475]),
    ]


def test_error_bars_of_the_paper_are_one_standard_error_each_way(gender):
    # sqrt(.2 .8 / 200) = .0283
    ends = gender.figure.axes[0].collections[0].get_segments()[0][:, 1]

    assert ends == pytest.approx([0.2 - 0.028284, 0.2 + 0.028284], abs=1e-5)


def test_error_bars_of_the_strict_convention_are_the_interval_of_the_frame():
    result = result_of({("RAF-DB", "happy", "gender"): joint()}, STRICT)
    result["proportions"]["low"] = 0.11
    result["proportions"]["high"] = 0.66

    drawn = only(figures_of(result, STRICT))

    assert list(drawn.figure.axes[0].collections[0].get_segments()[0][:, 1]) == [0.11, 0.66]
    assert "95 % intervals (Wilson)" in drawn.caption


def test_clustered_rows_keep_their_interval_under_the_convention_of_the_paper():
    result = result_of({("CREMA-D", "happy", "sex"): joint()}, PAPER)
    frame = result["proportions"]
    frame["standard_error"], frame["low"], frame["high"] = math.nan, 0.1, 0.6

    drawn = only(figures_of(result, PAPER))

    assert list(drawn.figure.axes[0].collections[0].get_segments()[0][:, 1]) == [0.1, 0.6]
    assert "several votes on an image" in drawn.caption


def test_the_caption_says_what_bars_n_test_and_convention_are(gender):
    for words in (
        "labelled happy", "gender", "one binomial standard error", "1,600 images",
        "chi-square test", "uncorrected", "Convention: paper",
    ):  # fmt: skip
        assert words in gender.caption


def test_group_sizes_stand_in_the_legend_of_a_single_data_set(gender):
    assert {"male (n = 800)", "female (n = 800)"} <= set(words_of(gender.figure))


def test_conditions_are_named_once_by_units_and_then_by_values(gender):
    words = words_of(gender.figure)

    assert words.count("(AU06, AU12)") == 1
    assert [w for w in words if w in ("(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)", "all")] == [
        "(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)", "all",
    ]  # fmt: skip


def test_a_single_small_panel_is_one_column_wide(gender):
    assert gender.figure.get_figwidth() * 25.4 == pytest.approx(ONE_COLUMN)


@pytest.mark.parametrize(
    ("p", "test", "mark"),
    [
        (0.0005, "chi2", "***"), (0.001, "chi2", "***"), (0.01, "chi2", "**"),
        (0.05, "chi2", "*"), (0.0500001, "chi2", ""), (0.02, "exact", "*\u2020"),
        (math.nan, "chi2", "\u2013"),
    ],
)  # fmt: skip
def test_marks_are_the_codes_of_the_paper(p, test, mark):
    assert mark_of(p, test) == mark


@pytest.mark.parametrize(("convention", "mark"), [(PAPER, "**"), (STRICT, "*")])
def test_marks_are_of_the_raw_p_in_the_paper_and_of_holm_otherwise(convention, mark):
    result = result_of({("RAF-DB", "happy", "gender"): joint()}, convention)
    cells = result["cells"]
    cells["p"], cells["p_holm"] = 0.01, 0.04

    assert words_of(only(figures_of(result, convention)).figure).count(mark) == 4


def test_an_empty_cell_is_shown_as_absent_and_not_as_zero():
    counts = joint()
    counts[PATTERNS[1]]["male"] = (0, 0)
    drawn = only(figures_of(result_of({("RAF-DB", "happy", "gender"): counts}), STRICT))

    assert words_of(drawn.figure).count("n = 0") == 1
    assert "n = 0: the group has no images" in drawn.caption


def test_a_proportion_of_zero_is_not_called_absent():
    counts = joint()
    counts[PATTERNS[1]]["male"] = (50, 0)
    drawn = only(figures_of(result_of({("RAF-DB", "happy", "gender"): counts}), STRICT))

    assert "n = 0" not in words_of(drawn.figure)


def test_nothing_but_empty_cells_makes_a_figure_without_warning():
    counts = {pattern: {"male": (0, 0), "female": (0, 0)} for pattern in PATTERNS}
    result = result_of({("RAF-DB", "happy", "gender"): joint()})
    frame = result["proportions"]
    frame[["proportion", "standard_error", "low", "high"]] = math.nan
    frame["n"] = 0

    drawn = only(figures_of(result, STRICT))

    assert len(counts) == 4
    assert words_of(drawn.figure).count("n = 0") == 10


def test_one_group_alone_is_drawn():
    counts = {pattern: {"male": (100, 20)} for pattern in PATTERNS}

    assert bars_of(
        only(figures_of(result_of({("KDEF", "happy", "gender"): counts}), STRICT)).figure
    ) == [pytest.approx([0.2] * 5)]


def test_single_units_share_a_figure_and_words_have_their_own():
    conditions = [
        condition_of(*pair)
        for pair in (
            ("AU04", "AU04=0"), ("AU04", "AU04=1"), ("intended", "intended=a, b=c"),
            ("AU05", "AU05=0"), ("AU06,AU12", "AU06=0,AU12=1"), ("all", "all"),
        )
    ]  # fmt: skip

    families = figure_families(conditions)

    assert {name: [c.values for c in members] for name, members in families.items()} == {
        "marginal": ["0", "1", "0"], "intended": ["a, b=c"], "AU06,AU12": ["(0, 1)"],
    }  # fmt: skip


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 12))
def test_runs_of_conditions_keep_all_in_order_and_are_short_enough(sizes, most):
    conditions = [
        condition_of(f"AU{unit}", f"AU{unit}={value}")
        for unit, size in enumerate(sizes)
        for value in range(size)
    ]

    runs = chunks(conditions, most)

    assert [c for run in runs for c in run] == conditions
    assert all(1 <= len(run) <= most for run in runs)


def panel(top):
    values = np.full((1, 1, 3), top)
    return BarPanel("", "", [condition_of("all", "all")], ["a"], values, np.ones((1, 1), int), [""])


def test_panels_share_an_axis_unless_some_bars_would_be_too_low():
    assert [p.limit for p in with_axes([panel(0.5), panel(0.8)])] == pytest.approx([0.912] * 2)
    assert [p.limit for p in with_axes([panel(0.1), panel(0.8)])] == pytest.approx([0.114, 0.912])
    assert [p.limit for p in with_axes([panel(math.nan)])] == [1.0]


def test_real_counts_fit_the_page_and_no_texts_touch(shared_data):
    counts = counts_of_auc_fer(shared_data)
    chosen = {key: own for key, own in counts.items() if key[2] in ("gender", "race")}

    figures = figures_of(result_of(chosen), STRICT)

    assert [drawn.key for drawn in figures] == [
        "bars-happy-gender-AU06-AU12", "bars-angry-gender-marginal", "bars-happy-race-AU06-AU12",
    ]  # fmt: skip
    for drawn in figures:
        assert outside(drawn.figure) == []
        assert touching(drawn.figure) == []
        assert drawn.figure.get_figwidth() * 25.4 == pytest.approx(TWO_COLUMNS)
        assert drawn.figure.get_figheight() * 25.4 <= PAGE_HEIGHT
        assert len(svg_text(drawn)) < 150_000
    assert "n = 58,929 / 26,426" in words_of(figures[0].figure)
    assert "The axes of proportions differ" in figures[1].caption


def test_nineteen_data_sets_with_latex_in_their_names_fill_several_pages():
    emotions = ["happiness", "surprise", "$x_1^2$ & 100 %"]
    counts = {
        (f"Data_set $ {i}", "happy_$1$", "emotion^2"): {
            f"intended_x={e}": {g: (60, 20 + i) for g in NASTY} for e in emotions
        }
        for i in range(19)
    }

    figures = figures_of(result_of(counts), STRICT)

    assert len(figures) > 1
    assert sum(len(drawn.figure.axes) for drawn in figures) == 19
    assert len({drawn.key for drawn in figures}) == len(figures)
    for drawn in (figures[0], figures[-1]):
        assert outside(drawn.figure) == []
        assert touching(drawn.figure) == []
        assert set(NASTY) <= set(words_of(drawn.figure))
        assert drawn.figure.get_figheight() * 25.4 <= PAGE_HEIGHT


def test_names_that_give_the_same_file_name_get_numbers():
    counts = {
        ("KDEF", label, "sex"): {"all": {"a": (10, 5), "b": (10, 4)}} for label in ("a_b", "A b")
    }

    figures = figures_of(result_of(counts), STRICT)

    assert [drawn.key for drawn in figures] == ["bars-a-b-sex-all", "bars-A-b-sex-all-2"]


def test_many_groups_are_all_drawn():
    groups = [f"group {i}" for i in range(20)]

    drawn = only(figures_of(result_of({("A", "happy", "age"): joint(groups)}), STRICT))

    assert sum(len(axes.containers) for axes in drawn.figure.axes) >= 20
    assert outside(drawn.figure) == []


def test_names_of_any_length_make_file_names_that_a_disk_takes():
    counts = {("A", label, "g" * 300): joint() for label in ("x" * 300 + "1", "x" * 300 + "2")}
    keys = [figure.key for figure in figures_of(result_of(counts), STRICT)]

    assert len(set(keys)) == 2
    assert max(map(len, keys)) < 100
