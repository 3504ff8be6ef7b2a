"""The audit as a whole: numbers that must be those of their own images, tests and families."""

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from reports.audit.counts_file import CountedData
from reports.audit.engine import audit
from reports.audit.figures import figures_of
from reports.audit.options import AuditOptions
from reports.audit.tables import audit_tables
from reports.audit.tabulation import Tabulation
from reports.convention import STRICT
from tests.reports.audit.input_files import observations

OPTIONS = AuditOptions()
UNITS = ("AU06", "AU12")


def faces(size=400, seed=0, **fields):
    """Faces whose label depends on the last unit alone."""
    draw = np.random.default_rng(seed)
    intensities = np.round(draw.uniform(0, 5, (size, 2)), 2)
    happy = draw.random(size) < 1 / (1 + np.exp(2 - 0.8 * intensities[:, 1]))
    group = draw.integers(0, 2, size)
    data = observations(happy, group, ("a", "b"), intensities=intensities, units=UNITS)
    return replace(data, **fields)


def lacking(data, rows):
    intensities = data.intensities.copy()
    intensities[:rows] = np.nan
    return replace(data, intensities=intensities)


def one(result, frame="tests", **wanted):
    found = result[frame]
    for column, value in wanted.items():
        found = found[found[column] == value]
    (row,) = found.to_dict("records")
    return row


def test_discrimination_counts_the_images_that_it_is_made_of():
    # AU06=0 holds both groups but nobody with the label; AU06=1 lacks the second group.
    table = np.array([[[30, 0], [10, 0]], [[5, 5], [0, 0]]])
    strata = ("AU06=0", "AU06=1")
    counts = Tabulation("made", "happy", "gender", ("AU06",), strata, ("a", "b"), table)
    data = CountedData("made", (counts,))
    result = audit([data], OPTIONS)

    conditional = one(result, "discrimination", form="conditional")
    assert (conditional["value"], conditional["n"]) == (0, 40)
    assert conditional["share_used"] == pytest.approx(40 / 50)


def test_a_loss_too_rare_for_a_chi_square_test_has_no_p():
    test = one(audit([lacking(faces(), 3)], OPTIONS), condition="action units not measured")

    assert test["min_expected"] < 5 and math.isnan(test["p"]) and "too few" in test["reason"]


def test_the_share_of_lost_images_counts_images_not_rows():
    weighted = replace(lacking(faces(4), 1), weights=np.array([7, 1, 1, 1]))

    assert any("70.0 % of the images lack" in text for _, text in audit([weighted], OPTIONS).limits)


def test_whatever_takes_images_of_a_person_as_independent_says_so():
    people = np.arange(400) // 4
    data = faces(clusters=people, cluster_name="person")
    grouping = replace(data.groupings[0], codes=people % 2, predicted=True, confusion=np.eye(2))
    result = audit([lacking(replace(data, groupings=(grouping,)), 40)], OPTIONS)

    said = "images of one person taken as independent"
    loss = one(result, condition="action units not measured")
    assert loss["p"] > 0 and said in loss["reason"]
    for frame in ("adjusted", "corrected"):
        assert result[frame]["reason"].str.contains(said).all()
    assert any("curves take images of one person as independent" in t for _, t in result.limits)


def test_a_group_without_a_curve_is_named_below_the_figure():
    data = faces()
    yes = np.where(data.groupings[0].codes[:, None] == 1, 1, data.yes)
    result = audit([replace(data, yes=yes)], OPTIONS)

    (empty,) = result["curves"].query("action_unit == 'AU06' and group == 'b'").to_dict("records")
    assert math.isnan(empty["intensity"]) and math.isnan(empty["probability"])
    captions = [drawn.caption for drawn in figures_of(result, STRICT)]
    assert any("No curve could be fitted for AU06 of b in faces" in text for text in captions)


def test_a_curve_is_fitted_to_the_images_of_its_group():
    data = faces()
    curves = audit([data], OPTIONS)["curves"]

    for code, group in enumerate("ab"):
        inside = data.groupings[0].codes == code
        design = sm.add_constant(data.intensities[inside, 1])
        fit = sm.Logit(data.yes[inside, 0], design).fit(disp=0, tol=1e-12)
        own = curves.query(f"action_unit == 'AU12' and group == '{group}'")
        points = sm.add_constant(own["intensity"].to_numpy())
        assert own["probability"].to_numpy() == pytest.approx(fit.predict(points), rel=1e-8)


def test_the_bars_of_all_images_are_said_to_bear_no_mark():
    figure = figures_of(audit([faces()], OPTIONS), STRICT)[0]
    alone = figures_of(audit([faces(action_units=(), intensities=np.empty((400, 0)))], OPTIONS),
                       STRICT)[0]  # fmt: skip

    assert "All together bear no mark." in figure.caption
    assert "bear no mark" not in alone.caption


def test_agreement_counts_images_not_rows():
    draw = np.random.default_rng(0)
    voted = faces(60, yes=draw.binomial(5, 0.6, (60, 1)), votes=np.full(60, 5))
    weights = draw.integers(0, 3, 60)
    row = one(audit([replace(voted, weights=weights)], OPTIONS), "agreement", group="all")

    yes = np.repeat(voted.yes[:, 0], weights)
    # Of 10 pairs of 5 raters those agree that both say yes or both say no.
    agreeing = (yes * (yes - 1) + (5 - yes) * (4 - yes)) / 20
    assert (row["images"], row["votes"]) == (weights.sum(), 5 * weights.sum())
    assert row["agreement"] == pytest.approx(agreeing.mean())


def test_error_bars_of_a_mixed_figure_are_named_for_each_kind_of_data():
    people = np.arange(400) // 4
    persons = replace(faces(clusters=people, cluster_name="person"), name="persons")
    figure = figures_of(audit([faces(), persons], OPTIONS), STRICT)[0]

    assert "Error bars: 95 % intervals (Wilson); of persons 95 % intervals that allow" in (
        figure.caption
    )


def test_a_test_of_few_clusters_has_its_caveat_beside_its_p():
    data = faces(160)
    people = np.arange(160) // 10
    alike = replace(data.groupings[0], codes=people % 2)
    few = replace(data, groupings=(alike,), clusters=people, cluster_name="person")
    result = audit([few], AuditOptions(condition="marginal"))

    (table,) = [t for t in audit_tables(result, STRICT) if t.key == "chen_2_happy_gender"]
    wald = one(result, condition="AU06=0", test="cluster_wald")
    assert wald["p"] >= 0 and wald["reason"] == "clusters per group: 8, 8"
    assert "fewer than 10 clusters in a group: the Wald p is rough" in table.notes()
