"""Sixty random pictures of thirty people, a small backbone, and cells without a command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.parts import CellData, cell_data, make_task
from benchmarks.pictures import Pictures, channel_statistics
from benchmarks.protocol import Protocol
from benchmarks.trainer import Trainer, Training
from datasets.settings import make
from datasets.spec import Attribute, Batch, Codes, Dataset, DatasetSpec, FaceData, Split
from methods.base import Losses, Method, Step, Update
from methods.ops import cross_entropy

CPU = torch.device("cpu")
GENDER = Attribute("gender", ("female", "male"))
TONE = Attribute("tone", ("light", "medium", "dark"))
SPEC = DatasetSpec("tiny", ("neutral", "happy", "sad"), (GENDER, TONE), ("gender",), 64)
PROTOCOL = Protocol(
    pixels=16, images=32, batch_size=8, validations=2, schedule="constant", channels_last=False
)


class Tiny(Dataset):
    """People 0 to 19 train, 20 to 24 validate, 25 to 29 test, whatever the seed."""

    def describe(self) -> DatasetSpec:
        return SPEC

    def split(self, faces: FaceData, seed: int) -> Split:
        return Split(np.arange(40), np.arange(40, 50), np.arange(50, 60))


class Fixed(Tiny):
    """A data set whose parts the test chooses."""

    def __init__(self, train: list[int], validation: list[int], test: list[int]) -> None:
        super().__init__()
        self.parts = Split(*(np.array(rows, dtype=np.int64) for rows in (train, validation, test)))

    def split(self, faces: FaceData, seed: int) -> Split:
        return self.parts


def make_faces(**changes: Any) -> FaceData:
    """Sixty random 16 x 16 pictures, two a person; nobody's group is unknown."""
    draw = np.random.default_rng(0)
    people = np.arange(60) // 2
    gender, tone = people % 2, people % 3
    fields: dict[str, Any] = {
        "spec": SPEC,
        "images": draw.integers(0, 256, (60, 16, 16, 3), dtype=np.uint8),
        "labels": draw.integers(0, 3, 60),
        "attributes": np.stack([gender, tone], axis=1),
        "subjects": np.array([f"person{n:02d}" for n in people]),
        "sample_ids": np.array([f"picture{n:02d}" for n in range(60)]),
    }
    return FaceData(**fields | changes)


def make_data(
    faces: FaceData | None = None, groups: tuple[str, ...] = ("gender",), unknown: str = "mask"
) -> CellData:
    return cell_data(Tiny(), faces or make_faces(), 0, groups, unknown)


class TinyBackbone(nn.Module):
    """One convolution and batch normalisation: 4 features."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 4, stride=4), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
        )
        self.num_features = 4

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.layers(images).flatten(1)
        return features


def backbone(name: str | None, generator: torch.Generator, **_: Any) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(torch.randint(2**31, (), generator=generator)))
        return TinyBackbone()


def build(
    cls: type[Method], data: CellData, protocol: Protocol = PROTOCOL, **settings: Any
) -> Method:
    chosen = make(cls.Settings, settings, cls.card.key)
    method = cls(make_task(data, cls.card_for(chosen), protocol.pixels), chosen)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        method.build(backbone, torch.Generator().manual_seed(0))
        method.build_extras(backbone, torch.Generator().manual_seed(1))
    return method


def pictures_of(data: CellData, protocol: Protocol = PROTOCOL) -> Pictures:
    mean, std = channel_statistics(data.faces.images, data.train.rows)
    return Pictures(data.faces.images, protocol.pixels, mean, std, CPU, protocol.channels_last)


def trainer_of(
    method: Method, data: CellData, protocol: Protocol = PROTOCOL, seed: int = 0
) -> Trainer:
    return Trainer(method, data, pictures_of(data, protocol), protocol, seed)


def train(
    cls: type[Method], data: CellData | None = None, seed: int = 0, **changes: Any
) -> Training:
    """What training leaves; `changes` are of the protocol."""
    data = data if data is not None else make_data()
    protocol = replace(PROTOCOL, **changes)
    return trainer_of(build(cls, data, protocol), data, protocol, seed).run()


class Recorder(Method):
    """Cross entropy that notes every batch it is handed; subclasses attach a card."""

    def build(self, make_backbone: Any, generator: torch.Generator) -> None:
        super().build(make_backbone, generator)
        self.images: list[Tensor] = []
        self.steps: list[Step] = []
        self.batches: list[Batch] = []

    def loss(self, batch: Batch, step: Step) -> Losses:
        self.images.append(batch.images.clone())
        self.steps.append(step)
        self.batches.append(batch)
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}


def rows_seen(recorder: Recorder) -> Codes:
    """Positions in the training part, batch after batch; needs `sample_index`."""
    return torch.cat([batch.index for batch in recorder.batches]).numpy()


def files_below(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


Cleanup = Callable[[], None]


def recorded(recorder, seed: int = 0, **changes):
    """A recorder after training, and what training left."""
    data = make_data()
    protocol = replace(PROTOCOL, **changes)
    method_ = build(recorder, data, protocol)
    return method_, trainer_of(method_, data, protocol, seed).run()


def update_of(method_: Method) -> Update:
    return Update(method_.loss, method_.parameter_sets())
