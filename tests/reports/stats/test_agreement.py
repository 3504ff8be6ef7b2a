import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import fleiss_kappa

from reports.stats.agreement import agreement


def of(votes, clusters=None, draws=200, seed=3):
    clusters = None if clusters is None else np.array(clusters)
    generator = np.random.default_rng(seed)
    return agreement(np.array(votes), clusters=clusters, generator=generator, draws=draws)


def slow_alpha(votes):
    """Observed over expected disagreement of all pairs of votes, by walking through the pairs."""
    images = [[k for k, n in enumerate(row) for _ in range(n)] for row in votes]
    images = [image for image in images if len(image) >= 2]
    everything = [value for image in images for value in image]
    n = len(everything)
    observed = (
        sum(
            sum(a != b for i, a in enumerate(image) for j, b in enumerate(image) if i != j)
            / (len(image) - 1)
            for image in images
        )
        / n
    )
    expected = sum(
        a != b for i, a in enumerate(everything) for j, b in enumerate(everything) if i != j
    ) / (n * (n - 1))
    return 1 - observed / expected


def test_figures_of_a_small_case_by_hand():
    # agreeing pairs: (3,1): 3*2/(4*3) = 1/2; (2,0): 1; (1,1): 0; mean 1/2
    # alpha: observed 1 - (6/3 + 2/1 + 0) / 8 = 1/2; 6 and 2 votes: expected 1 - (30 + 2)/56 = 3/7
    # 1 - (1/2)/(3/7) = -1/6
    found = of([[3, 1], [2, 0], [1, 1]])

    assert found.pairwise.value == pytest.approx(1 / 2)
    assert found.alpha.value == pytest.approx(-1 / 6)
    assert (found.images, found.votes) == (3, 8)


def test_alpha_is_fleiss_kappa_with_the_correction_for_few_votes():
    # n votes in all: expected disagreement has n/(n-1) of kappa's, so 1-alpha = (1-kappa)(n-1)/n
    votes = np.random.default_rng(0).multinomial(6, [0.5, 0.3, 0.2], size=40)
    n = votes.sum()

    assert of(votes).alpha.value == pytest.approx(
        1 - (1 - fleiss_kappa(votes)) * (n - 1) / n, abs=1e-12
    )


@given(st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=2, max_size=6))
def test_alpha_equals_a_walk_through_all_pairs_for_any_numbers_of_raters(votes):
    found = of(votes, draws=20)
    used = np.array([row for row in votes if sum(row) >= 2]).reshape(-1, 3)
    if len(used) < 2:
        assert np.isnan(found.alpha.value)
    elif (used.sum(axis=0) > 0).sum() < 2:
        assert found.alpha.reason == "all votes are for one label"
    else:
        assert found.alpha.value == pytest.approx(slow_alpha(votes), abs=1e-12)


def test_full_agreement_is_one_and_its_interval_has_no_width():
    found = of([[3, 0], [0, 3], [2, 0], [0, 4]])

    assert found.pairwise.value == found.alpha.value == 1
    assert (found.alpha.low, found.alpha.high) == (1, 1)


def test_one_label_throughout_agrees_but_has_no_alpha():
    found = of([[3, 0], [2, 0]])

    assert found.pairwise.value == 1
    assert np.isnan(found.alpha.value)
    assert found.alpha.reason == "all votes are for one label"


def test_images_with_one_vote_change_nothing():
    plain, more = of([[3, 1], [1, 2]]), of([[3, 1], [1, 0], [1, 2], [0, 0]])

    assert more == plain


@pytest.mark.parametrize("votes", [np.zeros((0, 3), int), np.array([[1, 0, 0], [0, 0, 0]])])
def test_without_a_pair_of_votes_nothing_is_defined(votes):
    found = of(votes)

    assert np.isnan([found.pairwise.value, found.alpha.value]).all()
    assert found.pairwise.reason == found.alpha.reason == "no image has two votes"


def test_one_cluster_has_no_interval():
    found = of([[3, 1], [1, 2]], clusters=[7, 7])

    assert np.isnan(found.pairwise.low)
    assert found.pairwise.reason == "one cluster only"


def test_images_of_an_unknown_cluster_are_left_out():
    assert of([[3, 1], [1, 2], [0, 5]], clusters=[0, 1, -1]).images == 2


def test_resampling_like_images_together_widens_the_interval():
    generator = np.random.default_rng(5)
    clear = np.repeat(generator.random(30) < 0.5, 20)
    votes = np.where(clear[:, None], [10, 0], generator.multinomial(10, [0.5, 0.5], size=600))
    actors = np.repeat(np.arange(30), 20)

    single, together = of(votes).pairwise, of(votes, clusters=actors).pairwise

    assert together.value == pytest.approx(single.value)
    # 20 equal images a cluster: sqrt(20) = 4.5 times as wide, less what varies within
    assert 3 < (together.high - together.low) / (single.high - single.low) < 6


def test_the_interval_is_two_standard_errors_wide_for_many_images():
    votes = np.random.default_rng(6).multinomial(5, [0.6, 0.4], size=3000)
    pairs = (votes * (votes - 1)).sum(axis=1) / 20
    error = pairs.std(ddof=1) / np.sqrt(3000)

    found = of(votes, draws=2000).pairwise

    assert (found.high - found.low) / (2 * 1.96 * error) == pytest.approx(1, abs=0.1)


def test_bootstrap_samples_without_alpha_are_named():
    found = of([[3, 0], [3, 0], [0, 3]])

    # (2/3)^3 = 30 % of the samples miss the only image of the second class
    assert found.alpha.value == 1
    assert "bootstrap samples" in found.alpha.reason


def test_the_same_generator_gives_the_same_interval():
    votes = np.random.default_rng(1).multinomial(5, [0.6, 0.4], size=50)

    assert of(votes, seed=9) == of(votes, seed=9)
