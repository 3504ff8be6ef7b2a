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
from datasets.listing import Listing, Texts, texts
from datasets.side_files import NO_ROW, SideRows, matched
from datasets.spec import Attribute
from datasets.tables import Table
from datasets.tree import Source

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
    names = [attribute.name.removeprefix(PREFIX) for attribute in guesses.attributes]
    table = Table.read(Source(guesses.path), ("image", *names))
    size = len(table.rows)
    numbers = table.texts("face") if "face" in table.rows[0] else [""] * size
    faces = np.array([int(text) if text else -1 for text in numbers], dtype=np.int64)
    rows = SideRows(table.path, table.texts("image"), faces, np.full((size, 4), np.nan))
    places = matched(rows, listing)
    found = {}
    for name, attribute in zip(names, guesses.attributes, strict=True):
        table.codes(name, attribute.levels, may_miss=True)
        values = texts([*table.texts(name), ""])
        found[attribute.name] = values[np.where(places == NO_ROW, size, places)]
    return found
