"""What a post-processor is: fitted on the validation part, it decides anew on the test part.

It sees log-probabilities and groups, never pictures, so any trained method can be treated. Needs
NumPy alone (no torch).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from datasets.settings import NoSettings
from datasets.spec import DatasetSpec
from methods.cards import MethodCard, MethodError, make_card

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Scored:
    """What a post-processor sees of one part of the data.

    Attributes:
        log_probabilities: (n, K) of the treated method; rows need not be normalised exactly.
        groups: (n,) intersectional codes in 0..G-1, -1 unknown.
        labels: (n,) class codes; None on the test part.
    """

    log_probabilities: Floats
    groups: Codes
    labels: Codes | None = None

    def __len__(self) -> int:
        return len(self.groups)

    @property
    def predicted(self) -> Codes:
        """(n,) classes of the treated method; the lowest code where scores are equal."""
        return np.asarray(self.log_probabilities.argmax(axis=1), dtype=np.int64)

    @property
    def known_labels(self) -> Codes:
        """(n,) labels; raises MethodError where they are withheld."""
        if self.labels is None:
            raise MethodError("A post-processor is fitted on labels, which this part has not.")
        return self.labels


@dataclass(frozen=True)
class PostTask:
    """What a post-processor is built for: class names in code order, number of groups."""

    classes: tuple[str, ...]
    num_groups: int

    @property
    def num_classes(self) -> int:
        return len(self.classes)


class PostProcessor:
    """Base of all post-processors.

    Samples of unknown group (-1) enter no group statistic of a fit, and their decisions stay those
    of the treated method. Groups are those of the data set, on the test part too; groups predicted
    from the picture are not offered. Nothing is drawn at random: where a method randomises,
    `decide` returns the distribution, and the metrics are those expected under it.
    """

    card: ClassVar[MethodCard]
    Settings: ClassVar[type] = NoSettings

    def __init__(self, task: PostTask, settings: Any = None) -> None:
        self.task = task
        self.settings = settings if settings is not None else self.Settings()

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        """Why it cannot treat predictions on this data set, or None; needs are checked before."""
        return None

    def fit(self, validation: Scored) -> None:
        """Learns from the validation part, which has labels and groups.

        Raises:
            MethodError: the part does not allow a fit; the message says why.
        """
        raise TypeError(f"{type(self).__name__} does not implement fit()")

    def decide(self, part: Scored) -> Floats:
        """(n, K) distribution of the decision on each sample; rows sum to 1, one-hot where it is
        certain. Reads no labels.
        """
        raise TypeError(f"{type(self).__name__} does not implement decide()")

    def notes(self) -> dict[str, object]:
        """What was fitted, as JSON values, to be stored beside the decisions."""
        return {}


AnyPost = TypeVar("AnyPost", bound=type[PostProcessor])


def post(
    title: str, *, source: str, reconstruction: bool = False, version: int = 1, key: str = ""
) -> Callable[[AnyPost], AnyPost]:
    """Class decorator that attaches the card; the key defaults to the name of the module."""

    def attach(cls: AnyPost) -> AnyPost:
        cls.card = make_card(
            cls,
            key=key,
            title=title,
            family="post",
            source=source,
            needs=("val_groups", "test_groups"),
            cost=0.0,
            reconstruction=reconstruction,
            version=version,
        )
        return cls

    return attach


def known_groups(part: Scored, key: str) -> NDArray[np.bool_]:
    """(n,) which samples have a known group.

    Raises:
        MethodError: none has; `key` is the post-processor that the message names.
    """
    known = part.groups >= 0
    if not known.any():
        raise MethodError(f"{key} cannot be fitted: no validation sample has a known group.")
    return known


def one_hot(codes: Codes, num_classes: int) -> Floats:
    """(n, K) certain decisions for (n,) class codes."""
    return np.eye(num_classes)[codes]
