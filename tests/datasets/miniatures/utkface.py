"""UTKFace in miniature: everything stands in the names."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.noise import save_noise

#: names as distributed that lack a field; the last is of the part that is not cropped
LACKING = (
    "39_1_20170116174525125.jpg.chip.jpg",
    "61_1_20170109142408075.jpg.chip.jpg",
    "61_1_20170109150557335.jpg.chip.jpg",
    "53__0_20170116184028385.jpg",
)
#: odd names as distributed that have all fields
ODD = ("55_0_0_20170116232725357jpg.chip.jpg", "24_0_1_20170116220224657 .jpg.chip.jpg")


def make(root: Path, *, faces: int = 300) -> Path:
    """Ages 0 to 116 by 29s in turn, genders, races; then the odd names."""
    folder = root / "UTKFace"
    fields = [(29 * (number // 10 % 5), number % 2, number % 5) for number in range(faces)]
    names = [
        f"{age}_{gender}_{race}_{20170116000000000 + number}.jpg.chip.jpg"
        for number, (age, gender, race) in enumerate(fields)
    ]
    for number, name in enumerate((*names, *LACKING, *ODD)):
        save_noise(folder / name, number)
    return folder
