"""The command `audit`, from the command line to the files that it leaves."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.audit_levels import LevelRow
from benchmarks.audit_source import observations_of, restricted
from benchmarks.cli import main
from benchmarks.commands.audit_simulation import levels_text
from benchmarks.errors import StudyError
from benchmarks.plan import make_dataset
from reports.audit.result import TESTS
from reports.audit.roles import Roles
from reports.tabular.levels import parse_attributes


def table(path: Path, size=400, seed=0, *, shift=1.0) -> Path:
    """A table of faces, women being called happy at a smaller smile."""
    draw = np.random.default_rng(seed)
    lines = ["emotion,gender,AU06_r,AU12_r"]
    for _ in range(size):
        gender = draw.integers(0, 2)
        cheeks, lips = draw.uniform(0, 5, 2).round(2)
        happy = draw.random() < 1 / (1 + np.exp(3 - lips - shift * gender))
        label = "happy" if happy else draw.choice(["sad", "neutral"])
        lines.append(f"{label},{('male', 'female')[gender]},{cheeks},{lips}")
    path.write_text("\n".join(lines) + "\n")
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_table_of_images_becomes_tests_tables_figures_and_a_page(tmp_path, capsys):
    file, out = table(tmp_path / "faces.csv"), tmp_path / "out"

    assert main(["audit", str(file), "--positive", "happy", "--out", str(out)]) == 0

    rows = rows_of(out / "audit.csv")
    assert tuple(rows[0]) == TESTS
    assert {"chi2", "cmh", "breslow_day", "logit_lr"} <= {row["test"] for row in rows}
    record = json.loads((out / "audit.json").read_text())
    assert {"audit.csv", "proportions.csv", "pairs.csv", "curves.csv", "tables.md", "tables.tex",
            "audit.html", "audit.md"} <= set(record["files"])  # fmt: skip
    assert all((out / name).stat().st_size for name in record["files"])
    assert {path.suffix for path in (out / "figures").iterdir()} == {".pdf", ".png"}
    assert {path.suffix for path in (out / "tables").iterdir()} == {".tex", ".csv", ".json"}
    said = capsys.readouterr().out
    assert "label: column `emotion` (guessed)" in said
    assert "gender: female" in said and "happy by gender" in said
    summary = said[said.index("faces: 400 images") : said.index(str(out))]
    assert max(map(len, summary.splitlines())) <= 80


def test_the_same_command_writes_the_same_bytes(tmp_path):
    file = table(tmp_path / "faces.csv", 60)
    for name in ("first", "second"):
        main(["audit", str(file), "--positive", "happy", "--out", str(tmp_path / name)])

    first = {p.relative_to(tmp_path / "first"): p.read_bytes()
             for p in (tmp_path / "first").rglob("*") if p.is_file()}  # fmt: skip
    second = {p.relative_to(tmp_path / "second"): p.read_bytes()
              for p in (tmp_path / "second").rglob("*") if p.is_file()}  # fmt: skip
    assert first == second


def test_files_of_an_earlier_audit_go_and_those_of_others_stay(tmp_path):
    file, out = table(tmp_path / "faces.csv"), tmp_path / "out"
    main(["audit", str(file), "--positive", "happy", "--out", str(out)])
    (out / "mine.txt").write_text("kept")
    (out / "tables" / "mine.csv").write_text("kept")
    earlier = {path.name for path in (out / "figures").iterdir()}

    main(["audit", str(file), "--positive", "sad", "--out", str(out)])

    assert earlier.isdisjoint(path.name for path in (out / "figures").iterdir())
    assert (out / "mine.txt").exists() and (out / "tables" / "mine.csv").exists()


def test_several_data_sets_give_one_table_with_a_block_each(tmp_path):
    files = [str(table(tmp_path / f"{name}.csv", seed=n)) for n, name in enumerate("ab")]
    out = tmp_path / "out"

    assert main(["audit", *files, "--positive", "happy", "--out", str(out)]) == 0

    assert {row["dataset"] for row in rows_of(out / "audit.csv")} == {"a", "b"}
    (joint,) = (out / "tables").glob("chen_*_happy_gender.csv")
    assert {row["block"] for row in rows_of(joint)} == {"a", "b"}


def test_counts_are_audited_with_chosen_groups(tmp_path):
    lines = ["label,attribute,group,au,n,n_labelled"]
    for group, labelled in (("Asian", 30), ("Black", 45), ("White", 60), ("Other", 90)):
        lines += [f'happy,race,{group},"AU06={au},AU12=1",100,{labelled + au}' for au in (0, 1)]
    file, out = tmp_path / "counts.csv", tmp_path / "out"
    file.write_text("\n".join(lines) + "\n")

    assert main(["audit", str(file), "--counts", "--attribute", "race3=race:Asian|Black|White",
                 "--condition", "joint", "--out", str(out)]) == 0  # fmt: skip

    rows = [row for row in rows_of(out / "audit.csv") if row["test"] == "chi2"]
    assert {row["attribute"] for row in rows} == {"race3"}
    assert {row["n"] for row in rows if row["condition"] != "all"} == {"300", "0"}
    assert {row["dof"] for row in rows} == {"2.0", ""}


def test_a_guessed_attribute_is_corrected_with_its_confusion_matrix(tmp_path):
    file, out = table(tmp_path / "faces.csv", 2000), tmp_path / "out"
    matrix = tmp_path / "confusion.csv"
    matrix.write_text("true,female,male\nfemale,90,10\nmale,20,80\n")

    assert main(["audit", str(file), "--positive", "happy", "--out", str(out),
                 "--attribute-confusion", f"gender={matrix}"]) == 0  # fmt: skip

    rows = [row for row in rows_of(out / "corrected.csv") if row["condition"] == "all"]
    by_group = {row["group"]: row for row in rows}
    naive = float(by_group["female"]["naive"]) - float(by_group["male"]["naive"])
    corrected = float(by_group["female"]["corrected"]) - float(by_group["male"]["corrected"])
    # Errors mix the groups, so the true difference is larger: about naive / (.9 + .8 - 1).
    assert 0 < naive < corrected
    assert corrected == pytest.approx(naive / 0.7, rel=0.1)


def test_thresholds_can_be_calibrated_on_another_file_alone(tmp_path):
    draw = np.random.default_rng(0)
    lines = ["gender,AU04_r,coded"]
    for _ in range(300):
        gender, shown = draw.integers(0, 2, 2)
        lines.append(
            f"{('f', 'm')[gender]},{np.clip(1 + 2 * shown + draw.normal(), 0, 5):.2f},{shown}"
        )
    file, out = tmp_path / "experts.csv", tmp_path / "out"
    file.write_text("\n".join(lines) + "\n")

    assert main(["audit", "--expert", str(file), "--au-truth", "AU04=coded", "--attribute",
                 "gender", "--out", str(out)]) == 0  # fmt: skip

    kinds = {row["threshold_kind"] for row in rows_of(out / "calibration.csv")}
    assert kinds == {"raw", "recalibrated", "matched error rates"}
    assert list((out / "tables").glob("chen_1_*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Nothing to audit"),
        (["missing.csv"], "no file missing.csv"),
        (["nosuchdata"], "nosuchdata"),
        (["{file}", "--label", "emotoin"], "did you mean 'emotion'"),
        (["{file}", "--attribute", "gender:a|b"], "NAME=gender"),
        (["{file}", "--attribute", "g=gender:woman|man"], "no level 'woman'"),
        (["{file}", "--au", "AU99"], "AU99"),
        (["{file}", "--au-threshold", "high"], "no threshold"),
        (["{file}", "--counts"], "n_labelled"),
        (["{file}", "{file}"], "Two data sets are called 'faces'"),
        (["{file}", "--expert", "{file}"], "--au-truth"),
        (["{file}", "--au-truth", "AU06=AU06_r"], "--attribute"),
        (["{file}", "--attribute-confusion", "gender"], "gender=FILE.csv"),
        (["{file}", "--attribute-confusion", "race={file}"], "no attribute of faces"),
    ],
)
def test_what_a_user_can_get_wrong_is_one_sentence_and_leaves_nothing(
    tmp_path, capsys, arguments, said
):
    file = table(tmp_path / "faces.csv", 12)
    given = [text.replace("{file}", str(file)) for text in arguments]

    assert main(["audit", *given, "--out", str(tmp_path / "out")]) == 2

    error = capsys.readouterr().err
    assert error.startswith("evenface: ") and error.count("\n") == 1
    assert said in error
    assert not (tmp_path / "out").exists()


def test_a_registered_data_set_comes_as_annotated_and_as_true_part(tmp_path):
    small = make_dataset("synthetic", {"pool_images": 120, "test_images": 60})
    parts = observations_of(small, None, tmp_path)

    assert [part.name for part in parts] == ["synthetic (annotated)", "synthetic (truth)"]
    assert [len(part) for part in parts] == [120, 60]
    annotated = restricted(
        parts[0],
        Roles(positives=("happy",), attributes=parse_attributes(["g=gender"]),
              action_units=("AU12",)),
    )  # fmt: skip
    assert annotated.classes == ("happy",) and annotated.yes.shape == (120, 1)
    assert annotated.action_units == ("AU12",) and annotated.intensities.shape == (120, 1)
    assert [grouping.name for grouping in annotated.groupings] == ["g"]
    default = restricted(parts[0], Roles())
    assert "AU14" not in default.action_units and "AU12" in default.action_units
    assert any("no default threshold" in note for note in default.notes)
    with pytest.raises(StudyError, match="no label 'joy'"):
        restricted(parts[0], Roles(positives=("joy",)))


def test_rates_of_the_simulation_fit_80_columns():
    row = LevelRow(
        "null", "happy", "gender", "AU06=0,AU12=1", "cluster_permutation_pooled", "level", 10_000,
        10_000, 512, 0.0512, 0.05, 0.0428, 0.0572, "holds",
    )  # fmt: skip
    unknown = replace(row, claim="none", promised=np.nan, low=np.nan, high=np.nan, verdict="")
    text = levels_text([row, unknown])

    assert "null: happy by gender" in text
    assert "5.1 4.3-5.7 holds" in " ".join(text.split())
    assert max(map(len, text.splitlines())) <= 80
