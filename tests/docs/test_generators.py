"""The guide on generators: its example is exported, run and swapped as written."""

import re
import runpy
from pathlib import Path

import pytest
import torch

from benchmarks import ROOT
from benchmarks.plan import make_plan
from benchmarks.restoring import restore
from benchmarks.runner import RunOptions, run_cell
from benchmarks.store import Store
from benchmarks.study import Study

GUIDE = (ROOT / "docs" / "generators.md").read_text(encoding="utf-8")
SMALL = {
    "synthetic.pool_images": 150, "synthetic.test_images": 30, "protocol.pixels": 32,
    "protocol.images": 64, "protocol.batch_size": 16, "protocol.validations": 1,
}  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Encoder and decoder as the guide's code writes them."""
    found = re.search(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    script = tmp_path / "export_generator.py"
    script.write_text(found.group(1), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script))
    return {name: str(tmp_path / f"{name}.pt2") for name in ("encoder", "decoder")}


def settings_in_the_guide() -> set[str]:
    return set(re.findall(r"--set (\w+\.\w+)=\w+\.pt2", GUIDE))


def test_the_guides_generator_is_run_and_swapped(files: dict[str, str], tmp_path: Path) -> None:
    names = settings_in_the_guide()
    assert names == {"ce_on_e.encoder", "fair_latent_inn.encoder", "fair_latent_inn.decoder"}
    changes = {name: files[name.split(".")[1]] for name in names}
    study = Study(methods=("ce_on_e", "fair_latent_inn"), seeds=(0,), set=SMALL | changes)
    options = RunOptions(tmp_path / "out", None, tmp_path / "cache", store_models=True)
    cells = make_plan(study, None).cells
    for cell in cells:
        outcome = run_cell(cell, options)
        assert (outcome.status, outcome.reason) == ("done", "")
    fair = next(cell for cell in cells if cell.method == "fair_latent_inn")
    restored = restore(Store(options.out), fair.id, None, options.cache, torch.device("cpu"))
    assert restored.method.codes.width == 12
    rows = restored.data.test.rows[:4]
    images = restored.pictures.read(rows)
    with torch.inference_mode():
        found = restored.method.counterfactuals(images, images.flip(0))
        wanted = restored.method.codes.decoder(restored.method.codes.encode(images))
    assert all(pictures.shape == images.shape for pictures in found.values())
    torch.testing.assert_close(found["reconstruction"], wanted, rtol=1e-4, atol=1e-4)
