"""Runs the stages of any method under the study's protocol; it never asks which method it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.augment import Augmentation, warp
from benchmarks.optimisers import OptimiserStep
from benchmarks.parts import CellData, Fields, Part
from benchmarks.pictures import Pictures
from benchmarks.prediction import INFERENCE_BATCH, predict
from benchmarks.protocol import Protocol
from benchmarks.seeding import seeded, torch_generator
from benchmarks.selection import RULES, Scores, Selection, ValidationRecord, score
from benchmarks.term_means import TermMeans
from datasets.spec import Batch
from methods.base import Method, MethodError, Stage, Step


@dataclass(frozen=True)
class Checkpoint:
    """A state of the method that a selection rule keeps."""

    stage: str
    step: int
    state: dict[str, Tensor]
    validation: NDArray[np.float32]


@dataclass
class Training:
    """What training leaves: a checkpoint a rule, the curve and the ledger of work done.

    `distinct_images` counts the training pictures that were seen at least once: a sampler that
    repeats a few pictures sees as many images as another, and far fewer different ones.
    `trunk_updates` counts the optimiser steps that reached the trunk: some methods leave it alone
    in part of the steps. 0 for methods without the study's trunk.
    """

    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)
    history: list[dict[str, float | int | str]] = field(default_factory=list)
    images_seen: int = 0
    distinct_images: int = 0
    steps: int = 0
    trunk_updates: int = 0


class Trainer:
    """Trains one method on one cell's data.

    Args:
        method: the built method.
        data: the parts of the cell.
        pictures: reader of the pictures, on the device.
        protocol: what all methods of the study share.
        seed: seed of the cell.
    """

    def __init__(
        self, method: Method, data: CellData, pictures: Pictures, protocol: Protocol, seed: int
    ) -> None:
        self.method = method
        self.data = data
        self.pictures = pictures
        self.protocol = protocol
        self.shared = (data.faces.spec.name, seed)
        self.fields = Fields(data, data.train, method.card, pictures.device)
        self.augmentation = Augmentation(protocol.flip, protocol.rotation, protocol.crop)
        self.selection = Selection()
        self.result = Training()
        self.seen = torch.zeros(len(data.train), dtype=torch.bool)

    def run(self) -> Training:
        """Trains all stages.

        Raises:
            TrainingDiverged: a loss or a prediction is not finite.
        """
        stages = self.method.stages()
        if not stages[-1].predicts:
            raise AssertionError("the last stage of a method must predict")
        for number, stage in enumerate(stages):
            if stage.fit is not None:
                self._fit(stage)
            else:
                self._train(number, stage)
        self.result.distinct_images = int(self.seen.sum())
        return self.result

    def _train(self, number: int, stage: Stage) -> None:
        total = self._steps_of(stage)
        moments = _moments(total, self.protocol.validations)
        updates = [OptimiserStep(update, self.protocol, total) for update in stage.updates]
        stream = stage.stream if stage.stream is not None else self.method.card.key
        own = torch_generator("method", *self.shared, stream, number)
        if stage.prepare is not None:
            stage.prepare(self.fields.all(), own)
        means = TermMeans()
        best, waited = -1.0, 0
        for index, batch in enumerate(self._batches(number, stage, total)):
            self._set_modes(stage)
            # Dropout and its like draw from the global generator: the same draws for every method.
            with seeded("step", *self.shared, number, index):
                step = Step(index, total, own)
                for update in updates:
                    means.add(update.apply(batch, step))
            self.result.steps += 1
            # Features were computed from each picture once; only pictures are counted.
            self.result.images_seen += len(batch) if stage.on_features is None else 0
            if index + 1 not in moments:
                continue
            noted = means.take(stage.name) | self._diagnostics(batch)
            scores = self._validate(stage, index + 1, noted)
            if not self.protocol.patience or scores is None or np.isnan(scores.accuracy):
                continue
            waited = 0 if scores.accuracy > best else waited + 1
            best = max(best, scores.accuracy)
            if waited >= self.protocol.patience:
                break
        self.result.trunk_updates += sum(u.effective for u in updates if self._moves_trunk(u))

    def _moves_trunk(self, update: OptimiserStep) -> bool:
        trunk = getattr(self.method, "trunk", None)
        own = {id(p) for p in trunk.parameters()} if isinstance(trunk, nn.Module) else set()
        return any(id(parameter) in own for parameter in update.parameters)

    def _diagnostics(self, batch: Batch) -> dict[str, float]:
        self.method.eval()
        with torch.no_grad(), self.protocol.autocast(self.pictures.device):
            found = self.method.diagnostics(batch)
        return {name: float(value) for name, value in found.items()}

    def _steps_of(self, stage: Stage) -> int:
        budget = self.protocol.images_seen(len(self.data.train), self.data.faces.spec.train_images)
        return max(1, round(stage.share * budget / self._batch_size(stage)))

    def _batch_size(self, stage: Stage) -> int:
        return stage.batch_factor * self.protocol.batch_size

    def _batches(self, number: int, stage: Stage, total: int) -> Iterator[Batch]:
        features = None
        if stage.on_features is not None:
            features = self._features(self.data.train, stage.on_features)
        done, epoch, size = 0, 0, self._batch_size(stage)
        while done < total:
            order = self._order(number, stage, epoch)
            while len(order) < size:
                epoch += 1
                order = torch.cat([order, self._order(number, stage, epoch)])
            full = len(order) // size
            for start in range(min(full, total - done)):
                rows = order[start * size : (start + 1) * size]
                if features is None:
                    yield self._batch(rows, number, done + start)
                else:
                    yield self._feature_batch(rows, features)
            done, epoch = done + full, epoch + 1

    def _order(self, number: int, stage: Stage, epoch: int) -> Tensor:
        generator = torch_generator("order", *self.shared, number, epoch)
        if stage.sampling is not None:
            rows = stage.sampling(self.fields.all(), epoch, generator)
            if len(rows) == 0:
                raise MethodError(f"{self.method.card.key} draws no sample in an epoch.")
            return rows
        return torch.randperm(len(self.data.train), generator=generator)

    def _batch(self, rows: Tensor, number: int, index: int) -> Batch:
        images = self.pictures.read(self.data.train.rows[rows.numpy()])
        self.seen[rows] = True
        fields = self.fields.take(rows.to(self.pictures.device))
        fields["images"] = self._augmented(images, "augment", number, index)
        if self.method.card.may_read("two_views"):
            fields["views"] = self._augmented(images, "second view", number, index)
        return Batch(**fields)

    def _feature_batch(self, rows: Tensor, features: Tensor) -> Batch:
        on_device = rows.to(self.pictures.device)
        return Batch(features=features[on_device], **self.fields.take(on_device))

    def _augmented(self, images: Tensor, stream: str, number: int, index: int) -> Tensor:
        if self.augmentation.is_identity:
            return images
        generator = torch_generator(stream, *self.shared, number, index)
        transforms = self.augmentation.transforms(len(images), generator)
        return self.pictures.arrange(warp(images, transforms))

    def _set_modes(self, stage: Stage) -> None:
        self.method.train()
        for module in stage.frozen:
            module.eval()

    def _fit(self, stage: Stage) -> None:
        """A stage without steps: features of both parts, once, in evaluation mode."""
        if stage.fit is None:
            raise AssertionError("only called for stages that fit")
        with seeded("fit", *self.shared, self.method.card.key):
            stage.fit(
                self._feature_part(stage, self.data.train, "train"),
                self._feature_part(stage, self.data.validation, "val"),
            )
        self._validate(stage, 0, {})

    def _feature_part(self, stage: Stage, part: Part, role: Literal["train", "val"]) -> Batch:
        fields = Fields(self.data, part, self.method.card, self.pictures.device, role=role)
        features = self._features(part, stage.on_features or self.method.features)
        return Batch(features=features, **fields.tensors)

    def _features(self, part: Part, make: Callable[[Tensor], Tensor]) -> Tensor:
        blocks = []
        self.method.eval()
        # As when it predicts: a classifier must not be fitted to other features than it reads.
        with torch.inference_mode(), self.protocol.autocast(self.pictures.device):
            # One picture where there is none: it tells the shape of the features.
            shown = part.rows if len(part) else self.data.train.rows[:1]
            for start in range(0, len(shown), INFERENCE_BATCH):
                rows = shown[start : start + INFERENCE_BATCH]
                blocks.append(make(self.pictures.read(rows)).to(torch.get_default_dtype()))
        # Cloned: tensors made in inference mode cannot take part in a later backward pass.
        return torch.cat(blocks)[: len(part)].clone()

    def _validate(self, stage: Stage, step: int, terms: dict[str, float]) -> Scores | None:
        row: dict[str, float | int | str] = {
            "stage": stage.name,
            "step": step,
            "images_seen": self.result.images_seen,
            **terms,
        }
        self.result.history.append(row)
        if not stage.predicts:
            return None
        part = self.data.validation
        predictions = predict(self.method, self.data, part, self.pictures, self.protocol)
        record = ValidationRecord(stage.name, step, predictions, part.labels, part.groups)
        scores = score(record)
        row |= {
            "val_acc": scores.accuracy,
            "val_wga": scores.worst_group_accuracy,
            "val_dto": scores.distance_to_optimum,
        }
        self._keep(record, scores)
        return scores

    def _keep(self, record: ValidationRecord, scores: Scores) -> None:
        won = self.selection.offer(scores)
        state = {name: value.detach().clone() for name, value in self.method.state_dict().items()}
        checkpoint = Checkpoint(record.stage, record.step, state, record.log_probabilities)
        self.result.checkpoints |= dict.fromkeys(won, checkpoint)
        if set(self.result.checkpoints) != set(RULES):
            raise AssertionError("every rule keeps a checkpoint from the first record on")


def _moments(total: int, count: int) -> set[int]:
    """Steps after which the method is validated, the last step among them."""
    return {max(1, round(total * (i + 1) / count)) for i in range(count)}
