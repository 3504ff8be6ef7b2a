"""Attributes that a classifier guessed, out of the side file that `data annotate` writes.

`FILE.csv` has the columns `image`, `face`, and for each attribute its level and `NAME_confidence`;
`FILE.json` beside it says who guessed and how often wrongly: `classifier`, `trained_on`, and in
`attributes` for each its `levels` and `confusion`, the counts (true level, guessed level) on faces
that the classifier was not trained on. Such an attribute is called `predicted_NAME` everywhere, so
that no table can be read as if it were known.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError
from datasets.listing import Listing, Texts, named
from datasets.side_files import NO_ROW, SideRows, matched
from datasets.side_table import face_numbers, opened
from datasets.spec import UNKNOWN, Attribute, Codes

PREFIX = "predicted_"


@dataclass(frozen=True)
class Guesses:
    """What a side file says of a classifier.

    Attributes:
        path: the table.
        classifier: what it is, one line.
        trained_on: the data that it was trained on.
        attributes: named `predicted_NAME`, with their confusion counts.
    """

    path: Path
    classifier: str
    trained_on: str
    attributes: tuple[Attribute, ...]

    def note(self) -> str:
        """A sentence for every report."""
        shares = ", ".join(
            f"{attribute.name} {100 * accuracy(attribute):.1f} %" for attribute in self.attributes
        )
        return (
            f"Guessed, not known: attributes by {self.classifier}, trained on {self.trained_on}; "
            f"right on faces held out: {shares}."
        )


def accuracy(attribute: Attribute) -> float:
    """Share of right guesses on the faces of the confusion counts, in [0, 1]."""
    counts = np.array(attribute.confusion)
    return float(np.trace(counts) / counts.sum())


def statement_of(path: Path) -> Path:
    """The file that states who guessed the table `path`, and how often wrongly."""
    return path.with_suffix(".json")


def read_guesses(path: Path) -> Guesses:
    """What stands beside the table `path`.

    Raises:
        DataError: there is no such file, or it does not state levels and confusion counts.
    """
    beside = statement_of(path)
    try:
        stated: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
        attributes = tuple(
            _attribute(name, own["levels"], own["confusion"])
            for name, own in stated["attributes"].items()
        )
        return Guesses(path, str(stated["classifier"]), str(stated["trained_on"]), attributes)
    except OSError as error:
        raise DataError(
            f"{path} needs {beside.name} beside it, which states the classifier and its errors "
            f"({error.strerror}); write both with `data annotate`."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{beside} does not state classifier, trained_on and for each of attributes its levels "
            f"and confusion ({error}); write it again with `data annotate`."
        ) from error


def _attribute(name: str, levels: list[str], confusion: list[list[int]]) -> Attribute:
    counts = np.array(confusion)
    sound = counts.shape == (len(levels), len(levels)) and (counts >= 0).all()
    if not sound or (counts.sum(axis=1) == 0).any():
        raise ValueError(f"{name}: a row of counts for each of {len(levels)} levels is wanted")
    rows = tuple(tuple(int(count) for count in row) for row in counts)
    return Attribute(f"{PREFIX}{name}", tuple(levels), rows)


def guessed_values(guesses: Guesses, listing: Listing) -> dict[str, Texts]:
    """Attribute -> (N,) guessed levels of the listing's pictures; empty where there is no row.

    Raises:
        DataError: the table lacks a column, has another level, or rows that fit no picture without
            doubt.
    """
    rows, codes = _read(guesses)
    places = matched(rows, listing)
    found = {}
    for attribute, own in zip(guesses.attributes, codes.T, strict=True):
        guessed = np.where(places == NO_ROW, UNKNOWN, own[places] if len(own) else UNKNOWN)
        found[attribute.name] = named(guessed, attribute.levels)
    return found


def _read(guesses: Guesses) -> tuple[SideRows, Codes]:
    """The R rows of the table, and (R, A) codes of the attributes; -1 where the field is empty."""
    path = guesses.path
    names = [attribute.name.removeprefix(PREFIX) for attribute in guesses.attributes]
    paths: list[str] = []
    faces, codes = [np.empty(0, dtype=np.int64)], [np.empty((0, len(names)), dtype=np.int64)]
    with opened(path) as table:
        lacking = [name for name in ("image", *names) if name not in table.header]
        if lacking:
            raise DataError(f"{path} lacks the columns {', '.join(lacking)}.")
        numbered = [table.header.index("face")] if "face" in table.header else []
        texts = [table.header.index(name) for name in ("image", *names)]
        for block in table.blocks(numbered, texts):
            paths += block.texts[0]
            faces.append(face_numbers(path, block.numbers[:, 0] if numbered else None, block))
            columns = zip(guesses.attributes, block.texts[1:], strict=True)
            own = [_codes(path, one, column, block.lines) for one, column in columns]
            codes.append(np.stack(own, axis=1))
    boxes = np.broadcast_to(np.nan, (len(paths), 4))
    return SideRows(str(path), paths, np.concatenate(faces), boxes), np.concatenate(codes)


def _codes(path: Path, attribute: Attribute, column: list[str], lines: list[int]) -> Codes:
    known = {"": UNKNOWN, **{level: code for code, level in enumerate(attribute.levels)}}
    try:
        return np.array([known[text] for text in column], dtype=np.int64)
    except KeyError as error:
        line = lines[column.index(error.args[0])]
        raise DataError(
            f"{path}, line {line}: {attribute.name.removeprefix(PREFIX)} must be one of "
            f"{', '.join(attribute.levels)}, not '{error.args[0]}'."
        ) from None
