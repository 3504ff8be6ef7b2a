"""Chicago Face Database: studio portraits of 597 people (main set), up to five expressions each.

Everything is read from the names of the files, `CFD-WF-001-003-N.jpg`: race, gender, person,
picture, expression. The codes collide (`A` is Asian and angry, `F` female and fear), so a name is
read field by field. The norming workbook, which has self-reports of some sets in its own words, is
not read. Subjects are race, gender and number; the set has no parts of its own, people are dealt.

The label is the posed expression; happy with closed (`HC`) and with open mouth (`HO`) are one class
`happy`. Not everybody posed everything: most people are neutral only.

`cfd.extensions` adds the multiracial set (CFD-MR) and the Indian set (CFD-INDIA), neutral faces
only. Indian names have six parts, the fifth counts replicates of one picture.

Chen and Joo (2021) tested on a selection of the main set that they did not publish; this is the
whole set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np

from datasets.binary import BinarySettings, asked_classes, asked_facts, asked_labels
from datasets.errors import DataError
from datasets.file_names import FOREIGN, read_names
from datasets.listing import Listing, texts
from datasets.picture_set import Facts, PictureSet
from datasets.settings import setting
from datasets.spec import Attribute, DatasetSpec, dataset
from datasets.tree import Tree, open_tree

CLASSES = ("neutral", "angry", "fear", "happy")
#: code in the fifth (Indian set: sixth) part of a name -> class
EXPRESSION_CODES = {"N": "neutral", "A": "angry", "F": "fear", "HC": "happy", "HO": "happy"}
GENDER = Attribute("gender", ("female", "male"))
MAIN_RACES = {"W": "white", "B": "black", "A": "asian", "L": "latino"}
EXTENSIONS = {
    "none": {},
    "mr": {"M": "multiracial"},
    "india": {"I": "indian"},
    "all": {"M": "multiracial", "I": "indian"},
}
_GENDERS = {"F": "female", "M": "male"}
_MARKERS = ("Images/CFD", "CFD-MR", "WF-001")


@dataclass(frozen=True)
class CfdSettings(BinarySettings):
    """Which of the three sets are read."""

    extensions: str = setting(
        "none", choices=tuple(EXTENSIONS),
        doc="sets beside the main one: multiracial (mr), Indian (india), all; neutral faces only",
    )  # fmt: skip


class Name(NamedTuple):
    """What the name of a picture says."""

    race: str
    gender: str
    person: str
    expression: str


@dataset(
    title="CFD",
    licence="research, free on request, no passing on",
    source="Ma, Correll and Wittenbrink 2015, Behavior Research Methods 47(4), 1122-1135, "
    "doi:10.3758/s13428-014-0532-5",
)
class Cfd(PictureSet):
    """People dealt into parts."""

    Settings = CfdSettings
    facts: ClassVar[Facts] = Facts(
        request="by form, free for research: https://www.chicagofaces.org",
        tree=(
            "CFD Version 3.0/Images/CFD/WF-001/CFD-WF-001-003-N.jpg ...",
            "CFD Version 3.0/Images/CFD-MR/..., CFD-INDIA/... (for cfd.extensions)",
            "or: CFD Version 2.0.3/CFD 2.0.3 Images/WF-001/...",
        ),
        rows={"all": 1207},
        counts={
            ("all", "gender", "female"): 644,
            ("all", "gender", "male"): 563,
            ("all", "label", "happy"): 307,
            ("all", "label", "angry"): 154,
        },
        subjects=597,
        origin="main set; counts of gender and label from Chen and Joo 2021 (their notebooks)",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="cfd",
            classes=asked_classes(CLASSES, self.settings.positive, "cfd"),
            attributes=(GENDER, Attribute("race", tuple(self._races().values()))),
            default_groups=("gender",),
            train_images=15_000,
        )

    @property
    def documented(self) -> Facts:
        facts = self.facts
        if self.settings.extensions != "none":
            # Of the extensions only this is documented: their faces are neutral.
            posed = {key: count for key, count in facts.counts.items() if key[1] == "label"}
            facts = replace(facts, rows={}, counts=posed, subjects=0)
        return asked_facts(facts, CLASSES, self.settings.positive)

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "cfd", _MARKERS)
        faces = read_names(tree, (".jpg", ".jpeg"), self._read_name)
        self._check_races(tree, {name.race for name in faces.fields})
        labels = [CLASSES.index(name.expression) for name in faces.fields]
        return Listing(
            tables=(),
            pictures=faces.pictures,
            sample_ids=faces.names,
            labels=asked_labels(np.array(labels), CLASSES, self.settings.positive),
            values={
                "gender": texts(name.gender for name in faces.fields),
                "race": texts(name.race for name in faces.fields),
            },
            subjects=tuple(name.person for name in faces.fields),
            joins=tuple(
                f"{name.person}/{source.name}"
                for name, source in zip(faces.fields, faces.pictures, strict=True)
            ),
            left_out=faces.left_out,
        )

    def _read_name(self, folder: str, stem: str) -> tuple[str, Name] | str | None:
        name = name_of(stem)
        if name is None:
            return FOREIGN
        return (stem, name) if name.race in self._races().values() else None

    def _races(self) -> dict[str, str]:
        """Code in the name -> level, of the sets that are asked for."""
        return MAIN_RACES | EXTENSIONS[self.settings.extensions]

    def _check_races(self, tree: Tree, races: set[str]) -> None:
        if not races & set(MAIN_RACES.values()):
            raise DataError(
                f"{tree.root} has no picture of the main set with a name such as "
                "CFD-WF-001-003-N.jpg: copy CFD again."
            )
        lacking = set(EXTENSIONS[self.settings.extensions].values()) - races
        if lacking:
            raise DataError(
                f"{tree.root} has no {' and no '.join(sorted(lacking))} faces (folders CFD-MR, "
                "CFD-INDIA): point --data-root at the folder of the whole set, or choose other "
                "cfd.extensions."
            )


def name_of(stem: str) -> Name | None:
    """What the name of a picture, without suffix, says; None where it does not follow the rule."""
    parts = stem.upper().split("-")
    if len(parts) not in (5, 6) or parts[0] != "CFD" or len(parts[1]) != 2:
        return None
    race = (MAIN_RACES | EXTENSIONS["all"]).get(parts[1][0])
    gender, expression = _GENDERS.get(parts[1][1]), EXPRESSION_CODES.get(parts[-1])
    numbers = parts[2:-1]
    if race is None or gender is None or expression is None:
        return None
    if not all(number.isdecimal() for number in numbers):
        return None
    return Name(race, gender, f"{parts[1]}-{parts[2]}", expression)
