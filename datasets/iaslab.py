"""IASLab Face Set: 50 people, nine posed expressions, of which seven are read.

The set's own label files are not described anywhere, so it is read from a table that you write:
`manifest.csv` in the set's folder with the columns `image,subject,expression,gender` and, if you
like, `gaze` (direct, averted), `mouth` (open, closed) and `split` (train, validation, test). The
column `image` is a path below the folder, in an archive there or not. Calm and excited faces are
left out and counted; fearful is `fear`, surprised `surprise`, disgusted `disgust`.

The people did not report their gender: what the table holds is somebody's annotation.

Protocols: `person` deals whole people into the parts. `picture` is what Suresh and Ong 2022 seem to
have done, 1,151 / 144 / 145 of 1,440 pictures: with 50 people the same faces are then in training
and test, every picture counts as a subject of its own, no check can find the overlap, and every
report says so. How they drew is not stated; here the draw is even in class and gender, the test
part fixed, validation by seed. Their tables count 1,154 training pictures, their text 1,151: one of
the two is wrong.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np

from datasets.errors import DataError
from datasets.expression_names import canonical
from datasets.listing import PARTS, UNSURE, Listing, Texts, named
from datasets.parts import deal
from datasets.picture_set import Facts, PictureSet, PictureSettings
from datasets.settings import setting
from datasets.spec import (
    EXPRESSIONS,
    Attribute,
    Codes,
    DatasetSpec,
    FaceData,
    Split,
    dataset,
    groups_of,
)
from datasets.tables import Table
from datasets.tree import open_tree

CLASSES = EXPRESSIONS[:7]
#: expressions of the set that no paper uses
OTHER = ("calm", "excited")
GENDER = Attribute("gender", ("female", "male"))
LABELS = "manifest.csv"
#: optional column -> its values
OPTIONAL = {"gaze": ("direct", "averted"), "mouth": ("open", "closed")}
#: pictures of validation and test in Suresh and Ong 2022, and of all
HELD_OUT = {"validation": 144, "test": 145}
ALL = 1440

_COLUMNS = ("image", "subject", "expression", "gender")
_BY_PICTURE = (
    "Parts by picture, as in Suresh and Ong 2022: the same people are in training and test, and "
    "nothing is said of new people."
)


@dataclass(frozen=True)
class IasLabSettings(PictureSettings):
    """How the set is parted."""

    protocol: str = setting(
        "person", choices=("person", "picture"),
        doc="parts by person, or by picture with the same people in all (Suresh and Ong 2022)",
    )  # fmt: skip


@dataset(
    title="IASLab",
    licence="non-profit research, by agreement",
    source="Interdisciplinary Affective Science Laboratory, Face Set, Northeastern University",
)
class IasLab(PictureSet):
    """Seven posed expressions; parts by person or by picture."""

    Settings = IasLabSettings
    facts: ClassVar[Facts] = Facts(
        request="agreement form by e-mail: https://www.affective-science.org/face-set.shtml",
        tree=(
            f"iaslab/{LABELS}: {','.join(_COLUMNS)}[,gaze,mouth][,split], written by you",
            "iaslab/... the pictures, where the column image says",
        ),
        rows={"all": ALL},
        subjects=50,
        origin="pictures: Suresh and Ong 2022; people: the set's page",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="iaslab",
            classes=CLASSES,
            attributes=(GENDER,),
            default_groups=("gender",),
            train_images=10_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "iaslab", (LABELS,), _COLUMNS)
        table = Table.read(tree.need(LABELS))
        expressions = _expressions(table)
        kept = np.flatnonzero([name in CLASSES for name in expressions])
        others = Counter(name for name in expressions if name in OTHER)
        by_picture = self.settings.protocol == "picture"
        images = table.distinct_paths("image")
        listing = Listing(
            tables=(table.source,),
            pictures=tuple(tree.find(image) or tree.place(image) for image in images),
            sample_ids=tuple(PurePosixPath(image).with_suffix("").as_posix() for image in images),
            labels=np.array([(*CLASSES, *OTHER).index(name) for name in expressions]),
            values=_values(table),
            subjects=None if by_picture else tuple(table.texts("subject")),
            parts=_parts(table),
            joins=tuple(images),
            left_out={f"{name} faces": count for name, count in others.items()},
            notes=(_BY_PICTURE,) if by_picture else (),
        )
        return listing.take(kept)

    def split(self, faces: FaceData, seed: int) -> Split:
        """By person, or 10 % and 10 % of the pictures; parts that the table states are kept."""
        if self.settings.protocol == "person" or faces.parts is not None:
            return super().split(faces, seed)
        everything = np.arange(len(faces))
        test = _taken(faces, everything, "test", "iaslab test")
        rest = np.setdiff1d(everything, test)
        held = _taken(faces, rest, "validation", f"iaslab validation {seed}")
        return Split(train=np.setdiff1d(rest, held), validation=held, test=test)


def _expressions(table: Table) -> list[str]:
    """Canonical name of each row, or one of `OTHER`.

    Raises:
        DataError: a text that is no expression of the set.
    """
    found = []
    for number, text in enumerate(table.texts("expression"), start=2):
        name = text.lower() if text.lower() in OTHER else canonical(text)
        if name not in (*CLASSES, *OTHER):
            allowed = ", ".join((*CLASSES, *OTHER))
            where = f"{table.path}, line {number}"
            raise DataError(f"{where}: expression must be one of {allowed}, not '{text}'.")
        found.append(name)
    return found


def _values(table: Table) -> dict[str, Texts]:
    """Gender, and gaze and mouth where the table has them.

    Raises:
        DataError: another value than the set has, a row without a person, or one person of two
        genders.
    """
    levels = (*GENDER.levels, UNSURE)
    values = {"gender": named(table.codes("gender", levels, may_miss=True), levels)}
    for column, allowed in OPTIONAL.items():
        if column in table.rows[0]:
            values[column] = named(table.codes(column, allowed, may_miss=True), allowed)
    first: dict[str, str] = {}
    people = zip(table.texts("subject"), values["gender"].tolist(), strict=True)
    for number, (person, gender) in enumerate(people, start=2):
        if not person or first.setdefault(person, gender) != gender:
            what = f"{person} is '{gender}', '{first[person]}' above" if person else "no subject"
            raise DataError(f"{table.path}, line {number}: {what}; a row needs its one person.")
    return values


def _parts(table: Table) -> Texts | None:
    if "split" not in table.rows[0]:
        return None
    return named(table.codes("split", PARTS, may_miss=False), PARTS)


def _taken(faces: FaceData, rows: Codes, part: str, salt: str) -> Codes:
    """As large a share of `rows` as the paper held out for `part`, even in class x gender."""
    count = round(len(faces) * HELD_OUT[part] / ALL)
    strata = groups_of(
        np.column_stack([faces.labels[rows], faces.attributes[rows, 0] + 1]), (len(CLASSES), 3)
    )
    rank = deal([str(name) for name in faces.sample_ids[rows]], strata, salt, len(rows))
    # Evenly spaced: one of each stretch of the sorted samples.
    chosen = (rank + 1) * count // len(rows) > rank * count // len(rows)
    taken: Codes = rows[chosen]
    return taken
