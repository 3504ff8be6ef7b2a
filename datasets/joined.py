"""Two sets as one: trained on the first, tested on the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from datasets.listing import TEST, TRAIN, Listing, Texts, texts


def joined(
    train: tuple[str, Listing], test: tuple[str, Listing], shared: Sequence[str] | None = None
) -> Listing:
    """All rows of `train`, then all of `test`; names carry their set's in front.

    Labels must mean the same classes, levels the same groups. What only one of them knows is
    missing in the other.

    Args:
        train: name and listing; its rows are the part `train`.
        test: name and listing; its rows are the part `test`.
        shared: attributes of `train` that are kept; None for all.
    """
    kept = train[1].values if shared is None else {key: train[1].values[key] for key in shared}
    sides = [_named(train[0], replace(train[1], values=kept)), _named(*test)]
    names = dict.fromkeys([*sides[0].values, *sides[1].values])
    parts = [texts([part]).repeat(len(own)) for part, own in zip((TRAIN, TEST), sides, strict=True)]
    if sides[0].opener is not sides[1].opener:
        raise ValueError("sets whose files are opened differently cannot be joined")
    return Listing(
        tables=sides[0].tables + sides[1].tables,
        pictures=sides[0].pictures + sides[1].pictures,
        sample_ids=sides[0].sample_ids + sides[1].sample_ids,
        labels=np.concatenate([own.labels for own in sides]),
        values={name: np.concatenate([_values(own, name) for own in sides]) for name in names},
        subjects=_people(sides[0]) + _people(sides[1]),
        parts=np.concatenate(parts),
        joins=sides[0].paths + sides[1].paths,
        faces=_stacked(sides, "faces", 0),
        boxes=_stacked(sides, "boxes", np.nan),
        points=_stacked(sides, "points", np.nan),
        left_out={
            f"{name}: {why}": count
            for name, own in (train, test)
            for why, count in own.left_out.items()
        },
        notes=tuple(dict.fromkeys(note for own in sides for note in own.notes)),
        opener=sides[0].opener,
    )


def _named(name: str, listing: Listing) -> Listing:
    def front(values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"{name}/{value}" for value in values)

    return replace(
        listing,
        sample_ids=front(listing.sample_ids),
        subjects=None if listing.subjects is None else front(listing.subjects),
    )


def _values(listing: Listing, name: str) -> Texts:
    values = listing.values.get(name)
    return texts([""]).repeat(len(listing)) if values is None else values


def _people(listing: Listing) -> tuple[str, ...]:
    return listing.sample_ids if listing.subjects is None else listing.subjects


def _stacked(sides: Sequence[Listing], name: str, missing: float) -> Any:
    """The arrays of both sides; `missing` where one has none, None where both have none."""
    own = [getattr(side, name) for side in sides]
    known = [array for array in own if array is not None]
    if not known:
        return None
    shape = known[0].shape[1:]
    filled = [
        np.full((len(side), *shape), missing, dtype=known[0].dtype) if array is None else array
        for side, array in zip(sides, own, strict=True)
    ]
    return np.concatenate(filled)
