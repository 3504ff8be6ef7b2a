"""What moves in the picture when one thing changes."""

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.synthetic.action_units import NAMES, UNITS
from datasets.synthetic.factors import People, Traits, draw_traits
from datasets.synthetic.renderer import render
from datasets.synthetic.scene import Scenes, draw_scenes, studio
from datasets.synthetic.streams import stream

PIXELS = 96
#: rows of the picture (0 = top edge, 1 = bottom edge) in which each unit may act
BROWS, EYES, MOUTH = (0.0, 0.40), (0.15, 0.50), (0.50, 1.0)
REGIONS = {
    1: BROWS, 2: BROWS, 4: BROWS, 5: EYES, 6: (0.20, 0.80), 7: EYES, 9: (0.15, 0.92),
    10: (0.30, 0.92), 12: (0.38, 0.92), 14: MOUTH, 15: MOUTH, 17: (0.37, 1.0), 20: MOUTH,
    23: MOUTH, 24: MOUTH, 25: MOUTH, 26: (0.37, 1.0),
}  # fmt: skip


def person(gender: int = 0, tone: int = 0, age: int = 1, seed: int = 0) -> Traits:
    return draw_traits(People(*(np.array([code]) for code in (gender, tone, age))), seed, "t")


def draw(
    traits: Traits, activations: NDArray[np.float32] | None = None, scenes: Scenes | None = None
) -> NDArray[np.int64]:
    count = len(traits.width)
    if activations is None:
        activations = np.zeros((count, len(UNITS)), np.float32)
    chosen = scenes if scenes is not None else studio(count)
    return render(traits, activations, chosen, pixels=PIXELS).astype(np.int64)


def alone(unit: int) -> NDArray[np.float32]:
    activations = np.zeros((1, len(UNITS)), np.float32)
    activations[0, UNITS.index(unit)] = 1.0
    return activations


@pytest.mark.parametrize("gender", [0, 1], ids=["woman", "man"])
@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_each_unit_changes_its_region_and_nothing_else(unit: int, gender: int) -> None:
    change = np.abs(draw(person(gender), alone(unit)) - draw(person(gender)))[0].max(2)
    low, high = (round(edge * PIXELS) for edge in REGIONS[unit])
    assert (change[low:high] > 25).sum() >= 12
    assert change[:low].sum() == 0 and change[high:].sum() == 0


@pytest.mark.parametrize("unit", UNITS, ids=NAMES)
def test_more_activation_changes_more(unit: int) -> None:
    still = draw(person())
    half, full = (
        np.abs(draw(person(), np.float32(part) * alone(unit)) - still).sum() for part in (0.5, 1.0)
    )
    assert 0 < half < full


def test_faces_are_symmetric_in_a_studio() -> None:
    face = draw(person())
    # The glint in the eyes and the lower-level rounding apart, a frontal face mirrors itself.
    assert np.abs(face - face[:, :, ::-1]).max() <= 1


@pytest.mark.parametrize("trait", [f.name for f in dataclasses.fields(Traits)])
def test_every_trait_shows(trait: str) -> None:
    base = person(gender=1, age=0)
    value = getattr(base, trait)
    other = np.clip(value - 0.3, 0.0, None) if value.ndim == 2 else value + 0.4
    if trait == "lips":
        other = value + 0.3
    changed = dataclasses.replace(base, **{trait: other.astype(np.float32)})
    assert np.abs(draw(changed) - draw(base)).max() > 3


@pytest.mark.parametrize(
    "condition", [f.name for f in dataclasses.fields(Scenes) if f.name != "noise"]
)
def test_every_condition_shows(condition: str) -> None:
    base = studio(1)
    value = getattr(base, condition)
    changed = dataclasses.replace(base, **{condition: value + np.float32(0.03)})
    assert np.abs(draw(person(), scenes=changed) - draw(person())).max() > 0


@pytest.mark.parametrize("factor", ["gender", "tone", "age"])
def test_a_group_factor_changes_the_face_and_leaves_the_other_factors(factor: str) -> None:
    base = person(0, 0, 0)
    moved = person(**{**{"gender": 0, "tone": 0, "age": 0}, factor: 1})
    own = {
        "gender": {"masculine", "hair_length", "beard", "lashes"},
        "tone": {"skin", "iris"},
        "age": {"wrinkles"},
    }
    assert np.abs(draw(moved) - draw(base)).max() > 10
    for other in own:
        for trait in own[other] if other != factor else ():
            np.testing.assert_array_equal(getattr(moved, trait), getattr(base, trait))


def test_identity_seed_gives_another_person() -> None:
    assert np.abs(draw(person(seed=1)) - draw(person(seed=0))).max() > 10


def test_gender_presentation_overlaps_between_genders() -> None:
    people = People(np.arange(2000) % 2, np.zeros(2000, np.int64), np.zeros(2000, np.int64))
    masculine = draw_traits(people, 0, "t").masculine
    women, men = masculine[::2], masculine[1::2]
    assert men.mean() > women.mean() + 1.5
    assert women.max() > men.min()


def crowd(count: int = 7) -> tuple[Traits, NDArray[np.float32], Scenes]:
    rows = np.arange(count)
    traits = draw_traits(People(rows % 2, rows % 3, rows % 3), 0, "t")
    scenes = draw_scenes(rows % 3, 0, "t", noise=0.02, quality_gap=1.0)
    activations = stream(0, "a").random((count, len(UNITS)), dtype=np.float32)
    return traits, activations, scenes


@pytest.mark.parametrize("pixels", [32, 48, 65])
def test_block_size_changes_no_pixel(pixels: int) -> None:
    traits, activations, scenes = crowd()
    whole, single, odd = (
        render(
            traits,
            activations,
            scenes,
            pixels=pixels,
            block=block,
            noise=lambda row: stream(0, "noise", row),
        )
        for block in (None, 1, 3)
    )
    np.testing.assert_array_equal(whole, single)
    np.testing.assert_array_equal(whole, odd)
    assert whole.shape == (7, pixels, pixels, 3) and whole.dtype == np.uint8


def test_windows_hold_all_that_is_drawn_in_any_pose(monkeypatch: pytest.MonkeyPatch) -> None:
    from datasets.synthetic.canvas import Canvas

    traits, activations, scenes = crowd(24)
    windowed = render(traits, activations, scenes, pixels=48)
    monkeypatch.setattr(Canvas, "_span", lambda self, *limits: slice(0, self.size))
    np.testing.assert_array_equal(render(traits, activations, scenes, pixels=48), windowed)


def test_sizes_show_the_same_face() -> None:
    small = render(person(), alone(26), studio(1), pixels=32).astype(np.float64)
    large = render(person(), alone(26), studio(1), pixels=96).astype(np.float64)
    shrunk = large.reshape(1, 32, 3, 32, 3, 3).mean((2, 4))
    assert np.abs(shrunk - small).mean() < 6.0


def test_quality_gap_blurs_dims_and_roughens_dark_skin_only() -> None:
    tones = np.array([0, 1, 2])
    even = draw_scenes(tones, 0, "t", noise=0.01, quality_gap=0.0)
    poor = draw_scenes(tones, 0, "t", noise=0.01, quality_gap=1.0)
    for name in ("roll", "light_x", "top", "exposure"):
        np.testing.assert_array_equal(getattr(even, name), getattr(poor, name))
    assert poor.blur[0] == 0.0 and poor.contrast[0] == 1.0 and poor.noise[0] == even.noise[0]
    assert 0.0 < poor.blur[1] < poor.blur[2]
    assert 1.0 > poor.contrast[1] > poor.contrast[2]
    assert even.noise[0] < poor.noise[1] < poor.noise[2]


def test_blur_lowers_detail_and_keeps_brightness() -> None:
    sharp, soft = studio(1), dataclasses.replace(studio(1), blur=np.full(1, 0.03, np.float32))
    before, after = draw(person(), scenes=sharp), draw(person(), scenes=soft)
    detail = [np.abs(np.diff(picture, axis=2)).mean() for picture in (before, after)]
    assert detail[1] < 0.7 * detail[0]
    assert abs(after.mean() - before.mean()) < 1.5


def test_pixel_noise_has_the_stated_spread() -> None:
    scenes = dataclasses.replace(studio(1), noise=np.full(1, 0.02, np.float32))
    still = np.zeros((1, len(UNITS)), np.float32)
    noisy = render(
        person(), still, scenes, pixels=PIXELS, noise=lambda row: stream(0, "noise", row)
    )
    difference = noisy.astype(np.float64) - draw(person())
    # Rounding to whole levels twice adds 2/12 to the variance (0.02 * 255)^2.
    assert difference.std() == pytest.approx(np.sqrt((0.02 * 255) ** 2 + 2 / 12), rel=0.05)
