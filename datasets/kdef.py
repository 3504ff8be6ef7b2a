"""KDEF: 70 people posing seven expressions in a studio, photographed twice from five sides.

The label is the expression that the person was asked to pose; gender is that of the file's name.
Both sittings, A and B, show the same person: subjects are gender and number, and no person is in
two parts. The set has no parts of its own: people are dealt, even in gender. A picture's name says
everything, `AF01AFS.JPG`: sitting, sex, person, expression, view.

Chen and Joo (2021) used the 980 frontal pictures, which is the default; `kdef.views` adds the half
profiles or all. They lost 6 of the 980 to their action-unit detector; here none is dropped.

Not read: the averaged faces of AKDEF. Mended: two names that lack fields (`AF31V`, `AM31H`).
Counted and left out: other names that do not follow the rule. Black place-holders among the
profiles are listed with the pictures that cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from datasets.binary import BinarySettings, asked_classes, asked_facts, asked_labels
from datasets.blank import open_shown_picture
from datasets.errors import DataError
from datasets.file_names import FOREIGN, read_names
from datasets.listing import Listing, texts
from datasets.picture_set import Facts, PictureSet
from datasets.settings import setting
from datasets.spec import Attribute, DatasetSpec, dataset
from datasets.tree import open_tree

#: in the order of the codes in the names
CODES = ("AF", "AN", "DI", "HA", "NE", "SA", "SU")
CLASSES = ("fear", "angry", "disgust", "happy", "neutral", "sad", "surprise")
GENDER = Attribute("gender", ("female", "male"))
VIEWS = {
    "frontal": ("S",),
    "half": ("HL", "S", "HR"),
    "all": ("FL", "HL", "S", "HR", "FR"),
}
PEOPLE = 35
#: names of the distribution that lack fields, and what they should be
MISNAMED = {"AF31V": "AF31SAHL", "AM31H": "AM31SUHR"}
_NAME = re.compile(
    r"[AB](?P<sex>[FM])(?P<person>\d\d)(?P<code>AF|AN|DI|HA|NE|SA|SU)(?P<view>FL|HL|S|HR|FR)",
    re.ASCII,
)


@dataclass(frozen=True)
class KdefSettings(BinarySettings):
    """Which views are read."""

    views: str = setting(
        "frontal", choices=tuple(VIEWS),
        doc="sides from which a face is seen: frontal (Chen and Joo 2021), half profiles too, all",
    )  # fmt: skip


@dataset(
    title="KDEF",
    licence="non-commercial research, free on request, no passing on",
    source="Lundqvist, Flykt and Ohman 1998, The Karolinska Directed Emotional Faces, "
    "Karolinska Institutet, ISBN 91-630-7164-9",
)
class Kdef(PictureSet):
    """People dealt into parts."""

    Settings = KdefSettings
    facts: ClassVar[Facts] = Facts(
        request="on request, free for non-commercial research: https://kdef.se",
        tree=(
            "KDEF_and_AKDEF/KDEF/AF01/AF01AFS.JPG ... (one folder a person and sitting)",
            "KDEF_and_AKDEF/AKDEF/... (not read)",
        ),
        rows={"all": 980},
        counts={("all", "label", name): 140 for name in CLASSES}
        | {("all", "gender", name): 490 for name in GENDER.levels},
        subjects=2 * PEOPLE,
        origin="frontal views; 35 women and 35 men, two sittings, seven expressions",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="kdef",
            classes=asked_classes(CLASSES, self.settings.positive, "kdef"),
            attributes=(GENDER,),
            default_groups=("gender",),
            train_images=15_000,
        )

    @property
    def documented(self) -> Facts:
        facts, views = self.facts, len(VIEWS[self.settings.views])
        facts = replace(
            facts,
            rows={part: views * count for part, count in facts.rows.items()},
            counts={key: views * count for key, count in facts.counts.items()},
        )
        return asked_facts(facts, CLASSES, self.settings.positive)

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "kdef", ("AF01", "AF01NES.JPG"))
        faces = read_names(tree, (".jpg", ".jpeg"), self._read_name)
        if not faces.names:
            raise DataError(
                f"{tree.root} has no picture with a name such as AF01NES.JPG: copy KDEF again."
            )
        labels = np.array([CODES.index(field["code"]) for field in faces.fields], dtype=np.int64)
        sexes = [field["sex"] for field in faces.fields]
        return Listing(
            tables=(),
            pictures=faces.pictures,
            sample_ids=faces.names,
            labels=asked_labels(labels, CLASSES, self.settings.positive),
            values={"gender": texts(GENDER.levels["FM".index(sex)] for sex in sexes)},
            subjects=tuple(f"{field['sex']}{field['person']}" for field in faces.fields),
            joins=tuple(
                f"{name[:4]}/{source.name}"
                for name, source in zip(faces.names, faces.pictures, strict=True)
            ),
            left_out=faces.left_out,
            opener=open_shown_picture,
        )

    def _read_name(self, folder: str, stem: str) -> tuple[str, re.Match[str]] | str | None:
        if "AKDEF" in folder.upper().split("/"):
            return None
        name = MISNAMED.get(stem.upper(), stem.upper())
        fields = _NAME.fullmatch(name)
        if fields is None or not 1 <= int(fields["person"]) <= PEOPLE:
            return FOREIGN
        if fields["view"] not in VIEWS[self.settings.views]:
            return None
        return name, fields
