"""Picture files as arrays of one size.

A JPEG that is much larger than what is wanted of it is decoded at a half, a quarter or an eighth
of its size, as long as at least twice the wanted resolution is left for the last filter: libjpeg
leaves out the frequencies that the filter would remove. The result differs from that of the whole
picture by one or two grey levels of 256 in the mean, and decoding takes half of the time.
"""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

#: Raised by hand whenever a function of this module gives other pixels.
VERSION = 3
#: What Pillow and zlib raise of a file that is no whole picture.
UNREADABLE = (OSError, ValueError, EOFError, struct.error, SyntaxError, OverflowError, IndexError)
#: Pictures of more pixels are refused before they are decoded: twice 150 MB and more each.
LARGEST = 50_000_000
#: What pictures of faces come in. Others are not even tried: Pillow starts programs for some.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
#: Where the five points of an aligned face lie, as shares of its side: left and right eye, nose,
#: left and right corner of the mouth. Source: Deng et al. 2019 (ArcFace), their 112 x 112 template.
TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655),
     (70.7299, 92.2041)]
) / 112  # fmt: skip

#: Where Pillow keeps blocks of a file that may hold its orientation.
_ORIENTATIONS = {"exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp"}

Pixels = NDArray[np.uint8]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Geometry:
    """How a face is cut out and resampled.

    Attributes:
        pixels: side of the result.
        margin: share of the face box's longer side added on each side, where there is a box; of an
            aligned face the share of the side of `TEMPLATE`.
        aligned: turn and scale the face so that its five points lie as in `TEMPLATE`, where there
            are points.
    """

    pixels: int
    margin: float = 0.0
    aligned: bool = False


@dataclass(frozen=True)
class _Cut:
    """The picture's point `scale * z + origin` is shown at `z`; points are x + iy, in pixels."""

    scale: complex
    origin: complex

    @property
    def density(self) -> float:
        """Pixels of the picture in one of the result, along a line."""
        return abs(self.scale)

    def of_reduced(self, factor: int) -> _Cut:
        """The same cut in the picture `factor` times smaller."""
        return _Cut(self.scale / factor, self.origin / factor)


def open_picture(content: bytes) -> Image.Image:
    """The picture as it is stored, in RGB; `face_of` sees to its EXIF orientation.

    Args:
        content: a file of one of `FORMATS`; of a moving one the first picture. Grey ones get three
            equal channels, 16 bits are scaled to 8, transparency is dropped.

    Raises:
        OSError, ValueError, EOFError, struct.error, SyntaxError, OverflowError, IndexError: it is
            no whole picture, or has more than `LARGEST` pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with _opened(content) as stored:
            picture = _rgb(stored)
            picture.load()
            return picture


def read_face(
    content: bytes,
    geometry: Geometry,
    box: Numbers | None = None,
    points: Numbers | None = None,
    opener: Callable[[bytes], Image.Image] = open_picture,
) -> Pixels:
    """The face in a file; as `face_of(opener(content), ...)`, but faster for large JPEGs.

    Pillow warns of much that does no harm, such as a damaged EXIF block: who reads many pictures
    ignores its warnings.

    Raises:
        OSError, ValueError, EOFError, struct.error, SyntaxError, OverflowError, IndexError: as
            `open_picture` and `face_of`.
    """
    if opener is not open_picture:
        return face_of(opener(content), geometry, box, points)
    with _opened(content) as stored:
        cut = _cut(stored.size, geometry, box, points)
        return _face(_rgb(stored), cut.of_reduced(_reduced(stored, cut)), geometry, points)


def face_of(
    picture: Image.Image,
    geometry: Geometry,
    box: Numbers | None = None,
    points: Numbers | None = None,
) -> Pixels:
    """The face in a picture: (pixels, pixels, 3) RGB, upright.

    Args:
        picture: RGB, as stored.
        geometry: size, margin, alignment.
        box: (4,) left, top, right, bottom in pixels of the picture as stored, of which what lies
            in the picture counts; the square around it is taken, moved into the picture where it
            leaves it. NaN or None for the whole picture, whose middle square is taken.
        points: (5, 2) as `Listing.points`; used where `geometry.aligned` says so. With a NaN, or
            all in one place, they count as unknown. What lies outside the picture is black.

    Raises:
        ValueError: the face lies outside the picture.
    """
    return _face(picture, _cut(picture.size, geometry, box, points), geometry, points)


def similarity(source: Numbers, target: Numbers) -> tuple[complex, complex]:
    """The turn, scale and shift of least squares from points to points, without reflection.

    Args:
        source: (P, 2) x and y, not all in one place.
        target: (P, 2).

    Returns:
        a and b, so that `a z + b` is nearest to the target; points are x + iy.

    Source: Umeyama 1991 for the plane, where a complex number is a turn and a scale.
    """
    z, w = (points[:, 0] + 1j * points[:, 1] for points in (source, target))
    centred = z - z.mean()
    scale = np.vdot(centred, w - w.mean()) / np.vdot(centred, centred)
    return complex(scale), complex(w.mean() - scale * z.mean())


def _opened(content: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        # Pillow's own words name a place in memory.
        raise ValueError("not a picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValueError("too many pixels") from None
    if picture.width * picture.height > LARGEST:
        raise ValueError(f"too many pixels ({picture.width} x {picture.height})")
    return picture


def _reduced(stored: Image.Image, cut: _Cut) -> int:
    """How many times smaller the picture is made while it is decoded."""
    factor = max((n for n in (2, 4, 8) if 2 * n <= cut.density), default=1)
    if factor == 1:
        return 1
    width, height = stored.size
    stored.draft(None, (width // factor, height // factor))
    # Only JPEGs can be, and these by exactly the factor.
    return round(width / stored.size[0])


def _rgb(stored: Image.Image) -> Image.Image:
    if stored.mode.startswith("I;16") or (stored.mode == "I" and stored.format == "PNG"):
        # Pillow's own conversion would cut values above 255 off.
        values = np.asarray(stored).astype(np.uint32)
        grey = Image.fromarray(((values * 255 + 32_767) // 65_535).astype(np.uint8))
        grey.info = stored.info
        return grey.convert("RGB")
    if stored.mode in ("I", "F"):
        raise ValueError("grey levels of 32 bits, whose range is not known")
    return stored if stored.mode == "RGB" else stored.convert("RGB")


def _cut(
    size: tuple[int, int], geometry: Geometry, box: Numbers | None, points: Numbers | None
) -> _Cut:
    if _is_aligned(geometry, points):
        assert points is not None
        spread = (TEMPLATE - 0.5) / (1 + 2 * geometry.margin) + 0.5
        return _Cut(*similarity(spread * geometry.pixels, np.asarray(points, dtype=np.float64)))
    left, top, side = _square(size, box, geometry.margin)
    return _Cut(complex(side / geometry.pixels), complex(left, top))


def _is_aligned(geometry: Geometry, points: Numbers | None) -> bool:
    if not geometry.aligned or points is None or not np.isfinite(points).all():
        return False
    return bool(np.ptp(points, axis=0).max() > 0)


def _square(
    size: tuple[int, int], box: Numbers | None, margin: float
) -> tuple[float, float, float]:
    """Left, top and side of the square around a box, within a picture of this width and height."""
    width, height = size
    if box is None or np.isnan(box).any():
        side = float(min(size))
        return (width - side) / 2, (height - side) / 2, side
    left, right = np.clip((float(box[0]), float(box[2])), 0, width)
    top, bottom = np.clip((float(box[1]), float(box[3])), 0, height)
    if right <= left or bottom <= top:
        raise ValueError("the face box lies outside the picture")
    side = min(max(right - left, bottom - top) * (1 + 2 * margin), *size)
    x = np.clip((left + right - side) / 2, 0, width - side)
    y = np.clip((top + bottom - side) / 2, 0, height - side)
    return float(x), float(y), float(side)


def _face(picture: Image.Image, cut: _Cut, geometry: Geometry, points: Numbers | None) -> Pixels:
    side = (geometry.pixels, geometry.pixels)
    if _is_aligned(geometry, points):
        # The points are upright already, however the picture is stored.
        return np.asarray(_turned(picture, cut, side))
    left, top = cut.origin.real, cut.origin.imag
    right, bottom = left + cut.density * side[0], top + cut.density * side[1]
    region = (left, top, min(right, picture.width), min(bottom, picture.height))
    # The filter widens with the reduction, so that a smaller picture has no aliasing.
    face = picture.resize(side, Image.Resampling.LANCZOS, box=region)
    if not _ORIENTATIONS.isdisjoint(face.info):
        # A damaged EXIF block says nothing; the picture is whole.
        with contextlib.suppress(*UNREADABLE):
            face = ImageOps.exif_transpose(face)
    return np.asarray(face)


def _turned(picture: Image.Image, cut: _Cut, side: tuple[int, int]) -> Image.Image:
    corners = [
        cut.scale * complex(x * side[0], y * side[1]) + cut.origin for x in (0, 1) for y in (0, 1)
    ]
    xs, ys = ([getattr(c, part) for c in corners] for part in ("real", "imag"))
    # Room for the filter at the edges.
    room = 2 * max(1.0, cut.density)
    left, right = (int(np.clip(x, 0, picture.width)) for x in (min(xs) - room, max(xs) + room + 1))
    top, bottom = (int(np.clip(y, 0, picture.height)) for y in (min(ys) - room, max(ys) + room + 1))
    if right <= left or bottom <= top:
        raise ValueError("the face lies outside the picture")
    # Bicubic interpolation reads four pixels, however many there are: reduce first, then turn.
    width, height = (
        max(1, round((high - low) / max(1.0, cut.density)))
        for low, high in ((left, right), (top, bottom))
    )
    small = picture.resize(
        (width, height), Image.Resampling.LANCZOS, box=(left, top, right, bottom)
    )
    across, down = width / (right - left), height / (bottom - top)
    turn, shift = cut.scale, cut.origin - complex(left, top)
    return small.transform(
        side,
        Image.Transform.AFFINE,
        (
            turn.real * across, -turn.imag * across, shift.real * across,
            turn.imag * down, turn.real * down, shift.imag * down,
        ),
        Image.Resampling.BICUBIC,
    )  # fmt: skip
