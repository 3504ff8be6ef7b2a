"""London in miniature: `labels.csv` and a folder of pictures, two a person."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.noise import save_noise, write_table

ETHNICITIES = ("white", "black", "west_asian", "east_asian", "east_asian/white")


def make(root: Path, *, folder: str = "london", people: int = 60) -> Path:
    """`people` subjects, women and men in turn, each neutral and happy; the first gave no age.

    The others are 25, 30, 35, ... 70 years old in turn, ethnicities are in the order of the levels.
    """
    rows: list[dict[str, object]] = [
        {
            "image": f"images/{person:03}_{expression}.jpg",
            "subject": f"{person:03}",
            "expression": expression,
            "age": 20 + 5 * (person % 11) if person else "",
            "gender": ("female", "male")[person % 2],
            "ethnicity": ETHNICITIES[person % 5],
        }
        for person in range(people)
        for expression in ("neutral", "happy")
    ]
    place = root / folder
    write_table(place / "labels.csv", rows)
    for number, row in enumerate(rows):
        save_noise(place / str(row["image"]), number)
    return place
