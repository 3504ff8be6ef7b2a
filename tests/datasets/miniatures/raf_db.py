"""RAF-DB as its owners distribute it, and as copies rearrange it, with pictures of noise."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

Strata = tuple[tuple[int, int], ...]

#: gender, race and age as the files code them: 0 male, 1 female, 2 unsure
STRATA = (*itertools.product((0, 1), (0, 1, 2)), (2, 0))
FEW = ((0, 0), (1, 1), (2, 0))
CLASSES = range(1, 8)


def make(
    root: Path,
    *,
    copies: int = 6,
    strata: Strata = STRATA,
    list_name: str = "list_patition_label.txt",
    nested: bool = True,
    zipped: tuple[str, ...] = ("aligned", "manual"),
    attributes: bool = True,
    original: bool = True,
) -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `basic`, or `basic/basic`.
        copies: pictures of each class, gender and race in each part; of unsure gender one.
        strata: pairs of gender and race.
        list_name: the owners' spelling of the label file, or the right one.
        nested: unpacked into a folder of its own name, beside `__MACOSX`.
        zipped: which of `aligned`, `original`, `manual` stay in their inner archives.
        attributes: whether the files of attributes, landmarks and boxes are there.
        original: whether the pictures from the web are there.

    Returns:
        The folder that holds `EmoLabel`.
    """
    folder = root / "basic" / "basic" if nested else root / "basic"
    files: dict[str, dict[str, bytes]] = {"aligned": {}}
    if original:
        files["original"] = {}
    if attributes:
        files |= {"manual": {}, "boundingbox": {}}
    lines = []
    for name, code, stratum in _people(copies, strata):
        lines.append(f"{name}.jpg {code}\n")
        files["aligned"][f"{name}_aligned.jpg"] = picture(name, 20, 20)
        if original:
            files["original"][f"{name}.jpg"] = picture(name, 36, 28)
        if attributes:
            files["manual"][f"{name}_manu_attri.txt"] = manual(*stratum).encode()
            files["boundingbox"][f"{name}_boundingbox.txt"] = b"8.5 2.0 28.5 26.0 "
    (folder / "EmoLabel").mkdir(parents=True)
    (folder / "EmoLabel" / list_name).write_text("".join(lines))
    for kind, content in files.items():
        place = folder / ("Image" if kind in ("aligned", "original") else "Annotation")
        _put(place, kind, content, kind in zipped)
    if nested:
        junk = root / "basic" / "__MACOSX" / "EmoLabel"
        junk.mkdir(parents=True)
        (junk / f"._{list_name}").write_bytes(b"\0\5\26\7")
        (junk / list_name).write_text("junk 0\n")
    return folder


def make_folders(root: Path, *, copies: int = 1, test_folder: str = "test") -> Path:
    """Writes the layout of the copies, a folder a class, without attributes; returns its root."""
    for name, code, _ in _people(copies, FEW):
        part = "train" if name.startswith("train") else test_folder
        folder = root / "DATASET" / part / str(code)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}_aligned.jpg").write_bytes(picture(name, 20, 20))
    return root / "DATASET"


def manual(gender: int, race: int, age: int) -> str:
    """A file of landmarks and attributes, in the owners' form."""
    points = ((14.5, 10.0), (22.25, 10.5), (18.0, 15.0), (15.0, 20.0), (21.5, 20.5))
    return "".join(f"{x}\t{y}\n" for x, y in points) + f"{gender}\n{race}\n{age}\n"


def picture(name: str, width: int, height: int) -> bytes:
    """A JPEG file of noise that depends on the name alone."""
    generator = np.random.default_rng(list(name.encode()))
    pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(pixels).save(target, format="JPEG")
    return target.getvalue()


def _people(copies: int, strata: Strata) -> Iterator[tuple[str, int, tuple[int, int, int]]]:
    """Name, class, and gender, race and age of every picture; ages go round."""
    for part, digits in (("train", 5), ("test", 4)):
        number = 0
        for code, (gender, race) in itertools.product(CLASSES, strata):
            for _ in range(copies if gender != 2 else 1):
                number += 1
                yield f"{part}_{number:0{digits}}", code, (gender, race, number % 5)


def _put(folder: Path, kind: str, content: dict[str, bytes], zipped: bool) -> None:
    """Files in `folder/kind`, or in `folder/kind.zip` below `kind/`."""
    folder.mkdir(exist_ok=True)
    if zipped:
        with zipfile.ZipFile(folder / f"{kind}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(f"{kind}/{name}", data)
        return
    (folder / kind).mkdir()
    for name, data in content.items():
        (folder / kind / name).write_bytes(data)
