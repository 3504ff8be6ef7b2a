"""A laboratory's own folder: pictures, a table with its own words, and the description of both."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.noise import save_noise, write_table

CONFIG = """
title = "Laboratory faces"
licence = "CC0"
table = "faces/labels.csv"
pictures = "faces/images"
picture = "file"
subject = "person"
default_groups = ["gender"]
train_images = 4000

[label]
column = "emotion"
classes = ["neutral", "happy", "sad"]
values = { 0 = "neutral", 1 = "happy", 2 = "sad" }
left_out = ["9"]

[attributes.gender]
column = "sex"
levels = ["female", "male"]
values = { f = "female", m = "male" }
unsure = ["?"]

[attributes.age]
cuts = [20, 40]
missing = ["n/a"]

[split]
column = "part"
train = ["a", "b"]
test = ["c"]
"""
#: rows whose label is 9, whose sex is ?, whose age is n/a
LEFT_OUT, UNSURE, AGELESS = 7, 11, 13


def rows(people: int = 60) -> list[dict[str, object]]:
    """Three pictures a person; women and men in turn; ages 15, 20, 39, 40 in turn."""
    found: list[dict[str, object]] = []
    for number in range(3 * people):
        person = number // 3
        found.append(
            {
                "file": f"{person:03}/{number}.png",
                "person": f"p{person}",
                "emotion": 9 if number == LEFT_OUT else number % 3,
                "sex": "?" if number == UNSURE else "fm"[person % 2],
                "age": "n/a" if number == AGELESS else (15, 20, 39, 40)[person // 2 % 4],
                "part": "abc"[person // 8 % 3],
                "remark": "a, quoted",
            }
        )
    return found


def make(root: Path, *, people: int = 60) -> Path:
    """Table and pictures; the description is not part of the set."""
    folder = root / "faces"
    made = rows(people)
    write_table(folder / "labels.csv", made)
    for number, row in enumerate(made):
        save_noise(folder / "images" / str(row["file"]), number)
    return folder


def settings(root: Path) -> dict[str, str]:
    """The description, written beside `root`."""
    path = root.parent / "faces.toml"
    path.write_text(CONFIG)
    return {"config": str(path)}
