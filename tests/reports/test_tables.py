"""What the entries of a table are: means, spreads, bold marks, and what is missing and why."""

import json
import statistics
from dataclasses import replace

import pytest

from reports.convention import PAPER, STRICT
from reports.formats import csv as csv_format
from reports.formats import fragment, latex, markdown
from reports.formats import json as json_format
from reports.header import header_text
from reports.report import tables_of
from reports.rows import compared_runs, method_rows
from reports.tables import RECONSTRUCTION, VALIDATION_GROUPS
from reports.templates import column_spans, template
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import CARDS, cell, full_study, rows, study


def table(frames, key="suresh_v_synthetic", convention=STRICT):
    layout = key.rsplit("_synthetic", 1)[0].rsplit("_london", 1)[0]
    found = [one for _, tables in tables_of(frames, [layout], convention) for one in tables]
    return next(one for one in found if one.key == key)


def entries(of, column=0):
    return {row.label: row.cells[column] for _, row in of.rows()}


def by_hand(values, status="done", **options):
    """A study of accuracies by method: one value a seed, None for a seed without result."""
    metric_rows = {
        (m, str(s)): v
        for m, all_of in values.items()
        for s, v in enumerate(all_of)
        if v is not None
    }
    cells = [
        cell(
            "synthetic",
            m,
            s,
            "done" if v is not None else status,
            "" if v is not None else "it broke\nat line 3",
        )
        for m, all_of in values.items()
        for s, v in enumerate(all_of)
    ]
    return study(rows(metric_rows), cells, **options)


def test_entry_is_the_mean_and_the_sample_standard_deviation():
    values = [0.80, 0.82, 0.87]
    found = entries(table(by_hand({"ce": values})))["Cross entropy"]
    assert found.mean == pytest.approx(0.83)
    assert found.sd == pytest.approx(statistics.stdev(values))
    assert found.printed == "83.0 (3.6)"  # deviations -3 -1 4, sum of squares 26, / 2, root 3.61


def test_paper_convention_divides_by_the_number_of_seeds():
    found = table(by_hand({"ce": [0.80, 0.82, 0.87]}), convention=PAPER)
    assert entries(found)["Cross entropy"].printed == "83.0 (2.9)"  # root of 26 / 3 = 2.94
    assert "ddof 0" in found.caption


@pytest.mark.parametrize("convention", [STRICT, PAPER])
def test_one_seed_never_has_a_spread(convention):
    found = table(by_hand({"ce": [0.8]}), convention=convention)
    assert entries(found)["Cross entropy"].printed == "80.0"
    assert "one seed, no spread" in found.caption


def test_missing_seeds_are_counted_at_the_methods_name():
    found = entries(table(by_hand({"ce": [0.8, 0.8, 0.8, 0.8, None]})))
    assert list(found)[0] == "Cross entropy (n=4/5)"
    assert found["Cross entropy (n=4/5)"].n == 4
    assert found["Cross entropy (n=4/5)"].expected == 5


def test_a_seed_without_a_defined_value_is_counted_in_the_entry():
    frames = by_hand({"ce": [0.8, 0.6, float("nan")]})
    frames.metrics.loc[2, "reason"] = "empty_group"
    found = entries(table(frames))["Cross entropy"]
    assert found.printed == "70.0 (14.1) n=2/3"  # deviations of 10, root of 200
    assert "no samples" in found.note


@pytest.mark.parametrize(
    ("status", "state", "printed", "why"),
    [
        ("failed", "failed", "failed", ("failed: it broke",)),
        ("not_applicable", "not_applicable", "n/a", ("n/a: it broke",)),
        ("pending", "blank", "", ()),
    ],
)
def test_a_method_without_results_says_why(status, state, printed, why):
    found = table(by_hand({"ce": [0.8, 0.9], "focal": [None, None]}, status))
    assert entries(found)["Focal loss"].state == state
    assert entries(found)["Focal loss"].printed == printed
    notes = [row.notes for _, row in found.rows() if row.label == "Focal loss"]
    assert notes == [why]


def test_best_of_the_methods_without_group_labels_is_bold():
    found = entries(table(by_hand({"ce": [0.80], "focal": [0.85], "gradient_reversal": [0.99]})))
    assert [label for label, one in found.items() if one.bold] == ["Focal loss"]


def test_entries_that_tie_as_printed_are_all_bold():
    found = entries(
        table(by_hand({"ce": [0.8501], "focal": [0.8504], "spectral_decoupling": [0.8506]}))
    )
    # Printed 85.0, 85.0 and 85.1.
    assert [label for label, one in found.items() if one.bold] == ["Spectral decoupling"]
    found = entries(table(by_hand({"ce": [0.8501], "focal": [0.8504]})))
    assert [label for label, one in found.items() if one.bold] == ["Cross entropy", "Focal loss"]


def test_a_mean_over_fewer_seeds_does_not_compete():
    found = entries(
        table(by_hand({"ce": [0.8, 0.8], "focal": [0.9, None], "spectral_decoupling": [0.7, 0.7]}))
    )
    assert [label for label, one in found.items() if one.bold] == ["Cross entropy"]


def test_a_single_competitor_is_not_called_best():
    found = table(by_hand({"ce": [0.8], "gradient_reversal": [0.7]}))
    assert not any(one.bold for one in entries(found).values())
    assert "Bold" not in found.remark


def test_lower_is_better_where_the_column_says_so():
    place = {"attribute": "gender", "emotion": "max", "metric": "disc"}
    values = {("ce", "0"): 0.30, ("focal", "0"): 0.10}
    frames = study(
        rows(values, **place), [cell("synthetic", "ce", 0), cell("synthetic", "focal", 0)]
    )
    found = entries(table(frames, "discrimination_synthetic_gender"), column=7)
    assert [label for label, one in found.items() if one.bold] == ["Focal loss"]


def test_difference_is_paired_by_seed_from_unrounded_values():
    found = entries(table(by_hand({"ce": [0.8004, 0.8204], "focal": [0.81, None]})), column=2)
    # Only seed 0 is shared: 81.00 - 80.04 = 0.96.
    assert found["Focal loss (n=1/2)"].printed == "+1.0"
    assert found["Cross entropy"].printed == "ref."


def test_difference_without_the_baseline_is_undefined_with_a_note():
    found = entries(table(by_hand({"focal": [0.8], "spectral_decoupling": [0.7]})), column=2)
    assert found["Focal loss"].printed == "-"
    assert "ce" in found["Focal loss"].note


def test_methods_stand_in_blocks_by_their_use_of_group_labels():
    found = table(by_hand({method: [0.8] for method in CARDS}))
    blocks = {block.title: [row.label for row in block.rows] for block in found.blocks}
    assert blocks == {
        "Methods that use group labels in training": ["Gradient reversal", "Latent alignment"],
        "Methods that do not use group labels": [
            "Cross entropy",
            "Focal loss",
            "Spectral decoupling",
            "AU positive matching",
        ],
        "Methods that need group labels at test time": ["Domain discriminative"],
    }


def test_reconstructions_are_marked():
    found = table(by_hand({"ce": [0.8], "latent_alignment": [0.8]}))
    assert [row.label for _, row in found.rows() if RECONSTRUCTION in row.notes] == [
        "Latent alignment"
    ]
    assert found.mark(RECONSTRUCTION) == "*"


def test_group_free_methods_are_marked_when_selection_read_groups():
    frames = by_hand({"ce": [0.8], "latent_alignment": [0.8]}, select="best_wga")
    frames.metrics["select"] = "best_wga"
    marked = [row.label for _, row in table(frames).rows() if VALIDATION_GROUPS in row.notes]
    assert marked == ["Cross entropy"]


def test_only_rows_of_the_asked_selection_rule_are_shown():
    frames = by_hand({"ce": [0.8]})
    frames.metrics["select"] = "best_acc"
    assert entries(table(frames))["Cross entropy"].state == "blank"


def test_a_variant_is_a_row_of_its_own():
    frames = by_hand({"ce": [0.8], "focal": [0.7]})
    frames.metrics.loc[1, "variant"] = frames.cells.loc[1, "variant"] = "gamma=3"
    assert entries(table(frames))["Focal loss [gamma=3]"].mean == 0.7


def test_settings_that_all_rows_share_are_named_once():
    shared = "synthetic.units=AU06 protocol.epochs=1"
    frames = by_hand({"ce": [0.8], "focal": [0.7]})
    for name in (frames.metrics, frames.cells):
        name["variant"] = [shared, f"gamma=3 {shared}"]
    found = table(frames)
    assert [row.label for _, row in found.rows()][:2] == ["Cross entropy", "Focal loss [gamma=3]"]
    assert found.caption.endswith("All rows with synthetic.units=AU06, protocol.epochs=1.")
    assert "all rows with synthetic.units=AU06, protocol.epochs=1" in header_text(frames, STRICT)
    assert shared in {row.run[2] for _, row in found.rows() if row.run}


def test_a_method_is_the_same_on_every_data_set_whatever_settings_each_has():
    plain, changed = full_study(), full_study()
    for name in (changed.metrics, changed.cells):
        name["variant"] = name["dataset"] + ".units=AU06 " + name["variant"]
        name["variant"] = name["variant"].str.strip()
    peers = [
        [row.peer for card in frames.dataset_cards for row in method_rows(frames, card)]
        for frames in (plain, changed)
    ]
    assert peers[0] == peers[1]


def test_a_setting_that_one_row_lacks_stays_in_the_labels():
    frames = by_hand({"ce": [0.8], "focal": [0.7]})
    for name in (frames.metrics, frames.cells):
        name["variant"] = ["", "synthetic.bias=0"]
    found = table(frames)
    assert [row.label for _, row in found.rows()][:2] == [
        "Cross entropy", "Focal loss [synthetic.bias=0]",
    ]  # fmt: skip
    assert "All rows with" not in found.caption


def test_fold_data_sets_show_pooled_rows_only():
    london = table(full_study(), "suresh_v_london")
    found = entries(london)
    assert found["Cross entropy"].n == found["Cross entropy"].expected == 1
    assert found["Cross entropy"].sd is None
    assert "pooled over 5 folds" in london.caption
    assert found["Focal loss (folds 3/5)"].state == "blank"
    assert found["AU positive matching"].printed == "n/a"


def test_rows_of_single_folds_are_not_averaged():
    frames = by_hand({"ce": [0.1, 0.2, 0.3, 0.4, 0.5]}, folds={"synthetic": 5})
    assert entries(table(frames))["Cross entropy (folds 5/5)"].state == "blank"


def test_smallest_denominator_is_printed_below_every_comparison():
    found = table(full_study(), "suresh_ii_synthetic_gender")
    smallest = entries(found)["Smallest n"]
    male, female = (entries(found, column)["Smallest n"].printed for column in (0, 1))
    assert smallest.printed == male
    assert entries(found, 2)["Smallest n"].printed == str(min(int(male), int(female)))


def test_left_out_groups_are_named_at_the_column():
    found = table(full_study(), "suresh_iv_synthetic_gender_x_tone")
    fairness = next(column for column in found.columns if column.header == "worst / best")
    assert "x dark" in fairness.note


def test_caption_states_the_protocol():
    caption = table(full_study()).caption
    for part in (
        "Synthetic faces",
        "5 seeds",
        "ddof 1",
        "default",
        "last",
        "strict",
        "min_n = 10",
        "undefined",
    ):
        assert part in caption


def test_layouts_cover_every_attribute_and_intersection():
    keys = {
        one.key for _, tables in tables_of(full_study()) for one in tables if "synthetic" in one.key
    }
    crossed = "gender_x_tone"
    every = ("summary", "discrimination", "joo_headline", "between_group_variance")
    assert keys == {
        *(f"{key}_synthetic_{name}" for key in every for name in ("gender", "tone", crossed)),
        "suresh_v_synthetic",
        "suresh_ii_synthetic_gender",
        "suresh_iii_synthetic_gender",
        "suresh_iv_synthetic_tone",
        f"suresh_iv_synthetic_{crossed}",
        "ranking_synthetic",
        "suresh_i_synthetic",
        "chen_3_synthetic_gender",
        # By tone no class has ten faces of every group, so no fairness score is defined.
        *(f"{key}_synthetic_gender" for key in ("aggregates", "tradeoff")),
        "aggregates_synthetic",
        "detectable_synthetic",
        "fixed_fairness_synthetic",
        # Those of two classes (5 to 7) are printed of seven only when asked for.
        *(f"rizvi_{number}_synthetic" for number in (1, 2, 3, 4, 8)),
    }


@pytest.mark.parametrize("tallest", [2, 3, 4, 7, 100])
def test_a_tall_table_is_cut_into_stretches_that_hold_every_row_once(tallest):
    whole = table(full_study(), "suresh_v_synthetic")

    parts = whole.stretches(tallest)

    rows_of = [row for part in parts for block in part.blocks for row in block.rows]
    assert rows_of == [row for block in whole.blocks for row in block.rows]
    heights = [sum(1 + len(b.rows) for b in part.blocks) + len(part.footer) for part in parts]
    assert max(heights) <= tallest
    assert [part.footer for part in parts] == [()] * (len(parts) - 1) + [whole.footer]
    titles = [block.title for part in parts for block in part.blocks]
    assert list(dict.fromkeys(titles)) == [block.title for block in whole.blocks]


def test_a_table_that_fits_is_one_stretch():
    whole = table(full_study(), "suresh_v_synthetic")

    assert whole.stretches(100) == (whole,)


def with_statistics(frames, best, **corrected):
    """The study with a p of the difference to the best for each method, after Holm."""
    found = made_statistics(frames.metrics)
    found["best"] = best
    found["best_p_holm"] = found["method"].map(corrected).astype(float)
    return replace(frames, statistics=found)


def tied(found):
    return [label for label, one in entries(found).items() if one.tied]


THREE = {"ce": [0.79, 0.81], "focal": [0.85, 0.85], "spectral_decoupling": [0.50, 0.50]}


def test_what_cannot_be_told_from_the_best_is_marked_and_the_table_says_so():
    frames = with_statistics(by_hand(THREE), "focal", ce=0.06, spectral_decoupling=0.05)
    found = table(frames)

    assert tied(found) == ["Cross entropy"]
    assert entries(found)["Focal loss"].bold
    assert "Underlined: not distinguishable from the best" in found.remark
    # The column of differences to the baseline has no marks of its own.
    assert not any(one.tied for one in entries(found, column=2).values())


def test_without_a_p_nothing_is_marked():
    found = table(with_statistics(by_hand(THREE), "focal"))

    assert tied(found) == []
    assert "Underlined" not in found.remark
    assert tied(table(by_hand(THREE))) == []


def test_a_best_method_that_is_not_the_bold_one_marks_nothing():
    # As where a table shows some methods only.
    frames = with_statistics(by_hand(THREE), "mixup", ce=0.06, spectral_decoupling=0.6)
    assert tied(table(frames)) == []


def test_a_method_that_is_not_compared_is_not_marked():
    frames = by_hand({**THREE, "gradient_reversal": [0.84, 0.84]})
    found = table(with_statistics(frames, "focal", ce=0.01, gradient_reversal=0.9))
    assert tied(found) == []


def test_every_format_shows_the_mark():
    frames = with_statistics(by_hand(THREE), "focal", ce=0.06, spectral_decoupling=0.05)
    found = table(frames)
    printed = entries(found)["Cross entropy"].printed

    assert f"<ins>{printed}</ins>" in markdown.table_text(found)
    assert rf"\underline{{{printed}}}" in latex.table_text(found)
    assert f'<u title="not distinguishable from the best">{printed}</u>' in (
        fragment.table_text(found)
    )
    cells = json.loads(json_format.table_text(found))["blocks"][0]["rows"]
    assert [row["cells"][0]["tied"] for row in cells] == [True, False, False]
    page = template("tables.html.j2").module.grid(found, column_spans)
    assert f'<span class="tied">{printed}</span>' in page
    assert page.count("(not distinguishable from the best)") == 1
    plain = csv_format.table_text(table(by_hand(THREE)))
    assert csv_format.table_text(found) == plain


def test_the_comparison_set_is_that_of_the_bold_marks():
    # Methods without group labels, with the runs planned; five folds are one run.
    assert compared_runs(full_study()) == {
        ("synthetic", "ce", ""): 5,
        ("synthetic", "focal", ""): 5,
        ("synthetic", "spectral_decoupling", ""): 5,
        ("synthetic", "au_positive_matching", ""): 5,
        ("london", "ce", ""): 1,
        ("london", "focal", ""): 1,
        ("london", "au_positive_matching", ""): 1,
    }
