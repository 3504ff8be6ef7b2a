"""Any folder of pictures with a CSV table, described by a small file: `folder.config=FACES.toml`.

The file says which column means what (`folder_config.py`, docs/datasets.md): class, attributes,
people, parts, face boxes. Nothing is guessed: a value of the table that the file does not name is
an error with its line, so that no typo becomes a group. Without a column of parts a test part is
fixed and validation dealt by seed, by person where people are known; without a column of people
every picture is its own person.

The table lies below the data root, at any depth up to three, or beside the description; pictures
lie beside the table, or where `pictures` says, in a folder or a zip archive. Several rows may show
faces of one picture where there are boxes. Tables carry the description's title; its content is
part of what identifies a result, its place is not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.folder_config import FolderConfig, read_config
from datasets.listing import Listing, texts
from datasets.picture_set import Facts, PictureSet, PictureSettings
from datasets.settings import setting
from datasets.spec import Codes, DatasetCard, DatasetSpec, dataset
from datasets.tables import Table
from datasets.tree import Source, Tree, open_tree

NAME = "folder"
_UNDESCRIBED = Facts(
    request="yours", tree=("a CSV table and pictures, described by folder.config",)
)


@dataclass(frozen=True)
class FolderSettings(PictureSettings):
    """Where the description lies."""

    config: str = setting(
        "", doc="TOML file that says which column means what; docs/datasets.md", is_file=True
    )


@dataset(title="Folder of pictures", licence="as its owner says", source="its owner")
class Folder(PictureSet):
    """What the description says."""

    Settings = FolderSettings
    facts: ClassVar[Facts] = _UNDESCRIBED

    @cached_property
    def config(self) -> FolderConfig:
        """The description.

        Raises:
            DataError: none is given.
            EvenFaceError: it cannot be read or says something that cannot be.
        """
        if not self.settings.config:
            raise DataError(
                "Data set folder needs a description of its columns beside --data-root: --set "
                "folder.config=FACES.toml (docs/datasets.md says how)."
            )
        return read_config(Path(self.settings.config))

    @property
    def about(self) -> DatasetCard:
        if not self.settings.config:
            return self.card
        config = self.config
        return replace(
            self.card,
            title=config.title,
            licence=config.files.licence,
            source=config.files.source,
        )

    @property
    def documented(self) -> Facts:
        if not self.settings.config:
            return self.facts
        files = self.config.files
        expected = (files.table, files.pictures or "pictures beside it, as its rows name them")
        return Facts(request=f"described by {self.config.path}", tree=expected)

    def own_spec(self) -> DatasetSpec:
        """As the file says; without one there are no classes."""
        if not self.settings.config:
            return DatasetSpec(NAME, (), (), (), train_images=1)
        config = self.config
        return DatasetSpec(
            name=NAME,
            classes=config.label.levels,
            attributes=config.declared(),
            default_groups=config.default_groups,
            train_images=config.files.train_images,
        )

    def read(self, root: Path | None) -> Listing:
        config = self.config
        tree = _tree_of(root, config, config.files.table)
        source = tree.need(config.files.table)
        table = Table.read(source, config.columns)
        names = (table.paths if config.box else table.distinct_paths)(config.files.picture)
        pictures = _pictures(tree, source, names, root=root, config=config)
        ids, faces = _faces(names)
        labels = config.label.read(table)
        codes = {level: code for code, level in enumerate(config.label.levels)}
        listing = Listing(
            tables=(source, Source(config.path)),
            pictures=pictures,
            sample_ids=ids,
            labels=np.array([codes.get(label, -1) for label in labels], dtype=np.int64),
            values={name: texts(role.read(table)) for name, role in config.attributes.items()},
            subjects=_subjects(table, config.files.subject, ids),
            parts=None if config.split is None else texts(config.split.read(table)),
            joins=tuple(names),
            faces=faces,
            boxes=_boxes(table, config) if config.box else None,
        )
        return _labelled(listing, table.texts(config.label.column), config.label.column)


def _tree_of(root: Path | None, config: FolderConfig, *markers: str) -> Tree:
    """The files of the folder, below the root or beside the description, that holds a marker."""
    beside = config.path.resolve().parent
    try:
        return open_tree(root, NAME, markers)
    except DataError as error:
        if not any((beside / marker).exists() for marker in markers):
            raise DataError(f"{str(error).removesuffix('.')}, or beside {config.path}.") from None
    return open_tree(beside, NAME, markers)


def _pictures(
    tree: Tree, table: Source, names: list[str], *, root: Path | None, config: FolderConfig
) -> tuple[Source, ...]:
    """The files that the rows name.

    Raises:
        DataError: none of them is there.
    """
    wanted = config.files.pictures
    starts: tuple[str, ...]
    if wanted:
        place = PurePosixPath(wanted)
        archive = wanted if place.suffix.lower() == ".zip" else f"{wanted}.zip"
        # An archive of a folder mostly holds that folder.
        starts = (f"{wanted}/", f"{archive}/{place.stem}/", f"{archive}/")
        if not any(path.startswith(starts) for path in tree.files):
            tree = _tree_of(root, config, wanted, archive)
    else:
        # Names count from the table's folder, or from where the table's own path does.
        starts = (tree.folder_of(table), "")
    for start in starts:
        if any(f"{start}{name}" in tree.files for name in names):
            return tuple(tree.place(f"{start}{name}") for name in names)
    raise DataError(
        f"None of the {len(names)} pictures of {table.shown}, the first being '{names[0]}', is in "
        f'{tree.root / starts[0]}: say in {config.path} where they are, as pictures = "FOLDER".'
    )


def _faces(names: list[str]) -> tuple[tuple[str, ...], Codes | None]:
    """Distinct ids, and the number of each face in its picture where any shows several."""
    total, seen = Counter(names), Counter[str]()
    if len(total) == len(names):
        return tuple(names), None
    numbers = []
    for name in names:
        numbers.append(seen[name])
        seen[name] += 1
    ids = [
        f"{name}#{number}" if total[name] > 1 else name
        for name, number in zip(names, numbers, strict=True)
    ]
    return tuple(ids), np.array(numbers, dtype=np.int64)


def _subjects(table: Table, column: str, ids: tuple[str, ...]) -> tuple[str, ...] | None:
    """People; a picture of nobody known is its own person."""
    if not column:
        return None
    return tuple(
        f"person {person}" if person else f"picture {own}"
        for person, own in zip(table.texts(column), ids, strict=True)
    )


def _boxes(table: Table, config: FolderConfig) -> NDArray[np.float64]:
    """(N, 4) left, top, right, bottom; NaN where all four fields are empty.

    Raises:
        DataError: some of the four are empty.
    """
    boxes = np.stack([table.numbers(column) for column in config.box], axis=1)
    known = ~np.isnan(boxes)
    partly = np.flatnonzero(known.any(axis=1) & ~known.all(axis=1))
    if len(partly):
        columns = ", ".join(config.box)
        raise DataError(f"{table.path}, line {partly[0] + 2}: some of {columns} are empty.")
    if config.box_has_size:
        boxes[:, 2:] += boxes[:, :2]
    return boxes


def _labelled(listing: Listing, values: list[str], column: str) -> Listing:
    """The rows with a class; the others counted by their value."""
    rows = np.flatnonzero(listing.labels >= 0)
    lost = Counter(values[row] for row in np.flatnonzero(listing.labels < 0).tolist())
    left_out = {f"with {column} '{value}'": count for value, count in sorted(lost.items())}
    return replace(listing.take(rows), left_out=left_out) if lost else listing
