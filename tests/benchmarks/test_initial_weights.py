"""Studies whose networks start from a file: identity of cells, who uses it, what is said."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from benchmarks.assembly import build_method, load_cell_data, protocol_of
from benchmarks.backbones import make_backbone
from benchmarks.cli import main
from benchmarks.commands.run import plan_record
from benchmarks.identity import identity
from benchmarks.plan import Cell, make_plan
from benchmarks.protocol import Protocol
from benchmarks.runner import RunOptions, run_cell
from benchmarks.seeding import torch_generator
from benchmarks.start_notes import start_notes
from benchmarks.store import Store
from benchmarks.study import Study

SMALL = {
    "synthetic.pool_images": 60, "synthetic.test_images": 30, "protocol.pixels": 32,
    "protocol.images": 32, "protocol.validations": 1,
}  # fmt: skip


def weights(path: Path, seed: int = 7) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(make_backbone("test_resnet", torch_generator(seed)).state_dict(), path)
    return path


def cell_of(method: str = "ce", seed: int = 0, **changes: object) -> Cell:
    named = {f"protocol.{name}": value for name, value in changes.items()}
    (cell,) = make_plan(Study(methods=(method,), seeds=(seed,), set=SMALL | named), None).cells
    return cell


def test_the_content_of_the_file_identifies_the_cell_not_its_path(tmp_path):
    one = cell_of(weights=str(weights(tmp_path / "a.safetensors")))
    copy = cell_of(weights=str(weights(tmp_path / "deep" / "b.safetensors")))
    other = cell_of(weights=str(weights(tmp_path / "c.safetensors", seed=8)))

    assert one.id == copy.id
    assert len({one.id, other.id, cell_of().id}) == 3


def test_a_cell_without_a_file_is_described_as_before_there_were_files():
    described = cell_of().description["protocol"]
    younger = {"weights", "weights_form"}

    assert set(described) == {field.name for field in dataclasses.fields(Protocol)} - younger
    assert described == {k: v for k, v in identity(protocol_of(cell_of())).items()
                         if k not in younger}  # fmt: skip


def test_the_variant_names_the_file_and_its_content(tmp_path):
    path = weights(tmp_path / "faces.safetensors")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]

    assert cell_of(weights=str(path)).variant.endswith(
        f"protocol.weights=faces.safetensors:{digest}"
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def built(cell: Cell, cache: Path) -> torch.nn.Module:
    return build_method(cell, load_cell_data(cell, None, cache), protocol_of(cell))


def test_trunks_start_from_the_file_and_heads_from_the_seed(tmp_path, cache):
    path = str(weights(tmp_path / "w.safetensors"))
    first, second = (built(cell_of(seed=seed, weights=path), cache) for seed in (0, 1))
    expected = make_backbone("test_resnet", torch_generator(7)).state_dict()

    for method in (first, second):
        found = method.trunk.state_dict()
        assert all(torch.equal(found[key], value) for key, value in expected.items())
    assert not torch.equal(first.head.weight, second.head.weight)


def test_the_head_does_not_depend_on_the_file(tmp_path, cache):
    path = str(weights(tmp_path / "w.safetensors"))
    heads = [built(cell, cache).head.weight for cell in (cell_of(), cell_of(weights=path))]

    assert torch.equal(*heads)


def test_a_report_says_who_started_from_the_file_and_who_has_networks_of_its_own(tmp_path, cache):
    changes = {"protocol.weights": str(weights(tmp_path / "w.safetensors"))}
    study = Study(methods=("ce", "ce_on_e"), seeds=(0,), set=SMALL | changes)
    plan = make_plan(study, None)
    for cell in plan.cells:
        assert run_cell(cell, RunOptions(tmp_path / "out", None, cache)).status == "done"
    store = Store(tmp_path / "out")
    records = [store.record(cell_id) for cell_id in store.ids()]

    assert {record["method"]: record["initial_weights"] for record in records} == {
        "ce": ["w.safetensors (study)"], "ce_on_e": [],
    }  # fmt: skip
    assert set(start_notes(store, plan_record(study, plan))["synthetic"]) == {
        "Networks of ce start from w.safetensors (study).",
        "Networks of ce_on_e are their own and start from random weights.",
    }


def test_a_report_on_random_weights_says_nothing_of_them(tmp_path):
    study = Study(methods=("ce",), seeds=(0,), set=SMALL)
    plan = make_plan(study, None)

    assert start_notes(Store(tmp_path), plan_record(study, plan)) == {}


OPTIONS = tuple(text for name, value in SMALL.items() for text in ("--set", f"{name}={value}"))


def run(tmp_path: Path, cache: Path, *arguments: str) -> int:
    return main(
        ["run", *OPTIONS, "--seeds", "0,", "--workers", "1", "--device", "cpu",
         "--out", str(tmp_path / "out"), "--cache", str(cache), *arguments]
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--weights", "absent.pth"), "absent.pth cannot be read"),
        (("--weights", __file__), "is not a safetensors file or a plain state dict"),
        (("--weights", __file__, "--pretrained"), "give one of them"),
        (("--backbone", "resnet200", "--pretrained"), "timm has no weights of resnet200"),
    ],
)
def test_a_start_that_is_none_ends_before_anything_is_written(
    tmp_path, cache, capsys, arguments, sentence
):
    assert run(tmp_path, cache, "--methods", "ce", *arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line
    assert not (tmp_path / "out").exists()
