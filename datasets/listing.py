"""A picture set as its label files list it, before a picture is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.pictures import open_picture
from datasets.spec import UNKNOWN, Codes
from datasets.tree import Source

Texts = NDArray[np.str_]

#: what a set itself calls doubtful: a value for the adapter, no group for methods and metrics
UNSURE = "unsure"
TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Listing:
    """N pictures and what is known of them.

    Attributes:
        tables: the files that say so, for the fingerprint.
        pictures: N files.
        sample_ids: N distinct texts.
        labels: (N,) class codes.
        values: attribute -> (N,) names of levels, `UNSURE` where the set says so, empty where it
            says nothing.
        subjects: N texts, the same for pictures of one person; None where people are unknown.
        parts: (N,) `train`, `validation` or `test` as distributed; None where there are no parts.
        joins: N paths below the set's folder, by which side files name the pictures; None takes
            the pictures' own.
        faces: (N,) the set's own number of the face in its picture; None where one picture shows
            one face.
        boxes: (N, 4) left, top, right, bottom of the face in pixels of the picture as stored; NaN
            for the whole picture; None where there are none.
        points: (N, 5, 2) x and y of the eyes, the nose and the corners of the mouth, left ones of
            the picture first; NaN where unknown; None where there are none.
        votes: (N, K) votes or shares of the classes; None where each picture has one label.
        left_out: why rows of the label files are no samples -> how many.
        lines: what of the label files -> rows, before any is left out; where these, not the
            pictures, are what is documented (`Facts.lines`).
        notes: sentences that every report on the set must carry.
        opener: makes a picture of the bytes of its file; a function of a module.
    """

    tables: tuple[Source, ...]
    pictures: tuple[Source, ...]
    sample_ids: tuple[str, ...]
    labels: Codes
    values: Mapping[str, Texts] = field(default_factory=dict)
    subjects: tuple[str, ...] | None = None
    parts: Texts | None = None
    joins: tuple[str, ...] | None = None
    faces: Codes | None = None
    boxes: NDArray[np.float64] | None = None
    points: NDArray[np.float64] | None = None
    votes: NDArray[np.float64] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    opener: Callable[[bytes], Image.Image] = open_picture

    def __len__(self) -> int:
        return len(self.pictures)

    @property
    def paths(self) -> tuple[str, ...]:
        """N paths by which side files name the pictures."""
        if self.joins is not None:
            return self.joins
        return tuple("/".join([*p.path.parts[1:], *p.members]) for p in self.pictures)

    def codes(self, name: str, levels: tuple[str, ...]) -> Codes:
        """(N,) codes of an attribute; -1 for unsure, missing, and an attribute that is not listed.

        Raises:
            AssertionError: the adapter gave a level that it does not declare.
        """
        codes = np.full(len(self), UNKNOWN, dtype=np.int64)
        values = self.values.get(name)
        if values is None:
            return codes
        unknown = (values == "") | (values == UNSURE)
        assert set(values[~unknown].tolist()) <= set(levels), name
        for code, level in enumerate(levels):
            codes[values == level] = code
        return codes

    def take(self, rows: Codes) -> Listing:
        """The listing restricted to `rows` (indices), in their order."""

        def cut(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(value[row] for row in rows.tolist())
            return None if value is None else value[rows]

        names = ("pictures", "sample_ids", "labels", "subjects", "parts", "joins", "faces",
                 "boxes", "points", "votes")  # fmt: skip
        own = {name: cut(getattr(self, name)) for name in names}
        return replace(self, **own, values={key: cut(v) for key, v in self.values.items()})

    def fingerprint(self, version: int, settings: Any, pictures: str) -> str:
        """SHA-256, 64 hex digits, of label files, pictures, what is listed of them, and settings.

        Args:
            version: of the adapter.
            settings: a dataclass; files that it names count by their content, as `tables`.
            pictures: digest of the pictures' content (`contents.digest`).
        """
        kept = {
            item.name: getattr(settings, item.name)
            for item in fields(settings)
            if not item.metadata["is_file"]
        }
        total = hashlib.sha256(json.dumps([version, kept], sort_keys=True).encode())
        for table in self.tables:
            total.update(hashlib.sha256(table.read()).digest())
        for content in self._listed():
            total.update(hashlib.sha256(content).digest())
        total.update(pictures.encode())
        return total.hexdigest()

    def _listed(self) -> Iterator[bytes]:
        """What is known of the pictures: names of folders and files may say what no table does."""
        columns = {"ids": self.sample_ids, "subjects": self.subjects, "parts": self.parts}
        for name, texts_ in {**columns, **dict(sorted(self.values.items()))}.items():
            yield "\0".join([name, *(() if texts_ is None else map(str, texts_))]).encode()
        for numbers in (self.labels, self.faces, self.boxes, self.points, self.votes):
            yield b"" if numbers is None else np.ascontiguousarray(numbers).tobytes()


def texts(values: Any) -> Texts:
    """The values as an array of texts."""
    return np.array(list(values), dtype=np.str_)


def named(codes: Codes, levels: tuple[str, ...], unknown: str = "") -> Texts:
    """(N,) names of levels for their codes; `unknown` (empty, or `UNSURE`) for -1."""
    return texts((*levels, unknown))[codes]
