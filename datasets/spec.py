"""What a data set is, in types: description, faces on the host, parts, a batch on the device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError, WithheldError
from datasets.settings import NoSettings

if TYPE_CHECKING:
    from torch import Tensor

Codes = NDArray[np.int64]

EXPRESSIONS = (
    "neutral", "happy", "sad", "angry", "fear", "surprise", "disgust", "contempt",
)  # fmt: skip
UNKNOWN = -1


@dataclass(frozen=True)
class Attribute:
    """A protected attribute and its declared levels, in the order in which codes count them.

    `confusion` holds, of an attribute that a classifier guessed, its counts (true level, guessed
    level) on faces whose level is known; it is empty for an attribute that is known.
    """

    name: str
    levels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class DatasetSpec:
    """What is known of a data set before a picture is read.

    Attributes:
        name: registry key.
        classes: class names in code order.
        attributes: every attribute that is reported, in the column order of `FaceData.attributes`.
        default_groups: names of the attributes whose product the methods train with by default.
        train_images: training budget of the `default` preset, in images seen.
        action_units: names (`AU01`) in the column order of `FaceData.action_units`; empty where
            there are none.
        folds: number of seeds that together test every picture once; 1 for a fixed test part.
        has_validation: False where the protocol leaves no validation part: the rules that select
            by it then keep the last checkpoint.
    """

    name: str
    classes: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    default_groups: tuple[str, ...]
    train_images: int
    action_units: tuple[str, ...] = ()
    folds: int = 1
    has_validation: bool = True

    @property
    def num_classes(self) -> int:
        return len(self.classes)

    def attribute(self, name: str) -> Attribute:
        """The attribute called `name`.

        Raises:
            DataError: the data set has no such attribute.
        """
        for candidate in self.attributes:
            if candidate.name == name:
                return candidate
        known = ", ".join(a.name for a in self.attributes) or "none"
        raise DataError(f"Data set {self.name} has no attribute '{name}'; it has {known}.")


@dataclass(frozen=True)
class FaceData:
    """All faces of a data set on the host.

    Attributes:
        spec: the description.
        images: (N, H, W, 3) uint8, often a read-only memory map.
        labels: (N,) class codes as this part of the data is labelled (an annotator's, or the
            truth).
        attributes: (N, J) codes in the order of `spec.attributes`, -1 unknown.
        subjects: (N,) text; pictures of one person share it; every picture its own where people
            are unknown.
        sample_ids: (N,) text, unique and stable.
        action_units: (N, M) float32 in [0, 1], or None.
        action_units_known: (N,) bool, False where no face was measured; None where `action_units`
            is.
        parts: (N,) `train`, `validation` or `test` as the set was distributed; None where it was
            not parted.
        notes: sentences that every report on these faces must carry.
    """

    spec: DatasetSpec
    images: NDArray[np.uint8]
    labels: Codes
    attributes: Codes
    subjects: NDArray[np.str_]
    sample_ids: NDArray[np.str_]
    action_units: NDArray[np.float32] | None = None
    action_units_known: NDArray[np.bool_] | None = None
    parts: NDArray[np.str_] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.labels)
        for name in ("images", "attributes", "subjects", "sample_ids"):
            if len(getattr(self, name)) != size:
                raise DataError(f"Data set {self.spec.name}: {name} has not {size} rows.")

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Split:
    """Row indices of the three parts for one seed.

    `test` is the same for every seed unless `spec.folds` > 1.
    """

    train: Codes
    validation: Codes
    test: Codes


def groups_of(attributes: Codes, sizes: Iterable[int]) -> Codes:
    """Intersectional group codes, row-major over the attributes.

    Args:
        attributes: (N, J) codes, -1 unknown.
        sizes: J level counts.

    Returns:
        (N,) codes in 0..prod(sizes)-1; -1 where any attribute is unknown; all 0 for J = 0.

    Source: metrics.md 0.1.
    """
    codes = np.zeros(len(attributes), dtype=np.int64)
    for column, size in zip(attributes.T, sizes, strict=True):
        codes = codes * size + column
    codes[(attributes < 0).any(axis=1)] = UNKNOWN
    return codes


class Batch:
    """Tensors of B samples; reading a field that the method did not declare raises.

    Fields:
        images: (B, 3, H, W) float, normalised per channel.
        labels: (B,) int64 class codes.
        groups: (B,) int64 intersectional group codes, -1 unknown.
        attributes: (B, J) int64 codes of the grouped attributes, -1 unknown.
        action_units: (B, M) float in [0, 1].
        action_units_known: (B,) bool.
        index: (B,) int64, stable position of the sample in the training part.
        subjects: (B,) int64 codes of the person.
        views: (B, 3, H, W) float, a second, independently augmented view of `images`.
        features: (B, ...) float, what the networks of earlier stages make of the pictures; only in
            stages that fit, or that train on features instead of pictures.
    """

    images: Tensor
    labels: Tensor
    groups: Tensor
    attributes: Tensor
    action_units: Tensor
    action_units_known: Tensor
    index: Tensor
    subjects: Tensor
    views: Tensor
    features: Tensor

    #: field -> the need that a method declares to be given it
    NEED: ClassVar[dict[str, str]] = {
        "groups": "train_groups",
        "attributes": "train_groups",
        "action_units": "action_units",
        "action_units_known": "action_units",
        "index": "sample_index",
        "subjects": "subjects",
        "views": "two_views",
    }

    def __init__(self, **fields: Tensor) -> None:
        self.__dict__.update(fields)

    def __getattr__(self, name: str) -> Tensor:
        # Reached only for fields that were not handed over; dunder look-ups (copy, pickle) must
        # fail the usual way.
        if name.startswith("_") or name not in Batch.__annotations__:
            raise AttributeError(name)
        need = self.NEED.get(name, name)
        other = " (val_groups, test_groups for those parts)" if need == "train_groups" else ""
        raise WithheldError(
            f"The method read batch.{name}, which it was not given: "
            f"add '{need}'{other} to what it declares, or do not read it."
        )

    def __len__(self) -> int:
        return len(next(iter(self.__dict__.values())))

    def take(self, rows: Tensor) -> Batch:
        """The batch restricted to `rows` (indices or a mask)."""
        return Batch(**{name: value[rows] for name, value in self.__dict__.items()})


@dataclass(frozen=True)
class DatasetCard:
    """What `list datasets` prints of a data set."""

    key: str
    title: str
    licence: str
    source: str


class Dataset:
    """Base of the adapters: description, faces, parts.

    `Settings` holds the generator or reading options; `--set KEY.name=value` changes them. A
    subclass is registered by `@dataset(...)`, its key being the name of its file.
    """

    card: ClassVar[DatasetCard]
    Settings: ClassVar[type] = NoSettings
    #: False for data that the suite makes itself
    needs_root: ClassVar[bool] = True
    #: whether the test part carries the truth and the rest an annotator's labels
    truth_in_test: ClassVar[bool] = False

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings if settings is not None else self.Settings()

    @property
    def about(self) -> DatasetCard:
        """The card under these settings."""
        return self.card

    def describe(self) -> DatasetSpec:
        """The description under these settings; reads no file but those that settings name."""
        raise TypeError(f"{type(self).__name__} does not implement describe()")

    def fingerprint(self, root: Path | None, cache: Path | None = None) -> str:
        """Hex digest of everything that decides the content: source files, or generator version
        and settings.

        Args:
            root: folder that holds the data sets.
            cache: folder of all caches, where checksums of files may be kept; None keeps none.

        Raises:
            DataError: the data is not below `root`; the message names what is missing and where it
            was looked for.
        """
        raise TypeError(f"{type(self).__name__} does not implement fingerprint()")

    def load(self, root: Path | None, cache: Path, pixels: int) -> FaceData:
        """The faces at `pixels` x `pixels`, prepared into `cache` at the first call.

        Raises:
            DataError: as `fingerprint`, or unreadable pictures.
        """
        raise TypeError(f"{type(self).__name__} does not implement load()")

    def split(self, faces: FaceData, seed: int) -> Split:
        """The parts for `seed`; disjoint in rows and in subjects."""
        raise TypeError(f"{type(self).__name__} does not implement split()")


AnyDataset = TypeVar("AnyDataset", bound=type[Dataset])


def dataset(
    *, title: str, licence: str, source: str, key: str = ""
) -> Callable[[AnyDataset], AnyDataset]:
    """Class decorator that attaches the card; the key defaults to the name of the module."""

    def attach(cls: AnyDataset) -> AnyDataset:
        cls.card = DatasetCard(key or cls.__module__.rsplit(".", 1)[-1], title, licence, source)
        return cls

    return attach
