"""EmotioNet in miniature: quoted names, unknown units, rows whose picture is gone."""

from __future__ import annotations

from pathlib import Path

from tests.datasets.miniatures.noise import save_noise

#: units that the rows code; the others are 999 throughout
CODED = (4, 6, 12)
NAME = "EmotioNet_FACS_aws_2020_24600"


def make(root: Path, *, rows: int = 120, gone: int = 6, form: str = "csv") -> Path:
    """Writes the set below `root`.

    Args:
        root: folder that gets `EmotioNet`.
        rows: in the list; AU 12 is absent and present in turn, in every tenth row unknown.
        gone: last rows whose picture is not there.
        form: `csv`, or `txt` for the older tab-separated files.

    Returns:
        The folder `EmotioNet`.
    """
    folder = root / "EmotioNet"
    folder.mkdir(parents=True)
    lines = []
    for number in range(rows):
        name = f"N_{number:010}_{number % 50:05}.jpg"
        if number < rows - gone:
            save_noise(folder / "imgs" / str(number % 2) / name, number)
        codes = {4: number // 2 % 2, 6: number // 3 % 2, 12: number % 2}
        if number % 10 == 9:
            codes[12] = 999
        # Old files give the addresses as they are; the CSV quotes them, some with a comma.
        address = f"http://host/a,b/{name}"
        lines.append((address, "http://site/p.jpg", *(codes.get(u, 999) for u in range(1, 61))))
    if form == "txt":
        _write_old(folder, lines)
    else:
        _write_commas(folder / f"{NAME}.csv", lines)
    return folder


def _write_commas(path: Path, lines: list[tuple[object, ...]]) -> None:
    """Names of columns and addresses in single quotes, a blank row in the middle."""
    header = ",".join(["URL", "URL orig", *(f"'AU {unit}'" for unit in range(1, 61))])
    rows = [f"'{one}', '{two}'," + ",".join(map(str, codes)) for one, two, *codes in lines]
    rows.insert(len(rows) // 2, "," * 61)
    path.write_text("\n".join([header, *rows, ""]))


def _write_old(folder: Path, lines: list[tuple[object, ...]]) -> None:
    """Two files without header."""
    half = len(lines) // 2
    for number, part in enumerate((lines[:half], lines[half:]), start=1):
        text = "".join("\t".join(map(str, line)) + "\n" for line in part)
        (folder / f"dataFile_{number:04}.txt").write_text(text)
