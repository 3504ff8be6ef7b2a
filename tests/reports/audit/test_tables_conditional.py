"""The conditional tables: layout, marks, dashes, captions."""

import csv as csv_reader
import math

import pytest

from reports.audit.result import AuditResult
from reports.audit.tables import audit_tables
from reports.convention import PAPER, STRICT
from reports.formats import latex, markdown
from reports.tables import EXACT
from tests.reports.audit.small_results import (
    counts_of_auc_fer,
    result_of,
    three_decimals,
    with_rows,
)

#: male 30 / 100, female 10 / 100: chi-square 200 (30 x 90 - 10 x 70)^2 / (100 100 40 160) = 12.5,
#: p = .0004; in the second condition 20 / 50 and 22 / 50: p = .685
CLEAR = {"male": (100, 30), "female": (100, 10)}
EVEN = {"male": (50, 20), "female": (50, 22)}
MARGINAL = {("A", "angry", "gender"): {"AU04=0": CLEAR, "AU04=1": EVEN}}


def table_of(counts, key, convention=STRICT):
    return {table.key: table for table in audit_tables(result_of(counts, convention), convention)}[
        key
    ]


def printed(table, block=0):
    return {row.label: [cell.printed for cell in row.cells] for row in table.blocks[block].rows}


def bold(table, block=0):
    return {
        row.label: [c.header for c, cell in zip(table.columns, row.cells, strict=True) if cell.bold]
        for row in table.blocks[block].rows
    }


def headers(table):
    return [column.header for column in table.columns]


def test_paper_prints_shares_difference_and_raw_p_then_the_groups():
    table = table_of(MARGINAL, "chen_2_angry_gender", PAPER)
    assert headers(table) == ["male", "female", "male - female", "p"]
    assert printed(table) == {
        "AU04=0": ["0.300", "0.100", "+0.200", "0.000 ***"],
        "AU04=1": ["0.400", "0.440", "-0.040", "0.685"],
        "P(angry | group)": ["0.333", "0.213", "", ""],  # 50 / 150 and 32 / 150
        "Number of images": ["150", "150", "", ""],
    }


def test_strict_adds_intervals_and_holm_in_a_column_of_its_own():
    table = table_of(MARGINAL, "chen_2_angry_gender")
    assert headers(table) == ["male", "female", "male - female", "p", "Holm p"]
    # Two tests: twice the smaller p is 2 x .00041 = .00081.
    assert printed(table)["AU04=0"][2:] == ["+0.200 [+0.100, +0.300]", "<0.001 ***", "0.001 ***"]
    assert "Holm p: over the 2 tests" in table.caption
    assert "Holm" not in table_of(MARGINAL, "chen_2_angry_gender", PAPER).caption


def test_highest_group_is_bold_only_where_the_test_is_significant():
    found = bold(table_of(MARGINAL, "chen_2_angry_gender"))
    assert found["AU04=0"] == ["male"]
    assert found["AU04=1"] == []
    assert found["P(angry | group)"] == []


def test_untested_cells_share_one_footnote_that_names_their_numbers():
    few = {"male": (10, 3), "female": (10, 1)}  # expected 2 and 2
    counts = {("A", "angry", "gender"): {"AU04=0": few, "AU05=0": few, "AU05=1": CLEAR}}
    table = table_of(counts, "chen_2_angry_gender", PAPER)
    assert printed(table)["AU04=0"][3] == printed(table)["AU05=0"][3] == "-"
    assert table.notes() == (
        "an expected count below 5: AU04=0 (n = 20, smallest expected count 2.00); "
        "AU05=0 (n = 20, smallest expected count 2.00)",
    )


def test_exact_p_stands_in_for_the_dash_under_strict():
    few = {"male": (10, 3), "female": (10, 1)}
    table = table_of(
        {("A", "angry", "gender"): {"AU04=0": few, "AU04=1": CLEAR}}, "chen_2_angry_gender"
    )
    # Fisher: P(X >= 3 or <= 1) of hypergeometric(20, 4, 10): 2 (120 x 10 + 210) / 4845 = 0.582
    assert printed(table)["AU04=0"][3] == "0.582"
    assert table.notes() == (EXACT,)
    assert table.mark(EXACT) == "\u2020"


def test_group_without_images_is_a_dash_and_never_highest():
    counts = {
        ("A", "angry", "gender"): {"AU04=0": {"male": (0, 0), "female": (9, 2)}, "AU04=1": CLEAR}
    }
    table = table_of(counts, "chen_2_angry_gender")
    assert printed(table)["AU04=0"][:3] == ["-", "0.222", "-"]
    assert "no images" in table.notes()


def test_a_group_of_very_few_images_is_not_called_highest():
    groups = {"young": (100, 30), "old": (100, 10), "oldest": (1, 1)}
    counts = {("A", "angry", "age"): {"AU04=0": groups}}
    result = result_of(counts)
    result["cells"].loc[:, "p"] = 0.001
    strict, paper = (audit_tables(result, one)[0] for one in (STRICT, PAPER))
    assert bold(strict)["AU04=0"] == ["young"]
    assert bold(paper)["AU04=0"] == ["oldest"]
    assert "at least 10" in strict.remark


AGES = {"young": (100, 30), "old": (100, 10), "older": (100, 12), "oldest": (100, 20)}


def ages(dataset="A", names=tuple(AGES)):
    four = dict(zip(names, AGES.values(), strict=True))
    two = {"below": (200, 40), "above": (200, 32)}
    patterns = [f"AU06={a},AU12={b}" for a in (0, 1) for b in (0, 1)]
    return {
        (dataset, "happy", "age4"): dict.fromkeys(patterns, four),
        (dataset, "happy", "age2"): dict.fromkeys(patterns, two),
    }


def test_attributes_of_one_stem_stand_side_by_side_each_with_its_p():
    table = table_of(ages(), "chen_4_happy_age", PAPER)
    assert [(c.span, c.header) for c in table.columns] == [
        ("age4", "young"), ("age4", "old"), ("age4", "older"), ("age4", "oldest"), ("age4", "p"),
        ("age2", "below"), ("age2", "above"), ("age2", "p"),
    ]  # fmt: skip
    assert [row.label for row in table.blocks[0].rows] == [
        "AU06=0, AU12=0", "AU06=0, AU12=1", "AU06=1, AU12=0", "AU06=1, AU12=1",
        "P(happy | group)", "Number of images",
    ]  # fmt: skip


def test_data_sets_whose_groups_differ_have_tables_of_their_own():
    counts = ages("A") | ages("B") | ages("C", ("child", "20", "40", "60"))
    tables = {t.key: t for t in audit_tables(result_of(counts, PAPER), PAPER)}
    first, second = tables["chen_4_happy_age"], tables["chen_4_happy_age_2"]
    assert [block.title for block in first.blocks] == ["A", "B"]
    assert [block.title for block in second.blocks] == ["C"]
    assert first.title != second.title


def races(three=(("Asian", (100, 30)), ("Black", (100, 10)), ("White", (100, 11)))):
    six = [*three, ("Indian", (100, 35)), ("Latino", (100, 9)), ("Other", (100, 12))]
    return {
        ("A", "happy", "race"): {"AU06=0,AU12=0": dict(six)},
        ("A", "happy", "race3"): {"AU06=0,AU12=0": dict(three)},
        ("B", "happy", "race"): {"AU06=0,AU12=0": dict(three)},
        ("B", "happy", "race3"): {"AU06=0,AU12=0": dict(three)},
    }


def test_groups_of_a_nested_attribute_are_printed_once_with_both_p():
    table = table_of(races(), "chen_5_happy_race", PAPER)
    assert headers(table) == [
        "Asian", "Black", "White", "Indian", "Latino", "Other", "p (3)", "p (6)",
    ]  # fmt: skip
    assert printed(table)["Number of images"] == ["100"] * 6 + ["", ""]


def test_a_data_set_with_the_smaller_groups_only_has_one_p():
    row = printed(table_of(races(), "chen_5_happy_race", PAPER), block=1)["AU06=0, AU12=0"]
    assert row[3:6] == ["", "", ""]
    assert row[6] != ""
    assert row[7] == ""


def test_the_test_of_most_groups_decides_what_is_bold():
    # Of three groups p = .97; of six, with 35 and 9 among them, far below .05.
    even = (("Asian", (100, 20)), ("Black", (100, 20)), ("White", (100, 21)))
    table = table_of(races(even), "chen_5_happy_race", PAPER)
    assert bold(table)["AU06=0, AU12=0"] == ["Indian"]
    assert bold(table, block=1)["AU06=0, AU12=0"] == []
    assert "test of most groups" in table.remark


def test_attributes_of_one_stem_with_other_counts_are_not_merged():
    other = {
        ("A", "happy", "gender1"): {"AU06=0,AU12=0": CLEAR},
        ("A", "happy", "gender2"): {"AU06=0,AU12=0": EVEN},
    }
    table = table_of(other, "chen_4_happy_gender", PAPER)
    assert printed(table)["AU06=0, AU12=0"] == [
        "0.300",
        "0.100",
        "0.000 ***",
        "0.400",
        "0.440",
        "0.685",
    ]


def test_data_without_facial_movement_has_a_row_a_label_with_its_test():
    counts = {("A", label, "gender"): {"all": CLEAR} for label in ("happy", "angry")}
    table = table_of(counts, "overall_gender")
    assert list(printed(table)) == ["happy", "angry", "Number of images"]
    assert printed(table)["happy"][3] == "<0.001 ***"
    assert "equal facial movement" not in table.caption


@pytest.mark.parametrize(
    "groups",
    [
        {"male": (100, 30)},
        {"male": (100, 0), "female": (90, 0)},
        {"male": (0, 0), "female": (0, 0)},
    ],
    ids=["one group", "label never occurs", "nobody"],
)
@pytest.mark.parametrize("convention", [STRICT, PAPER])
def test_what_cannot_be_tested_prints_dashes_and_says_why(groups, convention):
    counts = {("A", "angry", "gender"): {"AU04=0": groups, "AU04=1": groups}}
    table = table_of(counts, "chen_2_angry_gender", convention)
    p = headers(table).index("p")
    assert printed(table)["AU04=0"][p] == "-"
    assert any("nobody or everybody" in note for note in table.notes())
    assert latex.table_text(table)
    assert markdown.table_text(table)


def test_keys_are_plain_and_distinct():
    counts = {
        ("A", label, "gen/der"): {"AU04=0": CLEAR} for label in ("a b", "a/b", "A_b", "../x" * 40)
    }
    keys = [table.key for table in audit_tables(result_of(counts), STRICT)]
    assert len({key.lower() for key in keys}) == len(keys) == 4
    assert all("/" not in key and len(key) < 90 for key in keys)


def test_only_the_largest_of_very_many_conditions_are_printed():
    counts = {
        ("A", "happy", "gender"): {
            f"AU06={i},AU12=0": {"male": (100 + i, 30), "female": (100, 20)} for i in range(100)
        }
    }
    table = table_of(counts, "chen_4_happy_gender")
    labels = [row.label for row in table.blocks[0].rows]
    assert len(labels) == 66
    assert labels[0] == "AU06=36, AU12=0"
    assert "Only the 64 conditions" in table.remark


def published(shared_data, number):
    path = shared_data.parent / "published" / "chen2021_aucfer_supplement.csv"
    if not path.is_file():
        pytest.skip("../shared/published is not here")
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv_reader.DictReader(stream) if row["table"] == str(number)]


def test_supplement_table_5_comes_out_as_printed(shared_data):
    table = table_of(counts_of_auc_fer(shared_data), "chen_5_happy_race", PAPER)
    blocks = {block.title: index for index, block in enumerate(table.blocks)}
    compared = 0
    wrong = []
    for row in published(shared_data, 5):
        column = row["group"]
        if row["metric"].startswith("p-value"):
            column = f"p ({row['attribute'][6]})"
        if row["unit"] == "count":
            name = "Number of images"
        elif row["condition"]:
            name = row["condition"].replace("AU6", "AU06")
        else:
            name = "P(happy | group)"
        column = {"Latino": "Latino-Hispanic"}.get(column, column)
        if column not in headers(table):
            wrong.append(row)
            continue
        text = printed(table, blocks[row["dataset"]])[name][headers(table).index(column)]
        compared += 1
        value = float(text.split()[0])
        if not math.isclose(value, float(row["value"]), abs_tol=0.0011):
            wrong.append((row["dataset"], name, column, row["value"], text))
    assert compared > 140
    assert wrong == []


def test_rounding_is_that_of_the_counts(shared_data):
    table = table_of(counts_of_auc_fer(shared_data), "chen_2_angry_gender", PAPER)
    # The printed shares .405 and .465 differ by .060, the shares themselves by .061.
    kdef = next(i for i, block in enumerate(table.blocks) if block.title == "KDEF")
    counts = counts_of_auc_fer(shared_data)[("KDEF", "angry", "gender")]["AU04=1"]
    shares = [labelled / n for n, labelled in counts.values()]
    row = printed(table, kdef)["AU04=1"]
    assert row[:2] == [three_decimals(share) for share in shares] == ["0.405", "0.465"]
    assert row[2] == "-0.061"


def test_where_clusters_were_permuted_walds_test_stands_beside():
    result = result_of(MARGINAL)
    cells = result["cells"].assign(test="cluster_permutation")
    wald = {"dataset": "A", "label": "angry", "attribute": "gender", "test": "cluster_wald"}
    tests = [wald | {"condition": "AU04=0", "p": 0.02, "reason": ""}]
    frames = {**with_rows(result, tests=tests).frames, "cells": cells}
    found = {t.key: t for t in audit_tables(AuditResult(frames), STRICT)}["chen_2_angry_gender"]

    assert headers(found)[3:] == ["p", "Holm p", "Wald p"]
    assert printed(found)["AU04=0"][-1] == "0.020 *"
    assert printed(found)["AU04=1"][-1] == "-"
    assert "Wald p: the cluster-robust Wald test" in found.caption
