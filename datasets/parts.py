"""Dealing samples into parts: even within strata, by a hash of their names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.spec import Codes


def deal(names: Sequence[str], strata: NDArray[Any], salt: str, parts: int) -> Codes:
    """The part of each sample.

    The samples are sorted by stratum, within it shuffled, and dealt in turn. The shuffle is the
    order of SHA-256 of salt and name: it depends neither on the order of rows nor on a version of
    numpy, so that a fold published today is the same fold later.

    Args:
        names: N distinct names.
        strata: (N,) codes; -1 is a stratum of its own.
        salt: another salt gives another shuffle.
        parts: their number.

    Returns:
        (N,) codes in 0..parts-1; the sizes of the parts differ by at most one, over all and in
        each stratum.
    """
    shuffle = [hashlib.sha256(f"{salt}\0{name}".encode()).hexdigest() for name in names]
    order = np.lexsort((np.array(shuffle, dtype=np.str_), strata))
    part = np.empty(len(names), dtype=np.int64)
    part[order] = np.arange(len(names)) % parts
    return part
