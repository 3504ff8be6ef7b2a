"""Simulated data sets: sizes, the annotator's rule, and biases that are known."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from statsmodels.discrete.discrete_model import Logit

from benchmarks.annotation_world import (
    GROUP_SIZES,
    LABELS,
    THRESHOLDS,
    UNITS,
    Shift,
    Surplus,
    World,
    chance_of_label,
    draw_observations,
    faces_pool,
    patterns,
    scaled_sizes,
)
from datasets.synthetic import action_units, annotator
from reports.audit.tabulate import presences, tabulated

HAPPY, ANGRY = range(2)


@pytest.fixture(scope="module")
def faces():
    return faces_pool(20_000)


def drawn(world, faces, seed=0):
    return draw_observations(world, faces, np.random.default_rng(seed))


def codes(observations, attribute):
    return next(g.codes for g in observations.groupings if g.name == attribute)


def test_groups_have_the_sizes_of_raf_db(faces):
    seen = drawn(World(), faces)

    assert len(seen) == 12_214
    for grouping in seen.groupings:
        assert_array_equal(np.bincount(grouping.codes), list(GROUP_SIZES[grouping.name].values()))


def test_the_sizes_are_those_of_the_published_counts(shared_data):
    rows = (shared_data / "auc_fer_counts" / "counts.csv").read_text().splitlines()
    sizes: dict[tuple[str, str], int] = {}
    for line in rows[1:]:
        dataset, label, attribute, rest = line.split(",", 3)
        group, *_, n, _labelled = rest.split(",")
        if (dataset, label) == ("RAF-DB", "happy"):
            sizes[attribute, group] = sizes.get((attribute, group), 0) + int(n)

    assert [sizes["gender", name] for name in ("male", "female")] == [4936, 7278]
    assert [sizes["race", name] for name in GROUP_SIZES["race"]] == [9299, 1904, 1011]
    ages = [size for (attribute, _), size in sizes.items() if attribute == "age4"]
    assert ages == list(GROUP_SIZES["age"].values())


def test_smaller_worlds_keep_the_shares():
    # 400 x 4936 / 12214 = 161.65 and 238.35: the larger remainder is rounded up
    assert scaled_sizes(400)["gender"] == {"male": 162, "female": 238}
    assert all(sum(groups.values()) == 400 for groups in scaled_sizes(400).values())


def test_a_seed_gives_one_data_set(faces):
    first, second, other = (drawn(World(), faces, seed) for seed in (1, 1, 2))

    assert_array_equal(first.yes, second.yes)
    assert_array_equal(first.intensities, second.intensities)
    assert not np.array_equal(first.yes, other.yes)


def test_labels_follow_the_rule_of_the_synthetic_annotator(faces):
    """Same stream, same labels: for groups, faces and errors drawn alike."""
    world = World(
        people={"gender": {"female": 1500, "male": 1500}},
        shift=Shift("gender", "female", "happy", 0.3),
    )
    settings = {"threshold_shift": 0.3, "noise": world.noise, "slips": world.slips}
    draw = np.random.default_rng(5)
    gender = draw.permutation(np.repeat([0, 1], 1500))
    rows = draw.integers(0, len(faces), 3000)
    # a stand-in whose activations are the evidence itself keeps the pool free of raw activations
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotator, "evidence", lambda evidence: evidence.copy())
        named = annotator.annotate(draw, faces.evidence[rows], gender, **settings)

    ours = drawn(world, faces, 5).yes[:, HAPPY]

    women = gender == annotator.FEMALE
    # the annotator also shifts anger of men: only women's labels are made alike
    assert_array_equal(ours[women] == 1, named[women] == LABELS["happy"])
    assert ours[women].mean() > ours[~women].mean() + 0.1


def test_an_annotator_who_only_slips_names_every_class_equally_often(faces):
    seen = drawn(replace(World(), slips=1.0), faces)

    # 1/7 with a standard error of sqrt(1/7 x 6/7 / 12214) = 0.0032
    assert_allclose(seen.yes.mean(axis=0), 1 / 7, atol=4 * 0.0032)


def test_an_annotator_without_error_names_the_truth(faces):
    seen = drawn(replace(World(), noise=0.0, slips=0.0), faces)

    # share of happy faces in the pool: 5957 / 15339
    assert seen.yes[:, HAPPY].mean() == pytest.approx(5957 / 15339, abs=4 * 0.0044)


def test_ten_raters_give_ten_votes_an_image(faces):
    seen = drawn(World(people=scaled_sizes(300), raters=10), faces)

    assert seen.has_votes
    assert set(seen.votes.tolist()) == {10}
    assert seen.yes.max() <= 10
    assert (seen.yes[:, HAPPY] % 10 > 0).any(), "raters disagree on some image"


def test_pictures_of_one_person_share_the_group_and_the_effect(faces):
    world = World(people=scaled_sizes(400), pictures=3, person_effect=3.0)
    seen = drawn(world, faces)
    by_person = seen.yes[:, HAPPY].reshape(400, 3)

    assert_array_equal(seen.clusters, np.repeat(np.arange(400), 3))
    for grouping in seen.groupings:
        assert (grouping.codes.reshape(400, 3) == grouping.codes[::3, None]).all()
    # an effect that dwarfs faces and errors makes a person's labels alike; without any, three
    # labels of which a third are happy agree in 0.33^3 + 0.67^3 = 34 % of people
    alike = (by_person == by_person[:, :1]).all(axis=1).mean()
    assert alike > 0.8


def test_a_shift_moves_only_its_group_and_label(faces):
    plain = drawn(World(), faces)
    shifted = drawn(World(shift=Shift("age", "70+", "angry", 0.5)), faces)
    old = codes(plain, "age") == 3

    assert_array_equal(plain.yes[~old], shifted.yes[~old])
    assert (shifted.yes[old, ANGRY] >= plain.yes[old, ANGRY]).all()
    assert shifted.yes[old, ANGRY].sum() > plain.yes[old, ANGRY].sum()
    assert shifted.yes[old, HAPPY].sum() < plain.yes[old, HAPPY].sum()


def test_a_surplus_changes_the_faces_of_its_group_but_not_the_annotator(faces):
    seen = drawn(World(surplus=Surplus("gender", "female", 0.5)), faces)
    women = codes(seen, "gender") == 1
    smiling = presences(seen, THRESHOLDS)[:, UNITS.index("AU12")] == 1

    assert smiling[women].mean() > smiling[~women].mean() + 0.2


@pytest.mark.parametrize("label", ["happy", "angry"])
@pytest.mark.parametrize("amount", [0.0, 0.2])
def test_the_chance_of_a_label_is_the_share_of_images_that_get_it(faces, label, amount):
    world = World(people={"gender": {"male": 50_000}}, shift=Shift("gender", "male", label, amount))
    chance = chance_of_label(world, faces, label, amount).mean()
    share = drawn(world, faces).yes[:, tuple(LABELS).index(label)].mean()

    assert share == pytest.approx(chance, abs=4 * np.sqrt(chance * (1 - chance) / 50_000))


def test_the_chance_of_a_label_grows_with_the_shift(faces):
    chances = [chance_of_label(World(), faces, "happy", amount) for amount in (-0.1, 0.0, 0.1)]

    assert (np.diff(chances, axis=0) >= 0).all()
    assert chances[0].mean() < chances[1].mean() < chances[2].mean()
    assert all(((chance >= 0.02 / 7) & (chance <= 1 - 0.02 * 6 / 7)).all() for chance in chances)


def test_patterns_are_the_strata_of_the_audit(faces):
    world = World(people={"gender": {"male": 20_000}})
    draw = np.random.default_rng(3)
    seen = draw_observations(world, faces, draw)
    counted = tabulated(
        seen, "happy", seen.groupings[0], ("AU06", "AU12"), presences(seen, THRESHOLDS)
    )
    shares = np.bincount(patterns(faces, ("AU06", "AU12")), minlength=4) / len(faces)

    # a share p of 20,000 images varies by sqrt(p (1 - p) / 20000) <= 0.0036
    assert_allclose(counted.counts.sum(axis=(1, 2)) / 20_000, shares, atol=4 * 0.0036)


def test_the_units_have_thresholds_on_the_scale_of_fractions():
    assert (THRESHOLDS["AU06"], THRESHOLDS["AU12"], THRESHOLDS["AU04"]) == pytest.approx(
        (0.36, 0.26, 0.48)
    )
    assert set(UNITS) <= set(action_units.NAMES)


def test_logistic_labels_are_as_frequent_as_the_annotators(faces):
    """A logistic regression with a constant reproduces the mean of what it is fitted to."""
    people = {"gender": {"male": 50_000}}
    seen = drawn(World(people=people, logistic=True), faces)
    chances = [chance_of_label(World(), faces, label, 0.0).mean() for label in LABELS]

    # at most sqrt(.25 / 50000) = .0022 each
    assert_allclose(seen.yes.mean(axis=0), chances, atol=4 * 0.0022)


def test_logistic_labels_follow_the_regression_that_is_fitted_to_them(faces):
    """Squares of the intensities add nothing: their coefficients are within their error of 0."""
    seen = drawn(World(people={"gender": {"male": 20_000}}, logistic=True), faces)
    x = seen.intensities
    design = np.column_stack([np.ones(len(x)), x, x**2])
    fit = Logit(seen.yes[:, HAPPY], design).fit(disp=0)

    assert np.abs(fit.tvalues[1 + x.shape[1] :]).max() < 4
    assert np.abs(fit.tvalues[1 : 1 + x.shape[1]]).max() > 4
