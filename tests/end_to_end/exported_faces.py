"""Synthetic faces as somebody's folder of pictures, whose groups are known and may be guessed."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import Image

from benchmarks.plan import make_dataset


def export(root: Path, cache: Path, pixels: int, **changes: object) -> Path:
    """Writes `images/`, `labels.csv` and `faces.toml` below `root`; returns the last one.

    Labels of training and validation are the annotator's, those of the test part the truth.

    Args:
        root: a new folder.
        cache: folder of all caches.
        pixels: side of the pictures.
        **changes: settings of the synthetic faces.
    """
    dataset = make_dataset("synthetic", changes)
    faces = dataset.load(None, cache, pixels)
    classes, split = faces.spec.classes, dataset.split(faces, 0)
    attributes = faces.spec.attributes
    (root / "images").mkdir(parents=True)
    with (root / "labels.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "label", "person", "part", *(a.name for a in attributes)])
        for part in ("train", "validation", "test"):
            for row in getattr(split, part).tolist():
                name = f"{row:05}.png"
                Image.fromarray(faces.images[row]).save(root / "images" / name, compress_level=1)
                label = classes[faces.labels[row]]
                codes = zip(attributes, faces.attributes[row], strict=True)
                levels = [attribute.levels[code] for attribute, code in codes]
                table.writerow([name, label, faces.subjects[row], part, *levels])
    path = root / "faces.toml"
    path.write_text(
        f"""\
title = "Exported faces"
table = "labels.csv"
pictures = "images"
picture = "file"
subject = "person"
[label]
classes = {list(classes)}
[split]
column = "part"
train = ["train"]
validation = ["validation"]
test = ["test"]
"""
        + "".join(f"[attributes.{a.name}]\nlevels = {list(a.levels)}\n" for a in attributes)
    )
    return path
