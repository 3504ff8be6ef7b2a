"""EmotioNet, the 24,600 pictures whose action units experts coded.

The class is one action unit, absent or present (`emotionet.unit`, its number; AU 12 by default).
Codes are 0 absent, 1 present, 999 unknown: unknown is neither, such rows are left out and counted.
Which units are coded differs between releases; a unit that is not is an error that names those
that are.

The list comes as CSV or Excel workbook (release of 2020; names of columns and addresses carry
quotes and blanks) or as older tab-separated files without header. The pictures are fetched from the
addresses, and many are gone: rows without a picture are left out and counted. A picture belongs to
the row whose address ends like its name, wherever it lies.

The set has no attributes, no people and no parts: gender comes from predictions, a share is dealt
for the test. The other units are not offered to methods as action units: which are known differs
from row to row, and they were coded by the same eyes as the label. Chen and Joo (2021) used the set
to choose thresholds for OpenFace and to compare its accuracy between genders; join OpenFace's files
by `emotionet.action_units`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import ClassVar
from urllib.parse import urlsplit

import numpy as np

from datasets.emotionet_lists import LISTS, OLD_LIST, UNKNOWN_CODE, Row, coded_units, read_rows
from datasets.errors import DataError
from datasets.listing import Listing
from datasets.path_ends import PICTURE_SUFFIXES
from datasets.picture_set import Facts, PictureSet, PictureSettings
from datasets.repeated import once
from datasets.settings import setting
from datasets.spec import Codes, DatasetCard, DatasetSpec, dataset
from datasets.tree import Source, Tree, open_tree

CLASSES = ("absent", "present")
GONE = "no picture of that name"
AMBIGUOUS = "several pictures of that name"


@dataclass(frozen=True)
class EmotioNetSettings(PictureSettings):
    """Which unit is the class."""

    unit: int = setting(12, doc="number of the action unit that is the class", low=1, high=60)


@dataset(
    title="EmotioNet",
    licence="research only, by request",
    source="Fabian Benitez-Quiroz, Srinivasan and Martinez 2016, CVPR, EmotioNet: an accurate, "
    "real-time algorithm for the automatic annotation of a million facial expressions in the wild",
)
class EmotioNet(PictureSet):
    """A dealt test part."""

    Settings = EmotioNetSettings
    facts: ClassVar[Facts] = Facts(
        request="by request: http://cbcsl.ece.ohio-state.edu",
        tree=(
            "EmotioNet_FACS_aws_2020_24600.csv (or .xlsx, or dataFile_0001.txt ...)",
            "imgs/N_0000000007_00042.jpg ... (fetched from the addresses in the list)",
        ),
        lines=dict.fromkeys(LISTS, 24_600),
        origin="rows of the list: Chen and Joo 2021; how many pictures are left depends "
        "on when they were fetched",
    )

    @property
    def about(self) -> DatasetCard:
        return replace(self.card, title=f"{self.card.title} (AU {self.settings.unit})")

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="emotionet",
            classes=CLASSES,
            attributes=(),
            default_groups=(),
            train_images=100_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "emotionet", (*LISTS, OLD_LIST))
        tables, rows = read_rows(tree)
        left_out: Counter[str] = Counter()
        known = _known(rows, self.settings.unit, left_out)
        found = _pictures(tree)
        kept = [(name, code) for name, code in known if _is_there(name, found, left_out)]
        if not kept:
            raise DataError(
                f"{tree.root} has none of the pictures that {tables[0].shown} names: fetch them "
                "from its addresses into a folder imgs beside it, under the names there."
            )
        labels: Codes = np.array([code for _, code in kept], dtype=np.int64)
        places, repeated = once([name for name, _ in kept], labels)
        names = [kept[place][0] for place in places.tolist()]
        return Listing(
            tables=tables,
            pictures=tuple(found[name][0] for name in names),
            sample_ids=tuple(names),
            labels=labels[places],
            joins=tuple(f"imgs/{name}" for name in names),
            left_out={why: count for why, count in left_out.items() if count} | repeated,
            lines={tables[0].name: len(rows)},
        )


def _known(rows: list[Row], unit: int, left_out: Counter[str]) -> list[tuple[str, int]]:
    """Name of the picture and code, of the rows in which the unit is known.

    Raises:
        DataError: there is none; the message names the units that are coded.
    """
    known = [
        (PurePosixPath(urlsplit(row.address).path).name, row.codes[unit - 1])
        for row in rows
        if row.codes[unit - 1] != UNKNOWN_CODE
    ]
    if not known:
        coded = ", ".join(map(str, coded_units(rows))) or "none"
        raise DataError(
            f"The list of EmotioNet does not code AU {unit}: choose emotionet.unit among {coded}."
        )
    left_out[f"AU {unit} unknown (999)"] += len(rows) - len(known)
    return known


def _pictures(tree: Tree) -> dict[str, list[Source]]:
    found: dict[str, list[Source]] = {}
    for source in tree.below("", tuple(PICTURE_SUFFIXES)).values():
        found.setdefault(source.name, []).append(source)
    return found


def _is_there(name: str, found: dict[str, list[Source]], left_out: Counter[str]) -> bool:
    sources = found.get(name, [])
    if len(sources) == 1:
        return True
    left_out[AMBIGUOUS if sources else GONE] += 1
    return False
