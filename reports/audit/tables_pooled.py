"""Tables of what is asked over all conditions together, and about the groups themselves."""

from __future__ import annotations

from collections.abc import Iterator

from reports.audit.listings import ASSOCIATION, LISTINGS, POOLED, REGRESSION
from reports.audit.result import AuditResult
from reports.audit.table_specs import Found, Record, records_of
from reports.audit.tables_listed import listed_table
from reports.convention import Convention
from reports.tables import Table


def pooled_tables(result: AuditResult, found: Found, convention: Convention) -> Iterator[Table]:
    """The tables of pooled tests, regressions, discrimination, agreement and loss."""
    tests = records_of(result, "tests")
    yield from listed_table(POOLED, _pooled_rows(tests, found), convention)
    yield from listed_table(REGRESSION, _regression_rows(tests), convention)
    for frame, listing in LISTINGS.items():
        rows = records_of(result, frame)
        if frame == "loss":
            _with_p(rows, tests)
        yield from listed_table(listing, rows, convention)
    association = [row for row in tests if (row["label"], row["test"]) == ("all", "chi2")]
    yield from listed_table(ASSOCIATION, association, convention)


def _pooled_rows(tests: list[Record], result: Found) -> list[Record]:
    """One row a family of conditions, with its tests side by side."""
    found: dict[tuple[str, ...], Record] = {}
    kinds = {"breslow_day": "equal_odds", "interaction": "equal_odds"}
    for test in tests:
        name = test["test"]
        if name not in ("cmh", *kinds) and not name.endswith("_pooled"):
            continue
        place = {key: test[key] for key in ("dataset", "label", "attribute", "condition")}
        row = found.setdefault(tuple(place.values()), place)
        if name == "cmh":
            row |= {key: test[key] for key in ("statistic", "dof", "p", "p_holm", "n", "reason")}
            two = len(result.groups(test["dataset"], test["attribute"])) == 2
            names = ("odds_ratio", "odds_low", "odds_high") if two else ("v", "v_low", "v_high")
            effects = (test["effect"], test["effect_low"], test["effect_high"])
            row |= dict(zip(names, effects, strict=True))
        else:
            row[kinds.get(name) or name] = test["p"]
            row[f"{name}_holm"] = test["p_holm"]
    return list(found.values())


def _regression_rows(tests: list[Record]) -> list[Record]:
    """One row a question: the main model, and the p of the two others."""
    found: dict[tuple[str, ...], Record] = {}
    for test in tests:
        if test["test"].startswith("logit_lr"):
            key = (test["dataset"], test["label"], test["attribute"])
            if test["test"] == "logit_lr":
                found[key] = found.get(key, {}) | test
            else:
                found.setdefault(key, {})[test["test"]] = test["p"]
    return [row for row in found.values() if "dataset" in row]


def _with_p(rows: list[Record], tests: list[Record]) -> None:
    """Put the p of equal loss beside the first group of each attribute."""
    p = {(test["dataset"], test["attribute"]): test["p"] for test in tests if not test["label"]}
    for row in rows:
        place = (row["dataset"], row["attribute"])
        if place in p:
            row["p"] = p.pop(place)
