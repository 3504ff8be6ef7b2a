"""Counterfactuals of a stored cell: restoring it, donors, judges, probes, shares, sheet, errors."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from statsmodels.stats.proportion import proportion_confint
from torch import Tensor

from benchmarks import registry
from benchmarks.cli import main
from benchmarks.commands.run import plan_record
from benchmarks.counterfactual_report import ROWS, draw_sheet, page
from benchmarks.counterfactuals import (
    Check,
    Example,
    Share,
    Verdict,
    check_cell,
    draw_donors,
    group_names,
    offers,
    to_uint8,
)
from benchmarks.errors import StudyError
from benchmarks.judges import Question, probe, train_judge
from benchmarks.plan import Cell, make_plan
from benchmarks.prediction import predict
from benchmarks.protocol import Protocol
from benchmarks.restoring import RestoredCell, restore
from benchmarks.runner import RunOptions, run_cell
from benchmarks.store import Store
from benchmarks.study import Study
from methods.base import Method
from tests.benchmarks.tiny import CPU, make_data, make_faces, pictures_of

MAKER = "fair_latent_inn"
SMALL = {
    "synthetic.pool_images": 150, "synthetic.test_images": 40, "protocol.pixels": 32,
    "protocol.images": 64, "protocol.batch_size": 16, "protocol.validations": 1,
    f"{MAKER}.width": 6, "ce_on_e.width": 6,
}  # fmt: skip


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def run_study(out: Path, cache: Path, *methods: str, store_models: bool = True) -> list[Cell]:
    """A study run in this process; returns its cells."""
    owners = {"synthetic", "protocol", *methods}
    changes = {name: value for name, value in SMALL.items() if name.split(".")[0] in owners}
    study = Study(methods=methods, seeds=(0,), set=changes)
    plan = make_plan(study, None)
    store = Store(out)
    store.write_json("plan.json", plan_record(study, plan))
    for cell in plan.cells:
        options = RunOptions(out, None, cache, store_models=store_models)
        assert run_cell(cell, options).status == "done"
    return list(plan.cells)


@pytest.fixture(scope="module")
def stored(tmp_path_factory, cache) -> tuple[Path, Cell]:
    out = tmp_path_factory.mktemp("stored")
    cells = run_study(out, cache, "ce", "ce_on_e", MAKER)
    return out, next(cell for cell in cells if cell.method == MAKER)


@pytest.fixture(scope="module")
def restored(stored, cache) -> RestoredCell:
    out, cell = stored
    return restore(Store(out), cell.id, None, cache, CPU)


def test_a_restored_cell_predicts_what_was_stored(stored, restored):
    out, cell = stored
    found = predict(
        restored.method, restored.data, restored.data.test, restored.pictures, restored.protocol
    )

    wanted = Store(out).predictions(cell.id)["test_log_probabilities_last"]
    np.testing.assert_array_equal(found, wanted)


def test_the_baseline_on_codes_has_the_same_generator_bit_for_bit(stored):
    out, _ = stored
    states = {
        name.split("-")[1]: load_file(out / "cells" / name / "model.safetensors")
        for name in Store(out).ids()
    }

    own = {k: v for k, v in states[MAKER].items() if k.startswith("codes.")}
    assert len(own) > 10
    assert all(torch.equal(value, states["ce_on_e"][name]) for name, value in own.items())


def test_the_command_writes_sheet_values_and_page(stored, cache, capsys):
    out, cell = stored

    assert main(["counterfactuals", str(out), "--cache", str(cache), "--pictures", "3"]) == 0

    folder = out / "counterfactuals" / cell.id
    assert str(folder / "counterfactuals.png") in capsys.readouterr().out
    with Image.open(folder / "counterfactuals.png") as sheet:
        assert sheet.format == "PNG" and sheet.width > 3 * 96
    values = json.loads((folder / "counterfactuals.json").read_text())
    assert values["cell"] == cell.id and values["n"] == 40
    assert values["chance"] == pytest.approx(1 / len(values["groups"]))
    assert list(values["pictures"]) == ["original", "reconstruction", "swapped", "neutral"]
    assert list(values["probes"]) == ["e", "Z_Y", "Z_S"]
    for share in (*values["probes"].values(), *values["pictures"]["swapped"].values()):
        assert 0 <= share["low"] <= share["share"] <= share["high"] <= 1
    assert "| group swapped |" in (folder / "counterfactuals.md").read_text()


def test_the_same_cell_gives_the_same_check(restored):
    first, pictures = check_cell(restored, 2)
    second, again = check_cell(restored, 2)

    assert first == second
    assert all(
        np.array_equal(a.pictures[k], b.pictures[k])
        for a, b in zip(pictures, again, strict=True)
        for k in ROWS
    )


def test_every_donor_is_of_another_group_and_all_are_possible():
    groups = np.array([0, 0, 1, 2, 1, 0] * 50)

    donors = draw_donors(groups, 0)

    assert (groups[donors] != groups).all()
    assert {int(g) for g in groups[donors[groups == 0]]} == {1, 2}
    assert not np.array_equal(donors, draw_donors(groups, 1))


@pytest.mark.parametrize(("count", "n"), [(0, 7), (7, 7), (3, 10), (2415, 3000)])
def test_intervals_are_those_of_statsmodels(count, n):
    low, high = proportion_confint(count, n, alpha=0.05, method="wilson")

    np.testing.assert_allclose(Share(count, n).interval, (low, high), atol=1e-12)


def test_groups_are_named_in_code_order():
    data = make_data(groups=("gender", "tone"))

    assert group_names(data)[:4] == ("female light", "female medium", "female dark", "male light")


def test_pictures_come_back_as_they_were_stored():
    data = make_data()
    pictures = pictures_of(data)

    images = pictures.read(data.test.rows)

    np.testing.assert_array_equal(to_uint8(images, pictures), data.faces.images[data.test.rows])


def coloured() -> tuple:
    """Faces whose group shows as their brightness; the label says nothing."""
    faces = make_faces()
    bright = faces.images // 4 + (faces.attributes[:, 0] * 150)[:, None, None, None]
    return make_data(replace(faces, images=bright.astype(np.uint8))), faces


def test_a_judge_learns_the_answer_and_leaves_unknown_pictures_out():
    data, faces = coloured()
    codes = faces.attributes[:, 0].copy()
    codes[:6] = -1
    protocol = Protocol(
        pixels=16, images=400, batch_size=8, validations=1, learning_rate=5e-3, rotation=0.0
    )
    pictures = pictures_of(data, protocol)

    judge = train_judge(Question("group", ("a", "b"), codes), data, pictures, protocol, 0)

    decided = judge.decide(pictures.read(data.test.rows)).numpy()
    assert (decided == codes[data.test.rows]).mean() >= 0.9
    assert judge.task.class_counts == tuple(np.bincount(codes[6:40]))


def test_a_probe_reads_what_is_linear_and_guesses_at_noise():
    draw = np.random.default_rng(0)
    answers = draw.integers(0, 3, 600)
    told = torch.from_numpy(np.eye(3)[answers] * 5 + draw.normal(size=(600, 3)))
    noise = torch.from_numpy(draw.normal(size=(600, 3)))

    right = probe(told[:400], answers[:400], told[400:], 3)
    guessed = probe(noise[:400], answers[:400], noise[400:], 3)

    assert (right == answers[400:]).mean() > 0.97
    assert abs((guessed == answers[400:]).mean() - 1 / 3) < 0.15


def test_a_probe_is_the_logistic_regression_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    draw = np.random.default_rng(1)
    answers = draw.integers(0, 3, 200)
    rows = np.eye(3)[answers] + draw.normal(size=(200, 3))
    scaled = (rows - rows.mean(axis=0)) / rows.std(axis=0)

    found = probe(torch.from_numpy(rows), answers, torch.from_numpy(rows), 3)

    # scikit-learn minimises C sum CE + |w|^2 / 2, ours mean CE + 0.01 |w|^2 / 2.
    model = LogisticRegression(C=1 / (0.01 * 200), max_iter=1000).fit(scaled, answers)
    assert (found == model.predict(scaled)).mean() >= 0.99


def test_an_entry_without_spread_does_not_harm_a_probe():
    rows = torch.cat([torch.eye(2).repeat(10, 1), torch.ones(20, 1)], dim=1)

    assert probe(rows, np.arange(20) % 2, rows[:2], 2).tolist() == [0, 1]


def test_the_sheet_has_a_row_a_kind_and_a_column_a_picture():
    face = np.zeros((16, 16, 3), dtype=np.uint8)
    example = Example(dict.fromkeys(ROWS, face), "female light", "a group with a very long name")

    sheet = draw_sheet([example, example])

    # The last row and column begin before the lower right corner, which is a gap.
    assert sheet[-6, -6].tolist() == [0, 0, 0] and sheet[-1, -1].tolist() == [255, 255, 255]
    black = (sheet == 0).all(axis=2)
    assert black[:, 130].sum() >= 5 * 96


def test_the_page_shows_chance_and_intervals():
    share = Share(3, 10)
    check = Check(
        ("a", "b"), 10, 0.5, 0.6, (Verdict("swapped", share, share, share),), {"e": share}
    )
    cell = Cell("id", "synthetic", "m", "width=3", 1, {}, 1.0, ())

    text = page(cell, check)

    assert "right in 50.0 %, always naming the largest in 60.0 %" in text
    assert "| group swapped | 30.0 [10.8, 60.3] | 30.0 [10.8, 60.3] |" in text
    assert "m (width=3) on synthetic, seed 1" in text


def test_a_method_offers_pictures_by_overriding_the_ability():
    class Silent(Method):
        pass

    class Maker(Method):
        def counterfactuals(self, images: Tensor, donors: Tensor) -> dict[str, Tensor]:
            return {}

    assert not offers(Silent) and offers(Maker)


def test_a_test_part_with_one_group_is_said(restored):
    test = replace(restored.data.test, groups=np.zeros_like(restored.data.test.groups))
    alone = replace(restored, data=replace(restored.data, test=test))

    with pytest.raises(StudyError, match="fewer than two groups"):
        check_cell(alone, 2)


def said(capsys, *arguments: str) -> str:
    """The sentence of a refused call."""
    assert main(["counterfactuals", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("evenface: ") and error.count("\n") == 1
    return error


def test_a_cell_without_weights_is_told_how_to_get_them(tmp_path, cache, capsys):
    run_study(tmp_path, cache, MAKER, store_models=False)

    assert "--store-models adds them" in said(capsys, str(tmp_path), "--cache", str(cache))


def test_other_mistakes_are_said_in_one_sentence(stored, cache, tmp_path, capsys):
    out, cell = stored
    at = ("--cache", str(cache))

    assert "holds no study" in said(capsys, str(tmp_path), *at)
    assert f"Did you mean '{cell.id}'" in said(capsys, str(out), "--cell", cell.id[:-1], *at)
    plain = next(name for name in Store(out).ids() if "-ce-" in name)
    message = said(capsys, str(out), "--cell", plain, *at)
    assert f"ce makes no counterfactual pictures; {MAKER} does" in message


def test_a_study_without_such_a_method_is_said(tmp_path, cache, capsys):
    run_study(tmp_path, cache, "ce")

    assert "No method of this study" in said(capsys, str(tmp_path), "--cache", str(cache))


def copied(stored, tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the result folder, and its cell."""
    out, cell = stored
    shutil.copytree(out, tmp_path / "copy")
    return tmp_path / "copy", tmp_path / "copy" / "cells" / cell.id


def test_damaged_weights_are_said(stored, cache, tmp_path, capsys):
    out, folder = copied(stored, tmp_path)
    (folder / "model.safetensors").write_bytes(b"nothing")

    assert "model.safetensors is damaged" in said(capsys, str(out), "--cache", str(cache))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["description"]["settings"].update(width=8), "do not fit fair_latent_inn"),
        (lambda r: r["description"].update(fingerprint="0"), "is not what cell"),
        (lambda r: r.update(status="failed", reason="broken"), "failed (broken)"),
        (lambda r: r.update(method="ce+group_offsets"), "is no method that trains here"),
    ],
    ids=["code", "data", "failed", "post"],
)
def test_a_cell_that_cannot_be_restored_is_said(stored, cache, tmp_path, capsys, change, message):
    out, folder = copied(stored, tmp_path)
    record = json.loads((folder / "cell.json").read_text())
    change(record)
    (folder / "cell.json").write_text(json.dumps(record))

    call = (str(out), "--cell", folder.name, "--cache", str(cache))
    assert message in said(capsys, *call)


def test_a_judge_is_not_a_method_of_the_suite():
    assert "judge" not in registry.methods()
