"""Prototypes, truth and annotator, on activations alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.settings import make
from datasets.synthetic import action_units, annotator
from datasets.synthetic.action_units import ANGRY, CLASSES, HAPPY, INTENSITY, PROBABILITY
from datasets.synthetic.sampling import express
from datasets.synthetic.settings import SyntheticSettings
from datasets.synthetic.streams import stream

COUNT = 14_000


@pytest.fixture(scope="module")
def classes() -> NDArray[np.int64]:
    return np.arange(COUNT) % len(CLASSES)


@pytest.fixture(scope="module")
def activations(classes: NDArray[np.int64]) -> NDArray[np.float32]:
    return express(stream(0, "test"), classes, SyntheticSettings())


def rates(
    activations: NDArray[np.float32], gender: int, shift: float, noise: float = 0.06
) -> NDArray[np.float64]:
    """Share of each label when all faces are of one gender; the same draws for both genders."""
    labels = annotator.annotate(
        stream(1, "annotator"),
        activations,
        np.full(len(activations), gender),
        threshold_shift=shift,
        noise=noise,
        slips=0.02,
    )
    return np.bincount(labels, minlength=len(CLASSES)) / len(labels)


@pytest.mark.parametrize("name", CLASSES)
def test_every_full_prototype_is_its_own_truth(name: str) -> None:
    code = CLASSES.index(name)
    plain = INTENSITY[[code]] * (PROBABILITY[[code]] > 0.5)
    assert annotator.truth(plain.astype(np.float32)).tolist() == [code]


def test_truth_of_every_drawn_face_is_the_intended_expression(
    classes: NDArray[np.int64], activations: NDArray[np.float32]
) -> None:
    np.testing.assert_array_equal(annotator.truth(activations), classes)


def test_activations_lie_between_zero_and_one(activations: NDArray[np.float32]) -> None:
    assert activations.dtype == np.float32
    assert activations.min() >= 0.0 and activations.max() <= 1.0


def test_faces_of_one_expression_differ_in_the_units_they_use(
    classes: NDArray[np.int64], activations: NDArray[np.float32]
) -> None:
    active = activations[classes == ANGRY] > 0.1
    assert len(np.unique(active, axis=0)) > 100


def test_unbiased_annotator_labels_both_genders_alike(activations: NDArray[np.float32]) -> None:
    # Independent draws, so that only binomial error is left: 4.5 standard errors of a difference.
    halves = np.arange(COUNT) // len(CLASSES) % 2
    labels = annotator.annotate(
        stream(2, "annotator"), activations, halves, threshold_shift=0.0, noise=0.06, slips=0.02
    )
    for code in range(len(CLASSES)):
        gap = (labels[halves == 0] == code).mean() - (labels[halves == 1] == code).mean()
        assert abs(gap) < 4.5 * np.sqrt(2 * (1 / 7) * (6 / 7) / (COUNT / 2))


def test_biased_annotator_calls_men_angry_and_women_happy(
    activations: NDArray[np.float32],
) -> None:
    women, men = rates(activations, 0, 0.3), rates(activations, 1, 0.3)
    assert men[ANGRY] - women[ANGRY] > 0.02
    assert women[HAPPY] - men[HAPPY] > 0.02


def test_annotation_bias_favours_no_gender_in_the_other_classes(
    activations: NDArray[np.float32],
) -> None:
    # What anger gains among men and happiness among women is taken from the same classes.
    gaps = rates(activations, 1, 0.3) - rates(activations, 0, 0.3)
    others = [code for code in range(len(CLASSES)) if code not in (ANGRY, HAPPY)]
    assert np.abs(gaps[others]).max() < 0.4 * min(gaps[ANGRY], -gaps[HAPPY])


def test_annotation_bias_acts_on_ambiguous_faces_and_spares_clear_ones() -> None:
    classes = np.arange(7_000) % len(CLASSES)
    clear = express(stream(3, "test"), classes, make(SyntheticSettings, {"blend": 0.0}, "s"))
    strong = clear[annotator.evidence(clear).max(1) > 0.45]
    assert np.abs(rates(strong, 1, 0.15, 0.0) - rates(strong, 1, 0.0, 0.0)).max() < 0.01


def test_annotator_without_noise_slips_or_bias_names_the_truth(
    classes: NDArray[np.int64], activations: NDArray[np.float32]
) -> None:
    labels = annotator.annotate(
        stream(1, "a"), activations, classes % 2, threshold_shift=0.0, noise=0.0, slips=0.0
    )
    np.testing.assert_array_equal(labels, classes)


def test_measurement_error_has_the_stated_spread_and_stays_in_range() -> None:
    middle = np.full((4000, 17), 0.5, np.float32)
    measured = action_units.measure(stream(0, "m"), middle, error=0.1)
    assert measured.std() == pytest.approx(0.1, rel=0.02)
    assert measured.mean() == pytest.approx(0.5, abs=0.003)
    extreme = action_units.measure(stream(0, "m"), middle, error=1.0)
    assert extreme.min() == 0.0 and extreme.max() == 1.0


def test_no_measurement_error_leaves_the_units_as_they_are(
    activations: NDArray[np.float32],
) -> None:
    np.testing.assert_array_equal(
        action_units.measure(stream(0, "m"), activations, error=0.0), activations
    )
