"""Reject option: the band, the grid, who is deprived, where it is not offered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from methods.post import reject_option
from methods.post.base import PostTask, Scored, one_hot
from methods.post.reject_option import RejectOption, decisions
from tests.methods.post.outside import aif360_reject_option
from tests.methods.post.scored import binary, build, make_part, make_spec, make_task

SCORES = np.array([0.05, 0.3, 0.45, 0.5, 0.55, 0.62, 0.7, 0.95])
SIDES = np.array([1, -1, 1, -1, 1, -1, 1, -1])


def fitted(part: Scored, task: PostTask | None = None, **settings: Any) -> RejectOption:
    post = build(RejectOption, make_task(2, 2) if task is None else task, **settings)
    post.fit(part)
    assert isinstance(post, RejectOption)
    return post


def parity_difference(chosen: Any, part: Scored, deprived: list[int]) -> float:
    known = part.groups >= 0
    low = known & np.isin(part.groups, deprived)
    return float(chosen[low].mean() - chosen[known & ~low].mean())


def test_without_a_margin_it_is_a_plain_threshold() -> None:
    for threshold in (0.2, 0.5, 0.62):
        chosen = decisions(SCORES, SIDES, threshold, np.zeros(1))[0]
        assert np.array_equal(chosen, threshold < SCORES)


def test_without_a_sample_in_the_band_nothing_changes() -> None:
    # Theta 0.58, band (0.56, 0.60]: no score lies in it.
    chosen = decisions(SCORES, SIDES, 0.58, np.array([0.02]))[0]
    assert np.array_equal(chosen, SCORES > 0.58)


def test_the_band_holds_its_upper_end_and_not_its_lower_one() -> None:
    scores = np.array([0.25, 0.25, 0.75, 0.75, 0.8, 0.2])
    sides = np.array([1, -1, 1, -1, -1, 1])
    chosen = decisions(scores, sides, 0.5, np.array([0.25]))[0]
    # 0.25 is outside below; 0.75 is inside: the deprived keep, the privileged lose; 0.8 is outside.
    assert np.array_equal(chosen, [False, False, True, False, True, False])


def test_an_unknown_group_in_the_band_is_decided_by_the_threshold() -> None:
    chosen = decisions(np.array([0.45, 0.55]), np.zeros(2, dtype=int), 0.5, np.array([0.2]))[0]
    assert np.array_equal(chosen, [False, True])


@pytest.mark.parametrize("margin", [0.0, 0.11, 0.3])
def test_flipping_favour_and_roles_mirrors_the_decisions(margin: float) -> None:
    # No score lies on an end of the band, whose two ends are not treated alike.
    given = decisions(SCORES, SIDES, 0.47, np.array([margin]))[0]
    mirrored = decisions(1 - SCORES, -SIDES, 1 - 0.47, np.array([margin]))[0]
    assert np.array_equal(given, ~mirrored)


def test_exchanging_the_groups_exchanges_the_roles() -> None:
    part = make_part(make_task(), 200, gap=1.0)
    other = Scored(
        part.log_probabilities, np.where(part.groups < 0, -1, 1 - part.groups), part.labels
    )
    first, second = fitted(part), fitted(other)
    assert (first.notes()["deprived"], second.notes()["deprived"]) == ([0], [1])
    assert np.array_equal(first.decide(part), second.decide(other))


@pytest.mark.parametrize(("seed", "bound"), [(0, 0.05), (1, 0.02)])
def test_the_grid_and_its_best_pair_are_those_of_a_slow_loop(seed: int, bound: float) -> None:
    part = make_part(make_task(), 60, seed=seed, gap=1.0)
    notes = fitted(part, bound=bound).notes()
    q = np.exp(part.log_probabilities[:, 1])
    best: tuple[float, float, float] | None = None
    for theta in np.linspace(0.01, 0.99, 100):
        for r in np.linspace(0, min(theta, 1 - theta), 50):
            chosen = q > theta
            band = (q > theta - r) & (q <= theta + r)
            chosen = np.where(band & (part.groups == 0), True, chosen)
            chosen = np.where(band & (part.groups == 1), False, chosen)
            right = chosen == part.labels
            score = (right[part.labels == 1].mean() + right[part.labels == 0].mean()) / 2
            difference = parity_difference(chosen, part, [0])
            if abs(difference) <= bound and (best is None or score > best[0] + 1e-12):
                best = (score, theta, r)
    assert best is not None
    assert notes["balanced_accuracy"] == pytest.approx(best[0])
    assert (notes["threshold"], notes["margin"]) == pytest.approx(best[1:])


@pytest.mark.parametrize("seed", range(3))
def test_two_groups_are_treated_as_by_aif360(seed: int, monkeypatch: Any) -> None:
    # AIF360 copies its tables for every pair: a smaller grid for both.
    monkeypatch.setattr(reject_option, "THRESHOLDS", np.linspace(0.01, 0.99, 11))
    monkeypatch.setattr(reject_option, "NUM_MARGINS", 6)
    part = make_part(make_task(), 200, seed=seed, unknown=0.0, gap=1.0)
    post = fitted(part, bound=0.1)
    threshold, margin, chosen = aif360_reject_option(part, 11, 6, 0.1)
    assert post.notes()["bound_met"] and post.notes()["deprived"] == [0]
    assert (post.threshold, post.margin) == pytest.approx((threshold, margin))
    assert np.array_equal(post.decide(part).argmax(axis=1), chosen)


def test_if_no_pair_meets_the_bound_the_smallest_difference_is_taken() -> None:
    # Scores of 0 are never in the band, scores of 1 only in those that end at 1. So the deprived
    # have rate 1/3 always, the others 1 or 0: the difference is -2/3 (AIF360's choice) or 1/3.
    ones = np.array([0, 0, 1, 1, 1, 1])
    with np.errstate(divide="ignore"):
        rows = np.log(one_hot(ones, 2))
    notes = fitted(Scored(rows, np.repeat([0, 1], 3), np.array([0, 1, 1, 0, 1, 1]))).notes()
    assert notes["parity_difference"] == pytest.approx(1 / 3)
    assert notes["bound_met"] is False


def test_on_the_validation_part_the_bound_holds_and_the_notes_say_so() -> None:
    task = make_task(2, 4)
    part = make_part(task, 400)
    post = fitted(part, task)
    notes = post.notes()
    chosen = post.decide(part).argmax(axis=1)
    difference = parity_difference(chosen, part, notes["deprived"])
    assert abs(parity_difference(part.predicted, part, notes["deprived"])) > 0.05
    assert abs(difference) <= 0.05 and notes["bound_met"]
    assert notes["parity_difference"] == pytest.approx(difference)


@pytest.mark.parametrize("unknown", [-1, 1])
def test_deprived_are_the_groups_below_the_rate_of_all_known_ones(unknown: int) -> None:
    # Favourable decisions: 0 of 2, 1 of 2 and 2 of 2, so 3 of 6 of known group; with the unknown,
    # none or all of which are favourable, 3 or 9 of 12: group 1 would lie above or below.
    log_odds = [-1, -1, -1, 1, 1, 1, *[unknown] * 6]
    part = binary(log_odds, [0, 0, 1, 1, 2, 2, *[-1] * 6], [0, 1] * 6)
    post = fitted(part, make_task(2, 4))
    # Group 1 has the rate of all, so it is not below it; group 3 has no samples.
    assert np.array_equal(post.sides, [1, -1, -1, 0, 0])


def test_groups_with_the_same_rate_are_left_alone() -> None:
    part = binary([-1, 1, -1, 1], [0, 0, 1, 1], [1, 1, 0, 0])
    post = fitted(part)
    assert np.array_equal(post.decide(part), one_hot(part.predicted, 2))
    assert post.notes()["deprived"] == []


@pytest.mark.parametrize(
    ("classes", "index"),
    [
        (("neutral", "happy"), 1), (("happy", "not_happy"), 0), (("not_smiling", "smiling"), 1),
        (("angry", "neutral"), 1), (("not_angry", "angry"), 0),
    ],
)  # fmt: skip
def test_happy_and_smiling_are_favourable_and_angry_is_not(
    classes: tuple[str, ...], index: int
) -> None:
    assert RejectOption.skip(make_spec(classes), RejectOption.Settings()) is None
    post = RejectOption(PostTask(classes, 2))
    post.threshold, post.sides = 0.5, np.array([1, -1, 0])
    post.margin = 0.4
    # Undecided scores: the deprived group gets the favourable class, the privileged the other.
    part = binary([0.1, 0.1, -0.1, -0.1], [0, 1, 0, 1], [0, 0, 0, 0])
    assert np.array_equal(post.decide(part).argmax(axis=1), [index, 1 - index, index, 1 - index])


def test_the_favourable_class_can_be_named() -> None:
    spec = make_spec(("sad", "fear"))
    reason = RejectOption.skip(spec, RejectOption.Settings())
    assert reason == "no favourable class: neither sad nor fear is; set reject_option.favourable"
    assert RejectOption.skip(spec, RejectOption.Settings(favourable="fear")) is None
    assert RejectOption.skip(spec, RejectOption.Settings(favourable="happy")) is not None


def test_seven_classes_have_no_reject_option() -> None:
    spec = make_spec(tuple("abcdefg"))
    assert RejectOption.skip(spec, RejectOption.Settings()) == "reject_option needs two classes"
