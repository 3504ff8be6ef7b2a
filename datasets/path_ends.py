"""Paths of a side file and the pictures of a set that they name.

A side file names pictures as the program that wrote it was given them: with more folders than the
set has, with fewer, or without a suffix. A picture and a path belong together when neither shares
more trailing parts with another one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import product

from datasets.errors import DataError

#: parts of a path, the name first
Key = tuple[str, ...]
#: pictures and paths
Sides = tuple[list[str], list[str]]

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".gif")
)


def fitting_paths(pictures: Iterable[str], paths: Iterable[str], source: str) -> dict[str, str]:
    """Picture -> path of the side file, for those that belong together.

    Args:
        pictures: distinct paths of pictures.
        paths: distinct paths as the file has them; without a picture's suffix any suffix fits.
        source: the file, for messages.

    Raises:
        DataError: two pictures fit one path equally well, or two paths one picture.
    """
    namesakes: dict[str, Sides] = {}
    for picture in pictures:
        namesakes.setdefault(_stem(_name(picture)), ([], []))[0].append(picture)
    for path in paths:
        sides = namesakes.get(_stem(_name(path)))
        if sides is not None:
            sides[1].append(path)
    found: dict[str, str] = {}
    for sides in namesakes.values():
        if len(sides[0]) == len(sides[1]) == 1:
            picture, path = sides[0][0], sides[1][0]
            if _name(path) in (_name(picture), _stem(_name(picture))):
                found[picture] = path
        elif sides[1]:
            _join(sides, found, source)
    return found


def _join(sides: Sides, found: dict[str, str], source: str) -> None:
    """Adds the pairs among pictures and paths of one name.

    Both are grouped by the longest end that they share with any of the others: who is in one group
    belongs together, and nobody looks at every pair.
    """
    own = {picture: _picture_keys(picture) for picture in sides[0]}
    given = {path: _path_key(path) for path in sides[1]}
    every_own = sorted(key for keys in own.values() for key in keys)
    every_given = sorted(given.values())
    groups: dict[Key, Sides] = defaultdict(lambda: ([], []))
    for picture, keys in own.items():
        shared = [_longest(key, every_given) for key in keys]
        for key, length in zip(keys, shared, strict=True):
            if length and length == max(shared):
                groups[key[:length]][0].append(picture)
    for path, key in given.items():
        if length := _longest(key, every_own):
            groups[key[:length]][1].append(path)
    for fitting, candidates in groups.values():
        for picture, path in product(fitting[:2], candidates[:2]):
            if picture in found:
                raise DataError(
                    f"{source}: two rows fit the picture {picture}, '{found[picture]}' and "
                    f"'{path}': keep one."
                )
            if len(fitting) > 1:
                raise DataError(
                    f"{source}: '{path}' fits two pictures, {fitting[0]} and {fitting[1]}: write "
                    "more of the path into the file."
                )
            found[picture] = path


def _longest(key: Key, others: Sequence[Key]) -> int:
    """Number of equal parts at the start of `key` and of one of the sorted `others`."""
    place = bisect_left(others, key)
    return max((_equal(key, other) for other in others[max(place - 1, 0) : place + 1]), default=0)


def _equal(one: Key, other: Key) -> int:
    shared = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        shared += 1
    return shared


def _path_key(path: str) -> Key:
    """Parts from the last to the first; names with a picture's suffix are kept from the others."""
    *folders, name = _parts(path)
    kind = "stem" if _stem(name) == name else "picture"
    return (f"{kind}/{name}", *folders[::-1])


def _picture_keys(picture: str) -> list[Key]:
    """The keys of paths that name the picture: with its suffix, and without."""
    *folders, name = _parts(picture)
    return [(own, *folders[::-1]) for own in (f"picture/{name}", f"stem/{_stem(name)}")]


def _parts(path: str) -> list[str]:
    return path.replace("\\", "/").lower().strip("/").split("/")


def _name(path: str) -> str:
    return path.replace("\\", "/").strip("/").rpartition("/")[2].lower()


def _stem(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and f"{dot}{suffix}" in PICTURE_SUFFIXES else name
