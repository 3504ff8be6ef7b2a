"""Sizes of text in millimetres, and text that is made to fit."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from matplotlib.font_manager import FontProperties, fontManager, get_font

from reports.figures.style import MM_PER_INCH, TEXT_SIZE

POINTS_PER_INCH = 72.0
_ELLIPSIS = "\u2026"
_FAMILY = "DejaVu Sans"


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = TEXT_SIZE) -> float:
    """Width in millimetres of the widest line of a text set in so many points."""
    font = get_font(fontManager.findfont(FontProperties(family=_FAMILY)))
    font.set_size(size, POINTS_PER_INCH)
    widths = []
    for line in text.split("\n"):
        font.set_text(printable(line), 0.0)
        widths.append(font.get_width_height()[0] / 64)
    return float(max(widths)) / POINTS_PER_INCH * MM_PER_INCH


@lru_cache(maxsize=4096)
def printable(text: str) -> str:
    """The text with what the typeface cannot print, line ends and control characters replaced.

    Matplotlib would print an empty box for such a character, with a warning for each.
    """
    font = get_font(fontManager.findfont(FontProperties(family=_FAMILY)))
    return "".join(_shown(character, font.get_char_index(ord(character))) for character in text)


def _shown(character: str, glyph: int) -> str:
    if character.isspace() or not character.isprintable():
        return " "
    return character if glyph else "\ufffd"


def fitted(text: str, width: float, size: float = TEXT_SIZE) -> str:
    """The text on one line, cut with an ellipsis where it is wider than `width` millimetres."""
    text = printable(text)
    if text_width(text, size) <= width:
        return text
    end = bisect_right(
        range(1, len(text)), width, key=lambda end: text_width(_cut(text, end), size)
    )
    return _cut(text, end)


def _cut(text: str, end: int) -> str:
    return text[:end].rstrip() + _ELLIPSIS


def in_lines(text: str, width: float, most: int = 2, size: float = TEXT_SIZE) -> str:
    """The text broken between words into at most so many lines, the last cut where too long."""
    lines = wrapped(printable(text).split(" "), " ", width, size).split("\n")
    kept = [*lines[: most - 1], " ".join(lines[most - 1 :])]
    return "\n".join(fitted(line, width, size) for line in kept if line)


def wrapped(parts: list[str], separator: str, width: float, size: float = TEXT_SIZE) -> str:
    """Parts joined into lines of at most `width` millimetres, broken between parts only."""
    if not parts:
        return ""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}{separator}{part}"
        if text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines[-1] += separator.rstrip()
            lines.append(part)
    return "\n".join(lines)
