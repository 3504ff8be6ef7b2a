"""RAF-DB, its part of seven basic expressions: 15,339 faces from the web.

Labels are the crowd's choice, in the order of the set's codes. Annotators gave gender (female,
male, or unsure, which stays `unsure` and is no group), race (three levels) and age (five bands);
they are perceived, not self-reported. People are unknown: every picture is its own subject, and a
person may be in more than one part.

Two layouts are read, at any depth, unpacked or zipped: the owners' (`EmoLabel`, `Image`,
`Annotation`; a folder `compound` beside is ignored), and the copies with a folder a class
(`train/4/...`, `test/4/...` or `valid/4/...`), which mostly lack the attribute files. Without them
the set loads and gender, race and age are missing. A picture in a class folder is of the part that
its own name says; others, such as enlarged copies of test pictures in the training folder, are left
out and counted.

Protocols: `suresh` holds out a fifth of the training part by seed (9,816 / 2,455 / 3,068 as in
Suresh and Ong 2022, who do not say how they drew it); `rizvi` is the official split (12,271 /
3,068) without a validation part, so that every rule keeps the last checkpoint.

Where we differ from the papers: Suresh and Ong dropped faces that their detector missed, which left
9,681 of 9,816 for training; nothing is dropped here. Chen and Joo counted unsure as female, and
pooled the parts; both are for the reader of the numbers to redo, not for this adapter.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.listing import TEST, TRAIN, UNSURE, VALIDATION, Listing, Texts, texts
from datasets.picture_set import Facts, PictureSet, PictureSettings
from datasets.settings import setting
from datasets.spec import Attribute, DatasetSpec, FaceData, Split, dataset
from datasets.tree import Source, Tree, open_tree

#: in the order of the codes 1 to 7
CLASSES = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
GENDER = Attribute("gender", ("female", "male"))
RACE = Attribute("race", ("caucasian", "african_american", "asian"))
#: years
AGE = Attribute("age", ("0_to_3", "4_to_19", "20_to_39", "40_to_69", "70_up"))
#: attribute -> names of the codes 0, 1, ... in `*_manu_attri.txt`, in the order of its last lines
CODES = {"gender": ("male", "female", UNSURE), "race": RACE.levels, "age": AGE.levels}

LABELS = ("EmoLabel/list_patition_label.txt", "EmoLabel/list_partition_label.txt",
          "list_patition_label.txt", "list_partition_label.txt")  # fmt: skip
_MARKERS = (*LABELS, "train/7")
_NAME = re.compile(r"(train_\d{5}|test_\d{4})(_aligned)?")
_COMPOUND = re.compile(r"(^|/)compound(\.zip)?/", re.IGNORECASE)
_CLASS_FOLDERS = {str(code + 1) for code in range(len(CLASSES))}
_FOREIGN_NAME = "pictures in class folders that have not a name of RAF-DB's"
_FOREIGN_PART = "pictures of one part in a folder of the other"
_NO_VALIDATION = (
    "The official split has no validation part: every selection rule keeps the last checkpoint."
)
#: folder -> part that a name gives away -> part; some copies call the test part `valid`
_PARTS = {
    "train": {TRAIN: TRAIN},
    "test": {TEST: TEST},
    "valid": {TRAIN: VALIDATION, TEST: TEST},
    "val": {TRAIN: VALIDATION, TEST: TEST},
}


@dataclass(frozen=True)
class RafDbSettings(PictureSettings):
    """Which pictures and which parts."""

    protocol: str = setting(
        "suresh", choices=("suresh", "rizvi"),
        doc="parts: a share of the training part for validation, or none (Rizvi et al. 2024)",
    )  # fmt: skip
    version: str = setting(
        "aligned", choices=("aligned", "original"),
        doc="pictures: 100 x 100 as the owners aligned them, or from the web with boxes and points",
    )  # fmt: skip


@dataset(
    title="RAF-DB",
    licence="non-commercial research, by request, no passing on",
    source="Li, Deng and Du 2017, CVPR, Reliable crowdsourcing and deep locality-preserving "
    "learning for expression recognition in the wild",
)
class RafDb(PictureSet):
    """Official test part; validation by seed, or none."""

    Settings = RafDbSettings
    facts: ClassVar[Facts] = Facts(
        request="by e-mail from a university: http://www.whdeng.cn/RAF/model1.html",
        tree=(
            "basic/EmoLabel/list_patition_label.txt",
            "basic/Image/aligned.zip (or aligned/train_00001_aligned.jpg ... unpacked)",
            "basic/Image/original.zip (for raf_db.version=original)",
            "basic/Annotation/manual.zip (or manual/train_00001_manu_attri.txt ...)",
            "basic/Annotation/boundingbox/train_00001_boundingbox.txt (for version=original)",
        ),
        rows={"train": 12271, "test": 3068, "all": 15339},
        counts={
            (part, "label", name): count
            for part, counts in (
                (TRAIN, (1290, 281, 717, 4772, 1982, 705, 2524)),
                (TEST, (329, 74, 160, 1185, 478, 162, 680)),
            )
            for name, count in zip(CLASSES, counts, strict=True)
        },
        origin="parts: Rizvi et al. 2024; classes: widely quoted, not printed in our papers, but "
        "their sums are the parts",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="raf_db",
            classes=CLASSES,
            attributes=(GENDER, RACE, AGE),
            default_groups=("gender", "race"),
            train_images=50_000,
            has_validation=self.settings.protocol != "rizvi",
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "raf_db", _MARKERS)
        # The part of compound expressions has pictures of the same names.
        basic = {p: f for p, f in tree.files.items() if not _COMPOUND.search(p)}
        unread = {p: why for p, why in tree.unread.items() if not _COMPOUND.search(f"{p}/")}
        tree = Tree(tree.root, basic, unread)
        table = tree.find(*LABELS)
        faces = _in_folders(tree) if table is None else _listed(table)
        return self._listing(tree, faces)

    def _listing(self, tree: Tree, faces: _Faces) -> Listing:
        version = self.settings.version
        ending = ".jpg" if version == "original" else "_aligned.jpg"
        found = faces.pictures or _by_name(tree, version, ".jpg")
        names = [name + ending for name in faces.labels]
        if not any(name in found for name in names):
            raise DataError(
                f"{tree.root} has none of RAF-DB's {version} pictures: copy Image/{version}.zip "
                "into it, choose another raf_db.version, or point --data-root at RAF-DB alone."
            )
        known = _by_name(tree, "manual", "_manu_attri.txt")
        annotated = [known.get(f"{name}_manu_attri.txt") for name in faces.labels]
        attributes, points = _annotations(annotated)
        original = version == "original"
        return Listing(
            tables=faces.tables,
            pictures=tuple(
                found.get(name) or tree.place(f"Image/{version}/{name}") for name in names
            ),
            sample_ids=tuple(faces.labels),
            labels=np.array(list(faces.labels.values()), dtype=np.int64),
            values=attributes if known else {},
            parts=texts(faces.parts),
            joins=tuple(f"Image/{version}/{name}" for name in names),
            boxes=_boxes(tree, faces.labels) if original else None,
            points=points if original and known else None,
            left_out=faces.left_out,
            notes=() if self.settings.protocol == "suresh" else (_NO_VALIDATION,),
        )

    def split(self, faces: FaceData, seed: int) -> Split:
        """Official parts; under `suresh` a share of the training part is held out by `seed`."""
        if self.settings.protocol == "suresh":
            return super().split(faces, seed)
        tested = faces.parts == TEST
        train, test = np.flatnonzero(~tested), np.flatnonzero(tested)
        if not (len(train) and len(test)):
            raise DataError("Data set raf_db has no pictures of the training or of the test part.")
        return Split(train=train, validation=np.empty(0, dtype=np.int64), test=test)


@dataclass(frozen=True)
class _Faces:
    """Names of N pictures without ending -> class codes, in order; what else their source says."""

    labels: Mapping[str, int]
    parts: Sequence[str]
    tables: tuple[Source, ...] = ()
    pictures: Mapping[str, Source] | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)


def _listed(table: Source) -> _Faces:
    """What the label file says: a name and a class a line; further columns are not the set's."""
    labels: dict[str, int] = {}
    for number, line in enumerate(table.text().splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        found = _NAME.fullmatch(fields[0].removesuffix(".jpg"))
        code = fields[1] if len(fields) > 1 else ""
        where = f"{table.shown}, line {number}"
        if found is None or not code.isdecimal() or not 1 <= int(code) <= len(CLASSES):
            raise DataError(
                f"{where}: expected a name such as train_00001.jpg and a class from 1 to 7, not "
                f"'{line.strip()}' (classes up to 11 are those of the compound part: use basic)."
            )
        if found[1] in labels:
            raise DataError(f"{where}: {found[1]} comes twice; keep one of its lines.")
        labels[found[1]] = int(code) - 1
    if not labels:
        raise DataError(f"{table.shown} lists no picture: copy the data set again.")
    parts = [_part_of(name) for name in labels]
    return _Faces(labels, parts, (table,))


def _in_folders(tree: Tree) -> _Faces:
    """What the folders say: `train/4/train_00001_aligned.jpg` is of class 4."""
    labels: dict[str, int] = {}
    parts: list[str] = []
    pictures: dict[str, Source] = {}
    left_out: Counter[str] = Counter()
    for path, source in sorted(tree.files.items()):
        folders = path.lower().split("/")
        if len(folders) < 3 or folders[-2] not in _CLASS_FOLDERS or folders[-3] not in _PARTS:
            continue
        found = _NAME.fullmatch(folders[-1].removesuffix(".jpg"))
        if found is None:
            left_out[_FOREIGN_NAME] += 1
        elif _part_of(found[1]) not in _PARTS[folders[-3]]:
            left_out[_FOREIGN_PART] += 1
        elif found[1] in labels:
            raise DataError(f"{source.shown}: {found[1]} is there twice; keep one of them.")
        else:
            labels[found[1]] = int(folders[-2]) - 1
            parts.append(_PARTS[folders[-3]][_part_of(found[1])])
            pictures[folders[-1]] = source
    return _Faces(labels, parts, pictures=pictures, left_out=left_out)


def _part_of(name: str) -> str:
    return TRAIN if name.startswith("train") else TEST


def _by_name(tree: Tree, folder: str, ending: str) -> dict[str, Source]:
    """Name in lower case -> file, of those in `folder`, or anywhere where none are in it."""
    found: dict[str, Source] = {}
    for path, source in (tree.below(folder, (ending,)) or tree.below("", (ending,))).items():
        found.setdefault(path.rsplit("/", 1)[-1].lower(), source)
    return found


def _annotations(
    files: Sequence[Source | None],
) -> tuple[dict[str, Texts], NDArray[np.float64]]:
    """Attributes and (N, 5, 2) points of the N pictures; missing where a picture has no file."""
    columns: dict[str, list[str]] = {name: [""] * len(files) for name in CODES}
    points = np.full((len(files), 5, 2), np.nan)
    for row, source in enumerate(files):
        if source is None:
            continue
        fields = source.text().split()
        if len(fields) < len(CODES):
            raise DataError(_bad(source, "gender, race and age are not there"))
        for (name, levels), code in zip(CODES.items(), fields[-len(CODES) :], strict=True):
            if not code.isdecimal() or int(code) >= len(levels):
                raise DataError(_bad(source, f"{name} is 0 to {len(levels) - 1}, not '{code}'"))
            columns[name][row] = levels[int(code)]
        points[row] = _numbers(source, fields[: -len(CODES)], 10).reshape(5, 2)
    return {name: texts(column) for name, column in columns.items()}, points


def _boxes(tree: Tree, names: Collection[str]) -> NDArray[np.float64] | None:
    """(N, 4) left, top, right, bottom in the original pictures; NaN where a file is missing."""
    known = _by_name(tree, "boundingbox", "_boundingbox.txt")
    if not known:
        return None
    boxes = np.full((len(names), 4), np.nan)
    for row, name in enumerate(names):
        source = known.get(f"{name}_boundingbox.txt")
        if source is not None:
            boxes[row] = _numbers(source, source.text().split(), 4)
    return boxes


def _numbers(source: Source, fields: Sequence[str], count: int) -> NDArray[np.float64]:
    try:
        values = np.array(fields, dtype=np.float64)
    except ValueError:
        values = np.empty(0)
    if len(values) != count or not np.isfinite(values).all():
        raise DataError(_bad(source, f"expected {count} numbers, not '{' '.join(fields)}'"))
    return values


def _bad(source: Source, what: str) -> str:
    return f"{source.shown}: {what}; copy the file again, or remove it to leave its values missing."
