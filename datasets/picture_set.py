"""What all sets of real pictures share; an adapter says how its files are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets import contents
from datasets.action_units import chosen_units, content_digest, loss_notes, units_of
from datasets.contents import Progress
from datasets.errors import DataError
from datasets.listing import TEST, TRAIN, VALIDATION, Listing
from datasets.parts import deal
from datasets.pictures import VERSION as DECODER
from datasets.pictures import Geometry
from datasets.predicted import Guesses, guessed_values, read_guesses, statement_of
from datasets.preparation import Prepared, check_tolerated, prepared
from datasets.settings import setting
from datasets.side_files import content_of
from datasets.spec import Codes, Dataset, DatasetSpec, FaceData, Split
from datasets.unit_forms import KINDS


@dataclass(frozen=True)
class PictureSettings:
    """How the pictures of a set are read; adapters add their own."""

    margin: float = setting(
        0.0, doc="share of the face box added on each side, where there is one", low=0.0, high=2.0
    )
    aligned: bool = setting(
        False, doc="turn and scale faces by their five points, where there are any"
    )
    tolerated: float = setting(
        0.01, doc="largest share of pictures that may be unreadable", low=0.0, high=1.0
    )
    validation: float = setting(
        0.2, doc="share of the training part held out where the set has no validation part",
        low=0.001, high=0.9,
    )  # fmt: skip
    test: float = setting(
        0.2, doc="share of all tested where the set has no test part", low=0.001, high=0.9
    )
    action_units: str = setting(
        "", doc="file of action units, or folder of OpenFace's files; docs/action-units.md",
        is_file=True,
    )  # fmt: skip
    units: tuple[str, ...] = setting(
        (), doc="units taken from it, such as AU06,AU12; empty: the paper's twelve that it has"
    )
    attributes: str = setting(
        "", doc="attributes guessed by a classifier, written by `data annotate`", is_file=True
    )
    unit_kind: str = setting(
        "intensity",
        doc="of OpenFace's two numbers: intensity, presence, or Chen and Joo's mixture",
        choices=KINDS,
    )


@dataclass(frozen=True)
class Facts:
    """What a set is known to hold, for `data check` and the guide.

    Attributes:
        request: where it is to be had, one line.
        tree: the folders and files expected, one a line, as distributed.
        rows: part (`train`, `validation`, `test`, or `all`) -> pictures.
        counts: (part or `all`, attribute or `label`, value) -> pictures.
        lines: what of the label files -> rows, as `Listing.lines` counts them.
        checksums: file name -> MD5 of the file as distributed.
        subjects: number of people; 0 where people are unknown.
        origin: where these figures come from.
    """

    request: str
    tree: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    subjects: int = 0
    origin: str = ""


class PictureSet(Dataset):
    """A data set of picture files.

    A subclass implements `own_spec` and `read`, states `version` and `facts`, and replaces `split`
    only where the parts of the set are not those of its listing.
    """

    Settings = PictureSettings
    #: raised by hand whenever `read` or `split` change
    version: ClassVar[int] = 1
    facts: ClassVar[Facts]

    def own_spec(self) -> DatasetSpec:
        """The description without what side files add; reads nothing below the root."""
        raise TypeError(f"{type(self).__name__} does not implement own_spec()")

    def describe(self) -> DatasetSpec:
        return self._spec

    @cached_property
    def _spec(self) -> DatasetSpec:
        spec, path = self.own_spec(), self.settings.action_units
        if self._guesses is not None:
            guessed = self._guesses.attributes
            names = tuple(attribute.name for attribute in guessed)
            spec = replace(
                spec,
                attributes=spec.attributes + guessed,
                default_groups=spec.default_groups or names[:1],
            )
        if not path:
            return spec
        units = chosen_units(Path(path), self.settings.units, self.settings.unit_kind)
        return replace(spec, action_units=units)

    @cached_property
    def _guesses(self) -> Guesses | None:
        path = self.settings.attributes
        return read_guesses(Path(path)) if path else None

    def listing(self, root: Path | None) -> Listing:
        """What is read, with the attributes that a side file adds.

        Raises:
            DataError: as `read`, or a side file that does not fit.
            SettingError: settings that do not go together.
        """
        self.describe()  # Settings that contradict each other are told before files are read.
        listing = self.read(root)
        if self._guesses is None:
            return listing
        return replace(
            listing,
            values={**listing.values, **guessed_values(self._guesses, listing)},
            notes=(*listing.notes, self._guesses.note()),
        )

    @property
    def documented(self) -> Facts:
        """The facts as far as they hold under these settings."""
        return self.facts

    def read(self, root: Path | None) -> Listing:
        """What the label files say, in an order that does not depend on the file system.

        Raises:
            DataError: the set is not below `root`, or a file has a value that does not belong
            there; the message names file and line.
        """
        raise TypeError(f"{type(self).__name__} does not implement read()")

    def geometry(self, pixels: int) -> Geometry:
        """How its faces are cut."""
        return Geometry(pixels, self.settings.margin, self.settings.aligned)

    def fingerprint(self, root: Path | None, cache: Path | None = None) -> str:
        listing = self.listing(root)
        content = contents.digest(listing.pictures, cache)
        # Another decoder gives other pixels, and so other results.
        stated = f"{content} {DECODER}{self._side_content()}"
        return listing.fingerprint(self.version, self.settings, stated)

    def _side_content(self) -> str:
        """Digest of side files with what stands beside them, such as the scale of action units."""
        units, attributes = self.settings.action_units, self.settings.attributes
        own = [content_digest(Path(units))] if units else []
        own += [content_of([statement_of(Path(attributes))])] if attributes else []
        return "".join(f" {text}" for text in own)

    def prepare(
        self,
        root: Path | None,
        cache: Path,
        pixels: int,
        *,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Listing, Prepared]:
        """What `load` makes faces of, decoded at the first call; and the listing of all of it.

        Args:
            root: folder that holds the data sets.
            cache: folder of all caches.
            pixels: side of the pictures.
            workers: processes that decode; None for one a core.
            progress: told how many pictures of how many are read, then decoded.

        Raises:
            DataError: as `load`.
        """
        listing = self.listing(root)
        content = contents.digest(listing.pictures, cache, progress)
        found = prepared(
            listing, content, self.geometry(pixels), name=self.describe().name, cache=cache,
            workers=workers, progress=progress,
        )  # fmt: skip
        check_tolerated(listing, found, self.settings.tolerated, self.describe().name)
        return listing, found

    def load(self, root: Path | None, cache: Path, pixels: int) -> FaceData:
        # Starting processes is for commands: a script without a guarded main part could not.
        listing, found = self.prepare(root, cache, pixels, workers=1)
        spec = self.describe()
        if found.bad:
            listing = listing.take(found.rows)
        faces = faces_of(listing, spec, found.images)
        notes = (*listing.notes, *left_out_notes(listing, len(found.bad)))
        if not spec.action_units:
            return replace(faces, notes=notes)
        units = units_of(
            listing, Path(self.settings.action_units), spec.action_units,
            self.settings.unit_kind, cache=cache,
        )  # fmt: skip
        notes += loss_notes(spec, faces.attributes, units.known)
        return replace(
            faces, action_units=units.values, action_units_known=units.known, notes=notes
        )

    def split(self, faces: FaceData, seed: int) -> Split:
        """The parts as distributed; what the set does not part is dealt.

        Where there is no test part a fixed share is tested, where there is no validation part a
        share of the rest by seed; both by person where people are known, and even in class and
        default groups.

        Raises:
            DataError: too few people or pictures for the parts.
        """
        return dealt_split(
            faces, seed, validation=self.settings.validation, test=self.settings.test
        )


def faces_of(listing: Listing, spec: DatasetSpec, images: NDArray[np.uint8]) -> FaceData:
    """The faces of a listing with their pictures; unsure and missing attributes are -1."""
    ids = np.array(listing.sample_ids, dtype=np.str_)
    return FaceData(
        spec=spec,
        images=images,
        labels=listing.labels,
        attributes=attribute_codes(listing, spec),
        subjects=ids if listing.subjects is None else np.array(listing.subjects, dtype=np.str_),
        sample_ids=ids,
        parts=listing.parts,
    )


def attribute_codes(listing: Listing, spec: DatasetSpec) -> Codes:
    """(N, J) codes of the attributes; -1 for unsure and missing."""
    columns = [listing.codes(a.name, a.levels) for a in spec.attributes]
    return np.stack(columns, axis=1) if columns else np.empty((len(listing), 0), dtype=np.int64)


def left_out_notes(listing: Listing, bad: int) -> tuple[str, ...]:
    """A sentence where pictures or rows of the label files are not among the faces."""
    reasons = [f"{count} ({why})" for why, count in listing.left_out.items() if count]
    if bad:
        reasons.append(f"{bad} (unreadable pictures, see `data check`)")
    return (f"Left out: {', '.join(reasons)}.",) if reasons else ()


def dealt_split(faces: FaceData, seed: int, *, validation: float, test: float) -> Split:
    """As `PictureSet.split`."""
    everything = np.arange(len(faces))
    parts = faces.parts if faces.parts is not None else np.full(len(faces), TRAIN)
    tested = np.flatnonzero(parts == TEST)
    if not len(tested):
        tested = held_out(faces, everything, test, f"{faces.spec.name} test")
    rest = np.setdiff1d(np.flatnonzero(parts != TEST), tested)
    held = rest[parts[rest] == VALIDATION]
    if not len(held):
        held = held_out(faces, rest, validation, f"{faces.spec.name} validation {seed}")
    train = np.setdiff1d(rest, held)
    if not (len(train) and len(held) and len(tested)):
        raise DataError(f"Data set {faces.spec.name} has too few pictures for three parts.")
    return Split(train=train, validation=held, test=tested)


def held_out(faces: FaceData, rows: Codes, share: float, salt: str) -> Codes:
    """About `share` of `rows`, whole people, even in class and default groups; ascending.

    A person stands in the stratum of its first picture. The same for the same names and salt.
    """
    people, first, person = np.unique(faces.subjects[rows], return_index=True, return_inverse=True)
    spec = faces.spec
    # Guessed attributes do not decide: the parts are the same whoever guessed.
    known = [spec.attribute(name) for name in spec.default_groups]
    places = [spec.attributes.index(attribute) for attribute in known if not attribute.confusion]
    own = rows[first]
    keys = np.column_stack([faces.labels[own], faces.attributes[own][:, places]])
    strata = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
    # One part in so many; a share such as .3 takes three parts of ten.
    one_in = max(2, round(1 / share)) if share <= 0.5 else 100
    taken = 1 if share <= 0.5 else round(100 * share)
    part = deal([str(name) for name in people], strata, salt, one_in)
    chosen: Codes = rows[part[person] < taken]
    return chosen
