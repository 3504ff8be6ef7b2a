"""Label files that name one sample more than once."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from datasets.spec import Codes

REPEATED = "repeated"
CONTRADICTED = "repeated with different labels"


def once(keys: Sequence[Hashable], labels: Codes) -> tuple[Codes, dict[str, int]]:
    """The rows that stay, and how many do not, by reason.

    Of rows of one key and one label the first stays. Where the labels differ nobody knows which
    holds, and none stays.

    Args:
        keys: R names of samples.
        labels: (R,) codes.

    Returns:
        Places in `keys`, ascending; `REPEATED` and `CONTRADICTED` -> rows, only those above 0.
    """
    first: dict[Hashable, int] = {}
    kept = np.ones(len(keys), dtype=np.bool_)
    disputed: set[Hashable] = set()
    for row, (key, label) in enumerate(zip(keys, labels.tolist(), strict=True)):
        earlier = first.setdefault(key, row)
        if earlier != row:
            kept[row] = False
            if labels[earlier] != label:
                disputed.add(key)
    contradicted = np.zeros(len(keys), dtype=np.bool_)
    if disputed:
        contradicted[:] = [key in disputed for key in keys]
    counts = {
        REPEATED: int((~kept & ~contradicted).sum()),
        CONTRADICTED: int(contradicted.sum()),
    }
    rows: Codes = np.flatnonzero(kept & ~contradicted)
    return rows, {why: count for why, count in counts.items() if count}
