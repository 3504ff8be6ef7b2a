"""The guide's method and post-processor, each one file outside the checkout, in a study."""

import json

import pandas as pd
import pytest

from benchmarks import ROOT
from tests.benchmarks.plugins import install
from tests.docs.test_guides import python_block
from tests.end_to_end.commands import TINY, call

GUIDE = ROOT / "docs" / "add-a-method.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder as pip fills it: two distributions, one file and one entry point each."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, {"label_smoothing": python_block(GUIDE)}, name="smoothing")
    install(folder, {"group_priors": python_block(GUIDE, 1)}, "evenface.post", name="priors")
    return folder


@pytest.fixture(scope="module")
def ran(site, tmp_path_factory, cache):
    """Both beside `ce` on one seed: the ended command and its result folder."""
    out = tmp_path_factory.mktemp("guide") / "out"
    done = call(
        "run", "--methods", "ce,label_smoothing", "--post", "group_priors", "--seeds", "1", *TINY,
        "--set", "label_smoothing.epsilon=0.2", "--workers", "1", "--out", str(out),
        "--cache", str(cache), path=(site,),
    )  # fmt: skip
    return done, out


def test_both_are_listed_with_those_of_the_suite(site):
    done = call("list", "methods", path=(site,))

    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 0
    for key in ("ce", "label_smoothing", "group_priors"):
        assert [key] in [line[:1] for line in lines]


def test_every_cell_of_the_study_ends_well(ran):
    done, out = ran
    records = [json.loads(path.read_text()) for path in out.glob("cells/*/cell.json")]

    assert (done.returncode, done.stderr) == (0, "")
    assert len(records) == 4
    assert {record["status"] for record in records} == {"done"}


def test_both_have_their_rows_in_the_tables_beside_the_baseline(ran):
    _, out = ran
    lines = (out / "report" / "tables.md").read_text().splitlines()
    # A title is followed by the settings that differ from the default.
    titles = {line.split("|")[1].partition("\\[")[0].strip() for line in lines if "|" in line}

    for title in ("Cross entropy", "Label smoothing"):
        assert {title, f"{title} + Group priors"} <= titles


def test_both_have_numbers(ran):
    _, out = ran
    frame = pd.read_csv(out / "report" / "metrics.csv")
    accuracy = frame.query("metric == 'acc' and attribute == 'all' and select == 'last'")

    assert sorted(accuracy["method"]) == [
        "ce", "ce+group_priors", "label_smoothing", "label_smoothing+group_priors",
    ]  # fmt: skip
    assert accuracy["value"].between(0, 1).all()
