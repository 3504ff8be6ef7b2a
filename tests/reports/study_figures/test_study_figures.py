"""Figures of a study: which are drawn, what they say, the same bytes again, any names."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reports.errors import ReportError
from reports.figures.files import png_bytes, svg_text
from reports.figures.style import styled
from reports.study_figures import study_figures
from reports.study_figures.critical_difference import no_rank_figure, rank_figure, rank_figures
from reports.study_figures.group_bars import group_figures
from reports.study_figures.recall_maps import recall_figures
from reports.study_figures.results import results_of
from reports.study_figures.tradeoff import tradeoff_figures
from reports.study_figures.training import training_figures
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import LEVELS, cell, full_study, rows, study

NASTY = "a<b>&\"'$x_1^2$ \u4e2d\n\x07 {%"


def history(values, *, method="ce", name="val_acc", dataset="synthetic"):
    """(seed, images) -> value, as a frame of histories."""
    return pd.DataFrame(
        [
            {"dataset": dataset, "method": method, "variant": "", "seed": seed, "step": images,
             "images": images, "name": name, "value": value}
            for (seed, images), value in values.items()
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def frames():
    return full_study()


@pytest.fixture(scope="module")
def plain(frames):
    curves = history({("0", 100): 0.2, ("0", 200): 0.5, ("1", 100): 0.4, ("1", 200): 0.7})
    return study_figures(frames, curves)


@pytest.fixture(scope="module")
def with_statistics(frames):
    return study_figures(replace(frames, statistics=made_statistics(frames.metrics)))


def keys(figures):
    return [figure.key for figure in figures]


def test_every_kind_is_drawn_of_every_attribute(plain):
    found = keys(plain)
    for attribute in ("gender", "tone", "gender-x-tone"):
        for kind in ("tradeoff", "groups", "recall"):
            assert f"{kind}-synthetic-{attribute}" in found
    assert {"seeds-synthetic", "profile-synthetic", "training-synthetic"} <= set(found)
    assert len({key.lower() for key in found}) == len(found)


def test_captions_say_that_intervals_are_missing_or_what_they_are(plain, with_statistics):
    for figures, words in ((plain, "no statistics"), (with_statistics, "95 % intervals")):
        for figure in figures:
            if figure.key.startswith(("tradeoff", "seeds")):
                assert words in figure.caption, figure.key


def test_floor_is_explained_only_where_it_is_drawn(plain, with_statistics):
    drawn = {figure.key: figure.caption for figure in with_statistics}
    bare = {figure.key: figure.caption for figure in plain}
    assert "treated all groups alike" in drawn["tradeoff-synthetic-gender"]
    assert "treated all groups alike" not in bare["tradeoff-synthetic-gender"]


def test_figures_are_well_formed_and_the_same_again(frames, plain):
    results = results_of(frames, frames.dataset_cards[0])
    with styled():
        again = [*tradeoff_figures(results), *recall_figures(results)]
    by_title = {figure.title: figure for figure in plain}
    for figure in plain:
        ET.fromstring(svg_text(figure))
    for figure in again[::3]:
        first = by_title[figure.title]
        figure = replace(figure, key=first.key)
        assert svg_text(figure) == svg_text(first)
        assert png_bytes(figure) == png_bytes(first)


def test_any_names_can_be_drawn():
    levels = {NASTY: (NASTY, "_other"), "tone": ("light", "medium", "dark")}
    parts = [rows({(m, s): 0.5 for m in ("ce", "focal") for s in "01"})]
    for group in levels[NASTY]:
        parts.append(
            rows({("ce", "0"): 0.5, ("focal", "0"): 0.4}, attribute=NASTY, group=group)
        )  # fmt: skip
    parts.append(rows({("ce", "0"): 0.9, ("focal", "0"): 0.8}, attribute=NASTY, metric="fs_acc"))
    cells = [cell("synthetic", m, s) for m in ("ce", "focal") for s in range(2)]
    frames = study(pd.concat(parts), cells, titles={"ce": NASTY, "focal": "_x" * 60}, levels=levels)
    for figure in study_figures(frames):
        ET.fromstring(svg_text(figure))
        png_bytes(figure)


def test_a_study_without_results_has_no_figures():
    empty = rows({("ce", "0"): 0.5}).iloc[:0]
    assert study_figures(study(empty, [cell("synthetic", "ce", 0, "pending")])) == []


def test_group_bars_bear_the_wilson_interval_of_the_test_images():
    parts = [rows({("ce", "0"): 0.5, ("ce", "1"): 0.5})]
    for group, value in zip(LEVELS["gender"], (0.8, 0.5), strict=True):
        part = rows({("ce", "0"): value, ("ce", "1"): value}, attribute="gender", group=group)
        parts.append(part.assign(n=10))
    parts.append(rows({("ce", "0"): 0.6, ("ce", "1"): 0.6}, attribute="gender", metric="fs_acc"))
    frames = study(pd.concat(parts), [cell("synthetic", "ce", s) for s in range(2)])
    with styled():
        (figure, *_) = group_figures(results_of(frames, frames.dataset_cards[0]))
    (axes,) = figure.figure.axes
    ends = sorted({tuple(segment[:, 1].round(2)) for line in axes.collections
                   for segment in line.get_segments()})  # fmt: skip
    # Wilson, z = 1.96, z2 = 3.8415: centre (p + z2 / 2n) / (1 + z2 / n), half width
    # z sqrt(p (1 - p) / n + z2 / 4 n2) / (1 + z2 / n); n = 10, p = .8: .7167 -+ .2266;
    # n = 10, p = .5: .5 -+ .2634. Two seeds of the same ten images stay ten images.
    assert ends == [(23.66, 76.34), (49.02, 94.33)]


def test_curves_are_means_over_the_seeds_that_reached_them():
    frames = study(rows({("ce", "0"): 0.5}), [cell("synthetic", "ce", 0)])
    values = {("0", 100): 0.2, ("1", 100): 0.4, ("0", 200): 0.9}
    with styled():
        (figure,) = training_figures(results_of(frames, frames.dataset_cards[0]), history(values))
    (line,) = figure.figure.axes[0].lines
    # only 100 images were reached by both: (20 + 40) / 2
    assert line.get_xydata().tolist() == [[0.1, pytest.approx(30.0)]]


def test_histories_without_a_column_are_refused():
    frames = study(rows({("ce", "0"): 0.5}), [cell("synthetic", "ce", 0)])
    with pytest.raises(ReportError, match="lack the column 'images'"):
        study_figures(frames, history({("0", 1): 0.5}).drop(columns="images"))


def of_datasets(count):
    """Three methods on so many data sets, `ce` the best and `focal` the worst on each."""
    names = [f"d{place}" for place in range(count)]
    values = {"ce": 0.9, "spectral_decoupling": 0.8, "focal": 0.7}
    parts = [rows({(m, "0"): v for m, v in values.items()}, dataset=name) for name in names]
    frames = study(pd.concat(parts), [cell(name, m, 0) for name in names for m in values])
    return [results_of(frames, card) for card in frames.dataset_cards]


def test_ranks_are_drawn_of_five_data_sets_and_not_of_four():
    with styled():
        assert list(rank_figures(of_datasets(4))) == []
        found = list(rank_figures(of_datasets(5)))
    assert [figure.title for figure in found] == ["Mean ranks of accuracy over 5 data sets"]
    assert no_rank_figure(5) == ""
    assert "Too few data sets (4)" in no_rank_figure(4)


def test_methods_missing_on_a_data_set_are_not_ranked():
    studies = of_datasets(5)
    short = replace(studies[0], rows=tuple(r for r in studies[0].rows if r.run[1] != "focal"))
    with styled():
        assert list(rank_figures([short, *studies[1:]])) == []  # two methods are left


def test_bars_of_the_diagram_join_methods_within_the_critical_difference():
    # Demsar 2006: k = 4, N = 14, q_.05 = 2.569, CD = 2.569 sqrt(4 x 5 / 84) = 1.254
    with styled():
        figure = rank_figure(list("abcd"), np.array([1.2, 2.0, 3.0, 3.8]), 14)
    (axes,) = figure.axes
    bars = [line for line in axes.lines if line.get_linewidth() > 2]
    # a-b (.8), b-c (1.0) and c-d (.8) lie within it, a-c (1.8) and b-d (1.8) do not
    assert len(bars) == 3
    assert any("critical difference 1.25" in text.get_text() for text in axes.texts)
