"""The Chicago Face Database in miniature: a folder a person, everything in the names."""

from __future__ import annotations

from itertools import product
from pathlib import Path

from tests.datasets.miniatures.noise import save_noise

CODES = ("N", "A", "F", "HC", "HO")


def make(root: Path, *, people: int = 4, version: str = "3.0") -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `CFD Version 3.0` or `CFD Version 2.0.3`.
        people: of each race and gender with all expressions; one more each is neutral only.
        version: 3.0, with the multiracial and the Indian set, or 2.0.3.

    Returns:
        The folder of the version.
    """
    folder = root / f"CFD Version {version}"
    main = folder / ("Images/CFD" if version == "3.0" else "CFD 2.0.3 Images")
    names = [
        (f"{race}{gender}-{person:03}", f"{100 + person}-{code}")
        for race, gender, person in product("WBAL", "FM", range(1, people + 2))
        for code in (CODES if person <= people else CODES[:1])
    ]
    for number, (person, rest) in enumerate(names):
        save_noise(main / person / f"CFD-{person}-{rest}.jpg", number)
    (folder / f"CFD {version} Norming Data and Codebook.xlsx").write_bytes(b"not read")
    if version == "3.0":
        _extensions(folder / "Images", people)
    return folder


def _extensions(folder: Path, people: int) -> None:
    """Neutral faces; Indian names have a part more, and a replicate of one picture is there."""
    for number, (gender, person) in enumerate(product("FM", range(300, 300 + people))):
        name = f"CFD-M{gender}-{person}-002-N.jpg"
        save_noise(folder / "CFD-MR" / f"M{gender}-{person}" / name, 5000 + number)
    for number, (gender, person) in enumerate(product("FM", range(601, 601 + people))):
        place = folder / "CFD-INDIA" / f"I{gender}-{person}"
        for replicate in (1, 2) if person == 601 else (1,):
            name = f"CFD-I{gender}-{person}-{person - 82}-{replicate}-N.jpg"
            save_noise(place / name, 6000 + 10 * number + replicate)
