"""FER2013: 35,887 faces of the web, 48 x 48 and grey, found by words for expressions.

Three packagings are read: the table `fer2013.csv` or `icml_face_data.csv` (other order of columns,
blanks in their names) whose lines hold the pictures; folders `train` and `test` with a folder a
class; and the competition's `train.csv`, which has no test part. Its `test.csv` has no labels and
is left out.

Parts: `Training` trains, `PublicTest` validates, `PrivateTest` tests. A picture in folders belongs
to the part that its name says (`PublicTest_123.jpg`), else to that of its folder, so that a copy
whose names say nothing has no validation part and a share of training is held out by seed.

Neither people nor any attribute are given. A few pictures are blank: they count as unreadable and
are left out. Others show no face, are repeated or wrongly labelled, and stay; `ferplus` has better
labels of the same pictures. So that no other set of folders is taken for this one, a picture must
be of 48 x 48 pixels.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from datasets.blank import open_shown_picture
from datasets.errors import DataError
from datasets.expression_names import canonical
from datasets.listing import TEST, TRAIN, VALIDATION, Listing, Texts, texts
from datasets.picture_set import Facts, PictureSet
from datasets.pixel_table import SIDE, PixelTable, open_pixels, read_pixel_table
from datasets.spec import DatasetSpec, dataset
from datasets.tree import Source, Tree, open_tree

#: in the order of the codes 0 to 6
CLASSES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
PARTS = {"Training": TRAIN, "PublicTest": VALIDATION, "PrivateTest": TEST}
TABLES = ("fer2013.csv", "icml_face_data.csv")
FOLDERS = {"train": TRAIN, "validation": VALIDATION, "test": TEST}

_COMPETITION = "train.csv"
_MARKERS = (*TABLES, "train/disgust", "train/disgusted", _COMPETITION)
_SUFFIXES = (".jpg", ".jpeg", ".png")
_UNLABELLED = "without label (test.csv of the competition)"
_CLASSLESS = "pictures that lie in no folder of a class"


def open_small_picture(content: bytes) -> Image.Image:
    """A picture file of this set.

    Raises:
        ValueError: it is blank or not 48 x 48; and what `open_picture` raises.
    """
    picture = open_shown_picture(content)
    if picture.size != (SIDE, SIDE):
        width, height = picture.size
        raise ValueError(f"{width} x {height} pixels, not {SIDE} x {SIDE}: of another data set")
    return picture


@dataset(
    title="FER2013",
    licence="unclear: pictures of the web, distributed for a competition",
    source="Goodfellow et al. 2013, Challenges in representation learning, ICONIP, arXiv:1307.0414",
)
class Fer2013(PictureSet):
    """Official parts."""

    facts: ClassVar[Facts] = Facts(
        request="https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-"
        "recognition-challenge",
        tree=(
            "fer2013/fer2013.csv (or icml_face_data.csv; zipped, too)",
            "or fer2013/train/angry/Training_3908.jpg ..., fer2013/test/angry/PublicTest_88.jpg",
        ),
        rows={"all": 35887, TRAIN: 28709, VALIDATION: 3589, TEST: 3589},
        counts={
            ("all", "label", name): count
            for name, count in zip(CLASSES, (4953, 547, 5121, 8989, 6077, 4002, 6198), strict=True)
        },
        origin="parts: FER+ vote table; classes: widely quoted, not re-checked, but they add up",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="fer2013",
            classes=CLASSES,
            attributes=(),
            default_groups=(),
            train_images=30_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "fer2013", _MARKERS, ("pixels",))
        table = tree.find(*TABLES)
        if table is not None:
            return _of_table(read_pixel_table(table), {})
        if tree.holds("train/disgust") or tree.holds("train/disgusted"):
            return _of_folders(tree)
        unlabelled = tree.find("test.csv")
        left = {} if unlabelled is None else {_UNLABELLED: len(read_pixel_table(unlabelled))}
        return _of_table(read_pixel_table(tree.need(_COMPETITION)), left)


def row_ids(size: int) -> tuple[str, ...]:
    """Names of the pictures of the table: the place of their line, counted from 0."""
    return tuple(f"{row:05}" for row in range(size))


def _of_table(table: PixelTable, left_out: dict[str, int]) -> Listing:
    codes = {str(code): code for code in range(len(CLASSES))}
    known = [codes.get(text, -1) for text in table.emotions]
    if -1 in known or not known:
        raise DataError(
            f"{table.source.shown}, line {known.index(-1) + 2 if known else 1}: emotion must be a "
            f"number from 0 to {len(CLASSES) - 1}: copy the data set again."
        )
    ids = row_ids(len(table))
    return Listing(
        tables=(table.source,),
        pictures=table.pictures,
        sample_ids=ids,
        labels=np.array(known, dtype=np.int64),
        parts=parts_of(table.usages, table.source) if table.usages else None,
        joins=tuple(f"{name}.png" for name in ids),
        left_out=left_out,
        opener=open_pixels,
    )


def parts_of(usages: tuple[str, ...], source: Source) -> Texts:
    """(N,) part of each line.

    Raises:
        DataError: a text that names no part.
    """
    strange = next((line for line, usage in enumerate(usages) if usage not in PARTS), None)
    if strange is not None:
        raise DataError(
            f"{source.shown}, line {strange + 2}: Usage must be one of {', '.join(PARTS)}, not "
            f"'{usages[strange]}'."
        )
    return texts(PARTS[usage] for usage in usages)


def _of_folders(tree: Tree) -> Listing:
    found: list[tuple[str, int, str, Source]] = []
    left_out: Counter[str] = Counter()
    for folder, part in FOLDERS.items():
        for path, source in sorted(tree.below(folder, _SUFFIXES).items()):
            above, _, name = path.rpartition("/")
            if not above:
                left_out[_CLASSLESS] += 1
                continue
            code = _class_of(above.rpartition("/")[2], source)
            found.append((f"{folder}/{path}", code, _part_of(name, part), source))
    if not found:
        raise DataError(f"{tree.root} has no pictures in train/CLASS/: copy the data set again.")
    ids, labels, parts, pictures = zip(*found, strict=True)
    return Listing(
        tables=(),
        pictures=pictures,
        sample_ids=ids,
        labels=np.array(labels, dtype=np.int64),
        parts=texts(parts),
        joins=ids,
        left_out=left_out,
        opener=open_small_picture,
    )


def _class_of(folder: str, source: Source) -> int:
    name = canonical(folder)
    if name not in CLASSES:
        raise DataError(
            f"{source.shown}: '{folder}' is no class of FER2013, which are {', '.join(CLASSES)}: "
            "remove the folder."
        )
    return CLASSES.index(name)


def _part_of(name: str, part: str) -> str:
    return PARTS.get(name.partition("_")[0], part)
