"""How much of a protected attribute a linear probe reads off a representation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular  # type: ignore[import-untyped]
from scipy.optimize import minimize  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

STEPS = 2000
#: tolerances of a fit
EXACT = {"maxiter": STEPS, "ftol": 1e-12, "gtol": 1e-6}
#: largest gradient, per root of a sample, of fits behind a null band, whose guesses need not be
#: exact, and the most steps they take
ROUGH, ROUGH_STEPS = 1e-3, 200


@dataclass(frozen=True)
class Leak:
    """Balanced accuracy of the probe on the evaluation split.

    Attributes:
        balanced: mean recall over `groups`.
        excess: `balanced` less chance, 1 / groups.
        majority: accuracy of always guessing the commonest group of the training split.
        groups: groups that both splits have; others are left out of the evaluation.
        n: evaluation samples of these groups.
        reason: why it is undefined.
    """

    balanced: float = math.nan
    excess: float = math.nan
    majority: float = math.nan
    groups: int = 0
    n: int = 0
    reason: str = ""


def leak(train: Floats, train_groups: Codes, test: Floats, test_groups: Codes) -> Leak:
    """Leakage of an attribute: balanced accuracy of multinomial logistic regression (L2, C = 1).

    Features are standardised with mean and deviation of the training split.

    Args:
        train: (N, d) representations on which the probe is fitted; not those of the test split.
        train_groups: (N,) codes, -1 unknown (left out).
        test: (M, d) representations on which it is judged.
        test_groups: (M,) codes.

    Returns:
        Undefined with fewer than two groups on either side, without a feature that varies, or with
        features that are not finite. At chance it does not prove absence of information: the probe
        is linear.

    Source: metrics.md 4; scikit-learn's LogisticRegression is the oracle.
    """
    task = _task(train, train_groups, test, test_groups)
    n = len(task.truth)
    if task.reason:
        return Leak(groups=task.groups, n=n, reason=task.reason)
    weights = _Solver(task.x, task.levels, 1.0).weights(task.y)
    balanced = _balanced(_guesses(weights, task.z), task.truth)
    majority = float(np.mean(task.truth == np.bincount(task.y).argmax()))
    return Leak(balanced, balanced - 1 / task.groups, majority, task.groups, n)


def leak_null(
    train: Floats,
    train_groups: Codes,
    test: Floats,
    test_groups: Codes,
    generator: np.random.Generator,
    *,
    draws: int = 100,
) -> Floats:
    """(draws,) balanced accuracies for permuted groups: what chance reads off.

    Known groups are permuted within both splits. (With the test groups in place, a probe of noise
    that happens to point along a strong difference of groups would score far from chance, either
    way, and the band of a leaking representation would hide its leak.) Fits stop earlier than that
    of `leak`.

    Args:
        train: (N, d) representations on which probes are fitted.
        train_groups: (N,) codes, -1 unknown (left out).
        test: (M, d) representations on which they are judged.
        test_groups: (M,) codes.
        generator: source of the permutations.
        draws: how many.

    Returns:
        NaN where `leak` is undefined.

    Source: metrics.md 4.
    """
    found = np.full(draws, np.nan)
    task = _task(train, train_groups, test, test_groups)
    if task.reason:
        return found
    # Apart, so that runs with other validation parts share the permutations of the test part.
    of_train, of_test = generator.spawn(2)
    codes = np.stack([of_train.permutation(task.y) for _ in range(draws)])
    for draw, weights in enumerate(_many_weights(task.x, codes, task.levels)):
        found[draw] = _balanced(_guesses(weights, task.z), of_test.permutation(task.truth))
    return found


def fit_probe(x: Floats, y: Codes, penalty: float = 1.0) -> Floats:
    """(d + 1, G) weights, intercept last and unpenalised, for standardised features.

    Args:
        x: (N, d).
        y: (N,) codes 0..G-1, all of which occur.
        penalty: C, the inverse strength of the L2 penalty, for two groups on the difference of
            their columns (as scikit-learn has it).
    """
    return _Solver(_standardised(x, x), int(y.max()) + 1, penalty).weights(y)


def predict_probe(weights: Floats, x: Floats, z: Floats) -> Codes:
    """(M,) codes that the probe fitted on x gives to z.

    Args:
        weights: (d + 1, G) from `fit_probe`.
        x: (N, d) features that it was fitted on.
        z: (M, d) features to judge.
    """
    return _guesses(weights, _standardised(x, z))


def one_hot(codes: Codes, count: int) -> Floats:
    """(N, count) representation that knows the class only: the leakage of a label.

    Args:
        codes: (N,) 0..count-1; a negative code gives a row of 0.
        count: number of classes.
    """
    return np.asarray(codes[:, None] == np.arange(count), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Task:
    """Standardised features and groups of both splits, as codes of the training split's groups."""

    x: Floats
    y: Codes
    z: Floats
    truth: Codes
    levels: int
    groups: int
    reason: str


def _task(train: Floats, train_groups: Codes, test: Floats, test_groups: Codes) -> _Task:
    levels = np.unique(train_groups[train_groups >= 0])
    inside, outside = train_groups >= 0, np.isin(test_groups, levels)
    x, z = np.asarray(train, np.float64)[inside], np.asarray(test, np.float64)[outside]
    y, truth = (
        np.searchsorted(levels, groups)
        for groups in (train_groups[inside], test_groups[outside])
    )  # fmt: skip
    groups, reason = len(np.unique(truth)), ""
    if len(levels) < 2:
        reason = "fewer than two groups to learn from"
    elif groups < 2:
        reason = "fewer than two groups to be judged on"
    elif not (np.isfinite(x).all() and np.isfinite(z).all()):
        reason = "features are not finite"
    elif not _varies(x).any():
        reason = "no feature varies"
    if not reason:
        x, z = _standardised(x, x), _standardised(x, z)
    return _Task(x, y, z, truth, len(levels), groups, reason)


class _Solver:
    """Penalised multinomial logistic regressions on the same features.

    L-BFGS in coordinates u in which the loss of a probe without skill is nearly round: w = back u,
    with back back' the inverse of a multiple of X'X plus the penalty. Representations are strongly
    correlated, and the plain coordinates take ten times as many steps.
    """

    def __init__(self, scaled: Floats, groups: int, penalty: float) -> None:
        design, ridge = _design(scaled, groups, penalty)
        # p (1 - p) is about 1 / groups without skill and less with it.
        curvature = 0.3 / groups * design.T @ design + np.diag(ridge)
        root = np.linalg.cholesky(curvature)
        self._back = solve_triangular(root, np.eye(len(root)), lower=True).T
        self._design = design @ self._back
        self._penalty = self._back.T @ (ridge[:, None] * self._back)
        self._groups = groups

    def weights(self, y: Codes) -> Floats:
        """(d + 1, G) weights for (N,) codes."""
        rows, shape = np.arange(len(y)), (len(self._back), self._groups)
        hot = np.eye(self._groups)[y]

        def loss(flat: Floats) -> tuple[float, Floats]:
            u = flat.reshape(shape)
            scores = self._design @ u
            scores -= scores.max(axis=1, keepdims=True)
            odds = np.exp(scores)
            total = odds.sum(axis=1, keepdims=True)
            pull = self._penalty @ u
            value = np.log(total).sum() - scores[rows, y].sum() + (u * pull).sum() / 2
            return float(value), (self._design.T @ (odds / total - hot) + pull).ravel()

        found = minimize(
            loss, np.zeros(math.prod(shape)), jac=True, method="L-BFGS-B", options=dict(EXACT)
        )
        return np.asarray(self._back @ found.x.reshape(shape), dtype=np.float64)


def _many_weights(scaled: Floats, codes: Codes, groups: int) -> Floats:
    """(D, d + 1, G) weights for (D, N) codes, all fitted at once and roughly.

    Accelerated gradient steps in coordinates in which the curvature of the loss is at most 1: that
    of multinomial probabilities is at most 1/2 (Boehning 1992). Gradients of many fits to the same
    features are two matrix products; one fit after the other takes ten times as long.
    """
    design, ridge = _design(scaled, groups, 1.0)
    root = np.linalg.cholesky(design.T @ design / 2 + np.diag(ridge))
    back = solve_triangular(root, np.eye(len(root)), lower=True).T
    design, penalty = design @ back, back.T @ (ridge[:, None] * back)
    hot = np.ascontiguousarray(np.eye(groups)[codes.T])
    shape = (len(back), len(codes) * groups)
    found, ahead = np.zeros(shape), np.zeros(shape)
    for step in range(1, ROUGH_STEPS + 1):
        odds = (design @ ahead).reshape(hot.shape)
        odds -= odds.max(axis=-1, keepdims=True)
        np.exp(odds, out=odds)
        odds /= odds.sum(axis=-1, keepdims=True)
        odds -= hot
        gradient = design.T @ odds.reshape(len(design), -1) + penalty @ ahead
        before, found = found, ahead - gradient
        if np.abs(gradient).max() <= ROUGH * math.sqrt(len(design)):
            break
        ahead = found + (step - 1) / (step + 2) * (found - before)
    weights = (back @ found).reshape(len(back), len(codes), groups)
    return np.moveaxis(weights, 1, 0)


def _design(scaled: Floats, groups: int, penalty: float) -> tuple[Floats, Floats]:
    """(N, d + 1) features with a constant, and the (d + 1,) L2 penalty of their weights."""
    design = np.column_stack((scaled, np.ones(len(scaled))))
    # scikit-learn gives two groups one column w and penalises w^2; ours are w / 2 and -w / 2.
    ridge = np.full(design.shape[1], (2 if groups == 2 else 1) / penalty)
    ridge[-1] = 0.0  # the intercept
    return design, ridge


def _guesses(weights: Floats, scaled: Floats) -> Codes:
    return np.asarray((scaled @ weights[:-1] + weights[-1]).argmax(axis=1), dtype=np.int64)


def _balanced(guessed: Codes, truth: Codes) -> float:
    """Mean recall over the groups of `truth`."""
    sizes = np.bincount(truth)
    right = np.bincount(truth[guessed == truth], minlength=len(sizes))
    return float(np.mean(right[sizes > 0] / sizes[sizes > 0]))


def _varies(x: Floats) -> NDArray[np.bool_]:
    """(d,) whether a feature is more than a constant with rounding errors."""
    return np.asarray(x.std(axis=0) > 1e-12 * np.abs(x.mean(axis=0)))


def _standardised(reference: Floats, x: Floats) -> Floats:
    known, wanted = np.asarray(reference, np.float64), np.asarray(x, np.float64)
    # A constant feature says nothing and must not divide by 0.
    scale = np.where(_varies(known), known.std(axis=0), 1.0)
    return np.asarray((wanted - known.mean(axis=0)) / scale)
