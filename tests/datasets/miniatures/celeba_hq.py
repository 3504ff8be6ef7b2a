"""CelebA-HQ in the packaging of CelebAMask-HQ, with pictures of noise."""

from __future__ import annotations

import itertools
from pathlib import Path

from tests.datasets.miniatures.celeba import attribute_text, signs
from tests.datasets.miniatures.noise import save_noise


def make(
    root: Path,
    *,
    copies: int = 9,
    original_names: bool = False,
    partition: bool = False,
    identity: bool = False,
) -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `CelebAMask-HQ`.
        copies: pictures of each class and gender in each part.
        original_names: pictures are called as in CelebA.
        partition: CelebA's partition file lies in the folder.
        identity: CelebA's identity file does; two pictures a person.

    Returns:
        The folder `CelebAMask-HQ`.
    """
    folder = root / "CelebAMask-HQ"
    rows, mapping, parts = {}, ["idx     orig_idx   orig_file"], []
    for index, (number, part, values) in enumerate(_people(copies)):
        own, original = f"{index}.jpg", f"{number:06}.jpg"
        rows[own] = signs(*values, 1 if index % 3 else -1)
        mapping.append(f"{index:<8}{number - 1:<11}{original}")
        parts.append(f"{original} {part}\n")
        save_noise(folder / "CelebA-HQ-img" / (original if original_names else own), number, 32)
    (folder / "CelebAMask-HQ-mask-anno" / "0").mkdir(parents=True)
    save_noise(folder / "CelebAMask-HQ-mask-anno" / "0" / "00000_hair.png", 0)
    (folder / "CelebAMask-HQ-attribute-anno.txt").write_text(attribute_text(rows, "  "))
    (folder / "CelebA-HQ-to-CelebA-mapping.txt").write_text("\n".join(mapping) + "\n")
    if partition:
        (folder / "list_eval_partition.txt").write_text("".join(parts))
    if identity:
        lines = [f"{line.split()[0]} {row // 2}\n" for row, line in enumerate(parts)]
        (folder / "identity_CelebA.txt").write_text("".join(lines))
    return folder


def _people(copies: int):
    """CelebA's number and part, and smiling and male as -1 or 1; every part begins at its limit."""
    for part, last in enumerate((162770, 182637, 202599)):
        values = list(itertools.product((-1, 1), repeat=2)) * copies
        for place, one in enumerate(values):
            yield last - place, part, one
