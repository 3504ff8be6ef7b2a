"""CelebA: 202,599 aligned faces of celebrities, smiling or not.

Label and attributes are the columns `Smiling`, `Male` and `Young` of the set's own table, written
-1 and 1 there; the age group that is not young is called `old`, as Rizvi et al. 2024 do. Parts are
the official ones (162,770 / 19,867 / 19,962), from the partition file or, where that is missing,
from the numbers of the pictures that it follows. People are known where the identity file is there;
no person is in two official parts.

The label files are read as text or as the `.csv` of a popular mirror. A table with fewer rows than
its first line says is refused: copies cut at 20,000 rows are about. The boxes of
`list_bbox_celeba.txt` belong to the uncropped pictures and are not used; the five points of
`list_landmarks_align_celeba.txt` serve `celeba.aligned`.

Where we differ from the papers: Rizvi et al. test on "39,920 images", which is no official part nor
a sum of them; their shares are those of the official test part, which is what is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.listing import PARTS, Listing, Texts, named, texts
from datasets.picture_set import Facts, PictureSet
from datasets.spec import Attribute, Codes, DatasetSpec, dataset
from datasets.tree import Source, Tree, open_tree

CLASSES = ("not_smiling", "smiling")
GENDER = Attribute("gender", ("female", "male"))
AGE = Attribute("age", ("old", "young"))
#: class and attributes -> the column whose 1 is their second level
COLUMNS = {"label": "Smiling", "gender": "Male", "age": "Young"}
#: numbers of the last picture of the training and of the validation part
LAST = (162770, 182637)
LICENCE = "non-commercial research, no copies of any part may be passed on"
REQUEST = "http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, after its agreement"

_TABLES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
_PICTURES = "img_align_celeba"
_POINTS = ("list_landmarks_align_celeba.txt", "list_landmarks_align_celeba.csv")


@dataclass(frozen=True)
class Columns:
    """Columns of a label file, a row a picture.

    Attributes:
        source: the file.
        names: of the columns.
        rows: name of the picture -> its texts in them, in the order of the file.
    """

    source: Source
    names: tuple[str, ...]
    rows: Mapping[str, tuple[str, ...]]

    def row(self, picture: str) -> tuple[str, ...]:
        """The texts of a picture.

        Raises:
            DataError: the file does not list it.
        """
        if picture not in self.rows:
            raise DataError(
                f"{self.source.shown} does not list {picture}, which other files of the set do: "
                "copy it again."
            )
        return self.rows[picture]

    def signs(self, column: str) -> Codes:
        """(N,) 0 for a -1, 1 for a 1.

        Raises:
            DataError: another text.
        """
        place, codes = self.names.index(column), {"-1": 0, "1": 1}
        found = np.empty(len(self.rows), dtype=np.int64)
        for row, (picture, fields) in enumerate(self.rows.items()):
            if fields[place] not in codes:
                raise DataError(
                    f"{self.source.shown}, {picture}: {column} is -1 or 1, not '{fields[place]}'; "
                    "copy the file as it was distributed."
                )
            found[row] = codes[fields[place]]
        return found


def read_columns(source: Source, columns: Sequence[str] = ()) -> Columns:
    """Columns of a table in CelebA's own form, or in the `.csv` of a mirror.

    CelebA's form is: the number of rows; the names of the columns; then a picture and its values in
    each line, parted by one or more blanks. The mirror's: names, that of the picture first; rows.

    Args:
        source: the file.
        columns: those wanted; empty for all.

    Raises:
        DataError: a column is missing, or the file was cut; as `_rows`.
    """
    lines = source.text().splitlines()
    separator = _separator(source)
    start = 2 if separator is None else 1
    names = lines[start - 1].split(separator)[2 - start :] if len(lines) >= start else []
    lacking = [column for column in columns if column not in names]
    if lacking or not names:
        what = ", ".join(lacking) or "the names of its columns"
        raise DataError(f"{source.shown} lacks {what}: copy the file again.")
    wanted = tuple(columns) or tuple(names)
    places = [names.index(column) + 1 for column in wanted]
    rows = _rows(source, lines[start:], start + 1, (len(names) + 1, places))
    if separator is None and lines[0].strip() != str(len(rows)):
        raise DataError(
            f"{source.shown} has {len(rows)} rows, its first line says {lines[0].strip()}: the "
            "file was cut; copy it again."
        )
    return Columns(source, wanted, rows)


def read_pairs(source: Source) -> Columns:
    """Picture and value of each line; a `.csv` has a header.

    Raises:
        DataError: as `_rows`.
    """
    lines = source.text().splitlines()
    start = 0 if _separator(source) is None else 1
    return Columns(source, ("value",), _rows(source, lines[start:], start + 1, (2, [1])))


def _separator(source: Source) -> str | None:
    return "," if source.name.lower().endswith(".csv") else None


def _rows(
    source: Source, lines: Sequence[str], first: int, form: tuple[int, Sequence[int]]
) -> dict[str, tuple[str, ...]]:
    """First field -> fields at some places; `form` is the number of fields and these places.

    Raises:
        DataError: a line of another number of fields, or a picture that comes twice.
    """
    separator, (width, places) = _separator(source), form
    rows: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(lines, start=first):
        fields = line.split(separator)
        if not line.strip():
            continue
        where = f"{source.shown}, line {number}"
        if len(fields) != width:
            raise DataError(f"{where}: {len(fields)} fields, not {width}; copy the file again.")
        if fields[0] in rows:
            raise DataError(f"{where}: {fields[0]} comes twice; copy the file again.")
        rows[fields[0]] = tuple([fields[place] for place in places])
    return rows


def read_parts(tree: Tree, pictures: Sequence[str]) -> tuple[tuple[Source, ...], Texts]:
    """The official parts of CelebA's pictures, and the file that says so, where there is one.

    Args:
        tree: a set that may hold CelebA's partition file.
        pictures: CelebA's names, `000123.jpg`; without the file their numbers decide.

    Raises:
        DataError: the file has another part than 0 to 2, or does not list a picture; a name is
        none of CelebA's.
    """
    numbers = [_number(name) for name in pictures]
    source = tree.find("list_eval_partition.txt", "list_eval_partition.csv")
    if source is None:
        return (), named(np.searchsorted(LAST, numbers).astype(np.int64), PARTS)
    listed = read_pairs(source)
    parts = dict(zip(("0", "1", "2"), PARTS, strict=True))
    found = []
    for name in pictures:
        (code,) = listed.row(name)
        if code not in parts:
            raise DataError(f"{source.shown}, {name}: the part is 0, 1 or 2, not '{code}'.")
        found.append(parts[code])
    return (source,), texts(found)


def read_people(
    tree: Tree, pictures: Sequence[str]
) -> tuple[tuple[Source, ...], tuple[str, ...] | None]:
    """The identity file and the persons in CelebA's pictures; None where it is not in `tree`.

    Raises:
        DataError: the file does not list a picture.
    """
    source = tree.find("identity_CelebA.txt")
    if source is None:
        return (), None
    listed = read_pairs(source)
    return (source,), tuple(listed.row(name)[0] for name in pictures)


def _number(name: str) -> int:
    stem = name.rpartition(".")[0]
    if len(stem) != 6 or not stem.isdecimal():
        raise DataError(f"'{name}' is not the name of a picture of CelebA, such as 000123.jpg.")
    return int(stem)


def _read_points(
    tree: Tree, pictures: Sequence[str]
) -> tuple[tuple[Source, ...], NDArray[np.float64] | None]:
    """The file and (N, 5, 2) eyes, nose, corners of the mouth; None where it is missing."""
    source = tree.find(*_POINTS)
    if source is None:
        return (), None
    listed = read_columns(source)
    try:
        points = np.array([listed.row(name) for name in pictures], dtype=np.float64)
        return (source,), points.reshape(-1, 5, 2)
    except ValueError:
        raise DataError(f"{source.shown} does not hold ten numbers a picture.") from None


@dataset(
    title="CelebA",
    licence=LICENCE,
    source="Liu, Luo, Wang and Tang 2015, ICCV, Deep learning face attributes in the wild",
)
class CelebA(PictureSet):
    """Smiling; the official parts."""

    facts: ClassVar[Facts] = Facts(
        request=REQUEST,
        tree=(
            "celeba/img_align_celeba/000001.jpg ... (or img_align_celeba.zip)",
            "celeba/list_attr_celeba.txt (or .csv; also below Anno/)",
            "celeba/list_eval_partition.txt (or .csv; also below Eval/)",
            "celeba/identity_CelebA.txt (people; else unknown)",
            "celeba/list_landmarks_align_celeba.txt (for celeba.aligned)",
        ),
        rows={"train": 162770, "validation": 19867, "test": 19962, "all": 202599},
        counts={
            ("train", "gender", "male"): 68261,
            ("validation", "gender", "male"): 8458,
            ("test", "gender", "male"): 7715,
        },
        checksums={
            "list_attr_celeba.txt": "75e246fa4810816ffd6ee81facbd244c",
            "list_eval_partition.txt": "d32c9cbf5e040fd4025c592c306e6668",
            "identity_CelebA.txt": "32bd1bd63d3c78cd57e08160ec5ed1e2",
            "list_landmarks_align_celeba.txt": "cc24ecafdb5b50baae59b03474781f8c",
            "img_align_celeba.zip": "00d2c5bc6d35e252742224ab0c1e8fcb",
        },
        subjects=10177,
        origin="checksums: torchvision's loader; parts and men: counted by others in the "
        "partition file",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="celeba",
            classes=CLASSES,
            attributes=(GENDER, AGE),
            default_groups=("gender",),
            train_images=100_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "celeba", (*_TABLES, *(f"Anno/{name}" for name in _TABLES)))
        table = read_columns(tree.need(*_TABLES), tuple(COLUMNS.values()))
        names = tuple(table.rows)
        found = tree.below(_PICTURES, (".jpg",))
        if not any(name in found for name in names):
            raise DataError(
                f"{tree.root} has none of the pictures that it lists: copy {_PICTURES}.zip into it."
            )
        partition, parts = read_parts(tree, names)
        identity, people = read_people(tree, names)
        marks, points = _read_points(tree, names) if self.settings.aligned else ((), None)
        return Listing(
            tables=(table.source, *partition, *identity, *marks),
            pictures=tuple(found.get(name) or tree.place(f"{_PICTURES}/{name}") for name in names),
            sample_ids=tuple(name.rpartition(".")[0] for name in names),
            labels=table.signs(COLUMNS["label"]),
            values={
                one.name: named(table.signs(COLUMNS[one.name]), one.levels) for one in (GENDER, AGE)
            },
            subjects=people,
            parts=parts,
            joins=tuple(f"{_PICTURES}/{name}" for name in names),
            points=points,
        )
