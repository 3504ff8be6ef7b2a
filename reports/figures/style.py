"""How every figure looks: colours, hatches, lines, type sizes; equal figures give equal bytes.

Groups differ in hue (the palette of Okabe and Ito, safe for colour-blind readers), in lightness
from one group to the next, and in hatch, line and marker, so that a greyscale print still tells
them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl

MM_PER_INCH = 25.4
#: millimetres: width of one and of two columns, and the height that a page has for a figure
ONE_COLUMN, TWO_COLUMNS, PAGE_HEIGHT = 85.0, 175.0, 235.0

#: type sizes in points, at print size
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 8.0, 7.0, 6.0

PNG_DPI = 200
INK = "#262626"

#: fill, hatch, colour of the hatch, line, marker. Colours: Okabe and Ito 2008, black lightened, and
#: yellow last, for a yellow line is hard to see on white. Hatches are straight lines only: dots and
#: circles are curves, and one tile of them takes half a megabyte of SVG.
_LOOKS: tuple[tuple[str, str, str, Any, str], ...] = (
    ("#0072B2", "", INK, "solid", "o"),
    ("#E69F00", "////", INK, (0, (5, 1.6)), "s"),
    ("#009E73", "||||", INK, (0, (1.2, 1.2)), "^"),
    ("#333333", "//", "#FFFFFF", (0, (6, 1.4, 1.2, 1.4)), "D"),
    ("#56B4E9", "\\\\\\\\", INK, (0, (9, 2)), "v"),
    ("#D55E00", "xxxx", INK, (0, (3, 1.2, 1, 1.2, 1, 1.2)), "P"),
    ("#CC79A7", "----", INK, (0, (2.5, 2.5)), "X"),
    ("#F0E442", "++++", INK, (0, (8, 1.4, 3, 1.4)), "*"),
)


@dataclass(frozen=True)
class GroupStyle:
    """Look of one group; `ink` is the colour of its hatch, `line` a line style of Matplotlib."""

    colour: str
    hatch: str
    ink: str
    line: Any
    marker: str


def group_styles(count: int) -> list[GroupStyle]:
    """So many styles, no two alike (up to 64); the first eight differ in every respect but hatch.

    Beyond eight, colours come again with other hatches and lines.
    """
    styles = []
    for place in range(count):
        # Each round shifts hatch, line and marker against the colours.
        colour, _, ink, _, _ = _LOOKS[place % len(_LOOKS)]
        shifted = _LOOKS[(place + place // len(_LOOKS)) % len(_LOOKS)]
        styles.append(GroupStyle(colour, shifted[1], ink, shifted[3], shifted[4]))
    return styles


def luminance(colour: str) -> float:
    """Grey in [0, 1] that a colour `#RRGGBB` prints as: 0 black, 1 white (ITU-R BT.601 weights)."""
    red, green, blue = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def _settings(salt: str) -> Any:
    return {
        "font.family": ["DejaVu Sans"],
        "font.size": TEXT_SIZE,
        "text.color": INK,
        "text.usetex": False,
        # Names are data: a dollar sign in one must not start a formula.
        "text.parse_math": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.labelsize": TEXT_SIZE,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": TITLE_SIZE,
        "axes.unicode_minus": True,
        "axes.formatter.use_mathtext": False,
        "axes.formatter.useoffset": False,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": TEXT_SIZE,
        "ytick.labelsize": TEXT_SIZE,
        "xtick.major.size": 2.0,
        "ytick.major.size": 2.0,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "legend.fontsize": TEXT_SIZE,
        "hatch.linewidth": 0.4,
        "lines.linewidth": 1.2,
        # Type 3 fonts are refused by many publishers.
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "path.simplify": True,
    }


@contextmanager
def styled(salt: str = "evenface") -> Iterator[None]:
    """Drawing and saving within the `with` block look as above; the settings before come back.

    What the user's own `matplotlibrc` says plays no part. `salt` makes the identifiers within an
    SVG differ from those of figures with another salt.
    """
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_settings(salt))
        yield
