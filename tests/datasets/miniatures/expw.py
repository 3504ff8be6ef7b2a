"""ExpW in miniature: pictures of one or two faces, and lines of eight fields."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.noise import save_noise

CLASSES = range(7)
SIDE = 24


def make(root: Path, *, faces: int = 30, unpacked: bool = True) -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `ExpW/data`.
        faces: of each class; the first four stand in pairs, two in a picture.
        unpacked: whether the pictures are there, or only the parts of their archive.

    Returns:
        The folder `data`.
    """
    folder = root / "ExpW" / "data"
    lines, pictures = [], set()
    for label in CLASSES:
        for place in range(faces):
            # Names carry the word that was searched for, which is another class.
            number, face = (place // 2, place % 2) if place < 4 else (place, 0)
            name = f"angry_actor_{100 * label + number}.jpg"
            pictures.add(name)
            box = (1, 10, 23, 21) if face else (2, 3, 20, 18)
            lines.append(line(name, label, face=face, box=box))
    (folder / "label").mkdir(parents=True)
    (folder / "label" / "label.lst").write_text("".join(lines))
    (folder / "image").mkdir()
    for part in ("001", "002"):
        (folder / "image" / f"origin.7z.{part}").write_bytes(b"7z part")
    for number, name in enumerate(sorted(pictures) if unpacked else ()):
        save_noise(folder / "image" / "origin" / name, number, side=SIDE)
    return folder


def line(
    name: str, label: int, *, face: int = 0, box: tuple[int, int, int, int] = (2, 3, 20, 18)
) -> str:
    """A line of `label.lst`; `box` is top, left, right, bottom."""
    edges = " ".join(map(str, box))
    return f"{name} {face} {edges} 17.5 {label}\n"
