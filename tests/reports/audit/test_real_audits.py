"""Audits of the real tables beside the project."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from reports.audit.counts_file import read_counts
from reports.audit.engine import audit
from reports.audit.options import AuditOptions
from reports.audit.reading import read_observations
from reports.audit.roles import Roles
from reports.convention import PAPER
from reports.rounding import rounded
from reports.tabular.levels import parse_attributes

ATTRIBUTES = ["gender", "age4", "age2", "race", "race3=race:Asian|Black|White"]


@pytest.fixture(scope="module")
def chen(shared_data):
    """Condition -> the audit of Chen and Joo's counts under it, as the paper printed."""
    roles = Roles(attributes=parse_attributes(ATTRIBUTES))
    data = read_counts(shared_data / "auc_fer_counts" / "counts.csv", roles)
    return {
        condition: audit(data, AuditOptions(condition=condition, convention=PAPER))
        for condition in ("joint", "marginal")
    }


def test_every_confirmed_chi_square_of_chen_and_joo_is_reproduced(chen, shared_data):
    known = pd.read_csv(shared_data / "auc_fer_counts" / "tests.csv")
    known = known[known["confirmed"] == 1].rename(columns={"au": "condition"})
    ours = pd.concat([result["tests"] for result in chen.values()])
    ours = ours.drop_duplicates(["dataset", "label", "attribute", "condition", "test"])
    both = known.merge(ours, on=["dataset", "label", "attribute", "condition"],
                       suffixes=("_known", ""))  # fmt: skip

    assert len(both) == len(known) == 140
    close = np.abs(both["statistic"] - both["chi2"]) <= 1e-6 + 2e-5 * both["chi2"]
    assert close.all(), both[~close]
    assert (both["dof"] == both["dof_known"]).all()
    assert np.allclose(both["p"], both["p_known"], rtol=1e-3, atol=1e-12)


AU5 = "the printed rows use another binarisation of AU5 (auc_fer_counts/README.md)"
NO_COUNTS = "the notebooks hold no AU5 table of this laboratory set"
TWICE = "rounded twice: to four decimals, then to three"
UPWARD = "printed one unit above the exact share"
AGE_CODES = "the sizes printed are those of other groups, in swapped order (published/README.md 22)"
#: (data set, attribute, condition, group) -> why the printed number is another
KNOWN = {
    ("KDEF", "gender", "AU04=0", "Female"): UPWARD,
    ("RAF-DB", "gender", "AU04=0", "Male"): UPWARD,
    ("AffectNet-Automatic", "gender", "AU04=0", "Male"): "misprint: .085 (published/README.md 20)",
    ("AffectNet-Manual", "age4", "AU06=0,AU12=0", "20-39"): "misprint: .106 (README 23)",
    ("RAF-DB", "age2", "all", "<=39"): AGE_CODES,
    ("RAF-DB", "age2", "all", ">=40"): AGE_CODES,
    ("RAF-DB", "age4", "AU06=0,AU12=1", "all"): "too sparse for the paper's own rule; p is .058",
    ("RAF-DB", "age4", "AU06=1,AU12=0", "all"): "printed .003; the counts give .008",
    ("RAF-DB", "age4", "AU06=1,AU12=1", "all"): "printed .010; the counts give .021",
    ("ExpW", "race3", "AU06=1,AU12=0", "all"): "printed with two decimals",
}
GROUPINGS = {"gender": "gender", "age (4 groups)": "age4", "age (2 groups)": "age2",
             "race (3 groups)": "race3", "race (6 groups)": "race"}  # fmt: skip


def group_named(printed, attribute, levels):
    """Our name of a group that the paper prints under another."""
    if attribute == "gender":
        return printed.lower()
    if attribute.startswith("age"):
        place = {"<=19": 0, "<=39": 0, "20-39": 1, "40-59": 2, "40-69": 2}.get(printed, -1)
        return levels[place]
    return printed.replace("_", "-")


def condition_named(printed):
    if not isinstance(printed, str):
        return "all"
    pairs = (part.strip().split("=") for part in printed.split(","))
    return ",".join(f"AU{int(name[2:]):02d}={value}" for name, value in pairs)


def ours_of(row, result):
    """What the audit prints where the paper prints `row`; None where there are no counts."""
    place = row["place"]
    own = result["proportions"].query(
        "dataset == @place[0] and attribute == @place[1] and condition == @place[2] "
        "and label == @row['label']"
    )
    if own.empty:
        return None
    shares = dict(zip(own["group"], own["proportion"], strict=True))
    levels = list(own["group"])
    metric = row["metric"]
    if metric.startswith("p-value"):
        cell = result["cells"].query(
            "dataset == @place[0] and attribute == @place[1] and condition == @place[2] "
            "and label == @row['label']"
        )
        return cell["p"].iloc[0]
    if metric.startswith("difference"):
        return shares["male"] - shares["female"]
    group = group_named(row["group"], place[1], levels)
    if metric.startswith("number"):
        return float(own.set_index("group")["n"][group])
    return shares[group]


def reason_of(row, exact):
    """Why a printed number differs from the counts; empty where nothing explains it."""
    dataset, attribute, condition, group = row["place"]
    if exact is None:
        return NO_COUNTS if dataset in ("KDEF", "CFD") and "AU05" in condition else ""
    if "AU05" in condition:
        return AU5
    if row["place"] in KNOWN:
        return KNOWN[row["place"]]
    twice = rounded(float(rounded(exact, 4)), 3)
    return TWICE if float(twice) == float(row["value"]) else ""


def test_the_printed_tables_2_4_and_5_follow_but_for_explained_differences(chen, shared_data):
    printed = pd.read_csv(
        Path(shared_data).parent / "published" / "chen2021_aucfer_supplement.csv", dtype=str
    ).query("table in ('2', '4', '5')")
    unexplained, explained, same = [], set(), 0
    for row in printed.to_dict("records"):
        row["place"] = (
            row["dataset"].split(" (")[0], GROUPINGS[row["attribute"]],
            condition_named(row["condition"]), row["group"],
        )  # fmt: skip
        row["label"] = "angry" if row["table"] == "2" else "happy"
        exact = ours_of(row, chen["joint"])
        decimals = 0 if row["metric"].startswith("number") else 3
        ours = "-" if exact is None or np.isnan(exact) else rounded(exact, decimals)
        both = "-" not in (ours, row["value"])
        if float(ours) == float(row["value"]) if both else ours == row["value"]:
            same += 1
            continue
        explained.add(row["place"])
        if not reason_of(row, exact):
            unexplained.append((row["place"], row["metric"], row["value"], ours))

    assert unexplained == []
    assert same == len(printed) - 70
    # No excuse is kept that is not needed.
    assert set(KNOWN) <= explained


def test_chen_and_joo_called_the_kdef_cell_skipped_by_their_stricter_rule_significant(chen):
    cell = chen["joint"]["cells"].query(
        "dataset == 'KDEF' and label == 'happy' and condition == 'AU06=0,AU12=1'"
    )
    assert cell["p"].iloc[0] == pytest.approx(0.0269438, abs=1e-7)


def test_votes_on_acted_emotions_are_tested_by_actor(shared_data):
    roles = Roles(attributes=parse_attributes(["sex"]), positives=("happiness", "anger"))
    (data,) = read_observations(shared_data / "cremad" / "face_votes.csv.gz", roles)
    result = audit([data], AuditOptions())

    cells = result["cells"].set_index(["label", "condition"])
    happy = cells.loc[("happiness", "intended=happiness")]
    # README: .908 of the votes for women, .849 for men; 48 and 43 actors, not 11,000 votes.
    assert happy["effect"] == pytest.approx(0.908 - 0.849, abs=6e-4)
    assert happy["test"] == "cluster_permutation"
    assert 0.001 < happy["p"] < 0.05
    assert happy["p_holm"] >= happy["p"]
    assert cells.loc[("anger", "intended=anger")]["p"] > 0.05
    assert set(cells.index.get_level_values("condition")) == {
        f"intended={name}"
        for name in ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
    }
    limits = [text for _, text in result.limits]
    assert any("intended is not a measured facial movement" in text for text in limits)
    assert any("the unit is the actor" in text for text in limits)


def test_votes_without_attributes_say_what_cannot_be_asked(shared_data):
    (data,) = read_observations(shared_data / "ferplus" / "votes.csv.gz", Roles())
    result = audit([data], AuditOptions())

    assert result["tests"].empty
    limits = [text for _, text in result.limits]
    assert any("there is no protected attribute" in text for text in limits)
    (agreement,) = result["agreement"].to_dict("records")
    assert agreement["images"] == 35_887
    assert 0 < agreement["alpha_low"] < agreement["alpha"] < agreement["alpha_high"] < 1


def test_guessed_demographics_are_associated_but_equal_faces_cannot_be_compared(shared_data):
    path = shared_data / "fer_demographics" / "counts.csv.gz"
    roles = Roles(
        attributes=parse_attributes(["gender", "race"]), predicted_attributes=("gender", "race")
    )
    data = [d for d in read_observations(path, roles) if d.name == "raf-db2"]
    result = audit(data, AuditOptions())

    frame = pd.read_csv(path).query("dataset == 'raf-db2'")
    for attribute in ("gender", "race"):
        table = frame.pivot_table(index=attribute, columns="label", values="n", aggfunc="sum",
                                  fill_value=0)  # fmt: skip
        oracle = stats.chi2_contingency(table)
        row = result["tests"].query("label == 'all' and attribute == @attribute").iloc[0]
        assert row["statistic"] == pytest.approx(oracle.statistic, rel=1e-10)
        assert row["dof"] == oracle.dof and row["n"] == 15_126
    limits = [text for _, text in result.limits]
    assert any("equal faces alike cannot be asked" in text for text in limits)
    assert sum("uncorrected for attribute misclassification" in text for text in limits) == 2
