"""The table of scores by guessed groups."""

from dataclasses import replace

import pandas as pd
import pytest

from reports.report import tables_of
from reports.study import CORRECTED_COLUMNS
from tests.reports.studies import full_study

#: 180 of 200 guesses right: 95 of 100 of the first level, 85 of 100 of the second
CONFUSION = ((95, 5), (15, 85))


def guessed_study(rows):
    frame = pd.DataFrame(rows, columns=list(CORRECTED_COLUMNS))
    return replace(full_study(), confusions={"synthetic": {"gender": CONFUSION}}, corrected=frame)


def row(method, metric, **numbers):
    place = ("synthetic", method, "", "last", "gender", metric, "all")
    values = {
        "seeds": 2,
        "guessed": 0.95,
        "weighted": 0.97,
        "weighted_se": 0.015,
        "corrected": 0.9,
        "sd": 0.01,
        "se": 0.02,
        "reason": "",
    }
    return (*place, *(values | numbers).values())


def table(rows):
    (found,) = [
        table
        for _, tables in tables_of(guessed_study(rows), ["guessed_groups"])
        for table in tables
    ]
    return found


def printed(found, label):
    (own,) = [row for _, row in found.rows() if row.label.startswith(label)]
    return [cell.printed for cell in own.cells]


@pytest.fixture
def label():
    return full_study().method_cards["ce"].title


def test_guessed_corrected_and_error_stand_side_by_side(label):
    found = table([row("ce", "fs_acc"), row("ce", "fs_mca", corrected=0.85), row("ce", "disc")])
    headers = [column.header for column in found.columns[:5]]
    assert headers == ["guessed", "weighted", "se", "inverted", "se"]
    # fs_mca comes second.
    cells = printed(found, label)
    assert cells[5:8] == ["95.0", "97.0", "1.5"]
    assert cells[8].startswith("85.0 (1.0)") and cells[9] == "2.0"
    assert "right on 90.0 % of 200 faces" in found.remark
    assert "male 95.0, female 85.0" in found.remark


def test_what_cannot_be_corrected_says_why(label):
    numbers = ("weighted", "weighted_se", "corrected", "sd", "se")
    missing = dict.fromkeys(numbers, float("nan"))
    missing |= {"seeds": 0, "reason": "the guesses do not depend on the true group"}
    found = table([row("ce", metric, **missing) for metric in ("fs_acc", "fs_mca", "disc")])
    assert printed(found, label)[1:5] == ["-"] * 4
    assert missing["reason"] in found.notes()


def test_a_study_without_guesses_has_no_such_table():
    assert [tables for _, tables in tables_of(full_study(), ["guessed_groups"]) if tables] == []
