import ast
import dataclasses
import sys
from pathlib import Path

import pandas as pd
import pytest

from reports.catalogue import layout_cards, metric_cards
from reports.convention import convention_named
from reports.errors import ReportError
from reports.report import tables_of, write_report
from reports.rows import FREE_BLOCK, REFERENCE_BLOCK
from reports.study import StudyFrames
from tests.reports.studies import cell, full_study, rows, study


@pytest.fixture(scope="module")
def frames():
    return full_study()


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_report_writes_the_agreed_files(frames, tmp_path):
    written = write_report(frames, tmp_path)
    names = set(contents(tmp_path))
    assert {str(path.relative_to(tmp_path)) for path in written} == names
    assert {"tables.md", "tables.tex", "metrics.csv"} <= names
    for suffix in ("tex", "csv", "json"):
        assert f"tables/suresh_iv_synthetic_gender_x_tone.{suffix}" in names


def test_same_frames_give_the_same_bytes_whatever_the_order_of_their_rows(frames, tmp_path):
    write_report(frames, tmp_path / "a")
    shuffled = dataclasses.replace(
        frames,
        metrics=frames.metrics.sample(frac=1, random_state=1),
        cells=frames.cells.sample(frac=1, random_state=1),
    )
    write_report(shuffled, tmp_path / "b")
    one, other = contents(tmp_path / "a"), contents(tmp_path / "b")
    # The metrics file keeps the order it is given; everything else has its own.
    assert {name for name in one if one[name] != other[name]} == {"metrics.csv"}


def test_only_the_formats_asked_for_are_written(frames, tmp_path):
    write_report(frames, tmp_path, formats=("md",), layouts=["suresh_v"])
    assert set(contents(tmp_path)) == {"tables.md"}
    write_report(frames, tmp_path, formats=("csv",), layouts=["suresh_v"])
    assert "metrics.csv" in contents(tmp_path)


def test_tables_of_an_earlier_report_go_and_other_files_stay(frames, tmp_path):
    write_report(frames, tmp_path)
    (tmp_path / "tables" / "mine.tex").write_text("mine")
    write_report(frames, tmp_path, formats=("tex",), layouts=["suresh_v"])
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {
        "mine.tex",
        "suresh_v_synthetic.tex",
        "suresh_v_london.tex",
    }


def test_head_lists_what_is_missing_and_why(frames, tmp_path):
    write_report(frames, tmp_path, formats=("md",))
    lines = (tmp_path / "tables.md").read_text().splitlines()
    assert "- failed: focal on synthetic, seed 3: loss is NaN" in lines
    assert "- n/a: au\\_positive\\_matching on london: data set has no action units" in lines
    assert "- not run: focal on london, seed 3, 4" in lines
    assert not any("Traceback" in line for line in lines)


def test_a_complete_study_lists_nothing_as_missing(tmp_path):
    write_report(study(rows({("ce", "0"): 0.5}), [cell("synthetic", "ce", 0)]), tmp_path)
    assert "Missing" not in (tmp_path / "tables.md").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"layouts": ["suresh_vv"]}, "did you mean suresh_"),
        ({"formats": ["docx"]}, "give any of md, tex"),
    ],
)
def test_unknown_names_are_refused_before_anything_is_written(frames, tmp_path, options, words):
    with pytest.raises(ReportError, match=words):
        write_report(frames, tmp_path, **options)
    assert contents(tmp_path) == {}


def test_frames_that_do_not_fit_are_refused(frames):
    def with_(**changes: pd.DataFrame) -> StudyFrames:
        return dataclasses.replace(frames, **changes)

    with pytest.raises(ReportError, match="lacks the column 'status'"):
        with_(cells=frames.cells.drop(columns="status"))
    with pytest.raises(ReportError, match="unknown status 'lost'"):
        with_(cells=frames.cells.assign(status="lost"))
    with pytest.raises(ReportError, match="no card"):
        with_(methods=frames.methods.iloc[1:])


def test_layouts_and_metrics_are_found_in_their_folders():
    assert {card.key for card in layout_cards()} >= {
        "summary",
        "suresh_ii",
        "suresh_iii",
        "suresh_iv",
        "suresh_v",
        "discrimination",
    }
    performance = {"acc", "wf1", "mca", "tpr", "fpr", "fnr", "sr"}
    minmax = {"fs_acc", "fs_gap", "fs_tpr", "fs_mca", "wga_attr", "wga_stratum", "dto"}
    parity = {"disc", "disc_signed", "dpd", "dpr", "disc_tv", "disc_tv_mean", "disc_tv_pair"}
    odds = {"eopd", "eopr", "fpr_gap", "fnr_gap", "eod", "eor", "eod_average", "avg_odds_signed"}
    pairs = {"eopd_pairs", "eod_pairs", "eod_average_pairs"}
    variance = {"bgv", "bgv_tpr"}
    wanted = performance | minmax | parity | odds | pairs | variance
    assert {card.key for card in metric_cards()} >= wanted


def test_conventions_are_found_by_name():
    assert (convention_named("strict").min_n, convention_named("strict").ddof) == (10, 1)
    assert (convention_named("paper").min_n, convention_named("paper").ddof) == (1, 0)
    with pytest.raises(ReportError, match="strict or paper"):
        convention_named("loose")


def test_reports_imports_only_itself_and_libraries_of_tables_and_documents():
    tables = {"numpy", "pandas", "tabulate", "scipy", "statsmodels"}
    documents = {"matplotlib", "jinja2", "markupsafe"}
    allowed = {"reports", *tables, *documents, *sys.stdlib_module_names}
    folder = Path(__file__).parents[2] / "reports"
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert {name.split(".")[0] for name in names} <= allowed, path


def test_a_row_trained_on_other_data_stands_apart_and_does_not_compete():
    oracle = "synthetic.train_labels=truth"
    kinds = [("ce", "", 0.7), ("focal", "gamma=3", 0.8), ("ce", oracle, 0.9)]
    metrics = pd.concat(
        [
            rows({(method, str(seed)): value for seed in range(2)}, metric="acc").assign(
                variant=variant
            )
            for method, variant, value in kinds
        ],
        ignore_index=True,
    )
    cells = [
        (*cell("synthetic", method, seed)[:2], variant, *cell("synthetic", method, seed)[3:])
        for method, variant, _ in kinds
        for seed in range(2)
    ]
    ((_, tables),) = tables_of(study(metrics, cells), ["suresh_v"])
    blocks = {block.title: block for block in tables[0].blocks}
    free, reference = (blocks[title] for title in (FREE_BLOCK, REFERENCE_BLOCK))
    assert [row.label for row in free.rows] == ["Cross entropy", "Focal loss [gamma=3]"]
    assert [row.label for row in reference.rows] == [f"Cross entropy [{oracle}]"]
    assert free.rows[1].cells[0].bold
    assert not reference.rows[0].cells[0].bold
