"""Figures as files (PDF, PNG) and as text (SVG); equal figures give equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO, StringIO
from pathlib import Path

from reports.figures.captioned import CaptionedFigure
from reports.figures.style import PNG_DPI, styled
from reports.figures.svg import inline_svg
from reports.files import write_bytes


def write_figures(figures: Sequence[CaptionedFigure], folder: Path) -> list[Path]:
    """Write every figure as PDF and PNG (200 dpi), each file whole or not at all.

    Returns:
        `folder/<key>.pdf`, `folder/<key>.png` of each figure, in order.
    """
    written = []
    for drawn in figures:
        for ending, content in (("pdf", pdf_bytes(drawn)), ("png", png_bytes(drawn))):
            path = folder / f"{drawn.key}.{ending}"
            write_bytes(path, content)
            written.append(path)
    return written


def pdf_bytes(drawn: CaptionedFigure) -> bytes:
    """The figure as PDF with TrueType fonts and without a date."""
    stream = BytesIO()
    metadata = {"CreationDate": None, "Title": drawn.title}
    with styled(drawn.key):
        drawn.figure.savefig(stream, format="pdf", metadata=metadata)
    return stream.getvalue()


def png_bytes(drawn: CaptionedFigure) -> bytes:
    """The figure as PNG at print size and 200 dots an inch."""
    stream = BytesIO()
    with styled(drawn.key):
        drawn.figure.savefig(
            stream, format="png", dpi=PNG_DPI, metadata={"Software": None}, facecolor="white"
        )
    return stream.getvalue()


def svg_text(drawn: CaptionedFigure) -> str:
    """The figure as an `<svg>` element to stand within an HTML page, without an XML header.

    Text stays text: it can be searched, is read out, and prints names that the typeface of the PDF
    lacks. Identifiers start with the figure's key, so several figures share a page.
    """
    stream = StringIO()
    empty = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with styled(drawn.key):
        drawn.figure.savefig(stream, format="svg", metadata=empty)
    return inline_svg(stream.getvalue(), key=drawn.key, title=drawn.title)
