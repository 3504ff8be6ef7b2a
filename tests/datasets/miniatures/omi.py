"""OMI in miniature: `ratings.csv` and a folder of pictures."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.noise import save_noise, write_table

_OTHERS = ("black", "hispanic", "islander", "middle_eastern", "native")


def make(root: Path, *, folder: str = "omi", faces: int = 200) -> Path:
    """Happiness 0, 1, 2, ...; gender 10, 50, 90 in turn; white and asian in turn."""
    rows: list[dict[str, object]] = [
        {
            "image": f"images/{face:04}.jpg",
            "happy": face,
            "gender": (10, 50, 90)[face % 3],
            "age": (29.9, 30, 45)[face % 3],
            "asian": 60 * (face % 2),
            "white": 50,
            "skin_color": (29.9, 30)[face % 2],
            **dict.fromkeys(_OTHERS, 5),
        }
        for face in range(faces)
    ]
    place = root / folder
    write_table(place / "ratings.csv", rows)
    for face, row in enumerate(rows):
        save_noise(place / str(row["image"]), 10_000 + face)
    return place
