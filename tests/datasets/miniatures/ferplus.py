"""FER+ in miniature: its vote table beside the table of FER2013, or its folders."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from tests.datasets.miniatures import fer2013

HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)
FOLDERS = {"Training": "FER2013Train", "PublicTest": "FER2013Valid", "PrivateTest": "FER2013Test"}
#: rows that are no samples, by number: no name, no agreement, no face
UNNAMED, UNKNOWN, NO_FACE = 5, 9, 17


def votes(row: int) -> list[int]:
    """Ten votes: eight for one of eight classes in turn, one each for the next two."""
    special = {
        UNNAMED: [0] * 9 + [10],
        UNKNOWN: [3, 3, 2, 2] + [0] * 6,
        NO_FACE: [0, 0, 1] + [0] * 6 + [9],
    }
    if row in special:
        return special[row]
    given = [0] * 10
    for offset, count in enumerate((8, 1, 1)):
        given[(row + offset) % 8] += count
    return given


def image_name(row: int) -> str:
    """As the owners number them: the unnamed row takes no number, so that the next is one less."""
    return "" if row == UNNAMED else f"fer{row - (row > UNNAMED):07}.png"


def make(root: Path, *, packaging: str = "tables", apart: bool = False) -> Path:
    """`packaging`: `tables` or `folders`; `apart` puts the table of pixels into another folder."""
    folder = root / "ferplus"
    folder.mkdir(parents=True)
    if packaging == "tables":
        lines = [
            ",".join([usage, image_name(row), *map(str, votes(row))])
            for row, _, usage in fer2013.rows()
        ]
        (folder / "fer2013new.csv").write_text("\n".join([HEADER, *lines]) + "\n")
        made = fer2013.make(root, name="fer2013")
        if not apart:
            (made / "fer2013.csv").rename(folder / "fer2013.csv")
            made.rmdir()
        return folder
    labels: dict[str, list[str]] = {name: [] for name in FOLDERS.values()}
    for row, _, usage in fer2013.rows():
        if name := image_name(row):
            place = folder / FOLDERS[usage]
            place.mkdir(exist_ok=True)
            Image.fromarray(fer2013.pixels(row)).save(place / name)
            labels[FOLDERS[usage]].append(
                ",".join([name, '"(0, 0, 48, 48)"', *map(str, votes(row))])
            )
    for name, lines in labels.items():
        (folder / name / "label.csv").write_text("\n".join(lines) + "\n")
    return folder
