"""Who is in the pictures: gender, skin tone and age bands, and the traits that follow from them.

Every factor has its own random stream. Gender presentation is a continuous trait whose
distributions for women and men overlap; skin is a level of the Monk scale within a tone group;
age decides wrinkles and grey hair; identity is everything else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from datasets.spec import Attribute
from datasets.synthetic.streams import Codes, Floats, normal, stream, uniform

GENDER = Attribute("gender", ("female", "male"))
TONE = Attribute("tone", ("light", "medium", "dark"))
AGE = Attribute("age", ("young", "middle", "old"))
ATTRIBUTES = (GENDER, TONE, AGE)

#: the ten skin tones of the Monk scale, sRGB (skintone.google, Monk 2022)
MONK = np.array(
    [
        (246, 237, 228), (243, 231, 219), (247, 234, 208), (234, 218, 186), (215, 189, 150),
        (160, 126, 86), (130, 92, 67), (96, 65, 52), (58, 49, 42), (41, 36, 32),
    ],
    np.float32,
) / np.float32(255.0)  # fmt: skip
#: first and last Monk level (counted from 1) of each tone group
TONE_LEVELS = ((1, 4), (5, 6), (7, 10))
#: first and last year of each age band
AGE_YEARS = ((18, 34), (35, 54), (55, 80))

_HAIR = np.array(
    [(0.09, 0.07, 0.06), (0.24, 0.15, 0.09), (0.40, 0.25, 0.13), (0.74, 0.58, 0.34),
     (0.52, 0.24, 0.11)],
    np.float32,
)  # fmt: skip
_GREY = np.array((0.74, 0.73, 0.72), np.float32)
_LIPSTICK = np.array((0.72, 0.12, 0.20), np.float32)
_IRIS = np.array([(0.20, 0.12, 0.07), (0.28, 0.38, 0.30), (0.30, 0.44, 0.58)], np.float32)


@dataclass(frozen=True)
class People:
    """Group membership of P people: (P,) codes in the order of the attributes' levels."""

    gender: Codes
    tone: Codes
    age: Codes


@dataclass(frozen=True)
class Traits:
    """What P people look like; (P,) each, colours (P, 3) in [0, 1].

    Lengths are in face units: half the width of the canonical picture is 1. Traits without a unit
    are 0 on average and about 1 in spread, or in [0, 1] where they are amounts.
    """

    skin: Floats
    hair: Floats
    lips: Floats
    iris: Floats
    masculine: Floats
    width: Floats
    length: Floats
    jaw: Floats
    eye_size: Floats
    eye_gap: Floats
    eye_tilt: Floats
    brow_height: Floats
    brow_arch: Floats
    brow_weight: Floats
    nose_width: Floats
    nose_length: Floats
    mouth_width: Floats
    mouth_rest: Floats
    lip_fullness: Floats
    lashes: Floats
    hairline: Floats
    hair_volume: Floats
    hair_length: Floats
    beard: Floats
    wrinkles: Floats


def draw_traits(people: People, seed: int, part: str) -> Traits:
    """Traits of `people`, each factor from its own stream; the name of the part (`pool`, `test`) is
    in the streams' names, so that its people are others than those of the other part.
    """
    count = len(people.gender)
    masculine, presentation = _gender(people.gender, stream(seed, part, "gender"))
    age = _age(people, stream(seed, part, "age"))
    skin, hair, lips, iris = _colours(people, age["grey"], stream(seed, part, "tone"))
    who = stream(seed, part, "identity")

    def trait(mean: Floats | float, spread: float) -> Floats:
        return np.asarray(mean + normal(who, count, spread), np.float32)

    return Traits(
        skin=skin,
        hair=hair,
        lips=lips + np.float32(0.6) * presentation["lipstick"][:, None] * (_LIPSTICK - lips),
        iris=iris,
        masculine=masculine,
        width=trait(0.66 + 0.018 * masculine, 0.025),
        length=trait(0.90 + 0.012 * masculine, 0.025),
        jaw=trait(0.4 * masculine, 0.35),
        eye_size=trait(-0.15 * masculine, 0.5),
        eye_gap=trait(0.0, 0.6),
        eye_tilt=trait(-0.2 * masculine, 0.6),
        brow_height=trait(-0.1 * masculine, 0.5),
        brow_arch=trait(-0.2 * masculine, 0.5),
        brow_weight=trait(0.45 * masculine, 0.4),
        nose_width=trait(0.35 * masculine + 0.4 * (people.tone == 2), 0.5),
        nose_length=trait(0.2 * masculine, 0.6),
        mouth_width=trait(0.0, 0.6),
        mouth_rest=trait(0.0, 0.5),
        lip_fullness=trait(-0.3 * masculine + 0.4 * (people.tone == 2), 0.5),
        lashes=presentation["lashes"],
        hairline=trait(0.0, 0.5) + age["receding"] * (masculine > 0),
        hair_volume=np.clip(trait(0.5, 0.25), 0.0, 1.0),
        hair_length=presentation["hair_length"],
        beard=presentation["beard"],
        wrinkles=age["wrinkles"],
    )


def _gender(gender: Codes, draw: np.random.Generator) -> tuple[Floats, dict[str, Floats]]:
    """Presentation on a line, women around -1 and men around 1 with spread 0.5, and styles."""
    count = len(gender)
    masculine = np.float32(2.0) * gender.astype(np.float32) - np.float32(1.0)
    masculine = masculine + normal(draw, count, 0.5)
    long_hair = 1.0 / (1.0 + np.exp(4.0 * masculine))
    is_long = draw.random(count) < long_hair
    length = np.where(is_long, uniform(draw, count, 0.6, 1.0), uniform(draw, count, 0.0, 0.3))
    beard_kind = draw.random(count)
    beard = np.where(beard_kind < 0.25, 0.75, np.where(beard_kind < 0.85, 0.4, 0.12))
    lipstick = np.clip(normal(draw, count, 0.3) - 0.75 * masculine, 0.0, 1.0)
    return masculine, {
        "hair_length": length.astype(np.float32),
        "beard": (beard * np.clip(masculine, 0.0, 1.0)).astype(np.float32),
        "lipstick": lipstick.astype(np.float32),
        "lashes": np.clip(0.4 - 0.4 * masculine + normal(draw, count, 0.2), 0.0, 1.0),
    }


def _age(people: People, draw: np.random.Generator) -> dict[str, Floats]:
    count = len(people.age)
    low, high = np.array(AGE_YEARS, np.float32).T
    years = low[people.age] + (high - low)[people.age] * uniform(draw, count, 0.0, 1.0)
    wrinkles = np.clip((years - 28.0) / 45.0 + normal(draw, count, 0.08), 0.0, 1.0)
    grey = np.clip((years - 44.0) / 22.0 + normal(draw, count, 0.25), 0.0, 1.0)
    receding = np.clip((years - 38.0) / 30.0, 0.0, 1.0) * uniform(draw, count, 0.0, 2.2)
    return {
        "wrinkles": wrinkles.astype(np.float32),
        "grey": grey.astype(np.float32),
        "receding": receding.astype(np.float32),
    }


def _colours(
    people: People, grey: Floats, draw: np.random.Generator
) -> tuple[Floats, Floats, Floats, Floats]:
    """Skin, hair, lips and iris, each (P, 3)."""
    count = len(people.tone)
    first, last = np.array(TONE_LEVELS).T
    level = first[people.tone] + draw.random(count) * (last - first)[people.tone] - 1.0
    below = np.minimum(level.astype(np.int64), len(MONK) - 2)
    part = (level - below)[:, None]
    skin = MONK[below] * (1.0 - part) + MONK[below + 1] * part
    # A portrait is exposed for its face, and blood gives skin a warmer hue than the swatches have.
    warmth = np.array((1.0, 0.90, 0.84)) + draw.standard_normal((count, 1)) * (0.0, 0.015, 0.02)
    skin = np.clip(skin**0.6 * warmth, 0.0, 1.0)
    pale = np.clip(1.0 - level / 5.0, 0.0, 1.0)
    dark_hair = draw.random(count) > 0.75 * pale
    kind = np.where(dark_hair, draw.integers(0, 2, count), draw.integers(2, 5, count))
    hair = _HAIR[kind] * (1.0 - grey[:, None]) + _GREY * grey[:, None]
    light_eyes = draw.random(count) < 0.6 * pale
    iris = _IRIS[np.where(light_eyes, draw.integers(1, 3, count), 0)]
    lips = skin * (0.74, 0.42, 0.42) + np.array((0.13, 0.02, 0.03))
    return tuple(colour.astype(np.float32) for colour in (skin, hair, lips, iris))  # type: ignore[return-value]
