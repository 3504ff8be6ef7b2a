"""Action units dealt out to other faces: the control of the methods that read them."""

from typing import Any

import pytest
import torch

from datasets.errors import WithheldError
from datasets.spec import Batch
from methods.shared.shuffled_units import ShuffledUnits, deal_out
from tests.methods.tiny import (
    build,
    declared,
    make_batch,
    make_training,
    number,
    prepare,
    registered,
    step_at,
)

MATCHING = ["au_positive_matching", "au_positive_matching_repaired", "sd_au_positive_matching"]
UNITS = torch.arange(12.0, dtype=torch.float64).view(6, 2)
KNOWN = torch.tensor([True, True, False, True, True, True])


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_measured_face_gets_one_of_the_measured_vectors() -> None:
    dealt = deal_out(UNITS, KNOWN, generator())
    assert sorted(dealt[KNOWN].tolist()) == sorted(UNITS[KNOWN].tolist())
    assert not torch.equal(dealt, UNITS)
    torch.testing.assert_close(dealt[KNOWN].T.cov(), UNITS[KNOWN].T.cov())


def test_unmeasured_rows_stay_as_they_are() -> None:
    assert torch.equal(deal_out(UNITS, KNOWN, generator())[2], UNITS[2])
    nobody = torch.zeros(6, dtype=torch.bool)
    assert torch.equal(deal_out(UNITS, nobody, generator()), UNITS)


def test_all_permutations_are_equally_likely() -> None:
    # 5 measured rows: each is dealt to row 0 in about 400 of 2,000 draws (standard deviation 18)
    own = generator()
    first = torch.stack([deal_out(UNITS, KNOWN, own)[0, 0] for _ in range(2000)])
    counts = [int((first == value).sum()) for value in UNITS[KNOWN][:, 0].tolist()]
    assert all(abs(count - 400) < 80 for count in counts)


def test_a_face_keeps_its_vector_for_the_whole_run() -> None:
    module = ShuffledUnits()
    module.deal(Batch(action_units=UNITS, action_units_known=KNOWN), generator())
    seen = [module(Batch(index=torch.tensor(rows))).action_units for rows in ([0, 5], [5, 1, 0])]
    assert torch.equal(seen[0][0], seen[1][2]) and torch.equal(seen[0][1], seen[1][0])


@pytest.mark.parametrize("key", [*MATCHING, "auc_fer"])
def test_only_the_control_needs_the_number_of_the_sample(key: str) -> None:
    cls = registered()[key]
    for units, wanted in (("measured", False), ("shuffled", True)):
        settings: Any = cls.Settings(units=units)
        assert cls.card_for(settings).may_read("sample_index") == wanted


@pytest.mark.parametrize("key", MATCHING)
def test_the_term_is_that_of_a_batch_with_the_dealt_vectors(key: str) -> None:
    cls = registered()[key]
    control, plain = build(cls, units="shuffled"), build(cls)
    training = make_training(control.task)
    stage = control.stages()[0]
    prepare(control, stage, training=training)
    rows = make_batch(control.task)
    dealt = deal_out(training.action_units, training.action_units_known, generator())
    changed = make_batch(control.task, action_units=dealt[rows.index])
    found = control.loss(declared(rows, control.card), step_at())
    wanted = plain.loss(declared(changed, plain.card), step_at())
    assert {n: number(v) for n, v in found.items()} == {n: number(v) for n, v in wanted.items()}
    unshuffled = plain.loss(declared(rows, plain.card), step_at())
    assert number(found["positive_matching"]) != number(unshuffled["positive_matching"])


@pytest.mark.parametrize("key", MATCHING)
def test_measured_units_are_read_without_preparation(key: str) -> None:
    method = build(registered()[key])
    assert method.stages()[0].prepare is None
    batch = declared(make_batch(method.task), method.card)
    with pytest.raises(WithheldError):
        _ = batch.index
    assert "positive_matching" in method.loss(batch, step_at())
