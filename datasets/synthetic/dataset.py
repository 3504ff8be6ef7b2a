"""The data set `synthetic`: faces drawn on demand, with the truth in the test part."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.cache import read_or_build
from datasets.spec import Dataset, DatasetSpec, FaceData, Split, dataset, groups_of
from datasets.synthetic import action_units
from datasets.synthetic.factors import ATTRIBUTES, draw_traits
from datasets.synthetic.renderer import render
from datasets.synthetic.sampling import POOL, TEST, Part, draw_part
from datasets.synthetic.scene import draw_scenes
from datasets.synthetic.settings import SyntheticSettings
from datasets.synthetic.streams import Codes, stream, take

#: Bumped by hand whenever a picture, a label or an action unit could change.
VERSION = 2


@dataset(
    key="synthetic",
    title="Synthetic faces",
    licence="MIT (made by the suite)",
    source="drawn from action units by datasets/synthetic; nothing is downloaded",
)
class Synthetic(Dataset):
    """Parametric faces with planted, known biases; training and validation carry an annotator's
    labels, the test part the truth.
    """

    Settings: ClassVar[type] = SyntheticSettings
    needs_root: ClassVar[bool] = False
    truth_in_test: ClassVar[bool] = True

    settings: SyntheticSettings

    def describe(self) -> DatasetSpec:
        return DatasetSpec(
            name="synthetic",
            classes=action_units.CLASSES,
            attributes=ATTRIBUTES,
            default_groups=("gender", "tone"),
            train_images=10000,
            action_units=action_units.NAMES,
        )

    def fingerprint(self, root: Path | None, cache: Path | None = None) -> str:
        """Hex digest of the generator's version and all settings."""
        content = {"version": VERSION, "settings": dataclasses.asdict(self.settings)}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def load(self, root: Path | None, cache: Path, pixels: int) -> FaceData:
        key = f"synthetic-{self.fingerprint(root)[:16]}-{pixels}"
        arrays = read_or_build(cache, key, lambda: build(self.settings, pixels))
        part = np.where(arrays["is_test"], TEST, POOL)
        subjects = np.array([f"{p}-{n:05d}" for p, n in zip(part, arrays["person"], strict=True)])
        size = self.settings.pictures_per_subject
        rows = np.concatenate([np.arange((part == name).sum()) for name in (POOL, TEST)])
        ids = np.array([f"{s}-{row % size:02d}" for s, row in zip(subjects, rows, strict=True)])
        return FaceData(
            spec=self.describe(),
            images=arrays["images"],
            labels=np.asarray(arrays["labels"]),
            attributes=np.asarray(arrays["attributes"]),
            subjects=subjects,
            sample_ids=ids,
            action_units=np.asarray(arrays["action_units"]),
            action_units_known=np.asarray(arrays["action_units_known"]),
        )

    def contact_sheet(self, pixels: int) -> NDArray[np.uint8]:
        """(H, W, 3) uint8: named expressions on varied people, and every action unit alone."""
        from datasets.synthetic.contact_sheet import contact_sheet

        return contact_sheet(pixels)

    def split(self, faces: FaceData, seed: int) -> Split:
        """The test part is the same for every seed; the seed sends a share of the pool's people,
        spread over gender x tone, into validation.
        """
        in_pool = np.char.startswith(faces.sample_ids, POOL)
        pool = np.flatnonzero(in_pool)
        subjects, first, person = np.unique(
            faces.subjects[pool], return_index=True, return_inverse=True
        )
        draw = stream(seed, "split")
        group = groups_of(
            faces.attributes[pool[first], :2], [len(a.levels) for a in ATTRIBUTES[:2]]
        )
        order = np.lexsort((draw.random(len(subjects)), group))
        count = round(self.settings.validation_share * len(subjects))
        count = min(max(count, 1), len(subjects) - 1)
        # Every k-th of the people sorted by group, from a random start: group shares are kept.
        places = ((np.arange(count) + draw.random()) * len(subjects) / count).astype(np.int64)
        chosen = np.zeros(len(subjects), bool)
        chosen[order[places]] = True
        validating = chosen[person]
        return Split(pool[~validating], pool[validating], np.flatnonzero(~in_pool))


def build(settings: SyntheticSettings, pixels: int) -> dict[str, NDArray[Any]]:
    """All arrays of the data set: pool first, then test.

    Returns:
        images (N, pixels, pixels, 3) uint8, labels (N,), attributes (N, 3), person (N,) row within
        the part, is_test (N,), action_units (N, 17) measured, action_units_known (N,).
    """
    halves = [_build_part(draw_part(name, settings), settings, pixels) for name in (POOL, TEST)]
    return {name: np.concatenate([half[name] for half in halves]) for name in halves[0]}


def _build_part(part: Part, settings: SyntheticSettings, pixels: int) -> dict[str, NDArray[Any]]:
    measured = action_units.measure(
        stream(settings.population_seed, part.name, "measurement"),
        part.activations,
        error=settings.au_error,
    )
    missing = stream(settings.population_seed, part.name, "missing").random(len(part.person))
    known = missing >= settings.au_missing
    return {
        "images": draw_images(part, settings, pixels),
        "labels": _labels(part, settings),
        "attributes": part.attributes(),
        "person": part.person,
        "is_test": np.full(len(part.person), part.name == TEST),
        "action_units": np.where(known[:, None], measured, np.float32(0.0)),
        "action_units_known": known,
    }


def draw_images(part: Part, settings: SyntheticSettings, pixels: int) -> NDArray[np.uint8]:
    """(N, pixels, pixels, 3) pictures of a part."""
    seed = settings.population_seed
    traits = draw_traits(part.people, seed, part.name)
    scenes = draw_scenes(
        part.tone(),
        seed,
        part.name,
        noise=settings.image_noise,
        quality_gap=settings.scaled("quality_gap"),
    )
    return render(
        take(traits, part.person),
        part.activations,
        scenes,
        pixels=pixels,
        noise=lambda row: stream(seed, part.name, "noise", row),
    )


def _labels(part: Part, settings: SyntheticSettings) -> Codes:
    if part.name == TEST or settings.train_labels == "truth":
        return part.truth
    return part.annotated
