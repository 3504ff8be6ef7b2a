"""What a stage may ask for: its rows, its batches, preparation, features; what is noted of it."""

import numpy as np
import pytest
import torch

from datasets.spec import Batch
from methods.base import MethodError, ParameterSet, Stage, Update
from methods.ce import CrossEntropy
from tests.benchmarks.tiny import make_data, pictures_of, recorded, rows_seen, train, update_of


def test_sampling_of_a_stage_decides_the_rows(recorder):
    calls = []

    def sampling(fields: Batch, epoch: int, generator: torch.Generator) -> torch.Tensor:
        calls.append((len(fields.labels), epoch))
        return torch.arange(16) + epoch

    def stages(self):
        return (Stage("train", (update_of(self),), sampling=sampling),)

    recorder.stages = stages
    method_, _ = recorded(recorder)

    assert calls == [(40, 0), (40, 1)]
    assert rows_seen(method_).tolist() == [*range(16), *range(1, 17)]


def test_epochs_shorter_than_a_batch_are_joined(recorder):
    def stages(self):
        few = Stage(
            "train", (update_of(self),), sampling=lambda _, epoch, __: torch.arange(7) + epoch
        )
        return (few,)

    recorder.stages = stages
    method_, training = recorded(recorder, images=16)

    assert training.steps == 2
    assert rows_seen(method_)[:8].tolist() == [*range(7), 1]


def test_sampling_no_row_is_an_error_that_says_so(recorder):
    def stages(self):
        none = Stage("train", (update_of(self),), sampling=lambda *_: torch.arange(0))
        return (none,)

    recorder.stages = stages

    with pytest.raises(MethodError, match="draws no sample in an epoch"):
        recorded(recorder)


def test_a_larger_batch_sees_as_many_pictures_in_fewer_steps(recorder):
    def stages(self):
        return (Stage("train", (update_of(self),), batch_factor=2),)

    recorder.stages = stages
    method_, training = recorded(recorder, images=32)

    assert [len(batch) for batch in method_.batches] == [16, 16]
    assert (training.steps, training.images_seen) == (2, 32)


def test_a_stage_is_prepared_once_with_the_declared_fields_of_all_training_samples(recorder):
    seen = []

    def stages(self):
        return (Stage("train", (update_of(self),), prepare=lambda part, _: seen.append(part)),)

    recorder.stages = stages
    recorded(recorder)

    assert len(seen) == 1
    assert seen[0].labels.tolist() == make_data().train.labels.tolist()
    assert "images" not in vars(seen[0]) and "groups" not in vars(seen[0])


def test_a_stage_on_features_gets_them_instead_of_pictures(recorder):
    seen = []

    def terms(self, batch, step):
        seen.append(batch)
        return {"ce": self.head.weight.square().sum()}

    def stages(self):
        sets = (ParameterSet(tuple(self.head.parameters())),)
        update = Update(lambda batch, step: terms(self, batch, step), sets)
        return (Stage("train", (update,), on_features=lambda images: images.mean(dim=(2, 3))),)

    recorder.stages = stages
    _, training = recorded(recorder)
    data = make_data()
    batch = seen[0]
    expected = pictures_of(data).read(data.train.rows[batch.index]).mean(dim=(2, 3))

    assert "images" not in vars(batch)
    torch.testing.assert_close(batch.features, expected)
    assert (training.steps, training.images_seen) == (len(seen), 0)


def test_pictures_that_are_seen_several_times_count_once(recorder):
    def stages(self):
        few = Stage("train", (update_of(self),), sampling=lambda *_: torch.arange(40) % 5)
        return (few,)

    recorder.stages = stages
    _, training = recorded(recorder, images=80)

    assert (training.images_seen, training.distinct_images) == (80, 5)


def test_only_steps_that_reach_the_trunk_are_its_updates(recorder):
    def stages(self):
        def every_other(batch, step):
            if step.index % 2:
                return {"idle": torch.zeros(())}
            return {"ce": self.logits(batch.images).square().mean()}

        head = ParameterSet(tuple(self.head.parameters()))
        other = Update(lambda batch, step: {"head": self.head.weight.square().sum()}, (head,))
        return (Stage("train", (other, Update(every_other, self.parameter_sets()))),)

    recorder.stages = stages
    _, training = recorded(recorder, images=64)

    assert (training.steps, training.trunk_updates) == (8, 4)


def test_diagnostics_are_noted_at_validations_and_train_nothing(recorder):
    plain = train(CrossEntropy)
    recorder.diagnostics = lambda self, batch: {"spread": self.features(batch.images).std()}
    _, training = recorded(recorder)

    assert all(np.isfinite(row["spread"]) for row in training.history)
    for name, value in plain.checkpoints["last"].state.items():
        assert torch.equal(value, training.checkpoints["last"].state[name])
