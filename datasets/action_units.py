"""Action units out of files that OpenFace, py-feat, JAA-Net or anybody else wrote.

Nothing here measures a face. The extractors are heavy, fetch weights or are licensed for research
only; the guide (docs/action-units.md) shows how to make the file elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.cache import Arrays, read_or_build
from datasets.errors import DataError
from datasets.listing import Listing
from datasets.side_files import NO_ROW, content_of, matched
from datasets.spec import Codes, DatasetSpec
from datasets.unit_files import file_units, files_read, read_units

#: units of the positive-matching paper (JAA-Net trained on BP4D), the default where available
PAPER_UNITS = (
    "AU01", "AU02", "AU04", "AU06", "AU07", "AU10", "AU12", "AU14", "AU15", "AU17", "AU23", "AU24",
)  # fmt: skip
#: raised by hand whenever reading or joining gives other numbers
VERSION = 2


@dataclass(frozen=True)
class Units:
    """Action units of N pictures.

    Attributes:
        names: M names, `AU01`.
        values: (N, M) float32 in [0, 1]; 0 where not known.
        known: (N,) bool, whether the face was measured.
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    known: NDArray[np.bool_]


def chosen_units(path: Path, wanted: Sequence[str], kind: str) -> tuple[str, ...]:
    """Names of the units that are taken from a side file.

    Args:
        path: the file, or a folder of OpenFace's files.
        wanted: names; empty takes the paper's twelve that the file has, or all where it has none.
        kind: `intensity`, `presence` or `chen`; see `unit_files.read_units`.

    Raises:
        DataError: the file cannot be read, or lacks a wanted unit.
    """
    available = file_units(path, kind)
    if not wanted:
        return tuple(unit for unit in PAPER_UNITS if unit in available) or available
    missing = [unit for unit in wanted if unit not in available]
    if missing:
        raise DataError(
            f"{path} has no {', '.join(missing)}; it has {', '.join(available) or 'no units'}."
        )
    return tuple(wanted)


def units_of(
    listing: Listing, path: Path, wanted: Sequence[str], kind: str, *, cache: Path
) -> Units:
    """The action units of a listing's pictures.

    Args:
        listing: of the set.
        path: as in `chosen_units`.
        wanted: as there.
        kind: as there.
        cache: folder of all caches, where the joined numbers are kept.

    Raises:
        DataError: as `chosen_units`, or rows that fit no picture without doubt.
    """
    names = chosen_units(path, wanted, kind)
    key = f"units-{_digest(listing, path, names, kind)[:24]}"
    stored = read_or_build(cache, key, lambda: _joined(listing, path, names, kind))
    return Units(names, stored["values"], stored["known"])


def loss_notes(spec: DatasetSpec, attributes: Codes, known: NDArray[np.bool_]) -> tuple[str, ...]:
    """A sentence on faces without action units, by group; none where every face has them.

    That a face is not found is itself unequal across groups.

    Args:
        spec: names the attributes.
        attributes: (N, J) codes, -1 unknown.
        known: (N,) whether the face was measured.
    """
    if known.all():
        return ()
    groups = []
    for column, attribute in enumerate(spec.attributes):
        codes = attributes[:, column]
        shares = [
            f"{level} {100 * np.mean(~known[codes == code]):.1f}"
            for code, level in enumerate(attribute.levels)
            if (codes == code).any()
        ]
        groups.append(f"{attribute.name}: {', '.join(shares)}")
    by = f"; in % by {'; '.join(groups)}" if groups else ""
    return (f"{int((~known).sum())} of {len(known)} faces have no action units{by}.",)


def _joined(listing: Listing, path: Path, names: tuple[str, ...], kind: str) -> Arrays:
    file = read_units(path, kind)
    places = matched(file.rows, listing)
    columns = [file.units.index(name) for name in names]
    values = np.full((len(listing), len(names)), np.nan, dtype=np.float32)
    found = places != NO_ROW
    values[found] = file.values[places[found]][:, columns]
    # A face counts as measured when all of its units are: methods read them as one vector.
    known = np.isfinite(values).all(axis=1)
    values[~known] = 0.0
    return {"values": values, "known": np.asarray(known)}


def content_digest(path: Path) -> str:
    """SHA-256, 64 hex digits, of whatever decides the numbers of a file or folder.

    Raises:
        DataError: it cannot be read.
    """
    return content_of(files_read(path), path if path.is_dir() else None)


def _digest(listing: Listing, path: Path, names: tuple[str, ...], kind: str) -> str:
    total = hashlib.sha256(repr((VERSION, names, kind)).encode())
    total.update(content_digest(path).encode())
    for text in listing.paths:
        total.update(f"\0{text}".encode())
    for array in (listing.faces, listing.boxes):
        total.update(b"\1" if array is None else array.tobytes())
    return total.hexdigest()
