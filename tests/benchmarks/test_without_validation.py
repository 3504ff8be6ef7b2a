"""Parts without validation, as the official split of RAF-DB: trained, and nothing is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.parts import CellData, cell_data
from benchmarks.plan import _missing_need
from benchmarks.selection import RULES
from datasets.spec import Batch
from methods.base import Method, MethodCard, Stage, method
from methods.ce import CrossEntropy
from methods.dfr import DeepFeatureReweighting
from tests.benchmarks.tiny import SPEC, Fixed, make_faces, train


@pytest.fixture
def data() -> CellData:
    """Forty pictures of training, ten of test, none of validation."""
    parts = Fixed(list(range(40)), [], list(range(50, 60)))
    return cell_data(parts, make_faces(), 0, ("gender",), "mask")


def test_every_rule_keeps_the_last_checkpoint(data):
    training = train(CrossEntropy, data)
    last = training.checkpoints["last"]

    assert last.step == training.steps == 4
    assert all(training.checkpoints[rule] is last for rule in RULES)
    assert last.validation.shape == (0, 3)


def test_the_curve_has_no_validation_score(data):
    history = train(CrossEntropy, data).history

    assert len(history) == 2
    assert all(np.isnan(row["val_acc"]) and np.isfinite(row["loss_ce"]) for row in history)


def test_patience_has_nothing_to_wait_for(data):
    assert train(CrossEntropy, data, patience=1, validations=4).steps == 4


def test_a_stage_that_fits_is_handed_features_of_no_picture(data):
    seen: list[tuple[int, ...]] = []

    @method("fitted", family="baseline", source="test", key="fitted")
    class Fitted(CrossEntropy):
        def stages(self):
            return *super().stages(), Stage("refit", fit=self.refit)

        def refit(self, training: Batch, validation: Batch) -> None:
            seen.extend([tuple(training.features.shape), tuple(validation.features.shape)])

    train(Fitted, data)

    assert seen == [(40, 4), (0, 4)]


def card_of(cls: type[Method]) -> MethodCard:
    return cls.card_for(cls.Settings())


@pytest.mark.parametrize(
    ("cls", "reason"),
    [(CrossEntropy, None), (DeepFeatureReweighting, "the data set has no validation part")],
)
def test_what_is_fitted_to_the_validation_part_is_not_applicable(cls, reason):
    spec = replace(SPEC, has_validation=False)

    assert _missing_need(card_of(cls), spec, ("gender",)) == reason
    assert _missing_need(card_of(cls), SPEC, ("gender",)) is None
