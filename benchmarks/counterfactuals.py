"""Counterfactual pictures of a trained method, and whether they are what they should be."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmarks.errors import StudyError
from benchmarks.judges import Judge, Question, probe, representations_of, train_judge
from benchmarks.parts import CellData
from benchmarks.pictures import Pictures
from benchmarks.prediction import INFERENCE_BATCH
from benchmarks.restoring import RestoredCell
from benchmarks.seeding import derive_seed
from datasets.spec import UNKNOWN, Codes
from methods.base import Method

#: confidence of the intervals
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share of n pictures with Wilson's interval.

    Source: Wilson 1927; metrics of single proportions.
    """

    count: int
    n: int

    @property
    def value(self) -> float:
        return self.count / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper end at `CONFIDENCE`."""
        z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        centre = (self.count + z**2 / 2) / (self.n + z**2)
        half = z / (self.n + z**2)
        half *= (self.count * (self.n - self.count) / self.n + z**2 / 4) ** 0.5
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True)
class Verdict:
    """What the judges say of one kind of pictures.

    Attributes:
        pictures: `original`, or what the method calls them.
        own_group: share in which the group is that of the original.
        donor_group: share in which it is that of the donor.
        own_class: share in which the class is the label of the original.
    """

    pictures: str
    own_group: Share
    donor_group: Share
    own_class: Share


@dataclass(frozen=True)
class Check:
    """The whole check of one cell.

    Attributes:
        groups: names of the groups.
        n: test pictures of known group.
        chance: share that guessing a group with equal odds gets right.
        majority: share of the largest group.
        verdicts: one a kind of pictures.
        probes: representation -> share of groups that a fresh linear probe reads off it.
    """

    groups: tuple[str, ...]
    n: int
    chance: float
    majority: float
    verdicts: tuple[Verdict, ...]
    probes: dict[str, Share]


@dataclass(frozen=True)
class Example:
    """One column of the contact sheet: pictures by kind, and what was asked for."""

    pictures: dict[str, NDArray[np.uint8]]
    own: str
    donor: str


def offers(cls: type[Method]) -> bool:
    """Whether a method makes counterfactual pictures at all."""
    return cls.counterfactuals is not Method.counterfactuals


def group_names(data: CellData) -> tuple[str, ...]:
    """Names of the groups in code order, such as `female dark`."""
    levels = itertools.product(*(attribute.levels for attribute in data.groups))
    return tuple(" ".join(names) for names in levels)


def check_cell(restored: RestoredCell, columns: int) -> tuple[Check, list[Example]]:
    """Judges the counterfactuals of all test pictures of known group; examples for the sheet.

    Raises:
        StudyError: fewer than two groups are in the test part.
        MethodError: the method makes no pictures.
    """
    data = restored.data
    known = np.flatnonzero(data.test.groups != UNKNOWN)
    names = group_names(data)
    if len(np.unique(data.test.groups[known])) < 2:
        raise StudyError(
            f"The test part of {restored.cell.dataset} has fewer than two groups; there is nothing "
            "to swap."
        )
    donors = known[draw_donors(data.test.groups[known], _seed(restored))]
    examples = _examples(restored, known, donors, columns)
    judges = _judges(restored, names)
    decided = _decisions(restored, known, donors, judges)
    own, other = data.test.groups[known], data.test.groups[donors]
    labels = data.test.labels[known]
    verdicts = tuple(
        Verdict(kind, _share(group, own), _share(group, other), _share(label, labels))
        for kind, (group, label) in decided.items()
    )
    majority = float(np.bincount(own).max() / len(own))
    probes = _probes(restored, known, len(names))
    return Check(names, len(known), 1 / len(names), majority, verdicts, probes), examples


def draw_donors(groups: Codes, seed: int) -> Codes:
    """(n,) positions: for each sample a random one of another group."""
    draw = np.random.default_rng(seed)
    donors = np.zeros(len(groups), dtype=np.int64)
    for group in np.unique(groups):
        own = np.flatnonzero(groups == group)
        donors[own] = draw.choice(np.flatnonzero(groups != group), size=len(own))
    return donors


def _seed(restored: RestoredCell) -> int:
    return derive_seed("counterfactuals", restored.cell.dataset, restored.cell.seed)


def _made(restored: RestoredCell, rows: Codes, donors: Codes) -> dict[str, Tensor]:
    """Kind -> pictures of some positions of the test part, the originals first."""
    test, pictures = restored.data.test, restored.pictures
    images = pictures.read(test.rows[rows])
    with torch.inference_mode():
        found = restored.method.counterfactuals(images, pictures.read(test.rows[donors]))
    return {"original": images} | {name: pictures.arrange(made) for name, made in found.items()}


def _examples(restored: RestoredCell, known: Codes, donors: Codes, columns: int) -> list[Example]:
    """Evenly spaced test pictures."""
    data, names = restored.data, group_names(restored.data)
    at = np.unique(np.linspace(0, len(known) - 1, columns, dtype=np.int64))
    rows, others = known[at], donors[at]
    found = _made(restored, rows, others)
    found["donor"] = restored.pictures.read(data.test.rows[others])
    stored = {kind: to_uint8(images, restored.pictures) for kind, images in found.items()}
    return [
        Example(
            {kind: images[i] for kind, images in stored.items()},
            names[data.test.groups[rows[i]]],
            names[data.test.groups[others[i]]],
        )
        for i in range(len(rows))
    ]


def to_uint8(images: Tensor, pictures: Pictures) -> NDArray[np.uint8]:
    """(B, H, W, 3) pictures of (B, 3, H, W) normalised ones."""
    mean = torch.tensor(pictures.mean, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(pictures.std, device=images.device).view(1, 3, 1, 1)
    values = (images.float() * std + mean).round().clamp(0, 255).to(torch.uint8)
    stored: NDArray[np.uint8] = values.permute(0, 2, 3, 1).cpu().numpy()
    return stored


def _judges(restored: RestoredCell, names: tuple[str, ...]) -> tuple[Judge, Judge]:
    """A judge of the group and one of the class, trained on real pictures."""
    data = restored.data
    groups = np.full(len(data.faces), UNKNOWN, dtype=np.int64)
    for part in (data.train, data.validation, data.test):
        groups[part.rows] = part.groups
    questions = (
        Question("group", names, groups),
        Question("class", data.faces.spec.classes, data.faces.labels),
    )
    first, second = (
        train_judge(question, data, restored.pictures, restored.protocol, restored.cell.seed)
        for question in questions
    )
    return first, second


def _decisions(
    restored: RestoredCell, known: Codes, donors: Codes, judges: Sequence[Judge]
) -> dict[str, list[Codes]]:
    """Kind -> what each judge decides for all positions."""
    decided: dict[str, list[list[Tensor]]] = {}
    for start in range(0, len(known), INFERENCE_BATCH):
        block = slice(start, start + INFERENCE_BATCH)
        with torch.inference_mode():
            for kind, images in _made(restored, known[block], donors[block]).items():
                lists = decided.setdefault(kind, [[] for _ in judges])
                for judge, codes in zip(judges, lists, strict=True):
                    codes.append(judge.decide(images).cpu())
    return {kind: [torch.cat(codes).numpy() for codes in lists] for kind, lists in decided.items()}


def _share(decided: Codes, wanted: Codes) -> Share:
    return Share(int((decided == wanted).sum()), len(wanted))


def _probes(restored: RestoredCell, known: Codes, num_groups: int) -> dict[str, Share]:
    """Fresh linear probes for the group, fitted on the training part and asked on the test part."""
    train, test = restored.data.train, restored.data.test
    fitted = np.flatnonzero(train.groups != UNKNOWN)
    seen = representations_of(restored.method, restored.pictures, train.rows[fitted])
    asked = representations_of(restored.method, restored.pictures, test.rows[known])
    return {
        name: _share(
            probe(seen[name], train.groups[fitted], asked[name], num_groups), test.groups[known]
        )
        for name in seen
    }
