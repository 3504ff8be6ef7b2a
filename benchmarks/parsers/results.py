"""Commands on results: `score`, `explain`, `compare`, `check`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.parsers.values import names

Commands = argparse._SubParsersAction  # the type that add_subparsers returns has no public name


def add_result_commands(commands: Commands[argparse.ArgumentParser]) -> None:
    """Adds the parsers of the commands on results."""
    _add_score(commands)
    _add_explain(commands)
    _add_compare(commands)
    _add_check(commands)


def _add_score(commands: Commands[argparse.ArgumentParser]) -> None:
    score = commands.add_parser(
        "score", help="the report of a study on predictions that any program made"
    )
    lists: dict[str, Any] = {"type": names, "default": (), "metavar": "LIST"}
    column: dict[str, Any] = {"default": "", "metavar": "COL"}
    score.add_argument(
        "file", type=Path, metavar="FILE", help="one row a sample and run (CSV, TSV, Parquet)"
    )
    roles = score.add_argument_group("columns")
    roles.add_argument("--label", **column, help="true class")
    roles.add_argument("--pred", **column, help="predicted class")
    roles.add_argument(
        "--proba", **lists,
        help="probabilities of all classes: p_happy,p_sad or their common beginning p_ or "
        "happy=col1,sad=col2; without --pred the most probable class is predicted",
    )  # fmt: skip
    add_attributes(roles)
    roles.add_argument("--method", **column, help="method; several become rows")
    roles.add_argument("--seed", **column, help="seed (repeated training)")
    roles.add_argument("--dataset", **column, help="data set")
    roles.add_argument("--id", **column, help="sample name, by which the rows of runs are matched")
    roles.add_argument("--classes", **lists, help="classes in order (default: those that occur)")
    add_report_options(score.add_argument_group("report"))


def add_attributes(roles: argparse._ActionsContainer) -> None:
    """Adds the options that name protected attributes."""
    roles.add_argument(
        "--groups", action="append", default=[], metavar="SPEC",
        help="protected attributes: gender,race or 'race3=race:Asian|Black|White' or "
        "'age2=age:<=39|>=40'; may be repeated",
    )  # fmt: skip
    roles.add_argument(
        "--cross", action="append", type=names, default=[], metavar="A,B",
        help="report the product of these attributes too (default: of two attributes); may be "
        "repeated",
    )  # fmt: skip


def add_report_options(report: argparse._ActionsContainer) -> None:
    """Adds the options that say which report of predictions is written, and where."""
    lists: dict[str, Any] = {"type": names, "default": (), "metavar": "LIST"}
    report.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder of the report"
    )
    report.add_argument("--baseline", default="", metavar="NAME", help="method to compare with")
    report.add_argument("--format", **lists, help="md, tex, csv, json, html (default: all)")
    report.add_argument("--layout", **lists, help="tables wanted (default: all)")
    _add_convention(report)


def _add_explain(commands: Commands[argparse.ArgumentParser]) -> None:
    explain = commands.add_parser(
        "explain", help="the runs, the counts and the formula behind one number, or one cell"
    )
    explain.add_argument("folder", type=Path, metavar="DIR", help="result folder of `run`")
    explain.add_argument(
        "cell", nargs="?", default="", metavar="CELL", help="id of a cell, or how it begins"
    )
    place = explain.add_argument_group("place of a number")
    text: dict[str, Any] = {"default": "", "metavar": "NAME"}
    place.add_argument("--method", **text)
    place.add_argument("--metric", **text, help="as in `list metrics`")
    place.add_argument("--attribute", default="all", metavar="NAME", help="gender, 'gender x tone'")
    place.add_argument("--group", default="all", metavar="NAME", help="of a metric of one group")
    place.add_argument("--emotion", default="all", metavar="CLASS", help="class, mean, max or min")
    place.add_argument("--dataset", **text, help="where the folder holds several")
    place.add_argument("--variant", **text, help="where the method was run with several settings")
    place.add_argument("--select", metavar="RULE", help="selection rule (default: the study's)")
    _add_convention(explain)


def _add_compare(commands: Commands[argparse.ArgumentParser]) -> None:
    compare = commands.add_parser(
        "compare", help="what differs between two result folders, and whether it is more than noise"
    )
    compare.add_argument("before", type=Path, metavar="A", help="result folder or metrics.csv")
    compare.add_argument("after", type=Path, metavar="B", help="result folder or metrics.csv")
    lists: dict[str, Any] = {"type": names, "default": (), "metavar": "LIST"}
    compare.add_argument("--methods", **lists, help="only these (default: all)")
    compare.add_argument(
        "--metrics", **lists,
        help="`all`, or names (default: those of the summary: acc, mca, fs_acc, fs_mca, largest "
        "disc and eod, wga_stratum)",
    )  # fmt: skip
    compare.add_argument("--select", default="last", metavar="RULE", help="default: last")
    compare.add_argument("--out", type=Path, metavar="FILE.md", help="write the table here too")
    compare.add_argument(
        "--all", action="store_true", help="print numbers that did not change, too"
    )
    compare.add_argument(
        "--fail-on-regression", action="store_true",
        help="exit 1 if a metric is significantly worse in B",
    )  # fmt: skip


def _add_check(commands: Commands[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check", help="do a study's predictions and metrics still equal a stored baseline?"
    )
    check.add_argument("folder", type=Path, metavar="DIR", help="result folder of `run`")
    check.add_argument(
        "--baseline", type=Path, required=True, metavar="FILE", help="stored baseline (JSON)"
    )
    check.add_argument(
        "--noisy", action="store_true",
        help="compare means over seeds for equivalence, not predictions (other machine, new seeds)",
    )  # fmt: skip
    check.add_argument(
        "--update", action="store_true", help="store these results as the baseline; prints changes"
    )


def _add_convention(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--convention", choices=("strict", "paper"), default="strict",
        help="strict: groups below 10 samples undefined, sd with ddof 1; paper: 1 and ddof 0",
    )  # fmt: skip
