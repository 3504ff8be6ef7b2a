"""The leakage probe, against scikit-learn."""

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reports.stats.probe import fit_probe, leak, leak_null, one_hot, predict_probe


def faces(seed, size, features=6, groups=3, strength=1.0, correlated=False):
    """Representations whose means differ by group, of groups of very different sizes."""
    means = np.random.default_rng(99).normal(size=(groups, features))
    mixing = np.random.default_rng(98).normal(size=(features, features))
    generator = np.random.default_rng(seed)
    shares = np.arange(groups, 0, -1) ** 2.0
    group = generator.choice(groups, size, p=shares / shares.sum())
    x = generator.normal(size=(size, features)) + strength * means[group]
    return (x @ mixing if correlated else x), group


def sklearn_probe(x, y):
    logistic = LogisticRegression(C=1.0, tol=1e-10, max_iter=20_000)
    return make_pipeline(StandardScaler(), logistic).fit(x, y)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("groups", [3, 6])
@pytest.mark.parametrize("correlated", [False, True], ids=["plain", "correlated"])
def test_the_probe_equals_scikit_learn(seed, groups, correlated):
    (x, y), (z, truth) = (
        faces(10 * seed + part, 300, groups=groups, correlated=correlated, strength=0.7)
        for part in range(2)
    )
    wanted = sklearn_probe(x, y)
    weights = fit_probe(x, y)

    coefficients = wanted[-1].coef_.T
    assert weights[:-1] == pytest.approx(coefficients, abs=1e-4)
    # intercepts are only known but for a common shift
    shift = weights[-1] - wanted[-1].intercept_
    assert shift == pytest.approx(np.full(groups, shift.mean()), abs=1e-4)
    assert np.array_equal(predict_probe(weights, x, z), wanted.predict(z))
    found = leak(x, y, z, truth)
    assert found.balanced == pytest.approx(balanced_accuracy_score(truth, wanted.predict(z)))
    assert found.excess == pytest.approx(found.balanced - 1 / groups)
    assert found.majority == pytest.approx(np.mean(truth == 0))
    assert (found.groups, found.n) == (groups, 300)


def test_two_groups_are_penalised_as_scikit_learn_does():
    # it fits one column w to two groups, ours are w/2 and -w/2
    (x, y), (z, _) = (faces(part, 200, groups=2) for part in range(2))
    wanted = sklearn_probe(x, y)
    weights = fit_probe(x, y)

    assert weights[:-1, 1] == pytest.approx(-weights[:-1, 0], abs=1e-6)
    assert 2 * weights[:-1, 1] == pytest.approx(wanted[-1].coef_[0], abs=1e-4)
    assert np.array_equal(predict_probe(weights, x, z), wanted.predict(z))


def test_unknown_groups_are_left_out_of_both_splits():
    (x, y), (z, truth) = faces(1, 200), faces(2, 150)
    hidden_y, hidden_truth = y.copy(), truth.copy()
    hidden_y[::3], hidden_truth[::4] = -1, -1
    kept, seen = hidden_y >= 0, hidden_truth >= 0

    assert leak(x, hidden_y, z, hidden_truth) == leak(x[kept], y[kept], z[seen], truth[seen])


def test_codes_need_not_be_contiguous_and_untrained_groups_are_not_judged():
    (x, y), (z, truth) = faces(1, 200), faces(2, 150)
    codes = np.array([2, 5, 9])
    odd = leak(x, codes[y], z, codes[truth])
    strange = np.concatenate([codes[truth], [7, 7]])

    assert odd == leak(x, y, z, truth)
    assert leak(x, codes[y], np.vstack([z, z[:2]]), strange) == odd


def test_a_group_that_is_not_judged_does_not_enter_chance():
    (x, y), (z, truth) = faces(1, 200), faces(2, 150)
    few = truth < 2
    found = leak(x, y, z[few], truth[few])

    assert found.groups == 2
    assert found.excess == pytest.approx(found.balanced - 0.5)


@pytest.mark.parametrize(
    ("train_groups", "test_groups", "words"),
    [
        (lambda g: g * 0 - 1, lambda g: g, "learn from"),
        (lambda g: g * 0, lambda g: g, "learn from"),
        (lambda g: g, lambda g: g * 0 - 1, "judged on"),
        (lambda g: g, lambda g: g * 0 + 1, "judged on"),
        (lambda g: g, lambda g: g + 10, "judged on"),
    ],
    ids=["all unknown", "one group", "test unknown", "one test group", "other test groups"],
)
def test_without_two_groups_nothing_can_leak(train_groups, test_groups, words):
    (x, y), (z, truth) = faces(1, 60), faces(2, 60)
    case = (x, train_groups(y), z, test_groups(truth))
    found = leak(*case)

    assert words in found.reason
    assert np.isnan([found.balanced, found.excess, found.majority]).all()
    assert np.isnan(leak_null(*case, np.random.default_rng(1), draws=3)).all()


@pytest.mark.parametrize("value", [0.0, 0.1, 1e6])
def test_constant_features_say_nothing(value):
    y = np.array([0, 1, 1] * 20)
    x = np.full((60, 2), value)

    assert leak(x, y, x, y).reason == "no feature varies"
    assert leak(np.empty((60, 0)), y, np.empty((60, 0)), y).reason == "no feature varies"


def test_a_constant_feature_beside_others_changes_nothing():
    (x, y), (z, truth) = faces(1, 200), faces(2, 150)
    # varies in the evaluation only
    more_x, more_z = np.column_stack([x, np.full(200, 0.1)]), np.column_stack([z, z[:, 0]])

    assert fit_probe(more_x, y)[6] == pytest.approx(np.zeros(3), abs=1e-12)
    assert leak(more_x, y, more_z, truth).balanced == leak(x, y, z, truth).balanced


def test_features_that_overflowed_are_refused():
    (x, y), (z, truth) = faces(1, 60), faces(2, 60)
    for bad in (np.inf, np.nan):
        broken = z.copy()
        broken[3, 1] = bad
        assert leak(x, y, broken, truth).reason == "features are not finite"


def test_stored_half_precision_is_calculated_in_double():
    (x, y), (z, truth) = faces(1, 200), faces(2, 150)
    small_x, small_z = (1000 * x).astype(np.float16), (1000 * z).astype(np.float16)

    wanted = leak(small_x.astype(np.float64), y, small_z.astype(np.float64), truth)
    assert leak(small_x, y, small_z, truth) == wanted


def test_a_perfect_representation_leaks_all_and_noise_nothing():
    y = np.arange(300) % 3
    noise = np.random.default_rng(4).normal(size=(2, 300, 4))
    band = leak_null(noise[0], y, noise[1], y, np.random.default_rng(5), draws=40)

    assert leak(one_hot(y, 3), y, one_hot(y, 3), y).balanced == 1
    assert band.min() <= leak(noise[0], y, noise[1], y).balanced <= band.max()
    assert band.mean() == pytest.approx(1 / 3, abs=0.02)


def test_the_null_band_of_a_leaking_representation_does_not_hide_its_leak():
    # one feature that tells the groups: with the test groups in place, a probe of noise would score
    # 0 or 1 whenever it guesses both groups
    y = np.arange(400) % 2
    x = y[:, None] + np.random.default_rng(6).normal(0, 0.05, (400, 1))
    band = leak_null(x, y, x, y, np.random.default_rng(7), draws=60)

    assert leak(x, y, x, y).balanced == 1
    assert band.max() < 0.65
    assert band.min() > 0.35


def test_the_share_of_bands_that_noise_exceeds_is_the_level():
    # 60 useless representations, 19 draws each: above all 19 once in 20
    generator = np.random.default_rng(8)
    above = []
    for _ in range(60):
        y, truth = generator.integers(0, 3, 60), generator.integers(0, 3, 60)
        x, z = generator.normal(size=(2, 60, 3))
        band = leak_null(x, y, z, truth, generator, draws=19)
        above.append(leak(x, y, z, truth).balanced > band.max())

    # 3 expected; 10 or more come up less than once in 1,000
    assert sum(above) < 10


def test_a_null_band_is_reproducible_and_leaves_its_inputs_alone():
    (x, y), (z, truth) = faces(1, 100), faces(2, 80)
    before = [part.copy() for part in (x, y, z, truth)]
    first, second = (
        leak_null(x, y, z, truth, np.random.default_rng(1), draws=5) for _ in range(2)
    )  # fmt: skip

    assert np.array_equal(first, second)
    assert all(map(np.array_equal, before, (x, y, z, truth)))


def test_one_hot_labels_know_their_class_and_unknown_ones_none():
    assert one_hot(np.array([1, 0, -1]), 3).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_the_leak_of_a_label_is_that_of_guessing_by_class():
    # class 0 is group 0 for 3 of 4, class 1 is group 1 for 3 of 4: each recall is 3/4
    label = np.array([0, 0, 0, 0, 1, 1, 1, 1] * 5)
    group = np.array([0, 0, 0, 1, 1, 1, 1, 0] * 5)

    assert leak(one_hot(label, 2), group, one_hot(label, 2), group).balanced == 0.75


def test_a_fit_of_3000_faces_takes_less_than_half_a_second():
    x, y = faces(1, 3000, features=64, groups=6, strength=0.3, correlated=True)
    started = time.process_time()
    fit_probe(x, y)

    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_probes_of_permuted_groups_decide_as_exact_ones(groups):
    (x, y), (z, truth) = (faces(part, 400, groups=groups, correlated=True) for part in range(2))
    band = leak_null(x, y, z, truth, np.random.default_rng(3), draws=10)
    of_train, of_test = np.random.default_rng(3).spawn(2)
    for found in band:
        guessed = predict_probe(fit_probe(x, of_train.permutation(y)), x, z)
        wanted = balanced_accuracy_score(of_test.permutation(truth), guessed)
        # Fits that stop early decide otherwise of some of the 400 samples, near the boundary only.
        assert found == pytest.approx(wanted, abs=0.03)
