"""Pooled tests, residuals, calibration and lists as tables."""

import math

import pytest

from reports.audit.tables import audit_tables
from reports.convention import PAPER, STRICT
from tests.reports.audit.small_results import result_of, with_rows

TWO = {"male": (100, 30), "female": (100, 10)}
THREE = {"a": (100, 30), "b": (100, 10), "c": (100, 0)}
QUESTION = {"dataset": "A", "label": "happy", "attribute": "gender"}
BASE = {("A", "happy", "gender"): {"AU06=0": TWO, "AU06=1": TWO}}


def found(result, key, convention=STRICT):
    return {table.key: table for table in audit_tables(result, convention)}[key]


def lines(table):
    headers = [f"{column.span} {column.header}".strip() for column in table.columns]
    return {
        row.label: dict(zip(headers, [cell.printed for cell in row.cells], strict=True))
        for _, row in table.rows()
    }


def pooled_test(test, **fields):
    return QUESTION | {"condition": "AU06", "test": test, "reason": ""} | fields


def test_pooled_test_of_two_groups_has_an_odds_ratio_and_equal_odds():
    rows = [
        pooled_test("cmh", statistic=12.345, dof=1, p=0.0004, p_holm=0.0012, n=400, effect=1.5,
                    effect_low=1.2, effect_high=1.9),
        pooled_test("breslow_day", p=0.031),
    ]  # fmt: skip
    table = found(with_rows(result_of(BASE), tests=rows), "pooled")
    assert lines(table)["happy by gender within AU06"] == {
        "Chi-square": "12.35", "df": "1", "p": "<0.001 ***", "Holm p": "0.001 **",
        "Odds ratio": "1.50 [1.20, 1.90]", "Equal odds p": "0.031 *", "n": "400",
    }  # fmt: skip


def test_pooled_test_of_more_groups_has_v_and_no_odds_ratio():
    base = {("A", "happy", "race"): {"AU06=0": THREE, "AU06=1": THREE}}
    row = pooled_test("cmh", statistic=9.0, dof=1, p=0.01, p_holm=0.02, n=600, effect=0.1,
                      effect_low=0.0, effect_high=0.2) | {"attribute": "race"}  # fmt: skip
    table = found(with_rows(result_of(base), tests=[row]), "pooled")
    entries = lines(table)["happy by race within AU06"]
    assert entries["V"] == "0.100 [0.000, 0.200]"
    assert "Odds ratio" not in entries


def test_paper_has_no_holm_column():
    row = pooled_test("cmh", statistic=9.0, dof=1, p=0.01, p_holm=0.02, n=600)
    table = found(with_rows(result_of(BASE, PAPER), tests=[row]), "pooled", PAPER)
    assert not any("Holm" in column.header for column in table.columns)


def test_reason_of_an_untested_question_is_the_footnote_of_its_row():
    row = pooled_test("cmh", p=math.nan, n=0, reason="no informative stratum")
    table = found(with_rows(result_of(BASE), tests=[row]), "pooled")
    assert table.notes() == ("no informative stratum",)


def test_regression_shows_the_three_models_beside_each_other():
    rows = [
        pooled_test("logit_lr", statistic=4.0, dof=1, p=0.0455, p_holm=0.0455, n=400, effect=1.2),
        pooled_test("logit_lr_interactions", p=0.2),
        pooled_test("logit_lr_squares", p=0.003),
    ]
    entries = lines(found(with_rows(result_of(BASE), tests=rows), "regression"))["happy by gender"]
    assert entries["p"] == "0.046 *"
    assert entries["With interactions p"] == "0.200"
    assert entries["With squares p"] == "0.003 **"


def test_discrimination_is_signed_and_says_what_it_is_conditional_on():
    one = QUESTION | {
        "source": "label", "form": "conditional", "family": "AU06", "group_a": "male",
        "group_b": "female", "value": -0.0625, "low": -0.1, "high": -0.02, "share_used": 1.0,
        "n": 400, "reason": "",
    }  # fmt: skip
    table = found(with_rows(result_of(BASE), discrimination=[one]), "discrimination")
    row = lines(table)["happy by gender: male - female within AU06"]
    assert row["Difference"] == "-0.063 [-0.100, -0.020]"


def test_of_more_than_two_groups_discrimination_prints_the_pair_farthest_apart():
    base = {("A", "happy", "race"): {"AU06=0": THREE, "AU06=1": THREE}}
    one = QUESTION | {
        "attribute": "race", "source": "label", "form": "raw", "family": "all", "low": -1.0,
        "high": 1.0, "share_used": 1.0, "n": 9, "reason": "",
    }  # fmt: skip
    pairs = [("a", "b", 0.2), ("a", "c", -0.3), ("b", "c", math.nan)]
    rows = [one | {"group_a": a, "group_b": b, "value": value} for a, b, value in pairs]
    rows += [row | {"form": "conditional", "family": "AU06", "value": 0.1} for row in rows]

    table = found(with_rows(result_of(base), discrimination=rows), "discrimination")

    assert list(lines(table)) == ["happy by race: a - c", "happy by race: a - c within AU06"]
    assert "discrimination.csv" in table.caption


def test_residuals_of_all_labels_are_called_so_and_leave_out_data_sets_without_any():
    nobody = {"a": (100, 0), "b": (100, 0), "c": (100, 0)}
    labels = {("A", label, "race"): {"all": THREE} for label in ("happy", "angry")}
    empty = {("B", label, "race"): {"all": nobody} for label in ("happy", "angry")}

    table = found(result_of(labels | empty), "residuals_overall_race")

    assert [block.title for block in table.blocks] == ["A"]
    assert len(table.blocks[0].rows) == 2


def test_sensitivity_runs_are_not_listed_again_among_corrected_shares_and_residuals():
    names = ("A", "A [raw thresholds]")
    runs = {(name, "happy", "race"): {"AU06=0": THREE, "AU06=1": THREE} for name in names}
    shares = [
        QUESTION | {"dataset": name, "attribute": "race", "condition": "AU06=0", "group": "a",
                    "naive": 0.3, "corrected": 0.31, "low": 0.2, "high": 0.4, "reason": ""}
        for name in names
    ]  # fmt: skip
    result = with_rows(result_of(runs), corrected=shares)

    for key in ("corrected", "residuals_marginal_happy_race"):
        assert [block.title for block in found(result, key).blocks] == ["A"]


@pytest.mark.parametrize("firth", [False, True])
def test_firths_penalty_has_a_column_where_it_was_used(firth):
    row = QUESTION | {
        "model": "main", "group": "male", "reference": "female", "odds_ratio": 1.5, "low": 1.2,
        "high": 1.9, "marginal_difference": 0.1, "n": 400, "firth": firth, "reason": "",
    }  # fmt: skip
    entries = lines(found(with_rows(result_of(BASE), adjusted=[row]), "adjusted"))

    assert ("Firth" in entries["happy by gender: male to female (main)"]) == firth


def test_loss_has_its_p_once_an_attribute():
    loss = [
        {"dataset": "A", "attribute": "gender", "group": group, "images": 100, "lost": 10,
         "share": 0.1, "low": 0.05, "high": 0.2}
        for group in ("male", "female")
    ]  # fmt: skip
    test = QUESTION | {
        "label": "",
        "condition": "action units not measured",
        "test": "chi2",
        "p": 0.3,
    }
    table = lines(found(with_rows(result_of(BASE), loss=loss, tests=[test]), "loss"))
    assert table["gender: male"]["p"] == "0.300"
    assert table["gender: female"]["p"] == ""


def test_residuals_are_shown_for_more_than_two_groups_and_marked_beyond_196():
    base = {("A", "happy", "race"): {"AU06=0": THREE, "AU06=1": THREE}}
    tables = {table.key: table for table in audit_tables(result_of(base | BASE), STRICT)}
    assert [key for key in tables if key.startswith("residuals")] == [
        "residuals_marginal_happy_race"
    ]
    cells = tables["residuals_marginal_happy_race"].blocks[0].rows[0].cells
    assert [(cell.printed, cell.bold) for cell in cells] == [
        ("2.50", True),
        ("2.50", True),
        ("-", False),
    ]


def calibration(kind, group, accuracy, p):
    return {
        "dataset": "E", "attribute": "gender", "action_unit": "AU04", "threshold_kind": kind,
        "group": group, "threshold": 2.4, "accuracy": accuracy, "tpr": 0.5, "fpr": 0.1, "n": 1000,
        "statistic": 1.0, "p": p, "reason": "tested on the other half",
    }  # fmt: skip


def test_calibration_shows_accuracies_p_and_what_each_group_gives_up():
    # The supplement's AU4: male .854 to .857, female .928 to .855.
    rows = [
        calibration("raw", "Male", 0.854, 1e-9), calibration("raw", "Female", 0.928, 1e-9),
        calibration("recalibrated", "Male", 0.857, 0.779),
        calibration("recalibrated", "Female", 0.855, 0.779),
    ]  # fmt: skip
    table = found(with_rows(result_of(BASE, PAPER), calibration=rows), "chen_1_gender", PAPER)
    entries = lines(table)
    assert list(entries) == ["AU04, raw", "AU04, recalibrated", "AU04, recalibrated: change"]
    first = ("Accuracy Male", "Accuracy Female", "Accuracy p")
    assert [entries["AU04, raw"][name] for name in first] == ["0.854", "0.928", "0.000 ***"]
    assert [entries["AU04, recalibrated"][name] for name in first] == ["0.857", "0.855", "0.779"]
    assert entries["AU04, recalibrated: change"]["Accuracy Female"] == "-0.073"
    assert "tested on the other half" in table.remark


def test_matched_error_rates_are_explained_where_they_are():
    rows = [calibration("raw", group, 0.9, 0.5) for group in ("Male", "Female")]
    more = [calibration("matched error rates", group, 0.8, 0.4) for group in ("Male", "Female")]

    plain = found(with_rows(result_of(BASE), calibration=rows), "chen_1_gender").caption
    both = found(with_rows(result_of(BASE), calibration=[*rows, *more]), "chen_1_gender").caption

    assert "matched" not in plain
    assert "bring their TPR and FPR closest (matched error rates)" in both


@pytest.mark.parametrize("convention", [STRICT, PAPER])
def test_an_audit_without_rows_has_no_tables(convention):
    assert audit_tables(result_of({}, convention), convention) == []


def test_sensitivity_runs_are_no_data_sets_of_their_own_in_captions():
    runs = {(name, "happy", "gender"): {"AU06=0": TWO} for name in ("A", "A [raw thresholds]")}
    table = found(result_of(runs), "chen_2_happy_gender")
    assert "n = 200 images." in table.caption
    assert "Holm p: over the one test of" in table.caption
    assert "corrected on their own" in table.caption
