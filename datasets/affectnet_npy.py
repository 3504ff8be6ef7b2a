"""AffectNet, later release: faces of 224 x 224 pixels, a few `.npy` files a picture, 8 classes.

Labels are the annotators', in the order of the codes 0 to 7 of the first release; codes 8 to 10 are
not part of it. The test part is the set's validation part, balanced over the classes as the
training part is not. Names repeat across the parts (`0.jpg` is in both): samples are `train/0` and
`test/0`. The numbers are arrays without dimensions, of numbers or of text. Valence and arousal (-2
where not given) are not read; the landmarks are, for `aligned`. There are no attributes.

Some downloads carry about 30,000 pictures only: `data check` compares. Later copies have 3,999
instead of 4,000 test pictures, which is as good.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datasets.affectnet import LICENCE, REQUEST, SOURCE, TEST_COUNT, TRAIN_COUNTS
from datasets.affectnet_lists import CLASSES, five_points
from datasets.binary import BinarySettings, asked_classes, asked_labels
from datasets.errors import DataError
from datasets.listing import TEST, TRAIN, Listing, texts
from datasets.path_ends import PICTURE_SUFFIXES
from datasets.picture_set import Facts, PictureSet
from datasets.spec import DatasetSpec, dataset
from datasets.tree import Source, Tree, open_tree

FOLDERS = {TRAIN: "train_set", TEST: "val_set"}
NO_LABEL = "pictures without an expression file"
#: Later copies lack one test picture; of which class is not documented.
LATER_TEST, LATER_TEST_COUNT = "val_set of later copies", 3_999
_EXPRESSION, _LANDMARKS = "_exp.npy", "_lnd.npy"
#: codes as numbers of any type and as text
_CODES = {f"{code}{end}": code for code in range(len(CLASSES)) for end in ("", ".0")}
#: bytes in front of the header of a `.npy` file of version 1; the last two are its length
_HEADER = 10


@dataset(title="AffectNet (release of 8 classes)", licence=LICENCE, source=SOURCE)
class AffectNetNpy(PictureSet):
    """Tested on the set's validation part; validation by seed."""

    Settings = BinarySettings
    facts: ClassVar[Facts] = Facts(
        request=REQUEST,
        tree=(
            "train_set/images/0.jpg ...",
            "train_set/annotations/0_exp.npy, 0_lnd.npy (0_val.npy, 0_aro.npy are not read) ...",
            "val_set/... (the same)",
        ),
        lines={
            **{f"train_set, {name}": n for name, n in zip(CLASSES, TRAIN_COUNTS, strict=True)},
            **{f"val_set, {name}": TEST_COUNT for name in CLASSES},
            LATER_TEST: LATER_TEST_COUNT,
        },
        origin="widely quoted, not printed in our papers, but their sum is the 287,651 of the "
        "release",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="affectnet_npy",
            classes=asked_classes(CLASSES, self.settings.positive, "affectnet_npy"),
            attributes=(),
            default_groups=(),
            train_images=100_000,
        )

    def read(self, root: Path | None) -> Listing:
        markers = ("train_set/annotations", "train_set/images", "train_set.zip")
        tree = open_tree(root, "affectnet_npy", markers)
        left_out: Counter[str] = Counter()
        faces = [
            face
            for part in FOLDERS
            for face in _faces(tree, part, left_out, landmarks=self.settings.aligned)
        ]
        codes = np.array([face.code for face in faces], dtype=np.int64)
        return Listing(
            tables=(),
            pictures=tuple(face.picture for face in faces),
            sample_ids=tuple(f"{face.part}/{face.name}" for face in faces),
            labels=asked_labels(codes, CLASSES, self.settings.positive),
            parts=texts(face.part for face in faces),
            joins=tuple(
                f"{FOLDERS[face.part]}/images/{face.name}{PurePosixPath(face.picture.name).suffix}"
                for face in faces
            ),
            points=np.array([face.points for face in faces]) if self.settings.aligned else None,
            left_out=dict(left_out),
            lines=_lines(faces),
        )


class _Face(NamedTuple):
    part: str
    name: str
    code: int
    picture: Source
    points: NDArray[np.float64] | None


def _lines(faces: Sequence[_Face]) -> dict[str, int]:
    """Pictures of each part and class; of the later test part, which lacks one, of all classes."""
    counted = Counter((face.part, face.code) for face in faces)
    lines = {
        f"{folder}, {name}": counted[part, code]
        for part, folder in FOLDERS.items()
        for code, name in enumerate(CLASSES)
    }
    tested = sum(face.part == TEST for face in faces)
    if tested != LATER_TEST_COUNT:
        return lines
    test = f"{FOLDERS[TEST]}, "
    kept = {what: count for what, count in lines.items() if not what.startswith(test)}
    return kept | {LATER_TEST: tested}


def _faces(tree: Tree, part: str, left_out: Counter[str], *, landmarks: bool) -> list[_Face]:
    """The pictures of one part with an expression, in the order of their numbers.

    Raises:
        DataError: the part has none, or a file has not the numbers that its name promises.
    """
    folder = FOLDERS[part]
    files = tree.below(folder)
    numbers = _by_stem(files, "annotations", _EXPRESSION)
    if not numbers:
        raise DataError(
            f"{tree.root} has no {folder}/annotations/0{_EXPRESSION} or others: copy or unpack "
            f"{folder} there."
        )
    marks = _by_stem(files, "annotations", _LANDMARKS) if landmarks else {}
    pictures = {
        stem: source
        for suffix in sorted(PICTURE_SUFFIXES)
        for stem, source in _by_stem(files, "images", suffix).items()
    }
    left_out[NO_LABEL] += len(pictures.keys() - numbers.keys())
    return [
        _Face(
            part,
            name,
            _code(numbers[name]),
            pictures.get(name) or tree.place(f"{folder}/images/{name}.jpg"),
            _points(marks.get(name)) if landmarks else None,
        )
        for name in sorted(numbers, key=lambda name: (len(name), name))
    ]


def _by_stem(files: Mapping[str, Source], folder: str, ending: str) -> dict[str, Source]:
    """What stands before `ending` in the names of `folder` -> file."""
    return {
        path[len(folder) + 1 : -len(ending)]: source
        for path, source in files.items()
        if path.endswith(ending) and path.startswith(f"{folder}/")
    }


def _code(source: Source) -> int:
    values = _array(source).ravel().astype(np.str_)
    if values.shape == (1,) and values[0] in _CODES:
        return _CODES[values[0]]
    raise DataError(
        f"{source.shown} must hold one expression from 0 to {len(CLASSES) - 1}, not "
        f"'{' '.join(values[:3])}'."
    )


def _points(source: Source | None) -> NDArray[np.float64]:
    """(5, 2) of the 68 landmarks in a file; NaN where there is none."""
    if source is None:
        return np.full((5, 2), np.nan)
    try:
        return five_points(_array(source).astype(np.float64).reshape(68, 2))
    except ValueError as error:
        raise DataError(f"{source.shown} must hold x and y of 68 landmarks ({error}).") from error


def _array(source: Source) -> NDArray[Any]:
    """The array in a `.npy` file; nothing that it pickles is run.

    Raises:
        DataError: it is no such file.
    """
    try:
        content = source.read()
        start = _HEADER + int.from_bytes(content[_HEADER - 2 : _HEADER], "little")
        shape, order, dtype = _layout(content[:start])
        return np.frombuffer(content, dtype, offset=start).reshape(shape, order=order)
    except (OSError, ValueError) as error:
        raise DataError(f"{source.shown} cannot be read as numbers ({error}).") from error


@lru_cache(maxsize=256)
def _layout(header: bytes) -> tuple[tuple[int, ...], Literal["C", "F"], np.dtype[Any]]:
    """Shape, order and type that the header of a `.npy` file of version 1 states.

    Kept, for hundreds of thousands of files have the same one.
    """
    handle = io.BytesIO(header)
    if np.lib.format.read_magic(handle) != (1, 0):
        raise ValueError("not of version 1.0")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(handle)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    return shape, "F" if is_fortran else "C", dtype
