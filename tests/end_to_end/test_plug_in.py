"""Methods from outside the checkout: one that works, one that reads what it may not,
and one that takes its process down.
"""

import json

import pytest

from benchmarks import registry
from benchmarks.cli import main
from tests.benchmarks.plugins import install, method_source
from tests.end_to_end.commands import TINY, call

MODULES = {
    "outside_good": method_source("outsider", "Outside method"),
    "outside_dying": method_source("dying", "Dying method", "import os; os._exit(9)"),
    "outside_peeking": method_source("peeking", "Peeking method", "batch.groups"),
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory, cache):
    """The methods on one seed: the ended command and its result folder."""
    folder = tmp_path_factory.mktemp("plug-in")
    site = install(folder / "site", MODULES)
    done = call(
        "run", "--methods", "dying,outsider,peeking", "--seeds", "1", *TINY, "--workers", "1",
        "--out", str(folder / "out"), "--cache", str(cache), path=(site,),
    )  # fmt: skip
    return done, folder / "out"


def test_an_installed_method_is_listed(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(install(tmp_path, {"outside_listed": method_source("listed")}))
    registry.methods.cache_clear()
    try:
        assert main(["list", "methods"]) == 0
    finally:
        registry.methods.cache_clear()

    assert "listed  Listed\n" in capsys.readouterr().out


def test_an_installed_method_lands_in_the_tables(ran):
    _, out = ran

    assert "Outside method" in (out / "report" / "tables.md").read_text()
    assert ",outsider," in (out / "report" / "metrics.csv").read_text()


def test_a_failed_cell_ends_the_run_with_1_after_the_others(ran):
    done, out = ran
    states = {
        (record := json.loads(path.read_text()))["method"]: record["status"]
        for path in out.glob("cells/*/cell.json")
    }

    assert done.returncode == 1
    assert states == {"dying": "failed", "outsider": "done", "peeking": "failed"}


def test_a_failed_cell_is_named_with_its_reason_and_no_traceback(ran):
    done, _ = ran

    assert "failed: synthetic-peeking-s0-" in done.stdout
    assert "WithheldError: The method read batch.groups, which it was not given" in done.stdout
    assert "Traceback (most" not in done.stdout + done.stderr


def test_the_traceback_of_a_failed_cell_is_stored(ran):
    _, out = ran
    (path,) = out.glob("cells/synthetic-peeking-*/cell.json")

    assert "outside_peeking.py" in json.loads(path.read_text())["traceback"]


def test_a_failed_cell_is_shown_as_failed_in_the_report(ran):
    _, out = ran
    lines = (out / "report" / "tables.md").read_text().splitlines()

    for title in ("Peeking method", "Dying method"):
        (first, *_) = [line for line in lines if line.startswith(f"| {title}")]
        assert "failed" in first


def test_a_method_that_takes_its_process_down_is_a_failed_cell(ran):
    done, out = ran
    (path,) = out.glob("cells/synthetic-dying-*/cell.json")

    assert json.loads(path.read_text())["reason"].startswith("the worker process died")
    assert "failed: synthetic-dying-s0-" in done.stdout
