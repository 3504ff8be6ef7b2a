"""Which methods cannot be told from the best: made-up replicates, hand-computed p, properties."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from reports import best as module
from reports.best import Contender, best_columns, kept_draws
from reports.replicates import chunks
from reports.runs import Runs

NAN = np.nan
NOBODY = np.zeros(0, dtype=np.int64)


def runs(method, seeds=5, variant=""):
    names = tuple(map(str, range(seeds)))
    return Runs("faces", method, variant, "last", names, names, ("a", "b"), {}, (), NOBODY,
                NOBODY.reshape(0, 0), NOBODY.reshape(0, 0))  # fmt: skip


def contender(method, values, noise=0.0, *, shared=0.0, draws=400, variant=""):
    """One number a method: its seeds' values, and replicates of this spread about their mean.

    `shared` is the spread that all methods have in common.
    """
    values = np.asarray(values, dtype=float)
    values = values.reshape(len(values), -1)
    own, common = (np.random.default_rng([9, *key.encode()]) for key in (method, "common"))
    z = own.normal(0, 1, (draws, values.shape[1])), common.normal(0, 1, (draws, values.shape[1]))
    resampled = values.mean(axis=0) + noise * z[0] + shared * z[1]
    return Contender(runs(method, len(values), variant), values, resampled.astype(np.float32))


def columns(*contenders, way="higher"):
    numbers = contenders[0].values.shape[1]
    found = best_columns(contenders, [way] * numbers)
    return {one.name: own for one, own in zip(contenders, found, strict=True)}


CLOSE = [0.80, 0.82, 0.81, 0.79, 0.83]
CLOSER = [0.81, 0.81, 0.82, 0.80, 0.82]
WORSE = [0.50, 0.53, 0.51, 0.49, 0.52]


def three(way="higher"):
    made = [contender(n, v) for n, v in (("a", CLOSE), ("b", CLOSER), ("c", WORSE))]
    return columns(*made, way=way)


def test_p_is_that_of_paired_t_tests_after_holm_over_all_pairs():
    # No sampling error, so Satterthwaite's degrees of freedom are those of the paired t test.
    found = three()
    values = {"a": CLOSE, "b": CLOSER, "c": WORSE}
    pairs = list(combinations("abc", 2))
    p = [stats.ttest_rel(values[i], values[j]).pvalue for i, j in pairs]
    holm = multipletests(p, method="holm")[1]

    # Means .81, .812 and .51.
    assert {one["best"][0] for one in found.values()} == {"b"}
    for name in "ac":
        at = pairs.index(tuple(sorted((name, "b"))))
        assert found[name]["best_p"][0] == pytest.approx(p[at], rel=1e-3)
        assert found[name]["best_p_holm"][0] == pytest.approx(holm[at], rel=1e-3)
    assert found["a"]["best_p_holm"][0] > 0.05 > found["c"]["best_p_holm"][0]


def test_the_best_is_not_compared_with_itself():
    found = three()["b"]
    assert np.isnan([found["best_p"][0], found["best_p_holm"][0]]).all()


def test_the_sampling_error_is_that_of_the_paired_difference():
    # Replicates share a spread of .1, which cancels, and have .01 of their own: the difference
    # varies by .01 sqrt(2) = .0141. Seeds do not vary, so t has infinitely many degrees.
    same = [
        contender(name, [value] * 3, 0.01, shared=0.1, draws=20_000)
        for name, value in (("a", 0.80), ("b", 0.83))
    ]
    p = 2 * stats.norm.sf(0.03 / (0.01 * np.sqrt(2)))
    assert columns(*same)["a"]["best_p"][0] == pytest.approx(p, rel=0.06)


def test_undefined_replicates_are_left_out_pair_by_pair(monkeypatch):
    generator = np.random.default_rng(3)
    made = [contender(name, generator.random((2, 7)), 0.1, shared=0.1) for name in "abc"]
    holes = [np.where(generator.random(one.resampled.shape) < 0.2, NAN, one.resampled)
             for one in made]  # fmt: skip
    monkeypatch.setattr(chunks, "LARGEST", 3 * 400 * 2)
    for sign in (1, -1):
        found = module._pair_spreads(holes, sign)
        wanted = [np.nanstd(a - sign * b, axis=0, ddof=1) for a, b in combinations(holes, 2)]
        assert found == pytest.approx(np.array(wanted), rel=1e-5)


def test_identical_predictions_cannot_be_told_apart():
    one, other = contender("a", CLOSE, 0.01), contender("b", CLOSE)
    other = Contender(other.runs, one.values, one.resampled)
    found = columns(one, other, contender("c", WORSE, 0.01))

    assert found["a"]["best"][0] == "a"
    assert (found["b"]["best_p"][0], found["b"]["best_p_holm"][0]) == (1, 1)


def test_a_constant_lead_without_any_spread_proves_nothing():
    found = columns(contender("a", [0.8] * 3), contender("b", [0.7] * 3))
    assert found["b"]["best"][0] == "a"
    assert np.isnan(found["b"]["best_p"][0])


def test_one_seed_names_the_best_but_has_no_p():
    found = columns(contender("a", [0.8], 0.01), contender("b", [0.5], 0.01))
    assert found["b"]["best"][0] == "a"
    assert np.isnan(found["b"]["best_p"][0])


def test_a_method_that_lacks_a_seed_does_not_compete_for_that_number():
    values = np.array([CLOSE, CLOSE]).T
    holes = values + 0.1
    holes[2, 1] = NAN
    found = columns(contender("a", values), contender("b", holes), contender("c", values - 0.2))

    assert found["c"]["best"].tolist() == ["b", "a"]
    assert found["b"]["best"].tolist() == ["b", ""]
    assert np.isnan(found["b"]["best_p_holm"][1])


def test_a_number_of_a_single_method_has_no_best():
    found = columns(contender("a", CLOSE), contender("b", [NAN] * 5))
    assert [one["best"][0] for one in found.values()] == ["", ""]


@pytest.mark.parametrize(("way", "best"), [("higher", "b"), ("lower", "c"), ("zero", "a")], ids=str)
def test_the_direction_of_the_metric_decides_which_is_best(way, best):
    levels = {"a": 0.01, "b": 0.30, "c": -0.20}
    made = [contender(n, np.array([-0.02, 0.0, 0.02]) + level) for n, level in levels.items()]
    assert {one["best"][0] for one in columns(*made, way=way).values()} == {best}


def test_signed_scores_are_compared_by_their_distance_from_zero():
    # .2 and -.2 are equally far from 0 however different they are; .2 and -.4 are not.
    jitter = np.array([-0.01, 0.0, 0.01])
    mirrored = columns(
        contender("a", 0.20 + jitter), contender("b", -0.21 + jitter[[1, 2, 0]]), way="zero"
    )
    far = columns(
        contender("a", 0.20 + jitter), contender("b", -0.40 + jitter[[1, 2, 0]]), way="zero"
    )

    # .20 - .21 = -.01 about sums of -.02, -.01 and 0: t = -.01 / (.01 / sqrt(3)) = -1.73, 2 dof
    assert mirrored["b"]["best_p"][0] == pytest.approx(2 * stats.t.sf(np.sqrt(3), 2))
    assert far["b"]["best_p"][0] == pytest.approx(2 * stats.t.sf(20 * np.sqrt(3), 2))


VALUES = st.lists(st.integers(0, 20).map(lambda n: n / 20), min_size=3, max_size=3)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(VALUES, min_size=2, max_size=4), st.sampled_from(["higher", "lower", "zero"]))
def test_the_order_of_the_methods_changes_nothing(values, way):
    made = [contender(f"m{at}", one, 0.02) for at, one in enumerate(values)]
    first = columns(*made, way=way)
    for order in list(permutations(made))[1:4]:
        again = columns(*order, way=way)
        for name, own in first.items():
            assert own["best"].tolist() == again[name]["best"].tolist()
            for kind in ("best_p", "best_p_holm"):
                np.testing.assert_array_equal(own[kind], again[name][kind])


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.lists(VALUES, min_size=2, max_size=5))
def test_higher_scores_and_lower_errors_have_the_same_p(values):
    made = [contender(f"m{at}", one, 0.02) for at, one in enumerate(values)]
    errors = [Contender(one.runs, 1 - one.values, 1 - one.resampled) for one in made]
    for own, other in zip(columns(*made).values(), columns(*errors, way="lower").values(),
                          strict=True):  # fmt: skip
        assert own["best"].tolist() == other["best"].tolist()
        np.testing.assert_allclose(own["best_p"], other["best_p"], rtol=1e-3)


@pytest.mark.parametrize("sampling", [0.0, 0.5, 2.0], ids=lambda s: f"sampling {s}")
def test_among_equal_methods_none_is_called_worse_in_at_least_94_percent_of_studies(sampling):
    # 2,500 studies of eight equal methods and five seeds as 2,500 numbers; the test set shifts all
    # methods by 1 and each by `sampling`, the seeds by 1.
    generator = np.random.default_rng(17)
    studies, methods = 2_500, 8
    common = generator.normal(size=studies)
    made = []
    for at in range(methods):
        shift = common + sampling * generator.normal(size=studies)
        values = shift + generator.normal(size=(5, studies))
        # Cosines of different frequencies are orthogonal: 32 replicates of exactly this spread,
        # without covariance between methods.
        angle = np.exp(2j * np.pi * np.outer(np.arange(32), at + 1) / 32).real * np.sqrt(2)
        resampled = np.tile(sampling * angle * np.sqrt(31 / 32), (1, studies))
        made.append(Contender(runs(f"m{at}"), values, resampled.astype(np.float32)))
    found = best_columns(made, ["higher"] * studies)
    smallest = np.nanmin([one["best_p_holm"] for one in found], axis=0)

    # standard error .44 %
    assert np.mean(smallest <= 0.05) <= 0.06
    if not sampling:
        # As if the best had been named beforehand.
        naive = np.nanmin([one["best_p"] for one in found], axis=0) * (methods - 1)
        assert np.mean(naive <= 0.05) > 0.08


def test_fewer_replicates_are_kept_of_many_methods_and_numbers(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 1_000_000)
    assert kept_draws(1_000, 10, 100) == 1_000
    assert kept_draws(1_000, 10, 200) == 500
    assert kept_draws(1_000, 100, 1_000) == module.FEWEST_KEPT
