"""Penalties between groups on the `meta` device, where a tensor has a shape and no values.

A loss that reads a value, branches on one, or mixes devices fails there.
"""

import contextlib
from typing import Any

import pytest
import torch

from datasets.spec import Batch
from tests.methods.tiny import (
    build,
    declared,
    gradients,
    make_batch,
    make_task,
    registered,
    step_at,
    total_of,
)

CASES: list[tuple[str, dict[str, Any]]] = [
    ("mmd", {}),
    ("mmd", {"given_class": True, "groups": "per_attribute"}),
    ("coral", {"given_class": True}),
    ("hsic", {"on": "feature"}),
    ("hsic", {"group_kernel": "gaussian", "groups": "per_attribute"}),
    ("diff_dp", {"memory": 0.5}),
    ("diff_eopp", {"reduce": "max_gap"}),
    ("diff_eodd", {"memory": 0.5}),
    ("prejudice_remover", {}),
    ("irm", {}),
    ("fair_mixup", {"target": "eodds"}),
    ("fair_mixup", {"variant": "input"}),
]


@pytest.mark.parametrize(("key", "settings"), CASES, ids=[f"{k} {s}" for k, s in CASES])
def test_losses_and_gradients_need_no_values(
    key: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Autocast does not know the device.
    monkeypatch.setattr(torch, "autocast", lambda *args, **more: contextlib.nullcontext())
    cls = registered()[key]
    method = build(cls, task=make_task(cls.card, sizes=(2, 2)), **settings).to("meta")
    fields = vars(declared(make_batch(method.task), method.card))
    batch = Batch(**{name: value.to("meta") for name, value in fields.items()})
    (update,) = method.stages()[0].updates
    for gradient in gradients(total_of(update.terms(batch, step_at())), update.parameters):
        assert gradient is not None and gradient.device.type == "meta"
