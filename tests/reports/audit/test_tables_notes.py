"""What captions and footnotes of the tables over all conditions say."""

import math

import pytest

from reports.audit.findings import findings_of
from reports.convention import PAPER, STRICT
from tests.reports.audit.small_results import result_of, with_rows
from tests.reports.audit.test_tables_pooled import BASE, found, lines, pooled_test


def test_a_dash_among_pooled_tests_has_its_footnote():
    rows = [
        pooled_test("cmh", statistic=9.0, dof=1, p=0.01, p_holm=0.02, n=400, reason="rough"),
        pooled_test("breslow_day", p=math.nan, reason="expected counts are too small"),
        pooled_test("cluster_wald_pooled", p=0.2, reason="rough"),
    ]
    table = found(with_rows(result_of(BASE), tests=rows), "pooled")
    assert table.notes() == ("rough; equal odds: expected counts are too small",)


def test_a_dash_among_regressions_has_its_footnote():
    rows = [
        pooled_test("logit_lr", statistic=4.0, dof=1, p=0.04, p_holm=0.04, n=400),
        pooled_test("logit_lr_interactions", p=math.nan, reason="fewer than 10 images"),
        pooled_test("logit_lr_squares", p=0.01),
    ]
    table = found(with_rows(result_of(BASE), tests=rows), "regression")
    assert table.notes() == ("with interactions: fewer than 10 images",)


@pytest.mark.parametrize(
    ("settings", "convention", "said"),
    [
        ({}, STRICT, "Holm p: over the data sets and families of a label and attribute."),
        ({"family": "call"}, STRICT, "Holm p: over the tests of one kind in this audit."),
        ({}, PAPER, ""),
    ],
)
def test_the_caption_of_pooled_tests_says_what_holm_is_over(settings, convention, said):
    row = pooled_test("cmh", statistic=9.0, dof=1, p=0.01, p_holm=0.02, n=600)
    result = with_rows(result_of(BASE, convention, settings=settings), tests=[row])
    caption = found(result, "pooled", convention).caption
    assert said in caption and ("Holm" in caption) == bool(said)


def test_the_caption_says_how_many_images_the_conditions_hold():
    group = {"male": (100, 30), "female": (100, 10)}
    whole = {"male": (150, 40), "female": (100, 10)}
    joint = {"AU06=0,AU12=0": group, "AU06=1,AU12=0": {"male": (20, 3), "female": (0, 0)}}
    single = {"AU06=0": group, "AU12=0": {"male": (90, 30), "female": (100, 10)}}

    def caption(conditions, key):
        return found(result_of({("A", "happy", "gender"): conditions}), key).caption

    assert "n = 220 images. " in caption(joint, "chen_4_happy_gender")
    unmeasured = caption({**joint, "all": whole}, "chen_4_happy_gender")
    assert "n = 250 images, 220 of them within the conditions. " in unmeasured
    of_units = caption({**single, "all": whole}, "chen_2_happy_gender")
    assert "n = 250 images, at most 200 of them within the conditions. " in of_units


def test_pooled_tests_of_clusters_print_their_own_p_and_holm_p():
    rows = [
        pooled_test(f"cluster_{name}_pooled", p=p, p_holm=corrected)
        for name, p, corrected in (("wald", 0.01, 0.03), ("permutation", 0.02, 0.06))
    ]
    entries = lines(found(with_rows(result_of(BASE), tests=rows), "pooled"))
    assert entries["happy by gender within AU06"] == {
        "Clusters Wald p": "0.010 **", "Holm p (Wald)": "0.030 *",
        "Clusters permutation p": "0.020 *", "Holm p (permutation)": "0.060 .",
    }  # fmt: skip


def test_only_what_survives_holm_is_a_finding():
    # 50 and 37 of 100 five times: p = .063; 50 and 35: p = .032, which five tests make .16.
    tested = {f"AU{unit:02d}=0": {"a": (100, 50), "b": (100, 37)} for unit in (1, 2, 4, 5)}
    near = {**tested, "AU06=0": {"a": (100, 50), "b": (100, 35)}}
    clear = {**tested, "AU06=0": {"a": (100, 60), "b": (100, 35)}}

    def findings(conditions):
        return findings_of(result_of({("A", "happy", "gender"): conditions}))

    assert findings(near) == []
    (only,) = findings(clear)
    assert only.sentence.startswith("happy by gender, AU06=0: a 0.600, b 0.350 (+0.250), Holm p")
