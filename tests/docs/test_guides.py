"""The guides say what is so: their examples run, the generated pages are those of the code."""

import dataclasses
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmarks import ROOT, registry
from benchmarks.cards import pages
from methods.base import Stage, Update
from tests.methods import tiny
from tests.methods.post import scored

GUIDE = ROOT / "docs" / "add-a-method.md"


def python_block(page: Path, number: int = 0) -> str:
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)[number]


@contextmanager
def saved(name: str, source: str, folder: Path) -> Iterator[ModuleType]:
    """A guide's example as a reader would save it."""
    file = folder / f"{name}.py"
    file.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[name]


@pytest.fixture
def label_smoothing(tmp_path: Path) -> Iterator[ModuleType]:
    with saved("label_smoothing", python_block(GUIDE), tmp_path) as module:
        yield module


@pytest.fixture
def group_priors(tmp_path: Path) -> Iterator[ModuleType]:
    with saved("group_priors", python_block(GUIDE, 1), tmp_path) as module:
        yield module


def test_the_guides_method_has_at_most_twenty_lines_of_code() -> None:
    body = python_block(GUIDE).split('"""')[2]
    assert len([line for line in body.splitlines() if line.strip()]) <= 20


def test_the_guides_method_is_registered_under_the_name_of_its_file(
    label_smoothing: ModuleType,
) -> None:
    assert label_smoothing.LabelSmoothing.card.key == "label_smoothing"


def test_the_guides_method_trains_and_gives_the_smoothed_loss(label_smoothing: ModuleType) -> None:
    method = tiny.build(label_smoothing.LabelSmoothing, epsilon=0.1)
    batch = tiny.make_batch(method.task)
    log_p = F.log_softmax(method.logits(batch.images), dim=1)
    rows = range(len(batch))
    # 0.9 of the weight on the label and 0.1 spread over the 3 classes.
    own = torch.stack([log_p[i, batch.labels[i]] for i in rows])
    expected = -(0.9 * own + 0.1 / 3 * log_p.sum(dim=1)).mean()
    loss = method.loss(tiny.declared(batch, method.card), tiny.step_at())["smoothed_ce"]
    assert torch.allclose(loss, expected)


def test_without_smoothing_the_guides_method_is_cross_entropy(label_smoothing: ModuleType) -> None:
    smoothed = tiny.build(label_smoothing.LabelSmoothing, epsilon=0.0)
    plain = tiny.build(registry.methods()["ce"])
    for method in (smoothed, plain):
        tiny.train(method)
    for name, value in tiny.states(plain).items():
        assert torch.allclose(value, tiny.states(smoothed)[name], rtol=1e-12, atol=1e-12)


def test_the_guides_post_processor_moves_decisions_towards_the_shares_of_the_group(
    group_priors: ModuleType,
) -> None:
    task = scored.make_task(3, 2)
    part = scored.make_part(task, 600, gap=2.0)
    post = scored.build(group_priors.GroupPriors, task)
    post.fit(part)
    decisions = post.decide(scored.without_labels(part))
    unknown = part.groups < 0
    assert post.card.key == "group_priors"
    assert np.array_equal(decisions.argmax(axis=1)[unknown], part.predicted[unknown])
    # Class 1 is decided too often in group 1.
    rows = part.groups == 1
    wanted = np.bincount(part.labels[rows], minlength=3) / rows.sum()
    before = np.bincount(part.predicted[rows], minlength=3) / rows.sum()
    after = decisions[rows].mean(axis=0)
    assert before[1] - wanted[1] > 0.2
    assert abs(after[1] - wanted[1]) < 0.6 * (before[1] - wanted[1])


def test_the_guide_names_every_part_of_a_stage_and_of_an_update() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    parts = {field.name for cls in (Stage, Update) for field in dataclasses.fields(cls)} - {"name"}
    assert {part for part in parts if f"`{part}`" not in text} == set()


def test_the_readme_names_every_method_in_the_row_of_its_family() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for key, cls in registry.everything().items():
        row = next((line for line in text.splitlines() if f"`{key}`" in line), "")
        assert cls.card.family in row.split("|")[1] if row else False, key
    counted = len(registry.methods())
    assert f"trains all {counted} methods" in text


def test_the_method_cards_in_the_docs_are_those_of_the_code() -> None:
    folder = ROOT / "docs" / "methods"
    written = {page.name: page.read_text(encoding="utf-8") for page in folder.glob("*.md")}
    assert written == pages(registry.everything())


def test_the_readme_shows_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "./run_all.sh\n" in text
    assert "./run_all.sh test\n" in text
