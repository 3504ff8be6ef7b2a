"""Faces whose action units experts coded: what presence thresholds are calibrated on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.audit.action_units import chosen_units, intensities_of, unit_column
from reports.errors import ReportError
from reports.tabular.columns import TableFile, line_of
from reports.tabular.groups import UNKNOWN, Codes, Floats, Grouping
from reports.tabular.levels import AttributeSpec, grouping_of


@dataclass(frozen=True, eq=False)
class Expert:
    """N faces with measured intensities and expert codes of M action units.

    Attributes:
        name: of the data set.
        groupings: the protected attributes.
        action_units: M names.
        intensities: (N, M) as measured, on a scale from 0 to `top`; NaN where not measured.
        truth: (N, M) 1 present, 0 absent, -1 not coded.
        top: of the scale.
    """

    name: str
    groupings: tuple[Grouping, ...]
    action_units: tuple[str, ...]
    intensities: Floats
    truth: Codes
    top: float


def parse_truth(texts: Iterable[str]) -> dict[str, str]:
    """Action unit -> column of its expert codes, from `AU04=expert_au4`.

    Raises:
        ReportError: a text is something else, or a unit comes twice.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, column = text.partition("=")
        unit = unit_column(name.strip())
        if unit is None or not equals or not column.strip():
            raise ReportError(f"{text!r} names no expert code: write --au-truth AU04=COLUMN")
        if unit.unit in found:
            raise ReportError(f"--au-truth names {unit.unit} twice: name it once")
        found[unit.unit] = column.strip()
    return found


def read_expert(
    path: Path, truth: dict[str, str], specs: Sequence[AttributeSpec], units: Sequence[str] = ()
) -> Expert:
    """The faces of a file with intensities, expert codes and attributes.

    Args:
        path: CSV, TSV or Parquet, a row a face.
        truth: unit -> column of 1, 0 or nothing (not coded).
        specs: the attributes whose groups get thresholds of their own.
        units: columns of the intensities where a file has several of a unit.

    Raises:
        ReportError: no attribute is given, a column is missing, or an expert code is not 0 or 1.
    """
    if not specs:
        raise ReportError("calibration needs groups: name the attribute with --attribute")
    file = TableFile.opened(path)
    named = {unit.unit: text for text in units if (unit := unit_column(text)) is not None}
    columns = chosen_units([named.get(u, u) for u in truth], file.columns, source=str(path))
    read = file.read(
        [spec.column for spec in specs],
        [*(unit.column for unit in columns), *truth.values()],
    )
    values = np.column_stack([read.numbers[unit.column] for unit in columns])
    scaled = intensities_of(columns, values, source=str(path))
    return Expert(
        name=path.name.split(".")[0],
        groupings=tuple(grouping_of(spec, read.texts[spec.column]) for spec in specs),
        action_units=tuple(truth),
        intensities=scaled.values,
        truth=np.column_stack([_codes(read.numbers[c], c, str(path)) for c in truth.values()]),
        top=scaled.top,
    )


def _codes(values: Floats, column: str, source: str) -> Codes:
    bad = ~np.isnan(values) & (values != 0) & (values != 1)
    if bad.any():
        row = int(np.argmax(bad))
        raise ReportError(
            f"{source}, line {line_of(row)}: {column} must be 0, 1 or empty, not {values[row]:g}"
        )
    return np.where(np.isnan(values), UNKNOWN, values).astype(np.int64)
