"""The data set as the harness sees it: parts, labels, knobs, fingerprint."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datasets.errors import SettingError
from datasets.settings import make
from datasets.spec import FaceData
from datasets.synthetic import Synthetic
from datasets.synthetic.action_units import ANGRY, CLASSES, HAPPY, NAMES
from datasets.synthetic.dataset import build
from datasets.synthetic.sampling import POOL, TEST, Part, allocate, draw_part
from datasets.synthetic.settings import SyntheticSettings

PIXELS = 8
SMALL = {"pool_images": 300, "test_images": 210}


def changed(**changes: Any) -> SyntheticSettings:
    settings: SyntheticSettings = make(SyntheticSettings, changes, "synthetic")
    return settings


def pool(**changes: Any) -> Part:
    return draw_part(POOL, changed(**changes))


def rate(part: Part, labels: np.ndarray[Any, Any], code: int) -> tuple[float, float]:
    """Share of label `code` among women and among men."""
    gender = part.gender()
    return tuple(float((labels[gender == g] == code).mean()) for g in (0, 1))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def small() -> Synthetic:
    return Synthetic(changed(**SMALL))


@pytest.fixture(scope="module")
def faces(small: Synthetic, tmp_path_factory: pytest.TempPathFactory) -> FaceData:
    return small.load(None, tmp_path_factory.mktemp("cache"), PIXELS)


def test_faces_fit_their_description(faces: FaceData) -> None:
    spec = faces.spec
    assert faces.images.shape == (510, PIXELS, PIXELS, 3) and faces.images.dtype == np.uint8
    assert faces.labels.dtype == np.int64 and set(faces.labels) <= set(range(spec.num_classes))
    assert spec.action_units == NAMES and faces.action_units is not None
    assert faces.action_units.shape == (510, 17) and faces.action_units.dtype == np.float32
    assert len(set(faces.sample_ids)) == 510
    for column, attribute in enumerate(spec.attributes):
        assert set(faces.attributes[:, column]) == set(range(len(attribute.levels)))


def test_second_load_reads_the_same_faces_from_the_cache(small: Synthetic, tmp_path: Path) -> None:
    first, second = (small.load(None, tmp_path, PIXELS) for _ in range(2))
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert len(list(tmp_path.iterdir())) == 1


def test_same_settings_build_the_same_bytes() -> None:
    first, second = (build(changed(**SMALL), PIXELS) for _ in range(2))
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


def test_population_seed_draws_other_people() -> None:
    other = build(changed(**SMALL, population_seed=1), PIXELS)
    assert (other["images"] != build(changed(**SMALL), PIXELS)["images"]).mean() > 0.5


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_parts_are_disjoint_in_people_and_cover_everything(
    small: Synthetic, faces: FaceData, seed: int
) -> None:
    split = small.split(faces, seed)
    assert [len(split.train), len(split.validation), len(split.test)] == [240, 60, 210]
    people = [set(faces.subjects[rows]) for rows in (split.train, split.validation, split.test)]
    assert sum(map(len, people)) == len(set.union(*people))
    assert len(set(split.train) | set(split.validation) | set(split.test)) == len(faces)


def test_seed_changes_validation_and_never_the_test_part(small: Synthetic, faces: FaceData) -> None:
    first, second, again = (small.split(faces, seed) for seed in (0, 1, 0))
    np.testing.assert_array_equal(first.test, second.test)
    np.testing.assert_array_equal(first.train, again.train)
    assert set(first.validation) != set(second.validation)


def test_validation_keeps_the_group_shares(small: Synthetic, faces: FaceData) -> None:
    split = small.split(faces, 3)
    female, light = (
        [(faces.attributes[rows, c] == 0).mean() for rows in (split.train, split.validation)]
        for c in (0, 1)
    )
    assert abs(female[0] - female[1]) < 0.1 and abs(light[0] - light[1]) < 0.1


def test_default_sizes_are_the_protocols() -> None:
    settings = SyntheticSettings()
    people = settings.pool_images // settings.pictures_per_subject
    assert settings.pool_images == settings.test_images == 3000
    assert round(people * settings.validation_share) * settings.pictures_per_subject == 600


def test_test_classes_are_balanced_and_independent_of_group() -> None:
    part = draw_part(TEST, SyntheticSettings())
    group = part.gender() * 3 + part.tone()
    counts = np.zeros((6, len(CLASSES)), np.int64)
    np.add.at(counts, (group, part.truth), 1)
    assert counts.sum(1).tolist() == [500] * 6
    assert counts.max() - counts.min() <= 1
    assert np.ptp(counts.sum(0)) <= 1


def test_test_ages_are_balanced_within_groups() -> None:
    part = draw_part(TEST, SyntheticSettings())
    counts = np.zeros((6, 3), np.int64)
    np.add.at(counts, (part.people.gender * 3 + part.people.tone, part.people.age), 1)
    assert counts.max() - counts.min() <= 1


def test_labels_are_the_annotators_in_the_pool_and_the_truth_in_test(faces: FaceData) -> None:
    settings = changed(**SMALL)
    pool_part, test_part = draw_part(POOL, settings), draw_part(TEST, settings)
    np.testing.assert_array_equal(faces.labels[:300], pool_part.annotated)
    np.testing.assert_array_equal(faces.labels[300:], test_part.truth)
    assert (pool_part.annotated != pool_part.truth).any()


def test_oracle_labels_are_the_truth_and_the_pictures_stay(faces: FaceData) -> None:
    oracle = build(changed(**SMALL, train_labels="truth"), PIXELS)
    np.testing.assert_array_equal(oracle["images"], faces.images)
    np.testing.assert_array_equal(oracle["labels"][:300], draw_part(POOL, changed(**SMALL)).truth)


def test_pool_has_the_stated_group_shares() -> None:
    people = pool().people
    assert np.bincount(people.tone).tolist() == [462, 90, 48]
    assert np.bincount(people.gender).tolist() == [330, 270]


@pytest.mark.parametrize(("knob", "column"), [("light_share", "tone"), ("female_share", "gender")])
def test_share_knob_moves_its_attribute_alone(knob: str, column: str) -> None:
    part = pool(**{"light_share": 0.4, "medium_share": 0.3, knob: 0.7})
    codes = getattr(part.people, column)
    assert (codes == 0).mean() == pytest.approx(0.7, abs=0.01)
    assert np.bincount(part.people.age).tolist() == pytest.approx([200] * 3, abs=6)


def test_label_group_correlation_tilts_anger_and_happiness_only() -> None:
    part = pool(bias=1.0, label_group_correlation=0.5, annotation_bias=0.0)
    assert rate(part, part.truth, ANGRY) == pytest.approx((0.5 / 7, 1.5 / 7), abs=0.002)
    assert rate(part, part.truth, HAPPY) == pytest.approx((1.5 / 7, 0.5 / 7), abs=0.002)
    for code in set(range(7)) - {ANGRY, HAPPY}:
        assert rate(part, part.truth, code) == pytest.approx((1 / 7, 1 / 7), abs=0.002)


def test_label_group_correlation_does_not_touch_the_test_part() -> None:
    tilted, plain = (draw_part(TEST, changed(label_group_correlation=c)).truth for c in (1.0, 0.0))
    np.testing.assert_array_equal(tilted, plain)


def test_annotation_bias_changes_labels_and_not_the_faces() -> None:
    biased = pool(label_group_correlation=0.0)
    fair = pool(label_group_correlation=0.0, annotation_bias=0.0)
    np.testing.assert_array_equal(biased.activations, fair.activations)
    women, men = rate(biased, biased.annotated, ANGRY)
    assert men - women > 0.05
    women, men = rate(biased, biased.annotated, HAPPY)
    assert women - men > 0.05


def test_no_bias_leaves_no_difference_beyond_chance() -> None:
    part = pool(bias=0.0)
    assert np.bincount(part.people.tone).tolist() == [200] * 3
    assert np.bincount(part.people.gender).tolist() == [300] * 2
    for code in range(len(CLASSES)):
        women, men = rate(part, part.truth, code)
        assert women == pytest.approx(men, abs=0.002)
        women, men = rate(part, part.annotated, code)
        assert abs(women - men) < 4 * np.sqrt(2 * (1 / 7) * (6 / 7) / 1500)


def test_bias_zero_equals_every_knob_off() -> None:
    single = build(
        changed(
            **SMALL,
            light_share=1 / 3,
            medium_share=1 / 3,
            female_share=0.5,
            label_group_correlation=0.0,
            annotation_bias=0.0,
            quality_gap=0.0,
        ),
        PIXELS,
    )
    scaled = build(changed(**SMALL, bias=0.0, quality_gap=1.0), PIXELS)
    for name, array in scaled.items():
        np.testing.assert_array_equal(array, single[name])


def test_quality_gap_leaves_light_skin_as_it_is_and_worsens_dark() -> None:
    fine, poor = (build(changed(**SMALL, quality_gap=gap), 24) for gap in (0.0, 1.0))
    tone = fine["attributes"][:, 1]
    np.testing.assert_array_equal(fine["images"][tone == 0], poor["images"][tone == 0])
    contrast = [arrays["images"][tone == 2].std() for arrays in (fine, poor)]
    assert contrast[1] < 0.8 * contrast[0]


def test_measured_units_differ_from_the_truth_by_the_stated_error() -> None:
    exact, noisy = (build(changed(**SMALL, au_error=e), PIXELS) for e in (0.0, 0.2))
    np.testing.assert_array_equal(exact["images"], noisy["images"])
    true, measured = exact["action_units"], noisy["action_units"]
    inner = (true > 0.45) & (true < 0.55)
    assert (measured - true)[inner].std() == pytest.approx(0.2, rel=0.2)


def test_missing_units_are_marked_and_zero() -> None:
    arrays = build(changed(**SMALL, au_missing=0.3), PIXELS)
    known = arrays["action_units_known"]
    assert known.mean() == pytest.approx(0.7, abs=0.07)
    assert not arrays["action_units"][~known].any()


@pytest.mark.parametrize(
    "change", [{"bias": 0.5}, {"train_labels": "truth"}, {"au_error": 0.2}, {"population_seed": 3}]
)
def test_fingerprint_changes_with_every_setting(change: dict[str, Any]) -> None:
    assert Synthetic(changed(**change)).fingerprint(None) != Synthetic().fingerprint(None)


def test_fingerprint_is_the_same_for_the_same_settings() -> None:
    assert Synthetic(changed(bias=1.0)).fingerprint(None) == Synthetic().fingerprint(None)


def test_shares_above_one_are_refused_in_one_sentence() -> None:
    with pytest.raises(SettingError, match="add up to at most 1"):
        changed(light_share=0.9, medium_share=0.2)


def test_allocation_sums_to_the_total_and_follows_the_shares() -> None:
    # 0.77, 0.15 and 0.08 of 10 are 7.7, 1.5 and 0.8: floors 7, 1, 0; the two left go to 0.8, 0.7.
    assert allocate(10, np.array([0.77, 0.15, 0.08])).tolist() == [8, 1, 1]


def test_contact_sheet_has_a_row_for_each_expression_and_unit() -> None:
    sheet = Synthetic().contact_sheet(24)
    assert sheet.dtype == np.uint8 and sheet.ndim == 3
    assert sheet.shape[0] >= 24 * (len(CLASSES) + 3)
