"""How many replicates are made at a time."""

from __future__ import annotations

from collections.abc import Iterator

#: largest array of one chunk, in numbers of eight bytes
LARGEST = 1_000_000


def chunk_sizes(draws: int, numbers: int) -> Iterator[int]:
    """Sizes that sum to `draws`, each holding at most `LARGEST` numbers but at least one draw.

    Args:
        draws: replicates in all.
        numbers: numbers of eight bytes that one replicate needs.
    """
    size = max(1, LARGEST // max(numbers, 1))
    for start in range(0, draws, size):
        yield min(size, draws - start)
