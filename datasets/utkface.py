"""UTKFace: 23,705 aligned faces, ages 0 to 116, without expressions.

Everything stands in the name, `[age]_[gender]_[race]_[date and time].jpg.chip.jpg`. Gender, race or
age (four bands, as Chen and Joo count them) is the class, as `label` says; the other two are
attributes. A network estimated them and people checked; none is self-reported. The race `other`
holds Hispanic, Latino and Middle Eastern people.

Three names lack a field, and which one it is nobody knows for sure: they are left out and counted.
Two others (a blank or no dot before `jpg`) are read. There are no official parts: a test part is
fixed, and validation taken by seed, even in class and default groups. People are unknown.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from datasets.attribute_labels import AGE, AGE_CUTS, AttributeLabelSettings, attribute_spec
from datasets.errors import DataError
from datasets.file_names import read_names
from datasets.listing import Listing, named
from datasets.picture_set import Facts, PictureSet
from datasets.spec import Attribute, DatasetSpec, dataset
from datasets.tables import bands
from datasets.tree import Tree, open_tree

GENDER = Attribute("gender", ("female", "male"))
#: in the order of the codes 0 to 4
RACE = Attribute("race", ("white", "black", "asian", "indian", "other"))
ATTRIBUTES = {one.name: one for one in (GENDER, RACE, AGE)}
OLDEST = 116
#: of age, gender (0 male, 1 female) and race
_LARGEST = (OLDEST, 1, len(RACE.levels) - 1)

_FOLDER = "UTKFace"
#: the last field with what is left of the suffixes; in one name a blank, in another no dot
_DATE = re.compile(r"\d{8,} ?\.?(jpg)?(\.chip)?")
_LACKING = "names that lack a field"


class Fields(NamedTuple):
    """What a name says: years, code of the level of `GENDER`, code of the level of `RACE`."""

    age: int
    gender: int
    race: int


@dataset(
    title="UTKFace",
    licence="non-commercial research",
    source="Zhang, Song and Qi 2017, CVPR, Age progression/regression by conditional adversarial "
    "autoencoder",
)
class UtkFace(PictureSet):
    """Parts are dealt."""

    Settings = AttributeLabelSettings
    facts: ClassVar[Facts] = Facts(
        request="https://susanqq.github.io/UTKFace/ (aligned and cropped faces)",
        tree=("UTKFace/26_1_3_20170117175041574.jpg.chip.jpg ... (unpack UTKFace.tar.gz)",),
        rows={"all": 23705},
        origin="owners' page: 23,708 files, three of whose names lack a field",
    )

    def own_spec(self) -> DatasetSpec:
        return attribute_spec("utkface", ATTRIBUTES, self.settings.label, train_images=20_000)

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "utkface", (f"{_FOLDER}/",))
        own = Tree(tree.root, tree.below(_FOLDER) or tree.files, tree.unread)
        found = read_names(own, (".jpg", ".jpeg", ".png"), _fields_of)
        if not found.fields:
            raise DataError(f"{tree.root} has no pictures named as UTKFace's: copy it again.")
        years, gender, race = np.array(found.fields, dtype=np.int64).T
        codes = {"gender": gender, "race": race, "age": bands(years.astype(np.float64), AGE_CUTS)}
        return Listing(
            tables=(),
            pictures=found.pictures,
            sample_ids=found.names,
            labels=codes[self.settings.label],
            values={
                name: named(codes[name], attribute.levels)
                for name, attribute in ATTRIBUTES.items()
                if name != self.settings.label
            },
            left_out=found.left_out,
        )


def _fields_of(folder: str, stem: str) -> tuple[str, Fields] | str:
    *fields, date = stem.split("_")
    is_dated = _DATE.fullmatch(date) is not None
    if is_dated and (len(fields) < len(_LARGEST) or "" in fields):
        return _LACKING
    numbers = [int(field) for field in fields if field.isdecimal()]
    if not is_dated or len(numbers) != len(fields) or not _is_within(numbers):
        raise DataError(
            f"{stem} in {folder} is not named as a picture of UTKFace, AGE_GENDER_RACE_DATE with "
            f"age 0 to {OLDEST}, gender 0 or 1 and race 0 to {len(RACE.levels) - 1}: remove it."
        )
    age, is_female, race = numbers
    return stem, Fields(age, GENDER.levels.index("female" if is_female else "male"), race)


def _is_within(numbers: list[int]) -> bool:
    if len(numbers) != len(_LARGEST):
        return False
    return all(number <= largest for number, largest in zip(numbers, _LARGEST, strict=True))
