"""Groups of a folder guessed, a study by the guesses, and what its report says of them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cli import _parser, main
from benchmarks.commands.run import plan_record, study_from
from benchmarks.frames import study_frames
from benchmarks.plan import make_plan
from benchmarks.runner import RunOptions, run_cell
from benchmarks.store import Store
from benchmarks.study_corrections import study_corrections
from reports.convention import STRICT
from reports.report import tables_of
from tests.end_to_end.exported_faces import export

FACES = {"pool_images": 320, "test_images": 280}
SHORT = ("--set", "protocol.images=640", "--set", "protocol.validations=1")


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """Root of the faces, and options that read them with guessed genders; from the commands."""
    folder = tmp_path_factory.mktemp("annotated")
    config = export(folder / "faces", folder / "cache", 32, population_seed=1, **FACES)
    where = [
        "--data-root", str(folder / "faces"), "--cache", str(folder / "cache"),
        "--set", f"folder.config={config}",
    ]  # fmt: skip
    teacher = [text for name, value in FACES.items() for text in
               ("--set", f"synthetic.{name}={value}")]  # fmt: skip
    guesses = folder / "guesses.csv"
    assert main(
        ["data", "annotate", "folder", "--teacher", "synthetic", "--preset", "smoke", *SHORT[:2],
         *teacher, *where, "--out", str(guesses)]
    ) == 0  # fmt: skip
    return folder, [*where, "--set", f"folder.attributes={guesses}"]


def test_every_picture_has_a_guess_and_the_errors_stand_beside_it(annotated):
    folder, _ = annotated
    with (folder / "guesses.csv").open() as stream:
        guesses = {row["image"].split("/")[-1]: row["gender"] for row in csv.DictReader(stream)}
    with (folder / "faces" / "labels.csv").open() as stream:
        known = {row["file"]: row["gender"] for row in csv.DictReader(stream)}
    assert guesses.keys() == known.keys()
    stated = json.loads((folder / "guesses.json").read_text())["attributes"]["gender"]
    counts = np.array(stated["confusion"])
    assert counts.sum() == FACES["test_images"]
    low, high = stated["interval"]
    right = np.mean([guesses[name] == known[name] for name in known])
    # Of the same make as the teacher's faces: the truth is within both samples' errors.
    assert low - (high - low) / 2 < right < high + (high - low) / 2


def test_the_report_of_a_study_by_guesses_says_so_and_corrects_its_scores(annotated):
    folder, options = annotated
    arguments = ["run", "--datasets", "folder", "--preset", "smoke", *SHORT, *options,
                 "--methods", "ce", "--seeds", "1", "--groups", "predicted_gender"]  # fmt: skip
    study = study_from(_parser().parse_args(arguments))
    root, cache, out = folder / "faces", folder / "cache", folder / "study"
    plan = make_plan(study, root, cache)
    (outcome,) = [run_cell(cell, RunOptions(out, root, cache)) for cell in plan.cells]
    assert outcome.reason == ""
    store, record = Store(out), plan_record(study, plan)
    frames = study_frames(store, record, STRICT, rules=(study.select,))
    corrected = study_corrections(store, record, STRICT, frames.confusions)
    assert any("attributes by test_resnet" in note for note in frames.data_notes["folder"])
    ((_, (table,)),) = tables_of(replace(frames, corrected=corrected), ["guessed_groups"])
    (ce,) = [row for _, row in table.rows() if row.label == "Cross entropy"]
    guessed, weighted = (ce.cells[place].mean for place in (0, 1))
    # Faces of one guess count for both groups alike: that can only bring them together.
    assert guessed < weighted <= 1
    assert table.key == "guessed_groups_folder_predicted_gender"
