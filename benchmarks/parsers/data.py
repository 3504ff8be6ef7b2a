"""Options of `data`: look at a data set, check it, prepare it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TypeAlias

from benchmarks.parsers.values import names, positive

Actions: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_data_command(commands: Actions) -> None:
    """Adds `data` and its actions; each is `benchmarks/commands/data_ACTION.py`."""
    data = commands.add_parser("data", help="look at a data set, check and prepare it")
    actions = data.add_subparsers(dest="action", required=True, metavar="ACTION")
    _add_show(actions)
    _add_prepare(actions)
    _add_check(actions)
    _add_annotate(actions)
    _add_describe(actions)


def add_places(parser: argparse._ActionsContainer) -> None:
    """Adds where data sets and prepared pictures lie, and settings of data sets."""
    parser.add_argument(
        "--data-root", type=Path, metavar="DIR", help="folder that holds the data sets"
    )
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/evenface"), metavar="DIR",
        help="prepared pictures (default: .cache/evenface)",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY.NAME=VALUE",
        help="change a setting of a data set; may be repeated",
    )  # fmt: skip


def _add_show(actions: Actions) -> None:
    show = actions.add_parser("show", help="write a contact sheet of a data set as PNG")
    show.add_argument("name", metavar="NAME", help="data set")
    show.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    show.add_argument("--pixels", type=positive, default=96, help="size of a face (default: 96)")
    add_places(show)


def _add_prepare(actions: Actions) -> None:
    prepare = actions.add_parser(
        "prepare", help="decode pictures once, ahead of a study; continues where it was stopped"
    )
    prepare.add_argument("names", nargs="+", metavar="NAME", help="data sets, or globs")
    prepare.add_argument(
        "--pixels", type=positive, default=48, metavar="N",
        help="side of the pictures (default: 48, as the default preset trains with)",
    )  # fmt: skip
    prepare.add_argument(
        "--workers", type=positive, metavar="N", help="processes that decode (default: cores)"
    )
    add_places(prepare)


def _add_check(actions: Actions) -> None:
    check = actions.add_parser(
        "check",
        help="what is there, what is missing, what would make results wrong (exit code 1)",
    )
    check.add_argument("names", nargs="+", metavar="NAME", help="data sets, or globs")
    check.add_argument("--json", action="store_true", help="print JSON for machines")
    add_places(check)


def _add_annotate(actions: Actions) -> None:
    annotate = actions.add_parser(
        "annotate",
        help="guess gender, age or race by a classifier trained on a set that knows them",
    )
    annotate.add_argument("name", metavar="NAME", help="data set that lacks the attributes")
    annotate.add_argument(
        "--teacher", default="fairface", metavar="NAME",
        help="data set that knows them (default: fairface)",
    )  # fmt: skip
    annotate.add_argument(
        "--attributes", type=names, default=("gender",), metavar="LIST",
        help="attributes of the teacher (default: gender)",
    )  # fmt: skip
    annotate.add_argument(
        "--out", type=Path, required=True, metavar="FILE.csv",
        help="table to write; FILE.json beside it states the classifier and its errors",
    )  # fmt: skip
    annotate.add_argument("--preset", default="default", help="training protocol, as for run")
    annotate.add_argument("--seed", type=int, default=0, help="of split and training (default: 0)")
    annotate.add_argument(
        "--device", default="auto", choices=("auto", "cpu", "cuda"), help="default: auto"
    )
    add_places(annotate)


def _add_describe(actions: Actions) -> None:
    describe = actions.add_parser(
        "describe", help="begin the description of a folder of pictures (folder.config)"
    )
    describe.add_argument("table", type=Path, metavar="TABLE.csv", help="table of the pictures")
