"""Named random streams and records of arrays: what every part of the generator shares."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

#: float32 throughout; numpy's stubs call float32 times a Python number float64, hence the wide type
Floats = NDArray[Any]
Codes = NDArray[np.int64]

Record = TypeVar("Record")


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """The generator of one named purpose.

    Streams of different names are independent, so one factor can be redrawn or a knob turned
    without moving any other draw.
    """
    text = "/".join(["evenface.synthetic", str(seed), *map(str, names)])
    digest = hashlib.sha256(text.encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def take(record: Record, rows: NDArray[Any] | slice) -> Record:
    """A record (dataclass of arrays that share their first axis) restricted to `rows`."""
    names = [field.name for field in dataclasses.fields(record)]  # type: ignore[arg-type]
    return type(record)(**{name: getattr(record, name)[rows] for name in names})


def normal(generator: np.random.Generator, size: int, spread: float = 1.0) -> Floats:
    """(size,) draws of a normal distribution cut off at 2.5 standard deviations."""
    draws = np.clip(generator.standard_normal(size), -2.5, 2.5) * spread
    return draws.astype(np.float32)


def uniform(generator: np.random.Generator, size: int, low: float, high: float) -> Floats:
    """(size,) draws of a uniform distribution."""
    return generator.uniform(low, high, size).astype(np.float32)
