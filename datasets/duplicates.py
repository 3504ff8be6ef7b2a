"""Pictures that show the same photograph twice, also mirrored or stored again.

A picture's hash says, for each of 8 x 8 places, whether the next one to the right is brighter: 64
bits that survive another size and another compression. Pairs of nearly equal hashes are then looked
at pixel by pixel, for two plain portraits can share a hash.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from datasets.spec import Codes

Hashes = NDArray[np.uint64]

#: hashes of one photograph differ in at most so many bits
NEAR = 3
#: mean difference of grey values (0..255) up to which two pictures are one photograph
SAME = 4.0
_SIDE = 8
_BLOCK = 2048
_BANDS = 4
_GREY = np.array([0.299, 0.587, 0.114])
#: largest number of pictures with one band of 16 bits that are compared with each other
_CROWD = 4096


def duplicates(images: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Pairs (i, j), i < j, of rows that show the same photograph, as it is or mirrored.

    Args:
        images: (N, P, P, 3), P at least 16; read in blocks, so it may be a memory map.

    Returns:
        Pairs in ascending order. Blank pictures (one colour) are in none.
    """
    small = _small(images)
    spread = small.max(axis=(1, 2)) - small.min(axis=(1, 2))
    kept = np.flatnonzero(spread > 0)
    grey = small[kept]
    plain, mirrored = _hashes(grey), _hashes(grey[:, :, ::-1])
    found = set()
    for first, second in _near(plain, plain):
        if first < second and _same(grey[first], grey[second]):
            found.add((int(kept[first]), int(kept[second])))
    for first, second in _near(plain, mirrored):
        if first < second and _same(grey[first], grey[second][:, ::-1]):
            found.add((int(kept[first]), int(kept[second])))
    return sorted(found)


def blank(images: NDArray[np.uint8]) -> Codes:
    """Rows of pictures of one colour, ascending."""
    rows = [
        start + np.flatnonzero(_spread(images[start : start + _BLOCK]) == 0)
        for start in range(0, len(images), _BLOCK)
    ]
    return np.concatenate(rows) if rows else np.empty(0, dtype=np.int64)


def _spread(block: NDArray[np.uint8]) -> NDArray[np.int64]:
    values = block.reshape(len(block), -1).astype(np.int64)
    spread: NDArray[np.int64] = values.max(axis=1) - values.min(axis=1)
    return spread


def _small(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(N, 16, 16) grey values, means of equal tiles of the middle."""
    tile = images.shape[1] // (2 * _SIDE)
    assert tile >= 1, "pictures of at least 16 pixels are compared"
    side = 2 * _SIDE * tile
    start = (images.shape[1] - side) // 2
    small = np.empty((len(images), 2 * _SIDE, 2 * _SIDE), dtype=np.float32)
    for begin in range(0, len(images), _BLOCK):
        block = images[begin : begin + _BLOCK, start : start + side, start : start + side]
        grey = block.astype(np.float32) @ _GREY.astype(np.float32)
        tiles = grey.reshape(len(grey), 2 * _SIDE, tile, 2 * _SIDE, tile)
        small[begin : begin + _BLOCK] = tiles.mean(axis=(2, 4))
    return small


def _hashes(grey: NDArray[np.float32]) -> Hashes:
    """(N,) 64 bits: rows of pairs, and in each whether brightness rises from one to the next."""
    rows = grey.reshape(len(grey), _SIDE, 2, 2 * _SIDE).mean(axis=2)
    rises = rows[:, :, 1::2] > rows[:, :, ::2]
    weights = np.left_shift(np.uint64(1), np.arange(64, dtype=np.uint64))
    bits = rises.reshape(len(grey), 64).astype(np.uint64)
    hashes: Hashes = bits @ weights
    return hashes


def _near(one: Hashes, other: Hashes) -> Iterator[tuple[int, int]]:
    """Pairs of places whose hashes differ in at most `NEAR` bits.

    Two such hashes are equal in one of four bands of 16 bits, so only those are compared.
    """
    for band in range(_BANDS):
        shift = np.uint64(16 * band)
        own = (one >> shift) & np.uint64(0xFFFF)
        their = (other >> shift) & np.uint64(0xFFFF)
        order = np.argsort(their, kind="stable")
        starts = np.searchsorted(their[order], own, side="left")
        ends = np.searchsorted(their[order], own, side="right")
        for place in range(len(one)):
            candidates = order[starts[place] : ends[place]][:_CROWD]
            differing = np.bitwise_count(other[candidates] ^ one[place])
            for candidate in candidates[differing <= NEAR]:
                yield place, int(candidate)


def _same(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return bool(np.abs(one - other).mean() <= SAME)
