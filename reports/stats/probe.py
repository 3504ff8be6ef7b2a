"""How much of a protected attribute a linear probe reads off a representation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import log_softmax, softmax  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

STEPS = 2000


@dataclass(frozen=True)
class Leak:
    """Balanced accuracy of the probe on the evaluation split.

    Attributes:
        balanced: mean recall over the groups that the evaluation split has.
        excess: `balanced` less chance, 1 / groups.
        majority: accuracy of always guessing the commonest group of the training split.
        groups: groups with samples in the training split.
        n: evaluation samples of known group.
        reason: why it is undefined.
    """

    balanced: float = math.nan
    excess: float = math.nan
    majority: float = math.nan
    groups: int = 0
    n: int = 0
    reason: str = ""


def leak(train: Floats, train_groups: Codes, test: Floats, test_groups: Codes) -> Leak:
    """Leakage of an attribute: multinomial logistic regression (L2, C = 1) on standardised features.

    Args:
        train: (N, d) representations on which the probe is fitted; not those of the test split.
        train_groups: (N,) codes, -1 unknown (left out).
        test: (M, d) representations on which it is judged.
        test_groups: (M,) codes.

    Returns:
        Undefined with fewer than two groups on either side. At chance it does not prove absence of
        information: the probe is linear.

    Source: metrics.md 4; scikit-learn's LogisticRegression is the oracle.
    """
    inside, outside = train_groups >= 0, test_groups >= 0
    x, y = train[inside], train_groups[inside]
    z, truth = test[outside], test_groups[outside]
    levels = np.unique(y)
    n = len(truth)
    if len(levels) < 2:
        return Leak(groups=len(levels), n=n, reason="fewer than two groups to learn from")
    seen = np.unique(truth[np.isin(truth, levels)])
    if len(seen) < 2:
        return Leak(groups=len(levels), n=n, reason="fewer than two groups to be judged on")
    weights = fit_probe(x, np.searchsorted(levels, y))
    guessed = levels[predict_probe(weights, x, z)]
    recalls = [float(np.mean(guessed[truth == level] == level)) for level in seen]
    common = levels[np.bincount(np.searchsorted(levels, y)).argmax()]
    balanced = float(np.mean(recalls))
    return Leak(balanced, balanced - 1 / len(seen), float(np.mean(truth == common)), len(levels), n)


def fit_probe(x: Floats, y: Codes, penalty: float = 1.0) -> Floats:
    """(d + 1, G) weights, intercept last and unpenalised, for standardised features.

    Args:
        x: (N, d).
        y: (N,) codes 0..G-1, all of which occur.
        penalty: C, the inverse strength of the L2 penalty.
    """
    scaled = _standardised(x, x)
    size, groups = scaled.shape[1], int(y.max()) + 1
    hot = np.eye(groups)[y]

    def loss(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(size + 1, groups)
        scores = scaled @ weights[:-1] + weights[-1]
        value = -float((hot * log_softmax(scores, axis=1)).sum())
        error = softmax(scores, axis=1) - hot
        gradient = np.vstack([scaled.T @ error + weights[:-1] / penalty, error.sum(axis=0)])
        return value + float((weights[:-1] ** 2).sum()) / (2 * penalty), gradient.ravel()

    start = np.zeros((size + 1) * groups)
    options = {"maxiter": STEPS, "ftol": 1e-12, "gtol": 1e-6}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x, dtype=np.float64).reshape(size + 1, groups)


def predict_probe(weights: Floats, x: Floats, z: Floats) -> Codes:
    """(M,) codes that the probe fitted on x gives to z."""
    scores = _standardised(x, z) @ weights[:-1] + weights[-1]
    return np.asarray(scores.argmax(axis=1), dtype=np.int64)


def leak_null(
    train: Floats,
    train_groups: Codes,
    test: Floats,
    test_groups: Codes,
    generator: np.random.Generator,
    *,
    draws: int = 100,
) -> Floats:
    """(draws,) balanced accuracies of probes fitted on permuted groups: what chance reads off."""
    known = np.flatnonzero(train_groups >= 0)
    found = np.empty(draws)
    for draw in range(draws):
        shuffled = train_groups.copy()
        shuffled[known] = generator.permutation(train_groups[known])
        found[draw] = leak(train, shuffled, test, test_groups).balanced
    return found


def one_hot(codes: Codes, count: int) -> Floats:
    """(N, count) representation that knows the class only: the leakage of a label."""
    return np.eye(count)[codes]


def _standardised(reference: Floats, x: Floats) -> Floats:
    centre, scale = reference.mean(axis=0), reference.std(axis=0)
    # A constant feature says nothing and must not divide by 0.
    return (x - centre) / np.where(scale > 0, scale, 1.0)
