"""Tables of what is asked over all conditions together, and about the groups themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reports.audit.farthest_pairs import of_farthest_pairs
from reports.audit.listings import ASSOCIATION, LISTINGS, POOLED, REGRESSION
from reports.audit.result import AuditResult
from reports.audit.table_specs import Found, Record, records_of
from reports.audit.tables_listed import Listing, listed_table
from reports.convention import Convention
from reports.tables import Table

#: test beside that of Cochran, Mantel and Haenszel -> what footnotes call it
BESIDE = {
    "breslow_day": "equal odds",
    "interaction": "equal odds",
    "cluster_wald_pooled": "clusters, Wald",
    "cluster_permutation_pooled": "clusters, permutation",
}
#: test -> field of its p where that has another name
FIELDS = {"breslow_day": "equal_odds", "interaction": "equal_odds"}
OTHER_MODELS = {"logit_lr_interactions": "with interactions", "logit_lr_squares": "with squares"}


def pooled_tables(result: AuditResult, found: Found, convention: Convention) -> Iterator[Table]:
    """The tables of pooled tests, regressions, discrimination, agreement and loss."""
    family = result.settings.get("family", "table")
    tests = records_of(result, "tests")

    def listed(listing: Listing, rows: list[Record], over: str) -> Iterator[Table]:
        said = "" if convention.name == "paper" else f" {_holm(over, family)}"
        with_holm = replace(listing, caption=listing.caption + said)
        yield from listed_table(with_holm, rows, convention)

    yield from listed(POOLED, _pooled_rows(tests, found), "data sets and families")
    yield from listed(REGRESSION, _regression_rows(tests), "data sets")
    for frame, listing in LISTINGS.items():
        rows = records_of(result, frame)
        if frame == "loss":
            _with_p(rows, tests)
        elif frame == "discrimination":
            rows = of_farthest_pairs(rows)
        elif frame == "corrected":
            # Those of sensitivity runs are in corrected.csv.
            rows = [row for row in rows if not found.is_variant(row["dataset"])]
        elif frame == "adjusted" and not any(row["firth"] for row in rows):
            rows = [{name: row[name] for name in row if name != "firth"} for row in rows]
        yield from listed_table(listing, rows, convention)
    association = [row for row in tests if (row["label"], row["test"]) == ("all", "chi2")]
    yield from listed(ASSOCIATION, association, "data sets")


def _holm(over: str, family: str) -> str:
    if family == "call":
        return "Holm p: over the tests of one kind in this audit."
    return f"Holm p: over the {over} of a label and attribute."


def _pooled_rows(tests: list[Record], result: Found) -> list[Record]:
    """One row a family of conditions, with its tests side by side."""
    found: dict[tuple[str, ...], Record] = {}
    for test in tests:
        name = test["test"]
        if name not in ("cmh", *BESIDE):
            continue
        place = {key: test[key] for key in ("dataset", "label", "attribute", "condition")}
        row = found.setdefault(tuple(place.values()), place)
        if name == "cmh":
            row |= {key: test[key] for key in ("statistic", "dof", "p", "p_holm", "n")}
            two = len(result.groups(test["dataset"], test["attribute"])) == 2
            names = ("odds_ratio", "odds_low", "odds_high") if two else ("v", "v_low", "v_high")
            effects = (test["effect"], test["effect_low"], test["effect_high"])
            row |= dict(zip(names, effects, strict=True))
        else:
            row[FIELDS.get(name) or name] = test["p"]
            row[f"{name}_holm"] = test["p_holm"]
        _explain(row, test, BESIDE.get(name, ""))
    return list(found.values())


def _regression_rows(tests: list[Record]) -> list[Record]:
    """One row a question: the main model, and the p of the two others."""
    found: dict[tuple[str, ...], Record] = {}
    for test in tests:
        if test["test"].startswith("logit_lr"):
            key = (test["dataset"], test["label"], test["attribute"])
            row = found.setdefault(key, {"reason": ""})
            if test["test"] == "logit_lr":
                row |= {name: value for name, value in test.items() if name != "reason"}
            else:
                row[test["test"]] = test["p"]
            _explain(row, test, OTHER_MODELS.get(test["test"], ""))
    return [row for row in found.values() if "dataset" in row]


def _explain(row: Record, test: Record, which: str) -> None:
    """Add to the row's footnote what must be said of one of its tests, unless it is said there."""
    parts = [part for part in str(test["reason"] or "").split("; ") if part]
    said = row.get("reason") or ""
    new = "; ".join(part for part in parts if part not in said.split("; "))
    if new:
        row["reason"] = "; ".join(filter(None, (said, f"{which}: {new}" if which else new)))


def _with_p(rows: list[Record], tests: list[Record]) -> None:
    """Put the p of equal loss beside the first group of each attribute."""
    found = {(test["dataset"], test["attribute"]): test for test in tests if not test["label"]}
    for row in rows:
        test = found.pop((row["dataset"], row["attribute"]), None)
        if test is not None:
            row |= {"p": test["p"], "reason": test["reason"]}
