"""Protocol `chen`: 20,000 faces drawn at random from a large set.

Chen and Joo (ICCV 2021) drew 20,000 faces five times, each time 16,000 for training, 2,000 for
validation and 2,000 for the test, and did not publish which. Here the draw is the order of a hash
of the faces' names, so that everybody who holds the set draws the same ones; the setting
`protocol_repeat` gives the five. The 2,000 test faces belong to the draw and are the same for every
seed; a seed takes its 2,000 validation faces from the 18,000 others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from datasets.binary import BinarySettings
from datasets.errors import DataError
from datasets.listing import TEST, TRAIN, Listing, texts
from datasets.settings import setting
from datasets.spec import Codes

#: Of the draw the test part is one in ten, of the rest validation is one in nine.
TEST_SHARE, VALIDATION_SHARE = 1 / 10, 1 / 9


@dataclass(frozen=True)
class SampledSettings(BinarySettings):
    """Adds the protocol and its draw."""

    protocol: str = setting(
        "all", choices=("all", "chen"),
        doc="all faces, or a random draw as in Chen and Joo 2021",
    )  # fmt: skip
    protocol_repeat: int = setting(0, doc="which of the draws of protocol chen", low=0, high=4)
    sample: int = setting(
        20_000, doc="faces that protocol chen draws (20,000 in the paper)", low=10
    )


def sampled(listing: Listing, settings: SampledSettings, name: str) -> Listing:
    """The listing, or under protocol `chen` its draw with a tenth of it as test part.

    Args:
        listing: of the whole set, or of what may be drawn.
        settings: protocol, number and size of the draw.
        name: of the set; two sets draw independently.

    Raises:
        DataError: fewer faces than the draw asks for.
    """
    if settings.protocol != "chen":
        return listing
    if len(listing) < settings.sample:
        raise DataError(
            f"Data set {name} has {len(listing):,} faces, and protocol chen draws "
            f"{settings.sample:,}: copy the set again, whole, or lower {name}.sample."
        )
    order = drawn(listing.sample_ids, f"{name} chen {settings.protocol_repeat}")
    rows = np.sort(order[: settings.sample])
    tested = order[: round(TEST_SHARE * settings.sample)]
    parts = np.where(np.isin(rows, tested), TEST, TRAIN)
    return replace(listing.take(rows), parts=texts(parts))


def line_notes(name: str, found: int, documented: int) -> tuple[str, ...]:
    """A sentence where a label file is not as long as documented; a cut one gives other draws."""
    if found == documented:
        return ()
    return (f"{name} has {found:,} lines of faces, {documented:,} are documented.",)


def validation_share(settings: SampledSettings) -> float:
    """Share of what is not tested that validates."""
    return VALIDATION_SHARE if settings.protocol == "chen" else settings.validation


def drawn(names: Sequence[str], salt: str) -> Codes:
    """(N,) places of the names in a random order that depends on names and salt alone."""
    keys = [hashlib.sha256(f"{salt}\0{name}".encode()).digest()[:8] for name in names]
    order: Codes = np.argsort(np.frombuffer(b"".join(keys), dtype=">u8"), kind="stable")
    return order
