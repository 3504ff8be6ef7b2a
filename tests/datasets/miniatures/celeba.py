"""CelebA as it is distributed, or as the mirror that has `.csv` files, with pictures of noise."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.datasets.miniatures.noise import save_noise

#: some of the forty, in the order of the file
ATTRIBUTES = ("5_o_Clock_Shadow", "High_Cheekbones", "Male", "Mouth_Slightly_Open", "Smiling",
              "Wearing_Hat", "Young")  # fmt: skip
#: first number of each official part, less one
STARTS = {"0": 0, "1": 162770, "2": 182637}
Rows = Mapping[str, Mapping[str, int]]


def make(
    root: Path,
    *,
    copies: int = 5,
    nested: bool = False,
    mirror: bool = False,
    zipped: bool = False,
    without: Sequence[str] = (),
) -> Path:
    """Writes the set below `root`; numbers jump to where the official parts begin.

    Args:
        root: folder that gets `celeba`.
        copies: pictures of each class, gender and age in each part.
        nested: as the original download, in `Img`, `Anno` and `Eval`.
        mirror: label files with commas and a header, pictures one folder deeper.
        zipped: pictures in `img_align_celeba.zip`.
        without: label files that are missing, by the start of their names.

    Returns:
        The folder `celeba`.
    """
    folder = root / "celeba"
    rows = dict(_people(copies))
    places = ("Img", "Anno", "Eval") if nested else ("", "", "")
    pictures = folder / places[0] / "img_align_celeba" / ("img_align_celeba" if mirror else "")
    for name in rows:
        save_noise(pictures / name, int(name[:6]), 18)
    if zipped:
        shutil.make_archive(str(pictures), "zip", pictures.parent, pictures.name)
        shutil.rmtree(pictures)
    number = {name: place for place, name in enumerate(rows)}
    tables = {
        "list_attr_celeba": attribute_text(rows),
        "list_eval_partition": "".join(f"{name} {part_of(name)}\n" for name in rows),
        "identity_CelebA": "".join(f"{name} {number[name] // 2 + 1}\n" for name in rows),
        "list_landmarks_align_celeba": _landmarks(rows),
        "list_bbox_celeba": f"{len(rows)}\nimage_id x_1 y_1 width height\n"
        + "".join(f"{name}    95  71  226  313\n" for name in rows),
    }
    for name, text in tables.items():
        if name.startswith(tuple(without)) or (mirror and name.startswith("identity")):
            continue
        place = folder / (places[2] if "partition" in name else places[1])
        place.mkdir(parents=True, exist_ok=True)
        ending = "csv" if mirror else "txt"
        (place / f"{name}.{ending}").write_text(_mirrored(name, text) if mirror else text)
    return folder


def attribute_text(rows: Rows, gap: str = " ") -> str:
    """A table of attributes in CelebA's form; `gap` follows the name of the picture."""
    lines = [f"{name}{gap}" + " ".join(f"{own[a]:2d}" for a in ATTRIBUTES)
             for name, own in rows.items()]  # fmt: skip
    return "\n".join([str(len(rows)), " ".join(ATTRIBUTES) + " ", *lines, ""])


def part_of(name: str) -> str:
    """`0`, `1` or `2` by the number of the picture."""
    return max(part for part, start in STARTS.items() if int(name[:6]) > start)


def signs(smiling: int, male: int, young: int) -> dict[str, int]:
    """All attributes of a picture, -1 or 1."""
    return {**dict.fromkeys(ATTRIBUTES, -1), "Smiling": smiling, "Male": male, "Young": young}


def _people(copies: int):
    for start in STARTS.values():
        number = start
        for values in itertools.product((-1, 1), repeat=3):
            for _ in range(copies):
                number += 1
                yield f"{number:06}.jpg", signs(*values)


def _landmarks(rows: Rows) -> str:
    names = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y "
    names += "rightmouth_x rightmouth_y"
    values = "    5   6  12    6   9   10   6  14   11   14"
    return "\n".join([str(len(rows)), names, *(f"{name} {values}" for name in rows), ""])


def _mirrored(name: str, text: str) -> str:
    lines = [line.split() for line in text.splitlines()]
    header = ["image_id", "partition"] if "partition" in name else ["image_id", *lines[1]]
    if header[1] == "image_id":
        header = header[1:]
    body = lines if "partition" in name else lines[2:]
    return "\r\n".join(",".join(fields) for fields in (header, *body)) + "\r\n"
