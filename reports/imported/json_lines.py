"""Files of one JSON object a line, as training programs append them until they are killed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.errors import ReportError


@dataclass(frozen=True, eq=False)
class Line:
    """One object of a file.

    Attributes:
        values: the object.
        source: file and line, for messages.
        suite: the program that wrote it, for messages.
    """

    values: dict[str, Any]
    source: str
    suite: str

    def at(self, *path: str) -> Any:
        """What is stored under nested keys.

        Raises:
            ReportError: a key is missing.
        """
        found: Any = self.values
        for key in path:
            if not isinstance(found, dict) or key not in found:
                raise ReportError(
                    f"{self.source} has no {'.'.join(path)}; give results that {self.suite} wrote"
                )
            found = found[key]
        return found

    def text(self, *path: str) -> str:
        """A name or a number as text; of a name nothing but what can stand in a table."""
        found = self.at(*path)
        if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
            raise self._wrong(path, found, "a name or a whole number")
        return str(found)

    def whole(self, *path: str) -> int:
        """A whole number.

        Raises:
            ReportError: it is missing or none.
        """
        found = self.at(*path)
        if isinstance(found, bool) or not isinstance(found, int):
            raise self._wrong(path, found, "a whole number")
        return found

    def rate(self, *path: str) -> float:
        """A share in [0, 1]; NaN where the program stored NaN or null.

        Raises:
            ReportError: it is missing or no share.
        """
        found = self.at(*path)
        if found is None:
            return math.nan
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise self._wrong(path, found, "a number")
        # Written as "not inside and not NaN": infinity is refused, NaN of a diverged run is not.
        if not 0 <= found <= 1 and found == found:
            raise self._wrong(path, found, "between 0 and 1")
        return float(found)

    def _wrong(self, path: tuple[str, ...], found: Any, wanted: str) -> ReportError:
        return ReportError(
            f"{self.source}: {'.'.join(path)} is {json.dumps(found)[:40]}, not {wanted}; give "
            f"results that {self.suite} wrote"
        )


def read_lines(root: Path, name: str, suite: str) -> tuple[list[Line], list[str]]:
    """The objects of all files called `name` in or below a folder, and notes for the user.

    A last line that was cut, as when the program was killed, is left out and told.

    Args:
        root: a folder, or one file.
        name: of the files.
        suite: the program that wrote them, for messages.

    Raises:
        ReportError: there is no such file, or a line before the last is no object.
    """
    files = [root] if root.is_file() else sorted(root.rglob(name))
    if not files:
        raise ReportError(f"{root} holds no {name}; give the folder of the results of {suite}")
    lines: list[Line] = []
    notes: list[str] = []
    for path in files:
        found, cut = _of_file(path, suite)
        lines += found
        if cut:
            notes.append(f"{path}: the last line is cut and left out; the run was stopped there")
    if not lines:
        raise ReportError(f"{root} holds {name} without a line; give runs that stored results")
    return lines, notes


def _of_file(path: Path, suite: str) -> tuple[list[Line], bool]:
    """The objects of a file, and whether its last line was cut."""
    try:
        rows = [*_rows(path.read_text(encoding="utf-8"))]
    except (OSError, UnicodeDecodeError) as error:
        raise ReportError(f"{path} cannot be read ({error}); check the file") from None
    lines: list[Line] = []
    for place, (number, text) in enumerate(rows):
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            if place == len(rows) - 1:
                return lines, True
            raise ReportError(
                f"{path}, line {number} is no JSON object; delete the line if its run was stopped "
                "and started again"
            ) from None
        if not isinstance(values, dict):
            raise ReportError(f"{path}, line {number} is no JSON object; give results of {suite}")
        lines.append(Line(values, f"{path}, line {number}", suite))
    return lines, False


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """Number and text of the lines that are not empty."""
    # Not `splitlines`, which also splits at characters that may stand inside a JSON text.
    for number, row in enumerate(text.split("\n"), 1):
        if row.strip():
            yield number, row
