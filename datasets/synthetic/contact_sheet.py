"""The picture by which a person judges the faces: expressions on many people, and single units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from datasets.synthetic.action_units import CLASSES, INTENSITY, NAMES, PROBABILITY, UNITS
from datasets.synthetic.factors import AGE, GENDER, TONE, People, Traits, draw_traits
from datasets.synthetic.renderer import render
from datasets.synthetic.scene import Scenes, draw_scenes, studio
from datasets.synthetic.streams import Floats, take

#: what a unit does, in the words of FACS
MEANINGS = (
    "inner brow up", "outer brow up", "brow lowered", "upper lid up", "cheek raised",
    "lids tight", "nose wrinkled", "upper lip up", "corners up", "dimples", "corners down",
    "chin raised", "lips stretched", "lips tight", "lips pressed", "lips part", "jaw drops",
)  # fmt: skip

_MARGIN, _HEADER = 62, 30
_COLUMNS = 12


def contact_sheet(pixels: int = 96, *, seed: int = 0) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: rows of named expressions over varied people, then every unit alone.

    The people of the upper part stand in a studio on the left half and in the settings' varied
    conditions on the right half. In the lower part each unit is drawn at full strength beside the
    same person's neutral face, first a young woman's, then an old man's.

    Args:
        pixels: size at which the faces are drawn; small ones are shown enlarged by whole factors.
        seed: population seed of the people shown.
    """
    upper, lower = _expressions(pixels, seed), _units(pixels, seed)
    width = max(upper.width, lower.width)
    sheet = Image.new("RGB", (width, upper.height + lower.height + 8), "white")
    sheet.paste(upper, (0, 0))
    sheet.paste(lower, (0, upper.height + 8))
    return np.asarray(sheet)


def _expressions(drawn: int, seed: int) -> Image.Image:
    pixels = drawn * _zoom(drawn)
    order = np.arange(_COLUMNS)
    people = People(order % 2, (order // 2) % 3, (order + order // 6) % 3)
    traits = draw_traits(people, seed, "sheet")
    sheet = Image.new(
        "RGB", (_MARGIN + _COLUMNS * pixels, _HEADER + len(CLASSES) * pixels), "white"
    )
    write = ImageDraw.Draw(sheet)
    for column in range(_COLUMNS):
        lines = [
            attribute.levels[int(codes[column])]
            for attribute, codes in (
                (GENDER, people.gender),
                (TONE, people.tone),
                (AGE, people.age),
            )
        ]
        text = f"{lines[0]}\n{lines[1]}, {lines[2]}"
        left = _MARGIN + column * pixels + 3
        write.multiline_text((left, 2), text, fill="black", font=_font(10), spacing=1)
    scenes = _half_studio(people, seed)
    for row, name in enumerate(CLASSES):
        faces = _faces(traits, np.repeat(typical(row)[None], _COLUMNS, 0), scenes, drawn)
        top = _HEADER + row * pixels
        write.text((4, top + pixels // 2 - 6), name, fill="black", font=_font(13))
        sheet.paste(Image.fromarray(np.hstack(list(faces))), (_MARGIN, top))
    return sheet


def _zoom(drawn: int) -> int:
    """Whole factor that makes faces of `drawn` pixels large enough for their captions."""
    return -(-88 // drawn)


def _faces(traits: Traits, activations: Floats, scenes: Scenes, drawn: int) -> NDArray[np.uint8]:
    zoom = _zoom(drawn)
    return render(traits, activations, scenes, pixels=drawn).repeat(zoom, 1).repeat(zoom, 2)


def _half_studio(people: People, seed: int) -> Scenes:
    """Studio conditions for the left half of the people, varied ones for the right half."""
    varied = draw_scenes(people.tone, seed, "sheet", noise=0.0, quality_gap=0.0)
    even = studio(_COLUMNS)
    left = np.arange(_COLUMNS) < _COLUMNS // 2
    mixed = {
        name: np.where(left.reshape(-1, *[1] * (value.ndim - 1)), value, getattr(varied, name))
        for name, value in vars(even).items()
    }
    return Scenes(**mixed)


def typical(code: int) -> Floats:
    """(17,) the prototype of class `code` without the units that seldom take part."""
    return np.asarray(INTENSITY[code] * (PROBABILITY[code] > 0.5), np.float32)


def _units(drawn: int, seed: int) -> Image.Image:
    """Each unit beside neutral, for two people; six a row."""
    pixels = drawn * _zoom(drawn)
    people = People(np.array([0, 1]), np.array([0, 1]), np.array([0, 2]))
    traits = draw_traits(people, seed, "sheet units")
    alone = np.vstack([np.zeros((1, len(UNITS)), np.float32), np.eye(len(UNITS), dtype=np.float32)])
    count = len(alone)
    per_row, label = _COLUMNS // 2, 16
    rows = -(-count // per_row)
    sheet = Image.new("RGB", (_MARGIN + _COLUMNS * pixels, rows * (pixels + label)), "white")
    write = ImageDraw.Draw(sheet)
    faces = [
        _faces(take(traits, np.full(count, person)), alone, studio(count), drawn)
        for person in (0, 1)
    ]
    titles = ["neutral", *(f"{n} {m}" for n, m in zip(NAMES, MEANINGS, strict=True))]
    for place, title in enumerate(titles):
        left = _MARGIN + (place % per_row) * 2 * pixels
        top = (place // per_row) * (pixels + label)
        write.text((left + 2, top + 1), title, fill="black", font=_font(11))
        sheet.paste(
            Image.fromarray(np.hstack([faces[0][place], faces[1][place]])), (left, top + label)
        )
    return sheet


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)
