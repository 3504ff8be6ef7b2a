"""Table of the smallest differences that a test set can show."""

import dataclasses
from math import asin, sin, sqrt

import pandas as pd
import pytest
from scipy import stats

from tests.reports.studies import EMOTIONS, cell, rows, study
from tests.reports.test_layouts import entry, found, whole_study


def frames(sizes, rate=0.5, methods=("ce",)):
    """Rates of men and women of these numbers; the rate is that of everybody."""
    parts = [rows({(method, "0"): rate for method in methods})]
    for group, size in sizes.items():
        own = rows({(m, "0"): 0.9 for m in methods}, attribute="gender", group=group)
        parts.append(own.assign(n=size))
    for emotion in EMOTIONS:
        place = {"metric": "tpr", "emotion": emotion}
        parts.append(rows({(m, "0"): rate for m in methods}, **place))
    cells = [cell("synthetic", method, 0) for method in methods]
    return study(pd.concat(parts, ignore_index=True), cells, levels={"gender": tuple(sizes)})


def difference(made, group, header="accuracy"):
    return entry(found(made, "detectable_synthetic", ["detectable"]), group, header)


def test_differences_are_those_of_the_arcsine_form():
    # 100 men, 400 others, rate .5: h = 2.8016 sqrt(1/100 + 1/400) = .3132;
    # sin^2(pi/4 - .1566) = .3459, sin^2(pi/4 + .1566) = .6541
    assert difference(frames({"male": 100, "female": 400}), "male").text == "-15.4 / +15.4"


def test_several_other_groups_count_together():
    h = (stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * sqrt(1 / 50 + 1 / 300)
    wanted = 100 * (sin(asin(sqrt(0.7)) - h / 2) ** 2 - 0.7)
    made = frames({"a": 50, "b": 100, "c": 200}, rate=0.7)

    assert float(difference(made, "a").text.split(" / ")[0]) == pytest.approx(wanted, abs=0.05)


def test_where_no_rate_is_far_enough_it_says_none():
    # 4 of 9 images, rate .9: nothing above; of 1 and 1 nothing at all.
    assert difference(frames({"male": 4, "female": 9}, 0.9), "male").text.endswith("/ none")
    assert difference(frames({"male": 1, "female": 1}), "male").text == "none"


def test_groups_and_classes_without_samples_are_undefined():
    made = frames({"male": 10, "female": 0})

    assert difference(made, "female").state == "undefined"
    assert "no samples" in difference(made, "male").reason
    assert difference(made, "male", "fear").state == "undefined"


def test_the_rates_are_those_of_the_baseline():
    made = frames({"male": 100, "female": 400}, methods=("focal", "ce"))
    caption = found(made, "detectable_synthetic", ["detectable"]).caption
    assert "Cross entropy" in caption
    without = dataclasses.replace(made, cells=made.cells[made.cells["method"] == "focal"])
    assert "Focal loss" in found(without, "detectable_synthetic", ["detectable"]).caption


def test_small_groups_need_larger_differences():
    table = found(whole_study(), "detectable_synthetic", ["detectable"])
    ends = [entry(table, name, "accuracy").text.split(" / ")[0] for name in ("light", "dark")]

    assert float(ends[1]) < float(ends[0]) < 0
