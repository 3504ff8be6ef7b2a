"""`import`: results of other suites."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.parsers.results import Commands, add_attributes, add_report_options
from benchmarks.parsers.values import names


def add_import_command(commands: Commands[argparse.ArgumentParser]) -> None:
    """Adds the parser of `import` with one action a suite."""
    parser = commands.add_parser(
        "import", help="correct intervals for results that DomainBed, SubpopBench or WILDS stored"
    )
    suites = parser.add_subparsers(dest="suite", required=True, metavar="SUITE")
    for name, title, file in (
        ("domainbed", "DomainBed", "results.jsonl"),
        ("subpopbench", "SubpopBench", "results.json"),
    ):
        suite = suites.add_parser(name, help=f"accuracies of {title}'s runs ({file})")
        suite.add_argument(
            "folder", type=Path, metavar="DIR", help=f"folder of the sweep, with a {file} a run"
        )
        suite.add_argument(
            "--baseline", metavar="NAME", help="algorithm to compare with (default: ERM, if there)"
        )
        suite.add_argument(
            "--out", type=Path, required=True, metavar="DIR", help="folder of the tables"
        )
    _add_wilds(suites)


def _add_wilds(suites: Commands[argparse.ArgumentParser]) -> None:
    wilds = suites.add_parser(
        "wilds", help="predictions of WILDS (*_pred.csv) and the data set's metadata"
    )
    wilds.add_argument(
        "folders", nargs="+", type=Path, metavar="DIR",
        help="folders of predictions; each folder with such files is a method, called after it",
    )  # fmt: skip
    wilds.add_argument("--split", default="test", help="split that was predicted (default: test)")
    wilds.add_argument(
        "--epoch", default="best", metavar="NAME", help="best (default), last or a number"
    )
    truth = wilds.add_argument_group("truth")
    truth.add_argument(
        "--metadata", type=Path, required=True, metavar="FILE",
        help="one row an image, in the order of the predictions (CSV, TSV, Parquet)",
    )  # fmt: skip
    truth.add_argument(
        "--rows", default="", metavar="COL=VALUE", help="its rows of the split: split=test"
    )
    truth.add_argument("--label", required=True, metavar="COL", help="true class")
    add_attributes(truth)
    truth.add_argument(
        "--classes", type=names, default=(), metavar="LIST",
        help="classes in order (default: those that occur)",
    )  # fmt: skip
    add_report_options(wilds.add_argument_group("report"))
