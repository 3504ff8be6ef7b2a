"""Whole cells on the synthetic faces: pairing, coefficient 0, poison, stored predictions."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import registry
from benchmarks.assembly import build_method, load_cell_data, make_pictures, protocol_of
from benchmarks.plan import Cell, make_plan
from benchmarks.runner import RunOptions, run_cell
from benchmarks.selection import RULES
from benchmarks.store import Store
from benchmarks.study import Study
from benchmarks.trainer import Trainer
from methods.ce import CrossEntropy
from tests.benchmarks.tiny import CPU, make_data, make_faces, train

SMALL = {
    "synthetic.pool_images": 150,
    "synthetic.test_images": 60,
    "protocol.pixels": 32,
    "protocol.images": 96,
    "protocol.validations": 2,
}
NEUTRAL = {
    "focal": {"focal.gamma": 0},
    "gradient_reversal": {"gradient_reversal.lambda_max": 0},
    "spectral_decoupling": {
        "spectral_decoupling.schedule": "constant",
        "spectral_decoupling.strength": 0,
    },
    "au_positive_matching": {"au_positive_matching.strength": 0},
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


def cell_of(method: str, seed: int = 0, **changes: object) -> Cell:
    named = {name.replace("__", "."): value for name, value in changes.items()}
    study = Study(methods=(method,), seeds=(seed,), set={**SMALL, **named})
    (cell,) = make_plan(study, None).cells
    return cell


def run(cell: Cell, out: Path, cache: Path, **options: bool) -> Store:
    outcome = run_cell(cell, RunOptions(out, None, cache, **options))
    assert (outcome.status, outcome.reason) == ("done", "")
    return Store(out)


@pytest.fixture(scope="module")
def plain(tmp_path_factory, cache) -> tuple[Store, Cell]:
    """A finished cell of `ce`, with features and weights."""
    cell = cell_of("ce")
    out = tmp_path_factory.mktemp("plain")
    return run(cell, out, cache, store_features=True, store_models=True), cell


@pytest.mark.parametrize("method", NEUTRAL)
def test_with_coefficient_0_a_method_predicts_as_cross_entropy_bit_for_bit(
    method, plain, tmp_path, cache
):
    store, cell = plain
    changes = {name.replace(".", "__"): value for name, value in NEUTRAL[method].items()}
    neutral = cell_of(method, **changes)

    ours = run(neutral, tmp_path, cache).predictions(neutral.id)

    theirs = store.predictions(cell.id)
    for rule in RULES:
        name = f"test_log_probabilities_{rule}"
        assert ours[name].tobytes() == theirs[name].tobytes()


@pytest.mark.parametrize("method", NEUTRAL)
def test_with_its_own_coefficient_a_method_predicts_something_else(method, plain, tmp_path, cache):
    # So that the test above can fail.
    store, cell = plain
    other = cell_of(method)

    ours = run(other, tmp_path, cache).predictions(other.id)

    name = "test_log_probabilities_last"
    assert ours[name].tobytes() != store.predictions(cell.id)[name].tobytes()


def test_a_cell_run_again_predicts_the_same_bits(plain, tmp_path, cache):
    store, cell = plain
    torch.rand(3)  # the state of the global generator must not matter

    again = run(cell, tmp_path, cache).predictions(cell.id)

    theirs = store.predictions(cell.id)
    assert all(again[name].tobytes() == theirs[name].tobytes() for name in again)


def test_another_seed_predicts_something_else(plain, tmp_path, cache):
    store, cell = plain
    other = cell_of("ce", seed=1)

    ours = run(other, tmp_path, cache).predictions(other.id)

    name = "test_log_probabilities_last"
    assert ours["test_ids"].tolist() == store.predictions(cell.id)["test_ids"].tolist()
    assert not np.array_equal(ours[name], store.predictions(cell.id)[name])


def test_predictions_hold_ids_labels_attributes_and_each_rule(plain):
    store, cell = plain
    arrays = store.predictions(cell.id)

    for part, count in (("val", 30), ("test", 60)):
        assert arrays[f"{part}_ids"].shape == (count,)
        assert arrays[f"{part}_labels"].shape == (count,)
        assert arrays[f"{part}_attributes"].shape == (count, 3)
        assert arrays[f"{part}_features"].shape[0] == count
        assert arrays[f"{part}_features"].dtype == np.float16
        for rule in RULES:
            stored = arrays[f"{part}_log_probabilities_{rule}"]
            np.testing.assert_allclose(np.exp(stored).sum(axis=1), 1, atol=1e-5)


def test_a_cell_says_how_it_was_made(plain):
    store, cell = plain
    record = store.record(cell.id)

    assert record["status"] == "done"
    assert record["description"] == cell.description
    assert record["card"]["key"] == "ce"
    assert record["ledger"]["images_seen"] == 96
    assert record["ledger"]["train_size"] == 120
    assert record["provenance"]["threads"] == 1
    assert record["selection"]["last"] == {"stage": "train", "step": 3, "reads_groups": False}
    assert record["selection"]["best_wga"]["reads_groups"] is True
    assert "methods/ce.py" in record["sources"]
    assert record["stored"] == ["features", "model"]


def test_stored_weights_give_the_stored_predictions(plain, cache):
    from safetensors.torch import load_file

    store, cell = plain
    data, protocol = load_cell_data(cell, None, cache), protocol_of(cell)
    method = build_method(cell, data, protocol)
    method.load_state_dict(load_file(store.path(cell.id) / "model.safetensors"))
    method.eval()

    with torch.inference_mode():
        images = make_pictures(data, protocol, CPU).read(data.test.rows)
        logits = method.logits(images)

    stored = store.predictions(cell.id)["test_log_probabilities_last"]
    np.testing.assert_allclose(torch.log_softmax(logits, 1).numpy(), stored, atol=1e-5)


# Pairing ----------------------------------------------------------------------------------------


def weights_hash(method: torch.nn.Module, *names: str) -> str:
    digest = hashlib.sha256()
    for name in names:
        for key, value in getattr(method, name).state_dict().items():
            digest.update(key.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def built(method: str, cache: Path, seed: int = 0):
    cell = cell_of(method, seed)
    data = load_cell_data(cell, None, cache)
    return build_method(cell, data, protocol_of(cell)), data, protocol_of(cell), seed


METHODS = ("ce", "focal", "gradient_reversal", "spectral_decoupling", "au_positive_matching")


@pytest.mark.parametrize("method", METHODS[1:])
def test_methods_of_a_seed_start_from_the_same_trunk_and_head(method, cache):
    ours, theirs = built(method, cache)[0], built("ce", cache)[0]

    assert weights_hash(ours, "trunk", "head") == weights_hash(theirs, "trunk", "head")


def test_a_method_with_a_wider_head_starts_from_the_same_trunk(cache):
    ours, theirs = built("domain_discriminative", cache)[0], built("ce", cache)[0]

    assert ours.head.out_features > theirs.head.out_features
    assert weights_hash(ours, "trunk") == weights_hash(theirs, "trunk")


def test_another_seed_starts_from_other_weights(cache):
    first, second = (built("ce", cache, seed)[0] for seed in (0, 1))

    assert weights_hash(first, "trunk") != weights_hash(second, "trunk")
    assert weights_hash(first, "head") != weights_hash(second, "head")


def test_building_a_method_changes_no_global_generator(cache):
    before = torch.random.get_rng_state()

    built("gradient_reversal", cache)

    assert torch.equal(torch.random.get_rng_state(), before)


def batches_of(method: str, cache: Path, seed: int = 0) -> list[bytes]:
    """The pictures and labels of the first steps, augmented as in training."""
    built_, data, protocol, seed = built(method, cache, seed)
    trainer = Trainer(built_, data, make_pictures(data, protocol, CPU), protocol, seed)
    stage = built_.stages()[0]
    return [
        batch.images.numpy().tobytes() + batch.labels.numpy().tobytes()
        for batch in trainer._batches(0, stage, 5)
    ]


@pytest.mark.parametrize("method", ["gradient_reversal", "au_positive_matching"])
def test_methods_of_a_seed_see_the_same_augmented_pictures_in_the_same_order(method, cache):
    assert batches_of(method, cache) == batches_of("ce", cache)


def test_another_seed_sees_other_pictures(cache):
    assert batches_of("ce", cache, 0) != batches_of("ce", cache, 1)


# Nothing is chosen on test data -----------------------------------------------------------------


def poisoned():
    faces = make_faces()
    labels = faces.labels.copy()
    labels[50:] = (labels[50:] + 1) % 3  # rows 50 to 59 are the test part
    return replace(faces, labels=labels)


def outcome_of(faces):
    training = train(CrossEntropy, make_data(faces), images=240, validations=5)
    return (
        training.history,
        {rule: (point.stage, point.step) for rule, point in training.checkpoints.items()},
        {rule: point.validation.tobytes() for rule, point in training.checkpoints.items()},
    )


def test_other_test_labels_change_no_checkpoint_and_no_validation_number():
    assert str(outcome_of(poisoned())) == str(outcome_of(make_faces()))


def test_other_validation_labels_change_validation_numbers():
    # So that the test above can fail: the same poison in the validation part is seen.
    faces = make_faces()
    labels = faces.labels.copy()
    labels[40:50] = (labels[40:50] + 1) % 3

    assert str(outcome_of(replace(faces, labels=labels))) != str(outcome_of(make_faces()))


def test_other_test_labels_change_no_prediction_of_a_whole_cell(
    plain, tmp_path, cache, monkeypatch
):
    store, cell = plain
    load = registry.datasets()["synthetic"].load

    def poisoned_load(self, root, cache_, pixels):
        faces = load(self, root, cache_, pixels)
        labels = faces.labels.copy()
        labels[150:] = (labels[150:] + 1) % 7
        return replace(faces, labels=labels)

    from benchmarks import assembly

    monkeypatch.setattr(registry.datasets()["synthetic"], "load", poisoned_load)
    assembly._faces.cache_clear()
    try:
        ours = run(cell, tmp_path, cache)
    finally:
        assembly._faces.cache_clear()

    arrays, clean = ours.predictions(cell.id), store.predictions(cell.id)
    assert arrays["test_labels"].tolist() != clean["test_labels"].tolist()
    assert ours.record(cell.id)["selection"] == store.record(cell.id)["selection"]
    for rule in RULES:
        for part in ("val", "test"):
            name = f"{part}_log_probabilities_{rule}"
            assert arrays[name].tobytes() == clean[name].tobytes()


# Failures ---------------------------------------------------------------------------------------


@pytest.fixture
def peeking(monkeypatch):
    """`focal` reads groups, which it does not declare."""
    focal = registry.methods()["focal"]
    loss = focal.loss

    def peek(self, batch, step):
        _ = batch.groups
        return loss(self, batch, step)

    monkeypatch.setattr(focal, "loss", peek)


@pytest.mark.usefixtures("peeking")
def test_a_method_that_reads_an_undeclared_field_fails_and_is_stored(tmp_path, cache):
    cell = cell_of("focal")

    outcome = run_cell(cell, RunOptions(tmp_path, None, cache))

    record = Store(tmp_path).record(cell.id)
    assert (outcome.status, record["status"]) == ("failed", "failed")
    assert record["reason"].startswith("WithheldError: The method read batch.groups")
    assert "in peek" in record["traceback"]
    assert not Store(tmp_path).is_done(cell.id)


def test_a_failed_cell_is_done_after_a_run_that_succeeds(tmp_path, cache, monkeypatch):
    cell = cell_of("ce")
    with monkeypatch.context() as patch:
        patch.setattr(
            CrossEntropy, "loss", lambda self, batch, step: {"x": self.head.bias.sum() / 0}
        )
        assert run_cell(cell, RunOptions(tmp_path, None, cache)).status == "failed"

    run(cell, tmp_path, cache)

    assert Store(tmp_path).is_done(cell.id)
    assert "traceback" not in Store(tmp_path).record(cell.id)


def test_a_diverging_method_is_a_failed_cell_that_names_the_term(tmp_path, cache):
    cell = cell_of("ce", protocol__learning_rate=1e12, protocol__clip_norm=0)

    outcome = run_cell(cell, RunOptions(tmp_path, None, cache))

    assert outcome.status == "failed"
    assert outcome.reason.startswith("TrainingDiverged: ")
