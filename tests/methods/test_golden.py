"""Every loss against an independent NumPy calculation, on batches with and without unknowns."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import tests.oracles
from datasets.spec import Batch
from methods.base import Method, Stage, Step
from methods.ops import batch_statistics_only
from tests.methods.tiny import (
    build,
    declared,
    given,
    make_batch,
    make_task,
    make_training,
    prepare,
    registered,
    step_at,
)
from tests.oracles.given import Draws, Given

METHODS = registered()
ORACLES = sorted(Path(tests.oracles.__path__[0]).glob("*.py"))
#: largest allowed difference, relative to the larger of the value and 1
TOLERANCE = 1e-6
#: a task with unequal strata, and one with two attributes, of 2 and 3 values, and an empty stratum
ONE = ((2,), ((9, 3), (4, 6), (5, 1)))
TWO = ((2, 3), ((4, 2, 3, 1, 2, 5), (2, 2, 2, 6, 1, 1), (3, 1, 0, 1, 2, 2)))
STEP = 2


BATCHES: dict[str, tuple[Any, dict[str, Tensor]]] = {
    "all known": (ONE, {"action_units_known": torch.ones(12, dtype=torch.bool)}),
    "some unknown": (ONE, {"attributes": torch.tensor([[0], [1], [-1], [0], [1], [1]] * 2)}),
    "two attributes": (
        TWO,
        {
            "attributes": torch.tensor([[0, 2], [1, -1], [-1, 1], [0, 0], [1, 1], [1, 2]] * 2),
            "labels": torch.tensor([0, 1, 2, 0, 1, 2, 1, 1, 0, 0, 1, 2]),
        },
    ),
}


def oracle_of(key: str) -> Any:
    return importlib.import_module(f"tests.oracles.{key}")


def cases() -> list[tuple[str, dict[str, Any], str]]:
    """Key, settings and name of the batch."""
    found = sorted(set(METHODS) & {path.stem for path in ORACLES})
    return [
        (key, settings, name)
        for key in found
        for settings in oracle_of(key).CASES
        for name in BATCHES
        # The Gaussian on codes is offered for two groups only.
        if not (BATCHES[name][0] is TWO and settings.get("group_kernel") == "gaussian")
    ]


class TorchDraws(Draws):
    """Draws from a copy of the generator of the step."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator

    def normal(self, *shape: int) -> Any:
        return torch.randn(*shape, generator=self.generator).numpy()

    def uniform(self, *shape: int) -> Any:
        return torch.rand(*shape, generator=self.generator).numpy()

    def integers(self, high: int, *shape: int) -> Any:
        return torch.randint(high, shape, generator=self.generator).numpy()

    def permutation(self, count: int) -> Any:
        return torch.randperm(count, generator=self.generator).numpy()

    def multinomial(self, weights: Any, count: int, *, replace: bool) -> Any:
        rows = torch.from_numpy(np.asarray(weights))
        return torch.multinomial(rows, count, replace, generator=self.generator).numpy()


def arrays(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().numpy().copy()
    return [arrays(item) for item in value] if isinstance(value, (list, tuple)) else value


def given_of(method: Method, stage: Stage, update: int, batch: Batch, step: Step) -> Given:
    def run(name: str, *inputs: Any) -> Any:
        module = method.get_submodule(name)
        tensors = [torch.from_numpy(np.ascontiguousarray(item)) for item in inputs]
        with torch.no_grad(), batch_statistics_only(module):
            return arrays(module(*tensors))

    task = method.task
    copied = torch.Generator()
    copied.set_state(step.generator.get_state())
    return Given(
        stage=stage.name,
        update=update,
        settings=dataclasses.asdict(method.settings),
        num_classes=task.num_classes,
        group_sizes=task.group_sizes,
        counts=np.array(task.counts) if task.counts else None,
        class_counts=np.array(task.class_counts),
        batch={name: arrays(value) for name, value in vars(batch).items()},
        training={
            name: arrays(value)
            for name, value in vars(declared(make_training(task), method.card)).items()
        },
        state={name: arrays(value) for name, value in method.state_dict(keep_vars=True).items()},
        run=run,
        index=step.index,
        total=step.total,
        draws=TorchDraws(copied),
    )


@pytest.mark.parametrize(
    ("key", "settings", "name"), cases(), ids=[f"{k}-{s}-{name}" for k, s, name in cases()]
)
def test_terms_equal_the_independent_calculation(
    key: str, settings: dict[str, Any], name: str
) -> None:
    cls, ((sizes, counts), changes) = METHODS[key], BATCHES[name]
    method = build(cls, task=make_task(cls.card, sizes=sizes, counts=counts), **settings)
    method.card = method.card_for(method.settings)
    compared = 0
    for stage in method.stages():
        prepare(method, stage)
        batch = given(method, stage, make_batch(method.task, 12, **changes))
        for number, update in enumerate(stage.updates):
            step = step_at(STEP)
            expected = oracle_of(key).terms(given_of(method, stage, number, batch, step))
            terms = update.terms(batch, step)
            assert set(terms) == set(expected)
            for term, value in terms.items():
                wanted = float(expected[term])
                assert float(value.detach()) == pytest.approx(wanted, rel=TOLERANCE, abs=TOLERANCE)
                compared += 1
    assert compared > 0


@pytest.mark.parametrize("key", METHODS)
def test_every_method_has_an_oracle(key: str) -> None:
    assert oracle_of(key).CASES[0] == {}


@pytest.mark.parametrize("path", ORACLES, ids=[path.stem for path in ORACLES])
def test_oracles_are_independent_of_torch_and_of_the_suite(path: Path) -> None:
    allowed = {"__future__", "collections", "dataclasses", "itertools", "math", "numpy", "typing"}
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            independent = name.split(".")[0] in allowed or name.startswith("tests.oracles")
            assert independent, f"{path.name}:{node.lineno} imports {name}"
