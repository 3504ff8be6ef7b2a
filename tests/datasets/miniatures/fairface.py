"""FairFace in miniature: two label files, pictures in folders or in the archives of a packaging."""

from __future__ import annotations

import itertools
import zipfile
from pathlib import Path

from tests.datasets.miniatures.noise import save_noise, write_table

RACES = ("White", "Black", "Indian", "East Asian", "Southeast Asian", "Middle Eastern",
         "Latino_Hispanic")  # fmt: skip
AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
#: pictures of each gender and race: part -> number
TIMES = {"train": 9, "val": 6}


def rows(part: str) -> list[dict[str, object]]:
    """Genders and races in turn, ages in turn."""
    pairs = itertools.product(range(TIMES[part]), ("Male", "Female"), RACES)
    return [
        {
            "file": f"{part}/{number}.jpg",
            "age": AGES[(number - 1) % len(AGES)],
            "gender": gender,
            "race": race,
            "service_test": str(number % 2 == 0),
        }
        for number, (_, gender, race) in enumerate(pairs, start=1)
    ]


def make(root: Path, *, packagings: tuple[str, ...] = ()) -> Path:
    """`packagings`: `025`, `125`; zip archives instead of folders. Those of 1.25 are 24 px."""
    folder = root / "fairface"
    for part in TIMES:
        write_table(folder / f"fairface_label_{part}.csv", rows(part))
    for packaging in packagings or ("",):
        side = 24 if packaging == "125" else 16
        for number, row in enumerate(itertools.chain(rows("train"), rows("val"))):
            save_noise(folder / str(row["file"]), number, side)
        if packaging:
            _pack(folder, folder / f"fairface-img-margin{packaging}-trainval.zip")
    return folder


def _pack(folder: Path, archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as members:
        for part in TIMES:
            for path in sorted((folder / part).iterdir()):
                members.write(path, f"{part}/{path.name}")
                path.unlink()
            (folder / part).rmdir()
