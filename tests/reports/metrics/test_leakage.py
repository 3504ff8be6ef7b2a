"""Leakage of the group from stored representations."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score

from reports.convention import STRICT
from reports.errors import ReportError
from reports.measure import measure
from reports.predictions import PredictionSet, ValidationPart


def part(size, seed, strength):
    """Labels, groups and features of which the first tells the group, the stronger the better."""
    draw = np.random.default_rng(seed)
    labels, group = draw.integers(0, 3, size), draw.integers(0, 2, size)
    features = draw.standard_normal((size, 5))
    features[:, 0] += strength * group
    return labels, group, features


def predictions(strength=2.0, *, with_features=True, unknown=False) -> PredictionSet:
    labels, group, features = part(400, 0, strength)
    known, own, seen = part(300, 1, strength)
    if unknown:
        group, own = group.copy(), own.copy()
        group[:50], own[:50] = -1, -1
    return PredictionSet(
        dataset="faces", method="ce", variant="", seed="0", select="last", cell="c",
        classes=("a", "b", "c"), levels={"gender": ("f", "m")}, intersections=(),
        labels=labels, predicted=labels, attributes=group[:, None],
        validation=ValidationPart(
            known, own[:, None], np.full((300, 3), 1 / 3), features=seen if with_features else None
        ),
        features=features if with_features else None,
    )  # fmt: skip


def values(one) -> dict[str, float]:
    frame = measure(one, STRICT)
    chosen = frame[frame["metric"].str.startswith("leak") & (frame["attribute"] == "gender")]
    return dict(zip(chosen["metric"], chosen["value"], strict=True))


@pytest.mark.parametrize("unknown", [False, True])
def test_leakage_is_that_of_scikit_learns_probe(unknown):
    one = predictions(unknown=unknown)
    train, test = one.validation, one.attributes[:, 0]
    mean, sd = train.features.mean(0), train.features.std(0)
    inside, outside = train.attributes[:, 0] >= 0, test >= 0
    if unknown:
        mean, sd = train.features[inside].mean(0), train.features[inside].std(0)
    probe = LogisticRegression(C=1, max_iter=2000, tol=1e-8)
    probe.fit(((train.features - mean) / sd)[inside], train.attributes[inside, 0])
    expected = balanced_accuracy_score(
        test[outside], probe.predict(((one.features - mean) / sd)[outside])
    )

    found = values(one)
    assert found["leak"] == pytest.approx(expected, abs=0.01)
    assert found["leak_excess"] == pytest.approx(found["leak"] - 0.5)


def test_features_without_the_group_leak_about_chance():
    found = values(predictions(strength=0.0))

    assert abs(found["leak_excess"]) < 0.1
    assert values(predictions(strength=6.0))["leak"] > 0.98


def test_a_label_that_is_independent_of_the_group_leaks_nothing():
    assert values(predictions())["leak_label"] == pytest.approx(0.5, abs=0.1)


def test_cells_without_features_have_no_rows():
    assert values(predictions(with_features=False)) == {}


def test_one_group_leaves_leakage_undefined():
    one = predictions()
    alone = replace(one, attributes=np.zeros_like(one.attributes))

    frame = measure(alone, STRICT).query("metric == 'leak' and attribute == 'gender'")
    assert np.isnan(frame["value"].item())
    assert frame["reason"].item() == "fewer_than_two_groups"


def test_features_of_other_samples_are_refused():
    with pytest.raises(ReportError, match="features have 3 rows"):
        replace(predictions(), features=np.zeros((3, 5)))
