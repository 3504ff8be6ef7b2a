"""Thresholds calibrated on expert-coded faces, and the audit under them."""

from dataclasses import replace

import numpy as np
import pytest

from reports.audit.engine import audit
from reports.audit.expert import Expert, parse_truth, read_expert
from reports.audit.options import AuditOptions
from reports.convention import PAPER
from reports.errors import ReportError
from reports.tabular.groups import Grouping
from reports.tabular.levels import parse_attributes
from tests.reports.audit.input_files import observations, written

LEVELS = ("female", "male")
#: how much higher the detector reads on men
OFFSET = 0.8


def expert(size=8000, seed=0) -> Expert:
    """AU04 is measured higher on men than on women who show the same."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, 2, size)
    truth = draw.integers(0, 2, size)
    measured = 1 + 2 * truth + OFFSET * group + 0.5 * draw.standard_normal(size)
    return Expert(
        "experts", (Grouping("gender", LEVELS, group),), ("AU04",),
        np.clip(measured, 0, 5)[:, None], truth[:, None], 5.0,
    )  # fmt: skip


def faces(size=2000, seed=1):
    """Faces measured with the same offset, labelled by what they truly show."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, 2, size)
    shown = draw.integers(0, 2, size)
    measured = 1 + 2 * shown + OFFSET * group + 0.5 * draw.standard_normal(size)
    angry = draw.random(size) < np.where(shown, 0.7, 0.1)
    data = observations(
        angry, group, LEVELS, intensities=np.clip(measured, 0, 5)[:, None], units=("AU04",)
    )
    return replace(data, classes=("angry",))


def test_group_thresholds_follow_the_detector_and_level_the_error_rates():
    result = audit([], AuditOptions(), expert=expert())
    rows = {(r["threshold_kind"], r["group"]): r for r in result["calibration"].to_dict("records")}

    # True midpoints: 2 for women, 2.8 for men; one threshold for all lies between.
    assert 2.1 < rows["raw", "male"]["threshold"] < 2.7
    assert rows["raw", "male"]["threshold"] == rows["raw", "female"]["threshold"]
    matched = [rows["matched error rates", group] for group in LEVELS]
    assert matched[1]["threshold"] - matched[0]["threshold"] == pytest.approx(OFFSET, abs=0.2)

    def spread(kind, rate):
        return abs(rows[kind, "male"][rate] - rows[kind, "female"][rate])

    assert spread("raw", "fpr") > 0.1 > 0.05 > spread("matched error rates", "fpr")
    assert spread("raw", "tpr") > 0.08 > 0.05 > spread("matched error rates", "tpr")
    assert all(row["reason"] == "tested on the other half" for row in rows.values())


def test_accuracies_of_few_faces_are_not_tested():
    rows = audit([], AuditOptions(), expert=expert(80))["calibration"]

    # Of some 20 faces a group few answers are wrong: less than 5 are expected.
    assert rows["p"].isna().all() and rows["statistic"].notna().any()
    assert rows["reason"].str.contains("too few").any()


def test_the_halves_are_apart_under_strict_and_the_same_under_paper():
    half = audit([], AuditOptions(), expert=expert(1000))["calibration"]
    whole = audit([], AuditOptions(convention=PAPER), expert=expert(1000))["calibration"]

    assert half.query("threshold_kind == 'raw'")["n"].sum() == 500
    assert whole.query("threshold_kind == 'raw'")["n"].sum() == 1000
    assert set(whole["reason"]) == {"fitted and tested on the same faces"}


def test_the_audit_is_run_again_under_each_kind_of_threshold():
    data = faces()
    alone = audit([data], AuditOptions())
    result = audit([data], AuditOptions(), expert=expert())

    names = list(dict.fromkeys(result["cells"]["dataset"]))
    assert names == ["faces", "faces [raw thresholds]", "faces [recalibrated thresholds]",
                     "faces [matched error rates thresholds]"]  # fmt: skip
    # What is asked anyway is not corrected for the sensitivity runs.
    own = result["cells"].query("dataset == 'faces'")
    assert list(own["p_holm"]) == list(alone["cells"]["p_holm"])
    # A detector that reads higher on men lets more of their calm faces pass as AU04=1.
    effect = result["cells"].query("condition == 'AU04=1'").set_index("dataset")["effect"]
    raw, matched = (
        effect["faces [raw thresholds]"],
        effect["faces [matched error rates thresholds]"],
    )
    assert raw > 0.05
    assert abs(matched) < raw / 2


def test_other_groups_or_units_are_not_recalibrated():
    data = faces(300)
    other = replace(data, groupings=(replace(data.groupings[0], levels=("w", "m")),))
    result = audit([other], AuditOptions(), expert=expert(300))

    assert set(result["cells"]["dataset"]) == {"faces"}


def test_expert_codes_are_read_from_a_file(tmp_path):
    path = written(
        tmp_path,
        "gender,AU04_r,AU04_c,coded\nfemale,2.5,1,1\nmale,0.5,0,0\nmale,1.5,1,\nfemale,4,1,1\n",
    )
    found = read_expert(path, parse_truth(["AU4=coded"]), parse_attributes(["gender"]))

    assert found.action_units == ("AU04",)
    assert found.intensities[:, 0].tolist() == [2.5, 0.5, 1.5, 4]
    assert found.truth[:, 0].tolist() == [1, 0, -1, 1]
    assert found.top == 5 and found.groupings[0].levels == LEVELS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gender,AU04,coded\nfemale,2.5,2\n", "line 2: coded must be 0, 1 or empty, not 2"),
        ("gender,AU05,coded\nfemale,2.5,1\n", "AU04"),
        ("gender,AU04,other\nfemale,2.5,1\n", "no column 'coded'"),
    ],
)
def test_expert_files_that_do_not_fit_are_refused(tmp_path, text, said):
    with pytest.raises(ReportError, match=said):
        read_expert(written(tmp_path, text), {"AU04": "coded"}, parse_attributes(["gender"]))


@pytest.mark.parametrize("texts", [["AU04"], ["smile=coded"], ["AU04="], ["AU04=a", "AU4=b"]])
def test_truths_that_name_no_column_are_refused(texts):
    with pytest.raises(ReportError, match="--au-truth"):
        parse_truth(texts)


def test_calibration_needs_groups(tmp_path):
    with pytest.raises(ReportError, match="--attribute"):
        read_expert(written(tmp_path, "AU04,coded\n1,1\n"), {"AU04": "coded"}, ())
