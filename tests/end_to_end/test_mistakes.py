"""Mistakes of a user: one sentence, exit code 2, nothing half-written."""

import errno
import os
import shutil
import subprocess

import pytest

from benchmarks.cli import main
from tests.end_to_end.commands import TINY, TWO_BY_TWO, call, finished_cells, temporary_folders


def sentence(capsys, *arguments: str) -> str:
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_mistake_on_the_command_line_shows_no_traceback(tmp_path):
    done = call("run", "--methods", "focall", "--out", "out", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "evenface: There is no method 'focall'; did you mean 'focal'?\n"
    assert list(tmp_path.iterdir()) == []


def test_a_batch_larger_than_the_training_part_is_refused(tmp_path, cache, capsys):
    line = sentence(
        capsys, "run", "--methods", "ce", "--seeds", "1", *TINY, "--set",
        "protocol.batch_size=121", "--out", str(tmp_path / "out"), "--cache", str(cache),
    )  # fmt: skip

    assert "A batch of 121 is larger than the training part of synthetic (120 pictures)" in line
    assert "--set protocol.batch_size=30" in line
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_of_the_results_is_said(tmp_path, cache, capsys):
    (tmp_path / "out").write_text("mine")

    line = sentence(
        capsys, "run", "--methods", "ce", "--seeds", "1", *TINY, "--out", str(tmp_path / "out"),
        "--cache", str(cache),
    )  # fmt: skip

    assert f"Results cannot be written to {tmp_path / 'out'}" in line
    assert (tmp_path / "out").read_text() == "mine"


def test_a_file_in_the_way_of_the_cache_is_said(tmp_path, capsys):
    (tmp_path / "cache").write_text("mine")

    line = sentence(
        capsys, "run", "--methods", "ce", "--seeds", "1", *TINY, "--out", str(tmp_path / "out"),
        "--cache", str(tmp_path / "cache"),
    )  # fmt: skip

    assert "cache" in line
    assert (tmp_path / "cache").read_text() == "mine"


@pytest.fixture
def small_disk(tmp_path):
    """A function that mounts a disk of so many bytes; skips where mounting is not allowed."""
    mounted = []

    def mount(size: int):
        folder = tmp_path / "disk"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
            capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            pytest.skip("no right to mount a small disk here")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.skipif(not shutil.which("mount"), reason="no command `mount`")
def test_a_disk_that_fills_up_while_cells_are_stored_is_said(small_disk, cache, capsys):
    # The plan fits, predictions do not.
    out = small_disk(24 * 1024) / "out"

    line = sentence(capsys, *TWO_BY_TWO, "--workers", "1", "--out", str(out), "--cache", str(cache))

    assert line.startswith("evenface: Results cannot be written to")
    assert "No space left on device" in line
    assert temporary_folders(out) == []
    assert finished_cells(out) == {}


@pytest.mark.skipif(not shutil.which("mount"), reason="no command `mount`")
def test_a_disk_that_fills_up_while_the_report_is_written_is_said(small_disk, whole, capsys):
    wanted = sum(
        -(-p.stat().st_size // 4096) * 4096 for p in (whole / "out").glob("cells/*/*")
    )  # whole pages
    out = small_disk(wanted + 40 * 1024) / "out"
    shutil.copytree(whole / "out", out, ignore=shutil.ignore_patterns("report", ".derived"))

    line = sentence(capsys, "report", str(out))

    assert "No space left on device" in line
    assert [path.name for path in out.rglob("*.tmp")] == []


def test_a_full_disk_is_said_where_no_disk_can_be_mounted(tmp_path, cache, capsys, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_text", full)

    line = sentence(
        capsys, "run", "--methods", "ce", "--seeds", "1", *TINY, "--out", str(tmp_path / "out"),
        "--cache", str(cache),
    )  # fmt: skip

    assert "No space left on device" in line or "disk is full" in line
    written = [path.name for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert written in ([], [".lock"])
