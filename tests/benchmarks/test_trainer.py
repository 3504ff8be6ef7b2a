"""Budget, order, stages, validation and stopping of the one trainer."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.errors import TrainingDiverged
from datasets.spec import Batch
from methods.base import Method, ParameterSet, Stage, Update, method
from methods.ce import CrossEntropy
from tests.benchmarks.tiny import (
    SPEC,
    Recorder,
    build,
    make_data,
    make_faces,
    pictures_of,
    recorded,
    rows_seen,
    train,
    trainer_of,
    update_of,
)

# Budget -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("images", "steps"), [(32, 4), (80, 10), (36, 4), (1, 1)])
def test_the_budget_in_images_decides_the_steps(recorder, images, steps):
    method_, training = recorded(recorder, images=images)

    assert (training.steps, training.images_seen) == (steps, 8 * steps)
    assert [len(batch) for batch in method_.batches] == [8] * steps


def test_without_a_budget_the_data_sets_own_is_taken():
    assert train(CrossEntropy, images=0).images_seen == SPEC.train_images


def test_epochs_replace_the_budget_in_images():
    # 40 training pictures in batches of 16: two whole batches an epoch.
    training = train(CrossEntropy, epochs=3, images=32, batch_size=16)

    assert (training.steps, training.images_seen) == (6, 96)


def test_steps_know_their_place_in_the_stage(recorder):
    method_, _ = recorded(recorder)

    assert [(step.index, step.total) for step in method_.steps] == [(i, 4) for i in range(4)]


# Order ------------------------------------------------------------------------------------------


def test_the_last_partial_batch_of_an_epoch_is_dropped(recorder):
    # 40 pictures in batches of 12: three batches an epoch, four pictures left out.
    method_, _ = recorded(recorder, batch_size=12, images=72)
    rows = rows_seen(method_)

    assert [len(set(rows[start : start + 36])) for start in (0, 36)] == [36, 36]


def test_an_epoch_shows_every_picture_once(recorder):
    method_, _ = recorded(recorder, images=80)
    rows = rows_seen(method_)

    assert sorted(rows[:40]) == sorted(rows[40:]) == list(range(40))


def test_epochs_are_shuffled_anew(recorder):
    method_, _ = recorded(recorder, images=80)
    rows = rows_seen(method_)

    assert rows[:40].tolist() != list(range(40))
    assert rows[:40].tolist() != rows[40:].tolist()


def test_another_seed_has_another_order(recorder):
    first, _ = recorded(recorder, seed=0)
    second, _ = recorded(recorder, seed=1)

    assert rows_seen(first).tolist() != rows_seen(second).tolist()


def test_batches_hold_the_fields_of_their_rows(recorder):
    method_, _ = recorded(recorder, flip=0, rotation=0, crop=1)
    data = make_data()

    batch = method_.batches[0]

    assert batch.labels.tolist() == data.train.labels[batch.index].tolist()
    expected = pictures_of(data).read(data.train.rows[batch.index])
    assert torch.equal(batch.images, expected)


# Augmentation -----------------------------------------------------------------------------------


def test_two_views_are_two_augmentations_of_the_same_pictures(recorder):
    recorder.card = replace(recorder.card, needs=frozenset({"two_views", "sample_index"}))

    method_, _ = recorded(recorder, flip=0, rotation=0, crop=0.9)
    batch = method_.batches[0]

    assert not torch.equal(batch.images, batch.views)
    # The second view changes nothing of the first: another method sees the same pictures.
    recorder.card = replace(recorder.card, needs=frozenset({"sample_index"}))
    plain, _ = recorded(recorder, flip=0, rotation=0, crop=0.9)
    assert torch.equal(batch.images, plain.batches[0].images)


def test_without_augmentation_two_views_are_equal(recorder):
    recorder.card = replace(recorder.card, needs=frozenset({"two_views", "sample_index"}))

    method_, _ = recorded(recorder, flip=0, rotation=0, crop=1)

    assert torch.equal(method_.batches[0].images, method_.batches[0].views)


def test_pictures_are_augmented_in_training_and_not_in_validation(recorder):
    seen = []
    predict = recorder.predict

    def spy(self, batch):
        seen.append(batch.images.clone())
        return predict(self, batch)

    recorder.predict = spy
    recorded(recorder)
    data = make_data()

    assert all(torch.equal(images, pictures_of(data).read(np.arange(40, 50))) for images in seen)


# Stages -----------------------------------------------------------------------------------------


class TwoStages(Recorder):
    """Trains trunk and head, then the head on a frozen trunk."""

    predicts_early = True

    def stages(self):
        head = Update(self.loss, (ParameterSet(tuple(self.head.parameters())),))
        return (
            Stage("trunk", (update_of(self),), share=0.5, predicts=self.predicts_early),
            Stage("head", (head,), share=2.0, frozen=(self.trunk,)),
        )

    def loss(self, batch, step):
        self.modes = [*getattr(self, "modes", []), (self.trunk.training, self.head.training)]
        return super().loss(batch, step)


@pytest.fixture
def two_stages():
    @method("Two", family="loss", source="test", needs=["sample_index"], key="two")
    class Fresh(TwoStages):
        pass

    return Fresh


def test_a_stage_has_its_share_of_the_budget(two_stages):
    method_, training = recorded(two_stages)

    # 32 pictures are 4 steps: half of them, then twice as many.
    assert [step.total for step in method_.steps] == [2] * 2 + [8] * 8
    assert training.images_seen == 80


def test_frozen_modules_run_in_evaluation_mode(two_stages):
    method_, _ = recorded(two_stages)

    assert method_.modes == [(True, True)] * 2 + [(False, True)] * 8


def test_a_frozen_trunk_keeps_weights_and_running_statistics(two_stages):
    _, training = recorded(two_stages)
    _, whole = recorded(two_stages, images=1)
    assert whole.history[-1]["stage"] == "head"

    data = make_data()
    method_ = build(two_stages, data)
    trainer = trainer_of(method_, data)
    trainer._train(0, method_.stages()[0])
    after_first = {k: v.clone() for k, v in method_.trunk.state_dict().items()}
    trainer._train(1, method_.stages()[1])

    assert all(torch.equal(v, after_first[k]) for k, v in method_.trunk.state_dict().items())


def test_stages_have_orders_of_their_own(two_stages):
    method_, _ = recorded(two_stages)
    rows = rows_seen(method_)

    assert rows[:16].tolist() != rows[16:32].tolist()


def test_a_stage_that_cannot_predict_is_logged_and_not_selected(two_stages):
    two_stages.predicts_early = False

    _, training = recorded(two_stages)

    assert {row["stage"] for row in training.history} == {"trunk", "head"}
    assert all("val_acc" not in row for row in training.history if row["stage"] == "trunk")
    assert {point.stage for point in training.checkpoints.values()} == {"head"}


def test_a_stage_that_fits_gets_features_of_both_parts(recorder):
    seen = []

    def stages(self):
        def fit(training_part: Batch, validation: Batch) -> None:
            seen.append((training_part, validation, self.training))

        return (Stage("train", (update_of(self),)), Stage("fit", fit=fit))

    recorder.stages = stages
    method_, training = recorded(recorder)
    data, (first, second, in_training) = make_data(), seen[0]

    assert first.features.shape == (40, 4)
    assert second.features.shape == (10, 4)
    assert first.labels.tolist() == data.train.labels.tolist()
    assert not in_training
    with torch.inference_mode():
        expected = method_.features(pictures_of(data).read(data.validation.rows))
    torch.testing.assert_close(second.features, expected)
    assert training.history[-1]["stage"] == "fit"
    assert training.checkpoints["last"].stage == "fit"


def test_features_handed_to_a_fit_can_take_part_in_a_backward_pass(recorder):
    def stages(self):
        def fit(training_part: Batch, validation: Batch) -> None:
            self.head(training_part.features).sum().backward()

        return (Stage("train", (update_of(self),)), Stage("fit", fit=fit))

    recorder.stages = stages
    method_, _ = recorded(recorder)

    assert method_.head.weight.grad is not None


# Validation, selection, stopping ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("validations", "steps"), [(1, [10]), (2, [5, 10]), (3, [3, 7, 10]), (5, [2, 4, 6, 8, 10])]
)
def test_validations_are_even_and_the_last_is_at_the_end(validations, steps):
    training = train(CrossEntropy, images=80, validations=validations)

    assert [row["step"] for row in training.history] == steps
    assert training.checkpoints["last"].step == 10


def test_a_stage_shorter_than_its_validations_is_validated_after_each_step():
    assert [row["step"] for row in train(CrossEntropy, images=16, validations=5).history] == [1, 2]


class Clock(Method):
    """Predicts class 0 for a planned share of the validation part, whatever it sees."""

    plan: tuple[float, ...] = ()

    def build(self, make_backbone, generator):
        super().build(make_backbone, generator)
        self.asked = 0

    def loss(self, batch, step):
        return {"nothing": self.head(self.trunk(batch.images)).sum() * 0}

    def predict(self, batch):
        right = round(self.plan[min(self.asked, len(self.plan) - 1)] * len(batch))
        self.asked += 1
        picture = torch.arange(len(batch))
        chosen = torch.where(picture < right, 0, 1)
        return torch.log_softmax(10.0 * nn.functional.one_hot(chosen, 3).float(), dim=1)


def planned(shares: tuple[float, ...], **changes):
    @method("Clock", family="loss", source="test", key="clock")
    class Fresh(Clock):
        plan = shares

    faces = make_faces(labels=np.zeros(60, np.int64))
    return train(Fresh, make_data(faces), images=80, validations=5, **changes)


def test_history_holds_the_scores_of_each_validation():
    training = planned((0.1, 0.5, 0.3, 0.2, 0.4))

    assert [row["val_acc"] for row in training.history] == pytest.approx([0.1, 0.5, 0.3, 0.2, 0.4])
    # Groups of 5 people each are too small for a score.
    assert all(math.isnan(row["val_wga"]) for row in training.history)


def test_the_most_accurate_checkpoint_is_kept_with_its_predictions():
    training = planned((0.1, 0.5, 0.3, 0.2, 0.4))
    best = training.checkpoints["best_acc"]

    assert best.step == 4
    assert int((best.validation.argmax(axis=1) == 0).sum()) == 5


def test_without_patience_training_goes_on_to_the_end():
    assert planned((0.5, 0.1, 0.1, 0.1, 0.1), patience=0).steps == 10


@pytest.mark.parametrize(
    ("shares", "patience", "steps"),
    [
        ((0.5, 0.1, 0.1, 0.1, 0.1), 1, 4),
        ((0.5, 0.1, 0.1, 0.1, 0.1), 2, 6),
        ((0.5, 0.5, 0.6, 0.6, 0.6), 1, 4),  # equal is not better
        ((0.1, 0.0, 0.2, 0.1, 0.1), 2, 10),  # a better one starts the wait anew
    ],
    ids=["one", "two", "tie", "anew"],
)
def test_patience_stops_a_stage(shares, patience, steps):
    training = planned(shares, patience=patience)

    assert training.steps == steps
    assert training.images_seen == 8 * steps


def test_a_checkpoint_is_not_changed_by_later_steps(recorder):
    _, training = recorded(recorder, images=80, validations=5)
    first, last = training.history[0]["step"], training.checkpoints["last"]
    steps = {point.step for point in training.checkpoints.values()}

    assert last.step == 10
    assert first == 2
    data = make_data()
    for point in training.checkpoints.values():
        again = build(recorder, data)
        again.load_state_dict(point.state)
        again.eval()
        with torch.inference_mode():
            images = pictures_of(data).read(data.validation.rows)
            expected = again.predict(Batch(images=images)).numpy()
        np.testing.assert_allclose(point.validation, expected, atol=1e-6)
    assert steps <= {2, 4, 6, 8, 10}


def test_history_holds_the_mean_of_each_term_since_the_last_validation(recorder):
    def loss(self, batch, step):
        zero = self.head(self.trunk(batch.images)).sum() * 0
        return {"a": zero + step.index, "b": zero + 1}

    recorder.loss = loss
    _, training = recorded(recorder)

    # Steps 0 and 1, then 2 and 3.
    assert [(row["loss_a"], row["loss_b"]) for row in training.history] == [(0.5, 1.0), (2.5, 1.0)]
    assert [row["images_seen"] for row in training.history] == [16, 32]
    assert [row["stage"] for row in training.history] == ["train", "train"]


# Divergence and randomness ----------------------------------------------------------------------


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_term_that_is_not_finite_stops_training_and_is_named(recorder, value):
    recorder.loss = lambda self, batch, step: {"style": self.head.bias.sum() + value}

    with pytest.raises(TrainingDiverged, match=f"'style' of stage 'train' became {value}"):
        recorded(recorder)


def test_a_prediction_that_is_not_a_number_stops_training(recorder):
    recorder.predict = lambda self, batch: torch.full((len(batch), 3), float("nan"))

    with pytest.raises(TrainingDiverged, match="predicts NaN"):
        recorded(recorder)


def test_training_changes_no_global_generator(recorder):
    torch_before, numpy_before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002

    recorded(recorder)

    assert torch.equal(torch.random.get_rng_state(), torch_before)
    assert (np.random.get_state()[1] == numpy_before).all()  # noqa: NPY002


def test_dropout_is_drawn_from_the_seed_of_the_cell(recorder):
    def features(self, images):
        return nn.functional.dropout(self.trunk(images), 0.5, training=self.training)

    recorder.features = features
    torch.manual_seed(1)
    first, left = recorded(recorder)
    torch.manual_seed(2)
    second, right = recorded(recorder)

    states = [training.checkpoints["last"].state for training in (left, right)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert first.batches[0].labels.tolist() == second.batches[0].labels.tolist()


def test_a_method_that_declares_groups_at_test_only_is_handed_them_there():
    @method("Late", family="post", source="test", needs=["test_groups"], key="late")
    class Late(CrossEntropy):
        def predict(self, batch):
            return super().predict(batch) + 0 * batch.groups[:, None]

    assert set(train(Late).checkpoints) == {"last", "best_acc", "best_wga", "best_dto"}


def test_a_method_that_declares_groups_in_training_is_not_handed_them_at_test():
    from datasets.errors import WithheldError

    @method("Early", family="post", source="test", needs=["train_groups"], key="early")
    class Early(CrossEntropy):
        def predict(self, batch):
            return super().predict(batch) + 0 * batch.groups[:, None]

    with pytest.raises(WithheldError, match=r"batch\.groups"):
        train(Early)


def test_labels_are_not_handed_over_for_prediction(recorder):
    from datasets.errors import WithheldError

    recorder.predict = lambda self, batch: batch.labels

    with pytest.raises(WithheldError, match=r"batch\.labels"):
        recorded(recorder)
