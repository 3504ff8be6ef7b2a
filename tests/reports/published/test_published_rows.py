"""Published values: the data, and their rows beside measured ones."""

import dataclasses
from functools import cache

import pandas as pd
import pytest

from reports.formats import csv, json, latex, markdown
from reports.measure import measure
from reports.published.rows import ELSEWHERE, without_published
from reports.published.values import COLUMNS, published_records, published_values
from reports.report import tables_of, unfilled
from reports.tables import with_bold
from tests.reports.studies import cell, full_study, predictions, study

RACES = ("Caucasian", "African-American", "Asian")


@pytest.fixture(scope="module")
def rafdb():
    """Cross entropy and latent alignment on faces that are called RAF-DB."""
    frames, cells = [], []
    levels = {"gender": ("male", "female"), "race": RACES}
    for method in ("ce", "latent_alignment", "au_positive_matching"):
        for seed in range(2):
            made = dataclasses.replace(
                predictions(method, seed, dataset="raf_db"), levels=levels, intersections=()
            )
            frames.append(measure(made))
            cells.append(cell("raf_db", method, seed))
    return study(pd.concat(frames, ignore_index=True), cells, levels=levels)


@cache
def whole_study():
    return full_study()


def found(frames, key, **options):
    return next(t for _, ts in tables_of(frames, **options) for t in ts if t.key == key)


def rows_of(table):
    return {row.label: (block, row) for block, row in table.rows()}


def test_every_printed_number_is_there_with_its_digits():
    frame = published_values()
    counts = frame["source"].value_counts().to_dict()
    assert counts == {
        "rizvi2024": 132,
        "rizvi2024_summary": 2,
        "suresh2022": 302,
        "chen2021_supp": 544,
        "joo2024": 3,
    }
    assert tuple(frame.columns) == (*COLUMNS, "number")
    assert "76.0" in set(frame["value"]) and "76" in set(frame["value"])
    assert frame["number"].notna().all()


def test_no_two_printed_numbers_have_one_place():
    names = [name for name in COLUMNS if name not in ("unit", "value", "std", "note")]
    places = [tuple(getattr(one, name) for name in names) for one in published_records()]
    assert len(set(places)) == len(places)


def test_a_published_row_follows_the_row_of_its_method(rafdb):
    table = found(rafdb, "rizvi_4_raf_db", published=True)
    labels = [row.label for block in table.blocks for row in block.rows]
    place = labels.index("Latent alignment")
    assert labels[place + 1] == "Latent alignment, published (Rizvi 2024, 4)"


def test_methods_that_were_not_run_stand_in_a_block_of_their_own(rafdb):
    table = found(rafdb, "rizvi_4_raf_db", published=True)
    block, row = rows_of(table)["Focal loss, published (Rizvi 2024, 4)"]
    assert block == ELSEWHERE
    assert [one.printed for one in row.cells] == ["96.1", "97.2"]
    assert "as printed in Rizvi et al. 2024, Table 4, from other code" in table.remark


def test_numbers_print_as_in_the_paper_and_say_what_the_paper_implies(rafdb):
    table = found(rafdb, "rizvi_4_raf_db", published=True)
    _, row = rows_of(table)["Latent alignment, published (Rizvi 2024, 4)"]
    gender, race = row.cells
    assert (gender.printed, race.printed) == ("99.51", "94.2")
    assert gender.mean == pytest.approx(0.9951)
    assert gender.reason == ""
    assert "imply [97.79, 98.06]" in race.reason


def test_deviations_of_the_paper_are_printed(rafdb):
    table = found(rafdb, "suresh_iv_raf_db_race", published=True)
    label = "AU positive matching, published (Suresh 2022, IV)"
    _, row = rows_of(table)[label]
    by_header = {c.header: one.printed for c, one in zip(table.columns, row.cells, strict=True)}
    assert by_header["African-American"] == "87.8 (1.0)"
    assert by_header["fear"] == "47.3 (9.6)"
    assert by_header["best - worst"] == ""


def test_differences_go_with_differences(rafdb):
    table = found(rafdb, "suresh_v_raf_db", published=True)
    _, row = rows_of(table)["AU positive matching, published (Suresh 2022, V)"]
    assert [one.printed for one in row.cells] == ["86.1 (0.3)", "86.1 (0.2)", "-0.4"]


def test_published_values_never_compete(rafdb):
    plain, beside = (
        found(rafdb, "rizvi_1_raf_db", published=published) for published in (False, True)
    )
    bold = {(row.label, i) for _, row in plain.rows() for i, c in enumerate(row.cells) if c.bold}
    also = {(row.label, i) for _, row in beside.rows() for i, c in enumerate(row.cells) if c.bold}
    assert bold == also != set()
    assert with_bold(plain) == plain


def test_other_data_sets_get_no_published_values_and_a_sentence():
    frames = whole_study()
    assert tables_of(frames, published=True) == tables_of(frames)
    sentences = without_published(frames.dataset_cards)
    assert len(sentences) == 2
    assert sentences[0] == (
        "No printed values of Synthetic faces; there are of AffectNet-Automatic to CFD, CelebA, "
        "IASLab, RAF-DB."
    )


def test_every_writer_prints_published_rows(rafdb):
    table = found(rafdb, "rizvi_4_raf_db", published=True)
    for text in (markdown.table_text(table), latex.table_text(table), csv.table_text(table)):
        assert "99.51" in text and "97.79" in text
    assert '"text": "99.51"' in json.table_text(table)


def test_layouts_that_a_data_set_cannot_fill_are_named(rafdb):
    frames = whole_study()
    assert unfilled(frames, ["suresh_ii", "rizvi_2"]) == []
    (sentence,) = unfilled(rafdb, ["rizvi_3"])
    assert "Raf_db faces" in sentence
    assert "an attribute age or an intersection" in sentence
    assert unfilled(frames, ["rizvi_8"]) == [
        "rizvi_8 gives no table of London faces: it needs cells of latent_alignment."
    ]
