"""Attributes of one data set guessed by a classifier that was trained on another."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.errors import StoreError, StudyError
from benchmarks.judges import Judge, Question, train_judge
from benchmarks.parts import CellData, cell_data
from benchmarks.pictures import Pictures, channel_statistics
from benchmarks.prediction import INFERENCE_BATCH
from benchmarks.protocol import Protocol
from datasets.listing import Listing
from datasets.picture_set import PictureSet
from datasets.spec import Batch, Codes, Dataset, FaceData
from reports.stats.clusters import clustered_proportions
from reports.stats.proportions import wilson

Say = Callable[[str], None]


@dataclass(frozen=True)
class Teacher:
    """A data set whose attributes are known, ready to train on.

    Attributes:
        name: registry key.
        data: its parts for the seed.
        pictures: reader, normalised by its training part.
        protocol: backbone, optimiser, budget.
        seed: of the split and the training.
        label: the attribute that is its class; empty where the class is none.
    """

    name: str
    data: CellData
    pictures: Pictures
    protocol: Protocol
    seed: int
    label: str

    def question(self, attribute: str) -> Question:
        """What a classifier of the attribute decides.

        Raises:
            DataError: the data set does not give the attribute.
        """
        faces = self.data.faces
        if attribute == self.label:
            return Question(attribute, faces.spec.classes, faces.labels)
        found = faces.spec.attribute(attribute)
        column = faces.spec.attributes.index(found)
        return Question(attribute, found.levels, faces.attributes[:, column])


@dataclass(frozen=True)
class Guessed:
    """One attribute as it was guessed.

    Attributes:
        name: of the attribute.
        levels: L names.
        confusion: (L, L) counts (true, guessed) on the teacher's test part.
        interval: 95 % limits of the share of right guesses there, in [0, 1]; people count as units
            where the teacher has several pictures of them.
        codes: (N,) guesses for the faces that were asked about.
        confidence: (N,) probability of the guess, in [0, 1].
    """

    name: str
    levels: tuple[str, ...]
    confusion: Codes
    interval: tuple[float, float]
    codes: Codes
    confidence: NDArray[np.float64]


def teacher(
    dataset: Dataset,
    protocol: Protocol,
    *,
    root: Path | None,
    cache: Path,
    seed: int,
    device: torch.device,
) -> Teacher:
    """The data set `dataset` as a teacher.

    Args:
        dataset: with its settings.
        protocol: backbone, size of the pictures, optimiser, budget.
        root: folder that holds the data sets.
        cache: folder of all caches.
        seed: of the split and the training.
        device: where it trains.

    Raises:
        DataError: the data is not below `root`.
    """
    faces = dataset.load(root, cache, protocol.pixels)
    data = cell_data(dataset, faces, seed, (), "mask")
    return Teacher(
        name=dataset.card.key,
        data=data,
        pictures=_pictures(faces, protocol, channel_statistics(faces.images, data.train.rows),
                           device),
        protocol=protocol,
        seed=seed,
        label=getattr(dataset.settings, "label", ""),
    )  # fmt: skip


def guess(teacher: Teacher, attribute: str, faces: FaceData) -> Guessed:
    """The attribute of every face of `faces`, by a classifier trained on the teacher's faces.

    The classifier trains on the teacher's training part; its errors are counted on the test part,
    which it never sees. Pictures are normalised as the teacher's.

    Args:
        teacher: knows the attribute.
        attribute: its name.
        faces: N faces of another data set, at the same size.

    Raises:
        DataError: the teacher does not give the attribute.
        StudyError: a level of it has no face in the teacher's training or test part.
    """
    question = teacher.question(attribute)
    _check_levels(question, teacher)
    judge = train_judge(question, teacher.data, teacher.pictures, teacher.protocol, teacher.seed)
    tested = teacher.data.test.rows
    tested = tested[question.codes[tested] >= 0]
    own, _ = _decide(judge, teacher.pictures, tested)
    size = len(question.answers)
    pairs = np.bincount(question.codes[tested] * size + own, minlength=size * size)
    statistics = teacher.pictures.mean, teacher.pictures.std
    asked = _pictures(faces, teacher.protocol, statistics, teacher.pictures.device)
    codes, confidence = _decide(judge, asked, np.arange(len(faces)))
    confusion = pairs.reshape(size, size).astype(np.int64)
    limits = interval(own == question.codes[tested], teacher.data.faces.subjects[tested])
    return Guessed(attribute, question.answers, confusion, limits, codes, confidence)


def interval(right: NDArray[np.bool_], people: NDArray[np.str_]) -> tuple[float, float]:
    """95 % limits of the share of right guesses, in [0, 1].

    Args:
        right: (n,) whether each guess is.
        people: (n,) who is in the picture; people with several pictures count as units.
    """
    names, clusters = np.unique(people, return_inverse=True)
    if len(names) == len(people):
        low, high = wilson(right.sum(), len(right))
        return float(low), float(high)
    once = np.ones(len(right), dtype=np.int64)
    (found,) = clustered_proportions(
        right.astype(np.int64), once, np.zeros_like(once), clusters.astype(np.int64), 1
    )
    return found.low, found.high


def write_guesses(
    guesses: Sequence[Guessed],
    target: PictureSet,
    listing: Listing,
    faces: FaceData,
    out: Path,
    *,
    teacher: Teacher,
) -> None:
    """Writes the side file `out` and its statement `.json` beside it (`datasets.predicted`).

    A picture of the listing that could not be read has a row with empty values.

    Raises:
        StoreError: the files cannot be written.
    """
    place = {str(name): row for row, name in enumerate(faces.sample_ids)}
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    columns = [column for one in guesses for column in (one.name, f"{one.name}_confidence")]
    writer.writerow(["image", "face", *columns])
    numbers = [0] * len(listing) if listing.faces is None else listing.faces.tolist()
    for path, number, name in zip(listing.paths, numbers, listing.sample_ids, strict=True):
        row = place.get(name)
        fields = ["" for _ in columns] if row is None else _fields(guesses, row)
        writer.writerow([path, number, *fields])
    text = json.dumps(_statement(guesses, target, teacher), indent=1) + "\n"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(table.getvalue(), encoding="utf-8")
        out.with_suffix(".json").write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror}.") from None


def _fields(guesses: Sequence[Guessed], row: int) -> list[str]:
    return [
        field
        for one in guesses
        for field in (one.levels[one.codes[row]], f"{one.confidence[row]:.4f}")
    ]


def _statement(guesses: Sequence[Guessed], target: PictureSet, teacher: Teacher) -> dict[str, Any]:
    protocol = teacher.protocol
    return {
        "classifier": f"{protocol.backbone} at {protocol.pixels} px, seed {teacher.seed}",
        "trained_on": teacher.name,
        "annotated": target.card.key,
        "attributes": {
            one.name: {
                "levels": list(one.levels),
                "confusion": one.confusion.tolist(),
                "interval": list(one.interval),
            }
            for one in guesses
        },
    }


def _check_levels(question: Question, teacher: Teacher) -> None:
    for part, rows in (("training", teacher.data.train.rows), ("test", teacher.data.test.rows)):
        counts = np.bincount(
            question.codes[rows][question.codes[rows] >= 0], minlength=len(question.answers)
        )
        empty = [name for name, n in zip(question.answers, counts, strict=True) if n == 0]
        if empty:
            raise StudyError(
                f"{teacher.name} has no {question.name} {', '.join(empty)} in its {part} part, so "
                "no classifier of it can be trained and tested; choose another attribute or set."
            )


def _pictures(
    faces: FaceData,
    protocol: Protocol,
    statistics: tuple[tuple[float, ...], tuple[float, ...]],
    device: torch.device,
) -> Pictures:
    return Pictures(faces.images, protocol.pixels, *statistics, device, protocol.channels_last)


def _decide(judge: Judge, pictures: Pictures, rows: Codes) -> tuple[Codes, NDArray[np.float64]]:
    """(n,) codes of the likeliest values and their probabilities."""
    codes, confidence = [], []
    with torch.inference_mode():
        for start in range(0, len(rows), INFERENCE_BATCH):
            images = pictures.read(rows[start : start + INFERENCE_BATCH])
            best = judge.predict(Batch(images=images)).double().exp().max(dim=1)
            codes.append(best.indices.cpu().numpy())
            confidence.append(best.values.cpu().numpy())
    return np.concatenate(codes), np.concatenate(confidence)
