"""Studies of the papers on miniatures of their data sets: the presets run, the tables fill."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.cli import _parser
from benchmarks.commands.run import plan_record, study_from
from benchmarks.frames import study_frames
from benchmarks.plan import make_plan
from benchmarks.runner import RunOptions, run_cell
from benchmarks.store import Store
from reports.convention import convention_named
from reports.report import tables_of
from reports.tables import Table
from tests.datasets.miniatures import affectnet_cfd, celeba, iaslab, raf_db

Tables = dict[str, Table]
SHORT = ("--set", "protocol.backbone=test_resnet", "--set", "protocol.epochs=1",
         "--set", "protocol.validations=1", "--set", "protocol.batch_size=8")  # fmt: skip
LAYOUTS = {
    "suresh": [f"suresh_{number}" for number in ("i", "ii", "iii", "iv", "v")],
    "rizvi": [f"rizvi_{number}" for number in range(1, 9)],
    "chen": ["chen_3"],
}


@pytest.fixture(scope="module")
def sets(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("sets")
    raf_db.make(root, copies=1, original=False)
    iaslab.make(root, people=8)
    celeba.make(root, copies=1)
    return root


def studied(sets: Path, out: Path, *arguments: str) -> Tables:
    """Runs a study in this process; its tables with the printed values, by key."""
    study = study_from(_parser().parse_args(["run", "--data-root", str(sets), *arguments]))
    cache = sets.parent / "cache"
    plan = make_plan(study, sets, cache)
    options = RunOptions(out, sets, cache)
    outcomes = [run_cell(cell, options) for cell in plan.cells]
    assert [one.reason for one in outcomes] == [""] * len(outcomes)
    paper = convention_named("paper")
    frames = study_frames(Store(out), plan_record(study, plan), paper, rules=(study.select,))
    sections = tables_of(frames, LAYOUTS[study.preset], paper, published=True)
    return {table.key: table for _, tables in sections for table in tables}


def states(table: Table, start: str) -> list[str]:
    """States of the cells of the row that is called so, or else whose label starts so."""
    rows = [row for _, row in table.rows() if row.label.startswith(start)]
    (row,) = [row for row in rows if row.label == start] or rows
    return [cell.state for cell in row.cells]


@pytest.fixture(scope="module")
def suresh(sets, tmp_path_factory) -> Tables:
    return studied(
        sets, tmp_path_factory.mktemp("suresh"), "--preset", "suresh", "--image-size", "64",
        "--datasets", "raf_db,iaslab", "--methods", "ce,domain_discriminative", "--seeds", "1",
        *SHORT,
    )  # fmt: skip


@pytest.fixture(scope="module")
def rizvi(sets, tmp_path_factory) -> Tables:
    return studied(
        sets, tmp_path_factory.mktemp("rizvi"), "--preset", "rizvi", "--image-size", "32",
        "--datasets", "raf_db,celeba", "--methods", "ce,latent_alignment", "--seeds", "1",
        "--set", "raf_db.protocol=rizvi", *SHORT,
    )  # fmt: skip


#: table -> columns at its end that the paper does not print
SURESH = {
    "suresh_ii_iaslab_gender": 1, "suresh_iii_iaslab_gender": 2, "suresh_ii_raf_db_gender": 1,
    "suresh_iii_raf_db_gender": 2, "suresh_v_iaslab": 0, "suresh_v_raf_db": 0,
}  # fmt: skip


@pytest.mark.parametrize("key", SURESH)
def test_tables_of_suresh_and_ong_fill_beside_their_printed_values(suresh, key):
    measured = states(suresh[key], "Domain-aware")
    printed = states(suresh[key], "Domain-aware, published (Suresh 2022")

    # After a few steps a class may be missed in every group: no ratio of recalls then.
    assert set(measured) <= {"value", "undefined"} and "value" in measured
    own = len(printed) - SURESH[key]
    assert printed[:own] == ["value"] * own and set(printed[own:]) <= {"blank"}


def test_the_table_by_race_fills_and_its_gap_is_not_printed(suresh):
    printed = states(suresh["suresh_iv_raf_db_race"], "Cross entropy, published")

    # three accuracies and their ratio; the gap; seven ratios of recalls; their mean and minimum
    assert printed == ["value"] * 4 + ["blank"] + ["value"] * 7 + ["blank"] * 2


@pytest.mark.parametrize("dataset", ["raf_db", "iaslab"])
def test_the_table_of_the_data_counts_every_test_picture(suresh, dataset):
    table = suresh[f"suresh_i_{dataset}"]
    everybody = next(row for _, row in table.rows() if row.label == "all")

    # RAF-DB: seven classes x (six strata and unsure); IASLab: a fifth of eight people, seven faces
    assert everybody.cells[7].mean == {"raf_db": 49, "iaslab": 14}[dataset]


@pytest.mark.parametrize(
    "key",
    [*(f"rizvi_{number}_raf_db" for number in (1, 2, 3, 4, 8)),
     *(f"rizvi_{number}_celeba" for number in (5, 6, 7))],
)  # fmt: skip
def test_tables_of_rizvi_et_al_fill_beside_their_printed_values(rizvi, key):
    measured = states(rizvi[key], "Latent alignment")
    printed = states(rizvi[key], "Latent alignment, published (Rizvi 2024")

    assert measured == printed == ["value"] * len(printed)


@pytest.fixture(scope="module")
def chen(tmp_path_factory) -> Tables:
    root = affectnet_cfd.make(tmp_path_factory.mktemp("chen") / "sets")
    files = [
        option
        for name, value in affectnet_cfd.settings(root).items()
        for option in ("--set", f"affectnet_cfd.{name}={value}")
    ]
    return studied(
        root, tmp_path_factory.mktemp("out"), "--preset", "chen", "--image-size", "64",
        "--datasets", "affectnet_cfd", "--seeds", "1", "--methods", ",".join(CHEN), *files, *SHORT,
    )  # fmt: skip


#: method -> its name in the table
CHEN = {
    "ce": "Cross entropy", "auc_fer": "AUC-FER", "domain_independent": "Domain-independent",
    "domain_discriminative": "Domain-aware", "uniform_confusion": "Uniform confusion",
    "gradient_projection": "Gradient projection",
}  # fmt: skip


@pytest.mark.parametrize("name", CHEN.values())
def test_the_table_of_chen_and_joo_fills_beside_its_printed_values(chen, name):
    table = chen["chen_3_affectnet_cfd_gender"]
    headers = [(column.span, column.header) for column in table.columns]
    angry = headers.index(("angry", "Disc"))

    assert states(table, name)[angry] == "value"
    assert states(table, f"{name}, published (Chen 2021")[angry] == "value"


def test_women_and_men_of_the_test_part_are_equally_many(chen):
    table = chen["chen_3_affectnet_cfd_gender"]
    (smallest,) = [row for _, row in table.rows() if row.label == "Smallest n"]
    # 68 of each gender are not angry; of 16 angry women 8 are so like the men, by AU04 alone.
    assert {cell.text for cell in smallest.cells} == {"76"}
    assert "predicted_gender" not in "".join(chen)
