"""FairFace: 97,698 faces of the web, balanced in race, without expressions.

Gender, race (seven groups) or age (nine bands) is the class, as `label` says; the other two are
attributes. All three are annotators' impressions. `levels=chen` merges them as Chen and Joo (2021)
do: East and Southeast Asian are Asian, ages are under 20, 20 to 39, 40 to 59 and 60 up.

`fairface_label_val.csv` is the test part, for there is no other; validation is held out of training
by seed. People are unknown. The pictures come in two packagings, cut with 0.25 or 1.25 of the face
around it, zipped or not: where both are below the root, `padding` must say which is meant.

Spreadsheets damage the label files: `3-9` becomes `03-Sep`, `10-19` becomes `Oct-19`. Each such
date is one band only, so it is read as that band.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from datasets.attribute_labels import AGE as MERGED_AGE
from datasets.attribute_labels import AttributeLabelSettings, attribute_spec
from datasets.errors import DataError
from datasets.listing import TEST, TRAIN, Listing, texts
from datasets.picture_set import Facts, PictureSet
from datasets.settings import setting
from datasets.spec import Attribute, DatasetSpec, dataset
from datasets.tables import Table
from datasets.tree import Source, Tree, open_tree

GENDER = Attribute("gender", ("female", "male"))
RACE = Attribute("race", ("white", "black", "indian", "east_asian", "southeast_asian",
                          "middle_eastern", "latino_hispanic"))  # fmt: skip
AGE = Attribute("age", ("0_to_2", "3_to_9", "10_to_19", "20_to_29", "30_to_39", "40_to_49",
                        "50_to_59", "60_to_69", "70_up"))  # fmt: skip
MERGED_RACE = Attribute(
    "race", ("white", "black", "indian", "asian", "middle_eastern", "latino_hispanic")
)

TABLES = {"fairface_label_train.csv": TRAIN, "fairface_label_val.csv": TEST}
COLUMNS = ("file", "age", "gender", "race")
_SPELLED_AGES = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
_SPELLED_RACES = ("White", "Black", "Indian", "East Asian", "Southeast Asian", "Middle Eastern",
                  "Latino_Hispanic")  # fmt: skip
#: column -> what stands there -> level; dates are what spreadsheets make of bands
NAMES: Mapping[str, Mapping[str, str]] = {
    "gender": {"Female": "female", "Male": "male"},
    "race": dict(zip(_SPELLED_RACES, RACE.levels, strict=True)),
    "age": {
        **dict(zip(_SPELLED_AGES, AGE.levels, strict=True)),
        **dict.fromkeys(("03-Sep", "3-Sep", "Sep-03", "09-Mar", "9-Mar", "Mar-09"), "3_to_9"),
        **dict.fromkeys(("Oct-19", "19-Oct"), "10_to_19"),
    },
}
_MERGED = {
    **{level: "asian" for level in ("east_asian", "southeast_asian")},
    **dict(zip(AGE.levels, np.repeat(MERGED_AGE.levels, (3, 2, 2, 2)).tolist(), strict=True)),
}
#: what the owners call the packagings in the names of their archives
_MARKS = {"025": "0.25", "125": "1.25"}
#: label rows looked up to find where the pictures lie
_TRIED = 20


@dataclass(frozen=True)
class FairFaceSettings(AttributeLabelSettings):
    """What is recognised, on which pictures."""

    levels: str = setting(
        "own", choices=("own", "chen"), doc="groups as distributed, or merged as Chen and Joo 2021"
    )
    padding: str = setting(
        "", choices=("", "0.25", "1.25"),
        doc="packaging of the pictures, where both are below the root",
    )  # fmt: skip


@dataset(
    title="FairFace",
    licence="CC BY 4.0",
    source="Karkkainen and Joo 2021, WACV, FairFace: face attribute dataset for balanced race, "
    "gender, and age",
)
class FairFace(PictureSet):
    """Owners' validation part as test part."""

    Settings = FairFaceSettings
    facts: ClassVar[Facts] = Facts(
        request="open: https://github.com/joojs/fairface",
        tree=(
            "fairface/fairface_label_train.csv",
            "fairface/fairface_label_val.csv",
            "fairface/train/1.jpg ..., fairface/val/1.jpg ... (or the zip archive of both)",
        ),
        rows={"all": 97698, TRAIN: 86744, TEST: 10954},
        origin="owners' page",
    )

    def own_spec(self) -> DatasetSpec:
        return attribute_spec(
            "fairface", self._attributes, self.settings.label, train_images=30_000
        )

    @property
    def _attributes(self) -> Mapping[str, Attribute]:
        merged = self.settings.levels == "chen"
        race, age = (MERGED_RACE, MERGED_AGE) if merged else (RACE, AGE)
        return {"gender": GENDER, "race": race, "age": age}

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "fairface", tuple(TABLES), COLUMNS)
        tables = [Table.read(tree.need(name), COLUMNS) for name in TABLES]
        files = [file for table in tables for file in table.distinct_paths("file")]
        folder = _folder(tree, tables[0].source, files, self.settings.padding)
        values = {
            column: [level for table in tables for level in table.levels(column, names)]
            for column, names in NAMES.items()
        }
        if self.settings.levels == "chen":
            values = {name: [_MERGED.get(v, v) for v in own] for name, own in values.items()}
        label, attributes = self.settings.label, self._attributes
        codes = {level: code for code, level in enumerate(attributes[label].levels)}
        parts = [
            texts([part]).repeat(len(table.rows))
            for table, part in zip(tables, TABLES.values(), strict=True)
        ]
        return Listing(
            tables=tuple(table.source for table in tables),
            pictures=tuple(tree.place(f"{folder}{file}") for file in files),
            sample_ids=tuple(files),
            labels=np.array([codes[value] for value in values[label]], dtype=np.int64),
            values={name: texts(own) for name, own in values.items() if name != label},
            parts=np.concatenate(parts),
            joins=tuple(files),
        )


def _folder(tree: Tree, table: Source, files: list[str], padding: str) -> str:
    """What stands before `train/1.jpg` in the tree; empty or with `/` at its end.

    Raises:
        DataError: several packagings and no choice, or not the chosen one.
    """
    found: list[str] = []
    for file in files[:_TRIED]:
        ends = [path for path in tree.files if f"/{path}".endswith(f"/{file}")]
        found = found or [path.removesuffix(file) for path in ends]
    if not found:
        # Nothing is there: every picture is reported as missing from beside its label file.
        return tree.folder_of(table)
    marks = {place: _padding(place) for place in found}
    if len(found) == 1 and marks[found[0]] in ("", padding or marks[found[0]]):
        return found[0]
    chosen = [place for place, mark in marks.items() if mark == padding and mark]
    if len(chosen) == 1:
        return chosen[0]
    places = ", ".join(f"{place or 'itself'}" for place in found)
    raise DataError(
        f"{tree.root} has pictures in {places}: say which by fairface.padding=0.25 or 1.25 where "
        "the folders or archives have 025 and 125 in their names, or keep one of them."
    )


def _padding(place: str) -> str:
    return next((padding for mark, padding in _MARKS.items() if mark in place), "")
