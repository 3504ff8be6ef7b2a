"""FER+: the pictures of FER2013 with ten votes each on what the face shows.

Two packagings are read: the owners' table `fer2013new.csv` beside FER2013's own table (or anywhere
below the root where that is found), and their folders `FER2013Train`, `FER2013Valid`,
`FER2013Test` with pictures and a `label.csv` that has no header. Votes and pictures of the tables
are joined by the order of their rows, and the parts of both must agree: the number in the column
`Image name` is not that of the row, and four names stand twice.

From votes to a label, `rule`, as the owners do. Single votes are struck out first. Then

- `majority`: the class with more than half of what is left,
- `probability`: the top classes, at most three, until they hold three quarters; discarded where
  they hold half or less, or ties make them more than three,
- `multi_target`: every class with 30 % or more; discarded where they hold half or less together.

A picture is left out, and counted, where the rule discards it or puts `unknown` or `not a face`
on top, and where the table has no name for it. The methods here learn one label a picture: under
every rule it is the class with most votes, the first of several in the order of the classes. The
rules therefore differ in which pictures are left out; all votes for classes are kept in
`Listing.votes`. Parts and blank pictures are as in `fer2013`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.fer2013 import TABLES, open_small_picture, parts_of, row_ids
from datasets.listing import TEST, TRAIN, VALIDATION, Listing, texts
from datasets.picture_set import Facts, PictureSet, PictureSettings
from datasets.pixel_table import open_pixels, read_pixel_table
from datasets.settings import setting
from datasets.spec import Codes, DatasetSpec, dataset
from datasets.tables import Table, path_below
from datasets.tree import Source, Tree, open_tree

#: in the order of the owners' columns
CLASSES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt")
VOTES = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt",
         "unknown", "NF")  # fmt: skip
UNNAMED, UNKNOWN_VOTE, NO_FACE = -1, len(CLASSES), len(CLASSES) + 1
LABELS, NAMES = "fer2013new.csv", "label.csv"
FOLDERS = {"FER2013Train": TRAIN, "FER2013Valid": VALIDATION, "FER2013Test": TEST}
_PARTS = {part: folder for folder, part in FOLDERS.items()}

#: the owners' shares: a majority, what the top classes must cover, what a target needs
HALF, COVERED, TARGET = 0.5, 0.75, 0.3
MOST_TOPS = 3

_REASONS = {
    UNNAMED: "without a name in the vote table",
    UNKNOWN_VOTE: "on which the votes do not agree (unknown)",
    NO_FACE: "that show no face (NF)",
}


@dataclass(frozen=True)
class FerPlusSettings(PictureSettings):
    """How votes become a label."""

    rule: str = setting(
        "majority", choices=("majority", "probability", "multi_target"),
        doc="the owners' rule that decides which pictures have a label (Barsoum et al. 2016)",
    )  # fmt: skip


def outcomes(votes: NDArray[np.float64], rule: str) -> Codes:
    """(N,) place of the winner in `VOTES`; that of `unknown` where the rule discards the picture.

    Args:
        votes: (N, 10) numbers of votes.
        rule: `majority`, `probability` or `multi_target`.

    Source: Barsoum et al. 2016, Sec. 4, as the owners' reader does it.
    """
    counted = np.where(votes > 1, votes, 0.0)
    kept = {"majority": _majority, "probability": _tops, "multi_target": _targets}[rule](counted)
    total, covered = counted.sum(axis=1), kept.sum(axis=1)
    winners: Codes = np.where(covered > HALF * total, kept.argmax(axis=1), UNKNOWN_VOTE)
    return winners


def _majority(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    half = HALF * counted.sum(axis=1, keepdims=True)
    return np.where(counted > half, counted, 0.0)


def _targets(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(counted >= TARGET * counted.sum(axis=1, keepdims=True), counted, 0.0)


def _tops(counted: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([_tops_of(row) for row in counted.tolist()]).reshape(counted.shape)


def _tops_of(counted: list[float]) -> list[float]:
    """Ten votes of one picture, 0 but for the top classes; all 0 where ties make them too many."""
    left, kept = list(counted), [0.0] * len(counted)
    taken, tops, ended = 0.0, 0, False
    while taken < COVERED * sum(counted) and tops < MOST_TOPS and not ended:
        level = max(left)
        for place in [place for place, votes in enumerate(left) if votes == level]:
            # `unknown` and `not a face` end the search, and win only where nothing came before.
            ended = place >= UNKNOWN_VOTE
            if not (ended and any(kept)):
                kept[place] = level
                tops += 1
            taken += level
            left[place] = 0.0
            if ended:
                break
    return kept if tops <= MOST_TOPS else [0.0] * len(counted)


@dataset(
    title="FER+",
    licence="votes MIT; pictures as FER2013, unclear",
    source="Barsoum, Zhang, Canton Ferrer and Zhang 2016, ICMI, Training deep networks for facial "
    "expression recognition with crowd-sourced label distribution",
)
class FerPlus(PictureSet):
    """Parts of FER2013."""

    Settings = FerPlusSettings
    facts: ClassVar[Facts] = Facts(
        request="votes: https://github.com/microsoft/FERPlus; pictures: as fer2013",
        tree=(
            "ferplus/fer2013new.csv and fer2013/fer2013.csv (or icml_face_data.csv)",
            "or FER2013Train/label.csv, FER2013Train/fer0000000.png ..., FER2013Valid, FER2013Test",
        ),
        lines={
            f"{LABELS}, Training": 28_709,
            f"{LABELS}, PublicTest": 3_589,
            f"{LABELS}, PrivateTest": 3_589,
            f"{LABELS}, without a name": 173,
            f"FER2013Train/{NAMES}": 28_558,
            f"FER2013Valid/{NAMES}": 3_579,
            f"FER2013Test/{NAMES}": 3_573,
        },
        origin="owners' repository",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="ferplus",
            classes=CLASSES,
            attributes=(),
            default_groups=(),
            train_images=30_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "ferplus", (LABELS, *(f"{name}/{NAMES}" for name in FOLDERS)))
        table = tree.find(LABELS)
        if table is None or (tree.find(*TABLES) is None and _has_pictures(tree)):
            return _labelled(_of_folders(tree), self.settings.rule)
        if tree.find(*TABLES) is None:
            tree = open_tree(root, "fer2013", TABLES, ("pixels",))
        return _labelled(_of_tables(table, tree.need(*TABLES)), self.settings.rule)


def _has_pictures(tree: Tree) -> bool:
    return all(tree.below(folder, (".png",)) for folder in FOLDERS)


def _labelled(listing: Listing, rule: str) -> Listing:
    """The rows that have a label; `listing.votes` has ten columns, the result eight."""
    assert listing.votes is not None
    labels = outcomes(listing.votes, rule)
    labels[listing.labels == UNNAMED] = UNNAMED
    lost = Counter(labels[(labels < 0) | (labels >= len(CLASSES))].tolist())
    rows = np.flatnonzero((labels >= 0) & (labels < len(CLASSES)))
    kept = replace(listing, labels=labels, votes=listing.votes[:, : len(CLASSES)]).take(rows)
    return replace(kept, left_out={_REASONS[code]: count for code, count in sorted(lost.items())})


def _of_tables(votes: Source, pixels: Source) -> Listing:
    """All rows; the label is `UNNAMED` where the picture has no name, else 0."""
    table = Table.read(votes, ("Usage", "Image name", *VOTES))
    pictures = read_pixel_table(pixels)
    usages = tuple(table.texts("Usage"))
    if len(usages) != len(pictures):
        raise DataError(
            f"{votes.shown} has {len(usages)} rows, {pixels.shown} {len(pictures)}: they belong "
            "together row by row; copy both again."
        )
    parts = parts_of(usages, votes)
    if (
        pictures.usages
        and (wrong := np.flatnonzero(parts_of(pictures.usages, pixels) != parts)).size
    ):
        line = int(wrong[0]) + 2
        raise DataError(
            f"Line {line} of {votes.shown} and of {pixels.shown} are of different parts: one of "
            "the tables was sorted; copy both again."
        )
    names = table.texts("Image name")
    ids, seen = row_ids(len(names)), Counter(names)
    return Listing(
        tables=(table.source, pixels),
        pictures=pictures.pictures,
        sample_ids=ids,
        labels=np.array([0 if name else UNNAMED for name in names], dtype=np.int64),
        parts=parts,
        # A name that stands twice is the name of neither.
        joins=tuple(
            f"{_PARTS[part]}/{name if seen[name] == 1 else f'{own}.png'}"
            for part, name, own in zip(parts.tolist(), names, ids, strict=True)
        ),
        votes=np.stack([table.numbers(column) for column in VOTES], axis=1),
        lines={
            **{f"{LABELS}, {usage}": count for usage, count in Counter(usages).items()},
            f"{LABELS}, without a name": seen[""],
        },
        opener=open_pixels,
    )


def _of_folders(tree: Tree) -> Listing:
    names: list[str] = []
    parts: list[str] = []
    pictures: list[Source] = []
    votes: list[list[float]] = []
    tables = [tree.need(f"{folder}/{NAMES}") for folder in FOLDERS]
    for folder, table in zip(FOLDERS, tables, strict=True):
        for line, row in enumerate(csv.reader(io.StringIO(table.text())), start=1):
            where = f"{table.shown}, line {line}"
            name = path_below(row[0] if row else "", f"{where}: the first field")
            names.append(f"{folder}/{name}")
            parts.append(FOLDERS[folder])
            pictures.append(tree.beside(table, name))
            votes.append(_numbers(row, where))
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DataError(f"{tree.root}: {repeated[0]} stands twice in its label.csv: keep one line.")
    return Listing(
        tables=tuple(tables),
        pictures=tuple(pictures),
        sample_ids=tuple(names),
        labels=np.zeros(len(names), dtype=np.int64),
        parts=texts(parts),
        joins=tuple(names),
        votes=np.array(votes),
        lines={f"{folder}/{NAMES}": parts.count(part) for folder, part in FOLDERS.items()},
        opener=open_small_picture,
    )


def _numbers(row: list[str], where: str) -> list[float]:
    """The votes, the last ten fields; between name and votes there may be a face box."""
    try:
        found = [float(field) for field in row[-len(VOTES) :]]
    except ValueError:
        found = []
    if len(found) != len(VOTES) or len(row) not in (len(VOTES) + 1, len(VOTES) + 2):
        raise DataError(
            f"{where}: a name, perhaps a box in quotes, and {len(VOTES)} numbers of votes are "
            f"wanted, not '{','.join(row)}'."
        )
    return found
