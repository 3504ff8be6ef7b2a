"""From the description of a cell to its data and its built method."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from benchmarks import registry
from benchmarks.backbones import make_backbone
from benchmarks.identity import settings_from, values_of
from benchmarks.initial_weights import Start
from benchmarks.parts import CellData, cell_data, make_task
from benchmarks.pictures import Pictures, channel_statistics, read_ahead
from benchmarks.plan import Cell
from benchmarks.programs import load_program
from benchmarks.protocol import Protocol
from benchmarks.seeding import seeded, torch_generator
from datasets import settings as declared
from datasets.spec import Dataset, FaceData
from methods.base import Method


def load_cell_data(cell: Cell, data_root: Path | None, cache: Path) -> CellData:
    """The parts of a cell; pictures are prepared into the cache where they are not yet."""
    text = tuple(sorted((k, repr(v)) for k, v in cell.description["dataset_settings"].items()))
    key = (cell.dataset, text, cell.description["fingerprint"], stored_pixels(cell))
    loader = _Loader(key, cell.description["dataset_settings"], data_root, cache)
    dataset, faces = _faces(loader)
    groups = tuple(cell.description["groups"])
    return cell_data(dataset, faces, cell.seed, groups, cell.description["unknown_groups"])


def protocol_of(cell: Cell) -> Protocol:
    """The protocol of a cell's description."""
    stored = values_of(cell.description["protocol"])
    protocol: Protocol = declared.make(Protocol, stored, "protocol")
    return protocol


def stored_pixels(cell: Cell) -> int:
    """Side of the stored pictures, of which training may cut the middle."""
    protocol = protocol_of(cell)
    return round(protocol.pixels / protocol.centre_crop)


def dataset_of(cell: Cell) -> Dataset:
    """The data set with the settings of a cell's description."""
    return _dataset(cell.dataset, cell.description["dataset_settings"])


def build_method(cell: Cell, data: CellData, protocol: Protocol) -> Method:
    """A method with initialised networks.

    Trunk and head come from the stream that all methods of a seed share, extras from its own.
    """
    cls = registry.methods()[cell.method]
    settings = settings_from(cls, cell.description["settings"])
    method = cls(make_task(data, cls.card_for(settings), protocol.pixels), settings)

    def backbone(
        name: str | None,
        generator: torch.Generator,
        *,
        weights: str | None = None,
        maps: bool = False,
        program: str | None = None,
    ) -> nn.Module:
        if program is not None:
            return load_program(Path(program), *_channels(data))
        own = name is not None or weights is not None
        return make_backbone(
            name or protocol.backbone, generator, weights=weights, maps=maps,
            start=None if own else _start(protocol, data),
        )  # fmt: skip

    shared = (cell.dataset, cell.seed)
    with seeded("init", *shared):
        method.build(backbone, torch_generator("init", *shared))
    with seeded("extras", *shared, cell.method):
        method.build_extras(backbone, torch_generator("extras", *shared, cell.method))
    return method


class _Loader:
    """Hashable by what decides the faces, so that a worker keeps them between cells."""

    def __init__(
        self, key: tuple[Any, ...], settings: dict[str, Any], root: Path | None, cache: Path
    ) -> None:
        self.key = key
        self.settings = settings
        self.root = root
        self.cache = cache

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Loader) and self.key == other.key


@lru_cache(maxsize=2)
def _faces(loader: _Loader) -> tuple[Dataset, FaceData]:
    name, _, _, pixels = loader.key
    dataset = _dataset(name, loader.settings)
    faces = dataset.load(loader.root, loader.cache, pixels)
    read_ahead(faces.images)
    return dataset, faces


def _dataset(name: str, settings: dict[str, Any]) -> Dataset:
    cls = registry.datasets()[name]
    return cls(settings_from(cls, settings))


def make_pictures(data: CellData, protocol: Protocol, device: torch.device) -> Pictures:
    """The reader of the cell's pictures, normalised by its training part."""
    mean, std = _channels(data)
    return Pictures(data.faces.images, protocol.pixels, mean, std, device, protocol.channels_last)


def _start(protocol: Protocol, data: CellData) -> Start | None:
    """What the study's networks start from."""
    if not protocol.weights:
        return None
    return Start(Path(protocol.weights), protocol.weights_form, *_channels(data))


def _channels(data: CellData) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return channel_statistics(data.faces.images, data.train.rows)
