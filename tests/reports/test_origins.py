"""Origins: seeds, counts, statistics and formula behind each number that a table shows."""

import json
from dataclasses import replace

import numpy as np
import pytest

from reports.metrics.counts import confusion_tensor
from reports.origins import formula_text, json_text, origins_of
from reports.report import tables_of
from reports.runs import runs_of
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import CARDS, full_study, predictions


@pytest.fixture(scope="module")
def frames():
    plain = full_study()
    return replace(plain, statistics=made_statistics(plain.metrics))


@pytest.fixture(scope="module")
def origins(frames):
    sets = [predictions(method, seed) for method in CARDS for seed in range(5)]
    # as read back by a browser
    return json.loads(json_text(origins_of(frames, tables_of(frames), runs_of(sets))))


def run_of(origins, method, dataset="synthetic"):
    return next(run for run in origins["data"][dataset]["runs"] if run["method"] == method)


def at(origins, *place):
    return str(origins["data"]["synthetic"]["places"].index(list(place)))


def test_values_are_those_of_the_metrics_by_seed(frames, origins):
    run = run_of(origins, "focal")
    assert run["seeds"] == ["0", "1", "2", "4"]  # seed 3 failed
    assert run["cells"] == [f"synthetic-focal-{seed}" for seed in (0, 1, 2, 4)]
    rows = frames.metrics.query(
        "dataset == 'synthetic' and method == 'focal' and metric == 'fs_acc' "
        "and attribute == 'tone'"
    )
    values, worst, best = run["values"][at(origins, "tone", "all", "all", "fs_acc")][:3]
    assert values == pytest.approx(rows["value"].tolist(), abs=1e-5)
    for said, wanted in ((worst, rows["worst_group"]), (best, rows["best_group"])):
        said = said if isinstance(said, list) else [said] * 4
        assert said == wanted.tolist()


def test_counts_are_the_confusion_tensor_of_each_seed(origins):
    run = run_of(origins, "ce")
    for name, column in (("gender", 0), ("tone", 1)):
        groups = len(origins["data"]["synthetic"]["groups"][name])
        shown = np.array(run["counts"][name]).reshape(5, groups, 7, 7)
        for seed in range(5):
            one = predictions("ce", seed)
            wanted = confusion_tensor(
                one.labels, one.predicted, one.attributes[:, column], num_groups=groups,
                num_classes=7,
            )  # fmt: skip
            assert np.array_equal(shown[seed], wanted[0])
    # images of unknown gender count only overall
    assert sum(run["counts"]["all"]) == 5 * 400 > sum(run["counts"]["gender"])


def test_counts_follow_the_seeds_that_are_left(origins):
    run = run_of(origins, "focal")
    shown = np.array(run["counts"]["tone"]).reshape(4, 3, 7, 7)
    one = predictions("focal", 4)
    wanted = confusion_tensor(
        one.labels, one.predicted, one.attributes[:, 1], num_groups=3, num_classes=7
    )
    assert np.array_equal(shown[3], wanted[0])


def test_statistics_stand_beside_the_values(origins):
    numbers = run_of(origins, "ce")["numbers"][at(origins, "all", "all", "all", "acc")]
    found = dict(zip(origins["statistics"], numbers, strict=False))
    assert found["low"] == pytest.approx(found["mean"] - 0.05, abs=2e-5)
    assert found["floor_mean"] == 0.95
    assert found["baseline"] == "ce"


def test_without_statistics_or_predictions_there_are_values_only():
    frames = full_study()
    run = run_of(origins_of(frames, tables_of(frames, ["summary"])), "ce")
    assert run["values"]
    assert run["numbers"] == run["counts"] == {}


def test_only_places_of_the_tables_are_there(frames):
    found = origins_of(frames, tables_of(frames, ["summary"]))
    columns = {c.place for _, tables in tables_of(frames, ["summary"]) for t in tables
               for c in t.columns if c.header != "passes"}  # fmt: skip
    assert {tuple(place) for place in found["data"]["synthetic"]["places"]} == columns


def test_folds_show_the_pooled_repeat(origins):
    run = run_of(origins, "ce", "london")
    assert run["seeds"] == ["0-4"]
    assert all(len(found[0]) == 1 for found in run["values"].values())


def test_json_cannot_end_its_script_and_has_no_nan():
    text = json_text({"a": "</script><!-- & \u2028", "b": None})
    assert "<" not in text and ">" not in text and "&" not in text and "\u2028" not in text
    assert json.loads(text)["a"] == "</script><!-- & \u2028"
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"a": float("nan")})


def test_formula_is_the_first_paragraph_without_shapes():
    def metric():
        """Lowest over highest recall, (S, 1, K + 2); the
        rest follows.

        Further text.
        """

    assert formula_text(metric) == "Lowest over highest recall; the rest follows."
