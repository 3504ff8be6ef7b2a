"""CelebA-HQ in the packaging of CelebAMask-HQ: 30,000 faces of CelebA at 1024 x 1024.

Label, attributes, and the names of their groups are CelebA's. The set has no parts of its own: each
picture is of the part that it has in CelebA (24,183 / 2,993 / 2,824), found by the column
`orig_file` of the mapping; `orig_idx` is one lower than the number in the file's name and is not
used. CelebA's partition and identity files are read where they lie in the set's folder; without the
first the numbers of the pictures decide, which give the same parts, without the second people are
unknown.

Pictures are called `0.jpg` to `29999.jpg`, or in some packagings as in CelebA (`000004.jpg`); both
are read, and a sample's name is always CelebA's.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from datasets.celeba import (
    AGE,
    CLASSES,
    COLUMNS,
    GENDER,
    LICENCE,
    REQUEST,
    read_columns,
    read_parts,
    read_people,
)
from datasets.errors import DataError
from datasets.listing import Listing, named
from datasets.picture_set import Facts, PictureSet
from datasets.spec import DatasetSpec, dataset
from datasets.tree import Source, Tree, open_tree

_TABLE = "CelebAMask-HQ-attribute-anno.txt"
_MAPPING = "CelebA-HQ-to-CelebA-mapping.txt"
_PICTURES = "CelebA-HQ-img"
#: of a name as in CelebA, `000004`; numbers of this set have five at most
_DIGITS = 6


@dataset(
    title="CelebA-HQ",
    licence=LICENCE,
    source="Karras, Aila, Laine and Lehtinen 2018, ICLR (pictures); Lee, Liu, Wu and Luo 2020, "
    "CVPR (packaging CelebAMask-HQ)",
)
class CelebAHq(PictureSet):
    """Smiling; the parts of CelebA."""

    facts: ClassVar[Facts] = Facts(
        request=f"CelebAMask-HQ: https://github.com/switchablenorms/CelebAMask-HQ; {REQUEST}",
        tree=(
            "CelebAMask-HQ/CelebA-HQ-img/0.jpg ... 29999.jpg",
            f"CelebAMask-HQ/{_TABLE}",
            f"CelebAMask-HQ/{_MAPPING}",
            "CelebAMask-HQ/list_eval_partition.txt, identity_CelebA.txt (of CelebA, if at hand)",
        ),
        rows={"train": 24183, "validation": 2993, "test": 2824, "all": 30000},
        origin="parts: loaders of others, two that agree",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="celeba_hq",
            classes=CLASSES,
            attributes=(GENDER, AGE),
            default_groups=("gender",),
            train_images=50_000,
        )

    def read(self, root: Path | None) -> Listing:
        tree = open_tree(root, "celeba_hq", (_TABLE,))
        table = read_columns(tree.need(_TABLE), tuple(COLUMNS.values()))
        mapping, names = _original_names(tree, tuple(table.rows))
        partition, parts = read_parts(tree, names)
        identity, people = read_people(tree, names)
        found = tree.below(_PICTURES, (".jpg",))
        pictures = [
            found.get(own) or found.get(original) or tree.place(f"{_PICTURES}/{own}")
            for own, original in zip(table.rows, names, strict=True)
        ]
        if not set(found.values()).intersection(pictures):
            raise DataError(
                f"{tree.root} has none of the pictures that it lists: copy {_PICTURES}."
            )
        return Listing(
            tables=(table.source, *mapping, *partition, *identity),
            pictures=tuple(pictures),
            sample_ids=tuple(name.rpartition(".")[0] for name in names),
            labels=table.signs(COLUMNS["label"]),
            values={
                one.name: named(table.signs(COLUMNS[one.name]), one.levels) for one in (GENDER, AGE)
            },
            subjects=people,
            parts=parts,
            joins=tuple(f"{_PICTURES}/{picture.name}" for picture in pictures),
        )


def _original_names(tree: Tree, names: tuple[str, ...]) -> tuple[tuple[Source, ...], list[str]]:
    """The mapping, where it is needed, and CelebA's name of each picture.

    Raises:
        DataError: the mapping is missing, does not list a picture, or gives two of them one name.
    """
    if all(len(name.rpartition(".")[0]) == _DIGITS for name in names):
        return (), list(names)
    source = tree.need(_MAPPING)
    known: dict[str, str] = {}
    for number, line in enumerate(source.text().splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] == "idx":
            continue
        if len(fields) != 3 or not fields[0].isdecimal():
            where = f"{source.shown}, line {number}"
            raise DataError(f"{where}: expected a number, a number and a name; copy it again.")
        known[f"{fields[0]}.jpg"] = fields[2]
    lacking = [name for name in names if name not in known]
    if lacking:
        raise DataError(f"{source.shown} does not list {lacking[0]}: copy it again.")
    originals = [known[name] for name in names]
    if len(set(originals)) < len(originals):
        raise DataError(f"{source.shown} gives one picture of CelebA twice: copy it again.")
    return (source,), originals
