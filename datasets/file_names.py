"""Sets whose labels stand in the names of their pictures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, TypeVar

from datasets.tree import Source, Tree

Fields = TypeVar("Fields")

FOREIGN = "names that do not follow the rule"
COPY = "copies of the same name"


@dataclass(frozen=True)
class Named(Generic[Fields]):
    """N pictures and what their names say, in the order of the names.

    Attributes:
        names: N distinct names without suffix.
        fields: what each says.
        pictures: the files.
        left_out: why files are no samples -> how many.
    """

    names: tuple[str, ...]
    fields: tuple[Fields, ...]
    pictures: tuple[Source, ...]
    left_out: Mapping[str, int]


def read_names(
    tree: Tree,
    suffixes: tuple[str, ...],
    read: Callable[[str, str], tuple[str, Fields] | str | None],
) -> Named[Fields]:
    """What the names of the pictures in `tree` say.

    Args:
        tree: the set's files.
        suffixes: of pictures, in lower case.
        read: given the folders above a picture (joined by `/`) and its name without suffix, gives
            the right name and its fields; the reason why it is no sample, which is counted; or
            None where the settings do not ask for it.
    """
    found: dict[str, tuple[Fields, Source]] = {}
    left_out: Counter[str] = Counter()
    for path, source in sorted(tree.below("", suffixes).items()):
        place = PurePosixPath(path)
        answer = read(place.parent.as_posix(), place.stem)
        if answer is None:
            continue
        if isinstance(answer, str):
            left_out[answer] += 1
        elif answer[0] in found:
            left_out[COPY] += 1
        else:
            found[answer[0]] = (answer[1], source)
    names = tuple(sorted(found))
    return Named(
        names=names,
        fields=tuple(found[name][0] for name in names),
        pictures=tuple(found[name][1] for name in names),
        left_out=dict(left_out),
    )
