"""A run that is stopped, by force or by Ctrl-C, is continued by the same command."""

import os
import shutil
import signal

import pytest

from benchmarks.cli import main
from tests.end_to_end.commands import (
    TWO_BY_TWO,
    call,
    finish,
    finished_cells,
    session_of,
    start,
    temporary_folders,
    wait_until,
)


def test_a_killed_run_leaves_no_process_and_is_continued_to_the_same_bytes(tmp_path, whole, cache):
    out = tmp_path / "out"
    command = (*TWO_BY_TWO, "--workers", "1", "--out", str(out), "--cache", str(cache))

    process = start(*command)
    wait_until(lambda: bool(finished_cells(out)), "the first cell")
    os.kill(process.pid, signal.SIGKILL)
    wait_until(lambda: not session_of(process), "the end of the workers")
    finish(process)
    before = finished_cells(out)
    assert 1 <= len(before) < 4

    done = call(*command)

    assert (done.returncode, done.stderr) == (0, "")
    after = finished_cells(out)
    assert len(after) == 4
    assert {name: after[name] for name in before} == before
    assert f"4 cells, {len(before)} already done" in done.stdout
    assert temporary_folders(out) == []
    ours, theirs = (folder / "report" / "metrics.csv" for folder in (out, whole / "out"))
    assert ours.read_bytes() == theirs.read_bytes()


def test_without_a_report_the_cells_are_stored_and_the_report_is_left_to_its_command(
    tmp_path, whole, cache, capsys
):
    shutil.copytree(whole / "out", tmp_path / "out", ignore=shutil.ignore_patterns("report"))
    out = str(tmp_path / "out")

    assert main([*TWO_BY_TWO, "--out", out, "--cache", str(cache), "--no-report"]) == 0
    said = capsys.readouterr().out
    assert "4 cells, 4 already done" in said
    assert "Report" not in said
    assert not (tmp_path / "out" / "report").exists()

    assert main(["report", out, "--format", "md"]) == 0
    written = (tmp_path / "out" / "report" / "tables.md").read_bytes()
    assert written == (whole / "out" / "report" / "tables.md").read_bytes()


@pytest.fixture(scope="module")
def stopped(tmp_path_factory, cache):
    """A run stopped by Ctrl-C after its first cell, and its result folder."""
    out = tmp_path_factory.mktemp("stopped") / "out"
    command = (*TWO_BY_TWO, "--workers", "1", "--out", str(out), "--cache", str(cache))
    process = start(*command)
    wait_until(lambda: bool(finished_cells(out)), "the first cell")
    os.killpg(process.pid, signal.SIGINT)
    return finish(process), out, command


def test_ctrl_c_ends_with_130_and_says_how_to_continue(stopped):
    done, out, command = stopped

    assert done.returncode == 130
    assert "of 4 cells are stored; the same command continues with the others." in done.stderr
    assert "Traceback (most" not in done.stdout + done.stderr

    again = call(*command)

    assert again.returncode == 0
    assert len(finished_cells(out)) == 4
    assert temporary_folders(out) == []


def test_a_whole_run_leaves_nothing_to_do(whole, cache, capsys):
    out = whole / "out"
    before = finished_cells(out)
    report = (out / "report" / "tables.md").read_bytes()

    assert main([*TWO_BY_TWO, "--out", str(out), "--cache", str(cache)]) == 0

    assert "4 cells, 4 already done" in capsys.readouterr().out
    assert finished_cells(out) == before
    assert (out / "report" / "tables.md").read_bytes() == report
