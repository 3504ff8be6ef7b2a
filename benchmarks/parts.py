"""The rows of one cell: training, validation and test part with labels, groups and action units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.errors import StudyError
from datasets.errors import DataError
from datasets.spec import UNKNOWN, Attribute, Batch, Codes, Dataset, FaceData, Split, groups_of
from methods.base import MethodCard, Task


@dataclass(frozen=True)
class Part:
    """n rows of the data set, seen with the groups of the study.

    Attributes:
        rows: (n,) positions in the data set.
        labels: (n,) class codes.
        attributes: (n, J) codes of the grouped attributes, -1 unknown.
        groups: (n,) product codes, -1 unknown.
    """

    rows: Codes
    labels: Codes
    attributes: Codes
    groups: Codes

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class CellData:
    """Everything that one cell reads."""

    faces: FaceData
    groups: tuple[Attribute, ...]
    train: Part
    validation: Part
    test: Part


def cell_data(
    dataset: Dataset, faces: FaceData, seed: int, groups: tuple[str, ...], unknown: str
) -> CellData:
    """Splits the faces and gives them the groups of the study.

    Args:
        dataset: the adapter, which owns the split.
        faces: its faces.
        seed: seed of the cell.
        groups: names of the attributes that methods train with.
        unknown: `mask`, `drop` or `own_group` (see `Study.unknown_groups`).

    Raises:
        DataError: a person or a picture is in two parts.
    """
    split = dataset.split(faces, seed)
    check_split(faces, split)
    attributes = tuple(faces.spec.attribute(name) for name in groups)
    columns = [faces.spec.attributes.index(attribute) for attribute in attributes]
    codes = faces.attributes[:, columns]
    if unknown == "own_group":
        sizes = np.array([len(attribute.levels) for attribute in attributes], dtype=np.int64)
        codes = np.where(codes == UNKNOWN, sizes, codes)
        attributes = tuple(Attribute(a.name, (*a.levels, "unknown")) for a in attributes)
    parts = [
        _part(faces, rows, codes, attributes)
        for rows in (split.train, split.validation, split.test)
    ]
    if unknown == "drop":
        known = parts[0].groups != UNKNOWN
        parts[0] = _part(faces, split.train[known], codes, attributes)
    return CellData(faces, attributes, *parts)


def check_split(faces: FaceData, split: Split) -> None:
    """Raises DataError when a row or a person is in two of the three parts."""
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    names = list(parts)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            rows = np.intersect1d(parts[first], parts[second])
            people = np.intersect1d(faces.subjects[parts[first]], faces.subjects[parts[second]])
            if len(rows) or len(people):
                raise DataError(
                    f"Data set {faces.spec.name}: {len(rows)} pictures and {len(people)} people "
                    f"are in both the {first} and the {second} part."
                )


def check_batch_size(data: CellData, batch_size: int) -> None:
    """Raises StudyError when the training part does not fill one batch."""
    if len(data.train) < batch_size:
        raise StudyError(
            f"A batch of {batch_size} is larger than the training part of "
            f"{data.faces.spec.name} ({len(data.train)} pictures); "
            f"use --set protocol.batch_size={max(2, len(data.train) // 4)} or less."
        )


def make_task(data: CellData, card: MethodCard, pixels: int) -> Task:
    """What a method is built for; stratum counts only for methods that declare groups."""
    num_classes = data.faces.spec.num_classes
    classes = np.bincount(data.train.labels, minlength=num_classes)
    task = Task(data.faces.spec, data.groups, tuple(int(n) for n in classes), pixels)
    if not card.may_read("train_groups"):
        return task
    known = data.train.groups != UNKNOWN
    strata = np.zeros((num_classes, task.num_groups), dtype=np.int64)
    np.add.at(strata, (data.train.labels[known], data.train.groups[known]), 1)
    counts = tuple(tuple(int(n) for n in row) for row in strata)
    return Task(task.spec, task.groups, task.class_counts, pixels, counts)


class Fields:
    """The declared fields of a part as tensors; what a method did not declare is not in them.

    Args:
        data: the parts of the cell.
        part: one of them.
        card: what the method declares.
        device: where the tensors go.
        role: what the part is to the method. `train` and `val` hand over labels and what is
            declared, groups by `train_groups` or `val_groups`; `test` hands over groups only, by
            `test_groups`.
    """

    def __init__(
        self,
        data: CellData,
        part: Part,
        card: MethodCard,
        device: torch.device,
        *,
        role: Literal["train", "val", "test"] = "train",
    ) -> None:
        tensors = {} if role == "test" else {"labels": torch.from_numpy(part.labels)}
        for name, values in _optional_fields(data, part).items():
            of_groups = Batch.NEED[name] == "train_groups"
            need = f"{role}_groups" if of_groups else Batch.NEED[name]
            if card.may_read(need) and (of_groups or role != "test"):
                tensors[name] = torch.from_numpy(values)
        self.tensors = {name: tensor.to(device) for name, tensor in tensors.items()}

    def all(self) -> Batch:
        """The whole part, without pictures."""
        return Batch(**self.tensors)

    def take(self, rows: torch.Tensor) -> dict[str, torch.Tensor]:
        """The fields of some rows of the part."""
        return {name: tensor[rows] for name, tensor in self.tensors.items()}


def _optional_fields(data: CellData, part: Part) -> dict[str, NDArray[np.generic]]:
    faces = data.faces
    _, people = np.unique(faces.subjects[part.rows], return_inverse=True)
    fields: dict[str, NDArray[np.generic]] = {
        "groups": part.groups,
        "attributes": part.attributes,
        "index": np.arange(len(part), dtype=np.int64),
        "subjects": people.astype(np.int64),
    }
    if faces.action_units is not None:
        known = faces.action_units_known
        fields["action_units"] = np.nan_to_num(faces.action_units[part.rows])
        fields["action_units_known"] = (
            np.ones(len(part), dtype=np.bool_) if known is None else known[part.rows]
        )
    return fields


def _part(faces: FaceData, rows: Codes, codes: Codes, attributes: tuple[Attribute, ...]) -> Part:
    own = np.ascontiguousarray(codes[rows])
    groups = groups_of(own, [len(attribute.levels) for attribute in attributes])
    return Part(rows, np.ascontiguousarray(faces.labels[rows]), own, groups)
