"""AffectNet's later release in miniature: a few arrays without dimensions for every picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.datasets.miniatures.noise import save_noise


def make(root: Path, *, train: int = 11, test: int = 6) -> Path:
    """Writes `train` and `test` pictures of each of 8 classes; returns the folder of the set.

    Numbers start at 0 in both parts; expressions are stored as text or as a number in turn.
    """
    folder = root / "AffectNet_npy"
    for part, count in (("train_set", train), ("val_set", test)):
        (folder / part / "annotations").mkdir(parents=True)
        for number in range(8 * count):
            save_noise(folder / part / "images" / f"{number}.jpg", number + 10_000 * len(part))
            annotate(folder / part, number, number % 8, as_text=number % 2 == 0)
    return folder


def annotate(part: Path, number: int, code: int, *, as_text: bool) -> None:
    """The four files of a picture; landmark k lies at (k / 4, k / 5)."""
    points = np.stack([np.arange(68) / 4, np.arange(68) / 5], axis=1)
    values = {
        "exp": np.array(str(code) if as_text else code),
        "val": np.array("-2" if as_text else 0.5),
        "aro": np.array("-2" if as_text else 0.25),
        "lnd": points.ravel(),
    }
    for name, value in values.items():
        np.save(part / "annotations" / f"{number}_{name}.npy", value)
