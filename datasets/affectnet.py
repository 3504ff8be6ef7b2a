"""AffectNet, first release, manually annotated part: CSV lists and numbered folders of pictures.

Labels are the annotators', in the order of the set's codes 0 to 7. Codes 8 to 10 (none, uncertain,
no face) are no expressions: they are left out and counted. `affectnet.keep_other` keeps them for
protocols that ask only for one class (`affectnet.positive=happy`), where they are `not_happy`, as
in Chen and Joo (2021).

The test part is the set's validation part (500 pictures a code, balanced; the training part is
not, so that accuracies on the two cannot be compared): the owners keep the true test part. A
picture in both lists counts for the test alone. A face is cut by its box; the 68 landmarks give the
five points of `aligned`. Valence and arousal (-2 where not given) are not read. There are no
attributes in this release and people are unknown.

Copies hold pictures that do not open, of odd formats (.tif, .bmp) and twice: see `data check`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.affectnet_lists import CLASSES, OTHER, OTHERS, Faces, pictures_of, read_list
from datasets.binary import BinarySettings, asked_classes, asked_labels
from datasets.errors import SettingError
from datasets.listing import TEST, TRAIN, Listing, texts
from datasets.picture_set import Facts, PictureSet
from datasets.repeated import once
from datasets.settings import setting
from datasets.spec import Codes, DatasetSpec, dataset
from datasets.tree import Tree, open_tree

REQUEST = "by request, research only: http://mohammadmahoor.com/affectnet"
SOURCE = (
    "Mollahosseini, Hasani and Mahoor 2019, IEEE Transactions on Affective Computing 10(1), 18-31, "
    "doi:10.1109/TAFFC.2017.2740923"
)
LICENCE = "research only, by request, no passing on"
IMAGES = "Manually_Annotated_Images"
LISTS = "Manually_Annotated_file_lists"
TABLES = ("training.csv", "validation.csv")
#: names of the codes 0 to 10
CODES = (*CLASSES, "none", "uncertain", "no face")
#: pictures of the training part by code 0 to 7
TRAIN_COUNTS = (74874, 134415, 25459, 14090, 6378, 3803, 24882, 3750)
#: by code 8 to 10
OTHER_COUNTS = (33088, 11645, 82415)
#: pictures of the test part of each code
TEST_COUNT = 500
BOTH = "listed for training and for the test (kept for the test)"


@dataclass(frozen=True)
class AffectNetSettings(BinarySettings):
    """Whether pictures without an expression stay."""

    keep_other: bool = setting(
        False,
        doc="keep codes 8 to 10 (none, uncertain, no face) as not the positive class (Chen and Joo "
        "2021); needs positive",
    )


def described(name: str, settings: AffectNetSettings) -> DatasetSpec:
    """The description of either part of the first release.

    Raises:
        SettingError: `keep_other` without `positive`.
    """
    if settings.keep_other and not settings.positive:
        raise SettingError(
            f"{name}.keep_other keeps pictures that are none of the classes: set {name}.positive, "
            "such as happy, too."
        )
    return DatasetSpec(
        name=name,
        classes=asked_classes(CLASSES, settings.positive, name),
        attributes=(),
        default_groups=(),
        train_images=100_000,
    )


def listed(
    tree: Tree, faces: Faces, images: str, settings: AffectNetSettings, parts: Codes | None = None
) -> Listing:
    """The pictures of one or two lists.

    Args:
        tree: the set.
        faces: lines of the lists.
        images: folder of the pictures.
        settings: which codes stay and what the classes are.
        parts: a value a line, 1 in the test part; None where there is one part.
    """
    rows, left_out = _kept(faces, settings.keep_other, parts)
    found = pictures_of(tree, images)
    paths = [faces.paths[row] for row in rows.tolist()]
    places = [f"{images}/{path}" for path in paths]
    labels = np.where(faces.codes[rows] < len(CLASSES), faces.codes[rows], OTHER)
    return Listing(
        tables=faces.tables,
        pictures=tuple(
            found.get(path) or tree.place(place) for path, place in zip(paths, places, strict=True)
        ),
        sample_ids=tuple(paths),
        labels=asked_labels(labels, CLASSES, settings.positive),
        parts=None if parts is None else texts([TRAIN, TEST])[parts[rows]],
        joins=tuple(places),
        boxes=faces.boxes[rows],
        points=None if faces.points is None else faces.points[rows],
        left_out=left_out,
    )


def _kept(faces: Faces, keep_other: bool, parts: Codes | None) -> tuple[Codes, dict[str, int]]:
    """The lines that are samples, and how many are not, by reason."""
    left_out: Counter[str] = Counter()
    asked = np.ones(len(faces.paths), dtype=np.bool_)
    if parts is not None:
        asked = ~_also_tested(faces.paths, parts)
        left_out[BOTH] += int((~asked).sum())
    for code, name in OTHERS.items():
        lines = asked & (faces.codes == code)
        if not keep_other:
            left_out[name] += int(lines.sum())
            asked &= ~lines
    rows = np.flatnonzero(asked)
    first, repeated = once([faces.paths[row] for row in rows.tolist()], faces.codes[rows])
    return rows[first], {why: count for why, count in left_out.items() if count} | repeated


def _also_tested(paths: list[str], parts: Codes) -> NDArray[np.bool_]:
    """(R,) lines of the training part whose picture the test part lists, too."""
    tested = {path for path, part in zip(paths, parts.tolist(), strict=True) if part}
    again = [not part and path in tested for path, part in zip(paths, parts.tolist(), strict=True)]
    return np.array(again, dtype=np.bool_)


def lines_of(*counts: Sequence[int]) -> dict[str, int]:
    """Rows of each of `TABLES`, as it is called by `Listing.lines`, by the codes 0 to 10."""
    return {
        f"{table}, {code}": count
        for table, own in zip(TABLES, counts, strict=True)
        for code, count in zip(CODES, own, strict=True)
    }


@dataset(title="AffectNet-Manual", licence=LICENCE, source=SOURCE)
class AffectNet(PictureSet):
    """Tested on the set's validation part; validation by seed."""

    Settings = AffectNetSettings
    facts: ClassVar[Facts] = Facts(
        request=REQUEST,
        tree=(
            f"{LISTS}/{', '.join(TABLES)}",
            f"{IMAGES}/1/0a1b...jpg ...",
        ),
        lines=lines_of(TRAIN_COUNTS + OTHER_COUNTS, (TEST_COUNT,) * len(CODES)),
        origin="widely quoted, not printed in our papers, but all add up to the 420,299 of Chen "
        "and Joo 2021",
    )

    def own_spec(self) -> DatasetSpec:
        return described("affectnet", self.settings)

    def read(self, root: Path | None) -> Listing:
        markers = (f"{LISTS}/{TABLES[0]}", f"{LISTS}.zip", IMAGES)
        tree = open_tree(root, "affectnet", markers)
        sides = [
            read_list(tree.need(f"{LISTS}/{name}", name), landmarks=self.settings.aligned)
            for name in TABLES
        ]
        parts = np.repeat([0, 1], [len(side.paths) for side in sides])
        listing = listed(tree, Faces.joined(sides), IMAGES, self.settings, parts)
        counted = [np.bincount(side.codes, minlength=len(CODES)).tolist() for side in sides]
        return replace(listing, lines=lines_of(*counted))
