"""`compare`: two metric files, place by place."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.cli import main
from reports.comparison import compared
from reports.errors import ReportError
from reports.measure import METRIC_COLUMNS
from reports.metrics_csv import write_metrics_csv


def rows(values: dict[str, float], **place: str) -> pd.DataFrame:
    """One metric's rows over seeds."""
    fixed = {
        "dataset": "faces", "method": "ce", "variant": "", "select": "last", "attribute": "all",
        "group": "all", "emotion": "all", "metric": "acc", "n": 40, "reason": "",
        "worst_group": "", "best_group": "", "n_unknown": 0, "cell": "c",
    } | place  # fmt: skip
    frame = pd.DataFrame({"seed": list(values), "value": list(values.values())}).assign(**fixed)
    return frame[list(METRIC_COLUMNS)]


def seeds(*values: float, first: int = 0) -> dict[str, float]:
    return {str(first + i): value for i, value in enumerate(values)}


def the_row(before: pd.DataFrame, after: pd.DataFrame) -> dict:
    (row,) = compared(before, after).to_dict("records")
    return row


OLD, NEW = (0.80, 0.82, 0.79, 0.81, 0.83), (0.76, 0.79, 0.75, 0.78, 0.80)


def test_matched_seeds_are_compared_by_the_paired_t_test_of_scipy():
    row = the_row(rows(seeds(*OLD)), rows(seeds(*NEW)))
    expected = stats.ttest_rel(NEW, OLD)
    interval = expected.confidence_interval(0.95)

    # -.04, -.03, -.04, -.03, -.03
    assert row["difference"] == pytest.approx(-0.034)
    assert row["p"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert (row["test"], row["n"], row["verdict"]) == ("paired t", 5, "worse")


def test_other_seeds_are_compared_by_welchs_test_of_scipy():
    row = the_row(rows(seeds(*OLD)), rows(seeds(*NEW[:4], first=10)))
    expected = stats.ttest_ind(NEW[:4], OLD, equal_var=False)
    interval = expected.confidence_interval(0.95)

    assert row["p"] == pytest.approx(expected.pvalue, rel=1e-9)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))
    assert row["test"] == "Welch t"


def test_seeds_of_one_side_only_are_left_out_of_the_pairs():
    row = the_row(rows(seeds(*OLD)), rows(seeds(*NEW[:3])))

    # -.04, -.03, -.04
    assert (row["n"], row["difference"]) == (3, pytest.approx(-0.11 / 3))
    assert (row["before_seeds"], row["after_seeds"]) == (5, 3)


def test_equal_differences_have_the_p_of_flipped_signs():
    row = the_row(rows(seeds(0.5, 0.75, 0.625)), rows(seeds(0.375, 0.625, 0.5)))

    # all three signs alike: 2 of the 8 sign patterns
    assert (row["test"], row["p"]) == ("sign flips", pytest.approx(0.25))
    assert math.isnan(row["low"])


def test_holm_counts_unchanged_numbers_of_a_method_that_changed_and_no_other_method():
    frames = [
        [rows(seeds(*values)), rows(seeds(*OLD), metric="mca"), rows(seeds(*OLD), method="focal")]
        for values in (OLD, NEW)
    ]
    table = compared(*(pd.concat(frame) for frame in frames))
    acc, mca, other = table.to_dict("records")

    assert acc["p_holm"] == pytest.approx(2 * acc["p"])
    assert (mca["p"], mca["verdict"]) == (1.0, "unchanged")
    assert math.isnan(other["p"]) and other["verdict"] == "unchanged"


@pytest.mark.parametrize(
    ("metric", "emotion", "better"), [("acc", "all", "worse"), ("disc", "max", "better")]
)
def test_lower_is_worse_or_better_as_the_metric_says(metric, emotion, better):
    place = {
        "metric": metric,
        "emotion": emotion,
        "attribute": "gender" if emotion != "all" else "all",
    }

    assert the_row(rows(seeds(*OLD), **place), rows(seeds(*NEW), **place))["verdict"] == better


def test_metrics_of_probabilities_are_compared_when_asked_for():
    before, after = rows(seeds(*OLD), metric="ece"), rows(seeds(*NEW), metric="ece")
    (row,) = compared(before, after, ["ece"]).to_dict("records")

    # Lower values are better calibrated.
    assert row["verdict"] == "better"


def test_undefined_seeds_do_not_count():
    row = the_row(rows(seeds(*OLD)), rows(seeds(*NEW[:4], float("nan"))))

    assert (row["after_seeds"], row["n"]) == (4, 4)


def test_a_number_undefined_on_one_side_has_no_test():
    row = the_row(rows(seeds(*OLD)), rows(seeds(*[float("nan")] * 5)))

    assert math.isnan(row["difference"]) and row["verdict"] == "no test"


def test_one_seed_has_no_test():
    row = the_row(rows(seeds(0.5)), rows(seeds(0.6)))

    assert math.isnan(row["p"]) and row["verdict"] == "no test"


def test_single_folds_do_not_count_beside_their_pool():
    before = rows({"0": 0.1, "1": 0.2, "0-1": 0.5, "2-3": 0.6})
    after = rows({"0": 0.9, "1": 0.9, "0-1": 0.5, "2-3": 0.6})

    assert the_row(before, after)["verdict"] == "unchanged"


def test_of_equal_methods_at_most_one_comparison_in_twenty_is_called_changed():
    draw = np.random.default_rng(0)
    frames = [
        pd.concat([rows(seeds(*draw.normal(0.8, 0.02, 5)), method=f"m{i}") for i in range(20)])
        for _ in range(60)
    ]
    found = [
        compared(a, b)["verdict"].isin(["worse", "better"]).any()
        for a, b in zip(frames[::2], frames[1::2], strict=True)
    ]

    # 30 families at 5 %: 6 or more false alarms have a chance of 0.3 %
    assert sum(found) < 6


def test_two_rows_of_a_seed_are_refused():
    with pytest.raises(ReportError, match="two rows"):
        compared(pd.concat([rows(seeds(0.5))] * 2), rows(seeds(0.5)))


def folder(root, frame: pd.DataFrame):
    write_metrics_csv(frame, root / "report" / "metrics.csv")
    return str(root)


@pytest.fixture
def two(tmp_path):
    return (
        folder(tmp_path / "a", rows(seeds(*OLD))), folder(tmp_path / "b", rows(seeds(*NEW)))
    )  # fmt: skip


def test_a_worsening_fails_only_if_asked_to(two, capsys):
    assert main(["compare", *two]) == 0
    assert "1 worse" in capsys.readouterr().out
    assert main(["compare", *two, "--fail-on-regression"]) == 1
    assert main(["compare", *two[::-1], "--fail-on-regression"]) == 0


def test_the_table_has_means_difference_and_p(two, capsys, tmp_path):
    main(["compare", *two, "--out", str(tmp_path / "c.md")])
    text = " ".join(capsys.readouterr().out.split())

    assert "| ce | faces | all | acc | 81.00 (1.58) | 77.60 (2.07) | -3.40 |" in text
    assert (tmp_path / "c.md").read_text().split() == text.split()


def test_the_same_folder_is_unchanged(two, capsys):
    assert main(["compare", two[0], two[0], "--fail-on-regression"]) == 0
    assert "1 numbers in both: 1 unchanged." in capsys.readouterr().out


def test_what_one_side_lacks_is_told(tmp_path, capsys):
    both = pd.concat([rows(seeds(*OLD)), rows(seeds(*OLD), method="focal")])
    main(["compare", folder(tmp_path / "a", both), folder(tmp_path / "b", rows(seeds(*OLD)))])

    assert "Only in A: focal on faces." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--metrics", "acuracy"), "no metric is called 'acuracy'"),
        (("--methods", "focal"), "has no method 'focal'"),
        (("--metrics", "wf1"), "have no number in common"),
    ],
)
def test_a_mistake_is_one_sentence(two, capsys, options, sentence):
    assert main(["compare", *two, *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


def test_a_folder_without_metrics_is_one_sentence(two, tmp_path, capsys):
    assert main(["compare", two[0], str(tmp_path / "c")]) == 2
    assert "holds no metrics.csv" in capsys.readouterr().err
