"""Registered data sets with side files, audited."""

import csv
import json

import numpy as np
import pytest

from benchmarks.asked_datasets import asked_datasets
from benchmarks.audit_source import observations_of, restricted
from benchmarks.cli import main
from reports.audit.action_units import threshold_of
from reports.audit.roles import Roles
from tests.datasets.miniatures import affectnet_cfd

KEY = "affectnet_automatic"
#: Chen and Joo's units of anger
UNITS = "AU04,AU05,AU07,AU23"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return affectnet_cfd.make(tmp_path_factory.mktemp("sets"))


def settings(root, **changes):
    files = {
        "action_units": root / "units" / "affectnet.csv",
        "attributes": root / "guesses.csv",
        "units": UNITS,
        "unit_kind": "chen",
    }
    return [f"{KEY}.{name}={value}" for name, value in (files | changes).items()]


def observed(root, tmp_path, **changes):
    (dataset,) = asked_datasets([KEY], settings(root, **changes))
    (found,) = observations_of(dataset, root, tmp_path / "cache")
    return found


def rows_of(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_guessed_genders_of_affectnet_are_audited_as_chen_and_joo_did(root, tmp_path, capsys):
    out = tmp_path / "out"
    options = [part for text in settings(root) for part in ("--set", text)]
    where = ["--data-root", str(root), "--cache", str(tmp_path / "cache"), "--out", str(out)]

    assert main(["audit", KEY, *options, "--positive", "angry", *where]) == 0

    assert "right on faces held out: predicted_gender 90.0 %" in capsys.readouterr().out
    tests = rows_of(out / "audit.csv")
    assert {row["attribute"] for row in tests} == {"predicted_gender"}
    assert {unit for row in tests for unit in UNITS.split(",") if unit in row["condition"]}
    corrected = rows_of(out / "corrected.csv")
    assert corrected and {row["attribute"] for row in corrected} == {"predicted_gender"}


def test_guesses_come_with_the_rates_of_their_errors(root, tmp_path):
    (grouping,) = observed(root, tmp_path).groupings
    assert grouping.name == "predicted_gender" and grouping.predicted
    np.testing.assert_allclose(grouping.confusion, [[0.9, 0.1], [0.1, 0.9]])


def test_presences_need_no_threshold(root, tmp_path):
    found = restricted(observed(root, tmp_path), Roles())
    assert found.action_units == ("AU04", "AU05", "AU07", "AU23")


def test_an_intensity_at_the_threshold_is_not_above_it(root, tmp_path):
    # Chen and Joo: AU06 is present above 1.8 of 5.
    lines = (root / "units" / "affectnet.csv").read_text().splitlines()[1:]
    images = [line.split(",")[0] for line in lines]
    path = tmp_path / "units.csv"
    path.write_text(
        "\n".join(
            ["image,AU06", *(f"{name},{(1.8, 1.81)[n % 2]}" for n, name in enumerate(images))]
        )
    )
    path.with_suffix(".json").write_text(json.dumps({"range": "[0,5]"}))
    found = observed(root, tmp_path, action_units=path, units="AU06")
    present = found.intensities[:, 0] > threshold_of("AU06", found.top)
    np.testing.assert_array_equal(present, np.round(found.intensities[:, 0] * 5, 4) == 1.81)
    assert 0 < present.mean() < 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([KEY, "--set", "cfd.positive=angry"], "'cfd' is not among the data sets named"),
        ([KEY, "--set", f"{KEY}.action_units=nowhere.csv"], "nowhere.csv cannot be read"),
        ([__file__, "--set", f"{KEY}.positive=angry"], "none is named"),
        (["nobody"], "no data set 'nobody'"),
        (["tests/benchmarks"], "is a folder: name a file in it"),
    ],
    ids=["other set", "no file", "no set", "unknown", "folder"],
)
def test_a_wrong_setting_is_one_sentence(root, tmp_path, capsys, arguments, message):
    where = ["--data-root", str(root), "--cache", str(tmp_path / "cache")]
    assert main(["audit", *arguments, *where, "--out", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
