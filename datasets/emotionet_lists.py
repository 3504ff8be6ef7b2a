"""The list of EmotioNet's expert-coded pictures, in the three forms in which it is handed out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from zipfile import BadZipFile

from datasets.errors import DataError
from datasets.tree import Source, Tree

LISTS = ("EmotioNet_FACS_aws_2020_24600.csv", "EmotioNet_FACS_aws_2020_24600.xlsx")
OLD_LIST = "dataFile_0001.txt"
UNITS = range(1, 61)
UNKNOWN_CODE = 999
#: numbers as text files and workbooks give them
_CODES = {f"{code}{end}": code for code in (0, 1, UNKNOWN_CODE) for end in ("", ".0")}
_OLD_LISTS = re.compile(r"datafile_\d+\.txt")


class Row(NamedTuple):
    """A row of the list: address of the picture and the codes of AU 1 to 60 (0, 1 or 999)."""

    address: str
    codes: tuple[int, ...]


def read_rows(tree: Tree) -> tuple[tuple[Source, ...], list[Row]]:
    """The files that make the list, and its rows; blank ones are passed over.

    Raises:
        DataError: no list, one that cannot be read, lacks columns, or a code other than 0, 1, 999.
    """
    table = tree.find(*LISTS)
    if table is None:
        old = [s for _, s in sorted(tree.files.items()) if _OLD_LISTS.fullmatch(s.name.lower())]
        tables = tuple(old) or (tree.need(*LISTS, OLD_LIST),)
        return tables, [row for part in tables for row in _rows(part, _tabbed(part))]
    lines = _workbook(table) if table.name.lower().endswith(".xlsx") else _commas(table)
    return (table,), list(_rows(table, lines))


def coded_units(rows: Iterable[Row]) -> list[int]:
    """Numbers of the units that are known in any row."""
    known = zip(*(row.codes for row in rows), strict=True)
    return [unit for unit, codes in zip(UNITS, known, strict=True) if set(codes) != {UNKNOWN_CODE}]


def _rows(source: Source, lines: Iterable[Sequence[Any]]) -> Iterator[Row]:
    places = [0, *range(2, 2 + len(UNITS))]
    for number, line in enumerate(lines, start=1):
        fields = [_plain(field) for field in line]
        if number == 1 and "URL" in fields:
            places = _columns(source, fields)
            continue
        if not any(fields):
            continue
        try:
            address, *codes = [fields[place] for place in places]
            yield Row(address, tuple(_CODES[code] for code in codes))
        except (IndexError, KeyError) as error:
            raise DataError(
                f"{source.shown}, line {number}: not an address and codes 0, 1 or 999 of "
                f"{len(UNITS)} action units ({error}): copy the list again."
            ) from error


def _columns(source: Source, names: list[str]) -> list[int]:
    """Places of the address and of AU 1 to 60."""
    wanted = ["URL", *(f"AU {unit}" for unit in UNITS)]
    lacking = [name for name in wanted if name not in names]
    if lacking:
        raise DataError(
            f"{source.shown} lacks the columns {', '.join(lacking)}: copy the list again."
        )
    return [names.index(name) for name in wanted]


def _plain(field: Any) -> str:
    """A field without the quotes and blanks around it; empty for an empty cell."""
    return "" if field is None or field != field else str(field).strip(" '\"\t")


def _commas(source: Source) -> Iterator[Sequence[str]]:
    text = source.text()
    # Addresses may hold commas, so quotes count; which ones are used differs between copies.
    quote = '"' if '"' in text.partition("\n")[0] else "'"
    yield from csv.reader(io.StringIO(text, newline=""), quotechar=quote, skipinitialspace=True)


def _tabbed(source: Source) -> Iterator[Sequence[str]]:
    return (line.split("\t") for line in source.text().splitlines())


def _workbook(source: Source) -> Iterator[Sequence[Any]]:
    """Rows of the first sheet.

    Raises:
        DataError: the library that reads workbooks is not installed, or it is no workbook.
    """
    import pandas as pd

    try:
        sheet = pd.read_excel(
            io.BytesIO(source.read()), header=None, dtype=object, engine="openpyxl"
        )
    except ImportError as error:
        raise DataError(
            f"{source.shown} is an Excel workbook: run `pip install openpyxl`, or save it as "
            f"{LISTS[0]}."
        ) from error
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise DataError(f"{source.shown} cannot be read as a workbook ({error}).") from error
    return iter(sheet.itertuples(index=False, name=None))
