"""Pictures that show nothing: they open, but one grey covers them."""

from __future__ import annotations

from PIL import Image, ImageStat

from datasets.pictures import open_picture

#: Standard deviation, in grey levels of 256, below which a picture is blank. JPEG leaves black
#: place-holders with a little noise; the darkest photograph has several levels.
SPREAD = 1.0


def spread(picture: Image.Image) -> float:
    """Standard deviation of the grey of all pixels, 0 to 127.5."""
    return float(ImageStat.Stat(picture.convert("L")).stddev[0])


def open_shown_picture(content: bytes) -> Image.Image:
    """As `open_picture`; a blank picture is refused, so that it is listed among the bad ones.

    Raises:
        ValueError: it is blank; and what `open_picture` raises.
    """
    picture = open_picture(content)
    if spread(picture) < SPREAD:
        raise ValueError("blank: all its pixels are alike, a place-holder")
    return picture
