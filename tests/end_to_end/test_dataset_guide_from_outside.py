"""The guide's data set, one file outside the checkout, in a study."""

import json

import pytest

from benchmarks import ROOT
from tests.benchmarks.plugins import install
from tests.docs.test_guides import python_block, saved
from tests.end_to_end.commands import call

GUIDE = ROOT / "docs" / "add-a-dataset.md"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder as pip fills it, and in it the set itself."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, {"studio_faces": python_block(GUIDE)}, "evenface.datasets", name="studio")
    with saved("miniature", python_block(GUIDE, 1), folder) as miniature:
        miniature.make(folder / "data")
    return folder


def test_the_guides_data_set_trains_and_is_reported_like_any_other(site):
    out = site / "out"
    done = call(
        "run", "--datasets", "studio_faces", "--methods", "ce", "--seeds", "1", "--preset", "smoke",
        "--set", "protocol.images=64", "--set", "protocol.validations=1", "--workers", "1",
        "--data-root", str(site / "data"), "--cache", str(site / "cache"), "--out", str(out),
        path=(site,),
    )  # fmt: skip
    records = [json.loads(path.read_text()) for path in out.glob("cells/*/cell.json")]

    assert (done.returncode, done.stderr) == (0, "")
    assert [(record["dataset"], record["status"]) for record in records] == [
        ("studio_faces", "done")
    ]
    assert "**Studio faces** (`studio_faces`)" in (out / "report" / "tables.md").read_text()


def test_the_guides_data_set_is_checked_like_any_other(site):
    (site / "data" / "studio_faces" / "pictures" / "p0_happy_1.png").unlink()
    done = call(
        "data", "check", "studio_faces", "--data-root", str(site / "data"),
        "--cache", str(site / "cache"), path=(site,),
    )  # fmt: skip

    assert done.returncode == 1
    assert "Studio faces (studio_faces)" in done.stdout
    assert "all: 119, documented 120" in done.stdout
