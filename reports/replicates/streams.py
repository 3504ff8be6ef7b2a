"""Random numbers of the statistics, drawn from streams that have names."""

from __future__ import annotations

from zlib import crc32

import numpy as np


def generator_for(suite_seed: int, *names: str) -> np.random.Generator:
    """The generator of a stream that belongs to the names, whatever was drawn before.

    Methods that share the names (data set, attribute) are resampled with the same draws.

    Args:
        suite_seed: 0 or more.
        names: as many as make the stream unique, in a fixed order.
    Source: metrics.md 7.4.
    """
    entropy = [suite_seed, *(crc32(name.encode()) for name in names)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(entropy)))
