"""KDEF in miniature: a folder a person and sitting, names in capitals, faults as distributed."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from PIL import Image

from tests.datasets.miniatures.noise import save_noise

CODES = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")


def make(
    root: Path,
    *,
    people: int = 8,
    views: tuple[str, ...] = ("S",),
    suffix: str = ".JPG",
    placeholders: tuple[str, ...] = (),
) -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `KDEF_and_AKDEF`.
        people: women, and as many men.
        views: as names call them.
        suffix: of the pictures.
        placeholders: pictures that are black.

    Returns:
        The folder `KDEF`.
    """
    folder = root / "KDEF_and_AKDEF" / "KDEF"
    sitters = product("AB", "FM", range(1, people + 1))
    for number, (sitting, sex, person) in enumerate(sitters):
        place = f"{sitting}{sex}{person:02}"
        for step, (code, view) in enumerate(product(CODES, views)):
            save_noise(folder / place / f"{place}{code}{view}{suffix}", 1000 * number + step)
    for name in placeholders:
        black(folder / name[:4] / f"{name}{suffix}")
    for name in ("FAFS", "FAHR"):
        save_noise(folder.parent / "AKDEF" / f"{name}.JPG", len(name))
    (folder.parent / "Readme.txt").write_text("about the set\n")
    return folder


def black(path: Path) -> None:
    """A place-holder: a picture whose mean grey is below 1, not quite of one colour."""
    picture = Image.new("RGB", (20, 28), (0, 0, 0))
    picture.putpixel((3, 3), (2, 2, 2))
    picture.save(path)
