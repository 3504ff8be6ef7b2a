"""A picture set as its label file lists it, before a picture is opened."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets import pictures
from datasets.cache import read_or_build
from datasets.spec import UNKNOWN, Codes, DatasetSpec, FaceData


@dataclass(frozen=True)
class Listing:
    """N pictures and what is known of them.

    Attributes:
        tables: the label files.
        files: N pictures.
        sample_ids: N distinct texts.
        subjects: N texts, the same for pictures of one person.
        labels: (N,) class codes.
        attributes: attribute -> (N,) codes, -1 unknown.
    """

    tables: tuple[Path, ...]
    files: tuple[Path, ...]
    sample_ids: tuple[str, ...]
    subjects: tuple[str, ...]
    labels: Codes
    attributes: Mapping[str, Codes]

    def fingerprint(self, version: int, settings: Any) -> str:
        """SHA-256, 64 hex digits, of label files, pictures, adapter version and settings (a
        dataclass).

        Raises:
            DataError: pictures that cannot be read.
        """
        total = hashlib.sha256(json.dumps([version, asdict(settings)], sort_keys=True).encode())
        for table in self.tables:
            total.update(hashlib.sha256(table.read_bytes()).digest())
        total.update(pictures.digest(self.files).encode())
        return total.hexdigest()

    def faces(self, spec: DatasetSpec, cache: Path, pixels: int) -> FaceData:
        """The pictures at `pixels` x `pixels`, decoded into `cache` at the first call; an attribute
        of `spec` that is not listed is unknown throughout.

        Raises:
            DataError: unreadable pictures, or a cache that cannot be written.
        """
        # The key leaves label files out: another cut of a rating needs no other pixels.
        key = f"{spec.name}-{pixels}-{pictures.digest(self.files)[:24]}"
        stored = read_or_build(cache, key, lambda: {"images": pictures.decode(self.files, pixels)})
        unknown = np.full(len(self.files), UNKNOWN, dtype=np.int64)
        columns = [self.attributes.get(a.name, unknown) for a in spec.attributes]
        return FaceData(
            spec=spec,
            images=stored["images"],
            labels=self.labels,
            attributes=np.stack(columns, axis=1),
            subjects=np.array(self.subjects),
            sample_ids=np.array(self.sample_ids),
        )
