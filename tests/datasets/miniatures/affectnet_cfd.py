"""AffectNet-Automatic and CFD in miniature beside each other, with side files of both."""

from __future__ import annotations

import json
from pathlib import Path

from tests.datasets.miniatures import affectnet_automatic, cfd
from tests.datasets.miniatures.noise import write_table

UNITS = ("AU04", "AU05", "AU06", "AU07", "AU12", "AU23")


def make(root: Path) -> Path:
    """Writes both sets below `root`, `units/` (a table of each) and `guesses.csv`; returns `root`.

    CFD's women are angry with AU04 alone or with AU04 and AU07 in turn, its men with AU04 alone;
    everybody else shows AU12. AffectNet's pictures alternate between women and men.
    """
    faces = affectnet_automatic.make(root)
    studio = cfd.make(root)
    rows: dict[str, list[dict[str, object]]] = {"affectnet": [], "cfd": []}
    guesses: list[dict[str, object]] = []
    for number, path in enumerate(sorted((faces / "Automatically_Annotated_Images").rglob("*.*"))):
        name = path.relative_to(faces.parent).as_posix()
        rows["affectnet"].append(_row(name, {"AU04": number % 2, "AU12": (number // 2) % 2}))
        gender = ("female", "male")[number % 2]
        guesses.append({"image": name, "face": 0, "gender": gender, "gender_confidence": 0.9})
    for number, path in enumerate(sorted((studio / "Images/CFD").rglob("*.jpg"))):
        name = path.relative_to(studio).as_posix()
        is_woman, is_angry = path.name[5] == "F", path.stem.endswith("-A")
        active = {"AU04": 1, "AU07": int(is_woman and number % 2)} if is_angry else {"AU12": 1}
        rows["cfd"].append(_row(name, active))
    for name, own in rows.items():
        write_table(root / "units" / f"{name}.csv", own)
        (root / "units" / f"{name}.json").write_text(json.dumps({"range": "[0,1]"}))
    write_table(root / "guesses.csv", guesses)
    attributes = {"gender": {"levels": ["female", "male"], "confusion": [[9, 1], [1, 9]]}}
    stated = {"classifier": "a network", "trained_on": "fairface", "attributes": attributes}
    (root / "guesses.json").write_text(json.dumps(stated))
    return root


def settings(root: Path) -> dict[str, object]:
    """With which the sets below `root` are read."""
    files = {"action_units": str(root / "units"), "attributes": str(root / "guesses.csv")}
    return {"sample": 100, **files}


def _row(name: str, active: dict[str, int]) -> dict[str, object]:
    return {"image": name, "face": 0, **{unit: active.get(unit, 0) for unit in UNITS}}
