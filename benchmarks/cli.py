"""The command line: parses, hands over to one command, and turns errors into one sentence."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.parsers.data import add_data_command, add_places
from benchmarks.parsers.imports import add_import_command
from benchmarks.parsers.results import add_result_commands
from benchmarks.parsers.values import names, positive, seeds

_DESCRIPTION = """\
EvenFace compares bias-mitigation methods for facial expression recognition.

  python -m benchmarks run --methods all --seeds 5
"""

_MODULES = {
    "run": "run",
    "report": "report",
    "list": "listing",
    "data": "data",
    "counterfactuals": "counterfactuals",
    "audit": "audit",
    "score": "score",
    "import": "imported",
    "explain": "explain",
    "compare": "compare",
    "check": "check",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command.

    Returns:
        0 well; 1 finished with failed cells; 2 an error that the user can mend, told in one
        sentence; 130 stopped by Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    # Read when torch is imported; one thread a process unless asked otherwise (style.md 10).
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        # The commands import torch, timm, pandas; `--help` must not.
        command = importlib.import_module(f"benchmarks.commands.{_MODULES[options.command]}")
        return int(command.main(options))
    except KeyboardInterrupt as stop:
        # A command that has something to say about where it stopped has said it.
        print(f"\nStopped{stop}.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`); what it wanted was written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        message = _for_user(error)
        if message is None:
            raise
        print(f"evenface: {message}", file=sys.stderr)
        return 2


def _for_user(error: Exception) -> str | None:
    """The sentence of an error that a user can mend; None for our own bugs."""
    from datasets.errors import EvenFaceError
    from reports.errors import ReportError

    if isinstance(error, EvenFaceError | ReportError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}."
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    _add_report(commands)
    _add_list(commands)
    add_data_command(commands)
    _add_counterfactuals(commands)
    _add_audit(commands)
    add_result_commands(commands)
    add_import_command(commands)
    return parser


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run", help="run a study and write its report; continues a stopped one"
    )
    study = run.add_argument_group("what is run (also in a study file)")
    study.add_argument("--study", type=Path, metavar="FILE", help="study file (TOML)")
    study.add_argument(
        "--methods", type=names, metavar="LIST",
        help="`all`, names or globs, separated by commas (default: all)",
    )  # fmt: skip
    study.add_argument(
        "--datasets", type=names, metavar="LIST", help="names or globs (default: synthetic)"
    )
    study.add_argument(
        "--seeds", type=seeds, metavar="N|LIST",
        help="a count, or a list such as 0,1,7 (a single seed: 7,) (default: 5)",
    )  # fmt: skip
    study.add_argument(
        "--preset", metavar="NAME",
        help="training protocol: default, smoke (for tests), suresh, chen or rizvi",
    )  # fmt: skip
    study.add_argument(
        "--select", metavar="RULE",
        help="checkpoint of the tables: last (default), best_acc, best_wga or best_dto",
    )  # fmt: skip
    study.add_argument("--groups", type=names, metavar="LIST", help="attributes methods train with")
    study.add_argument(
        "--unknown-groups", metavar="POLICY",
        help="samples of unknown group in training: mask (default), drop or own_group",
    )  # fmt: skip
    study.add_argument(
        "--post", type=names, metavar="LIST",
        help="post-processors applied to the predictions of every method (`list methods`)",
    )  # fmt: skip
    study.add_argument(
        "--set", action="append", default=[], metavar="KEY.NAME=VALUE",
        help="change a setting of a method, a data set or `protocol`; may be repeated",
    )  # fmt: skip
    study.add_argument(
        "--variant", action="append", default=[], metavar="METHODS:KEY.NAME=VALUE",
        help="run methods once more with other settings; may be repeated",
    )  # fmt: skip
    study.add_argument("--backbone", metavar="NAME", help="timm name of the image network")
    study.add_argument(
        "--weights", metavar="FILE",
        help="weights that networks start from (safetensors, state dict, VGGFace2's ResNet-50)",
    )  # fmt: skip
    study.add_argument(
        "--pretrained", action="store_true", help="start from timm's weights, downloaded once"
    )
    study.add_argument("--image-size", type=int, metavar="PIXELS", help="side of the pictures")
    study.add_argument("--precision", metavar="KIND", help="float32 (default) or bfloat16")
    study.add_argument(
        "--store-features", action="store_true", help="store trunk features beside predictions"
    )
    study.add_argument("--store-models", action="store_true", help="store the trained weights")
    where = run.add_argument_group("where and how")
    where.add_argument("--out", type=Path, metavar="DIR", help="default: results/<data sets>")
    where.add_argument(
        "--data-root", type=Path, metavar="DIR", help="folder that holds the data sets"
    )
    where.add_argument(
        "--cache", type=Path, default=Path(".cache/evenface"), metavar="DIR",
        help="prepared pictures (default: .cache/evenface)",
    )  # fmt: skip
    where.add_argument(
        "--workers", type=positive, metavar="N", help="processes (default: cores / threads)"
    )
    where.add_argument(
        "--threads", type=positive, default=1, metavar="N", help="torch threads each (default: 1)"
    )
    where.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    where.add_argument("--executor", choices=("local", "ray", "slurm"), default="local")
    where.add_argument(
        "--fast", action="store_true", help="allow non-deterministic arithmetic; results say so"
    )
    where.add_argument(
        "--no-report", action="store_true", help="leave the report to the command `report`"
    )


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    report = commands.add_parser("report", help="write the tables of a result folder again")
    report.add_argument(
        "folder", type=Path, metavar="DIR|published",
        help="result folder of `run`; or `published`: check the arithmetic of the papers' tables",
    )  # fmt: skip
    report.add_argument(
        "--published", action="store_true", help="the papers' printed values beside measured ones"
    )
    report.add_argument(
        "--out", type=Path, metavar="DIR", help="of `report published`: write files, do not print"
    )
    report.add_argument("--select", metavar="RULE", help="another selection rule for the tables")
    report.add_argument(
        "--format",
        type=names,
        default=(),
        metavar="LIST",
        help="md, tex, csv, json, html (default: all)",
    )
    report.add_argument("--layout", type=names, default=(), metavar="LIST", help="tables wanted")
    report.add_argument(
        "--convention", choices=("strict", "paper"), default="strict",
        help="strict: groups below 10 samples undefined, sd with ddof 1; paper: 1 and ddof 0",
    )  # fmt: skip


def _add_list(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = commands.add_parser("list", help="what there is, and what each needs")
    listing.add_argument("what", choices=("methods", "datasets", "metrics", "layouts", "presets"))
    listing.add_argument(
        "names", nargs="*", metavar="NAME", help="methods or data sets to print with their settings"
    )
    listing.add_argument(
        "--cards", type=Path, metavar="DIR", help="write a Markdown page for each method"
    )


def _add_counterfactuals(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    made = commands.add_parser(
        "counterfactuals",
        help="pictures with the sensitive part swapped, from a cell stored with --store-models",
    )
    made.add_argument("folder", type=Path, metavar="DIR", help="result folder of `run`")
    made.add_argument(
        "--cell", metavar="ID", help="cell of the folder (default: the first that makes pictures)"
    )
    made.add_argument(
        "--pictures", type=positive, default=12, metavar="N",
        help="columns of the contact sheet (default: 12)",
    )  # fmt: skip
    made.add_argument(
        "--out", type=Path, metavar="DIR", help="default: counterfactuals/ID in the result folder"
    )
    made.add_argument("--data-root", type=Path, metavar="DIR")
    made.add_argument("--cache", type=Path, default=Path(".cache/evenface"), metavar="DIR")


def _add_audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser(
        "audit",
        help="is a label given to one group more often when the face does the same thing?",
    )
    audit.add_argument(
        "inputs", nargs="*", metavar="FILE|DATASET",
        help="tables of images or counts (CSV, TSV, Parquet), or registered data sets",
    )  # fmt: skip
    _add_audit_columns(
        audit.add_argument_group(
            "columns of a file (guessed and shown if not said; none: there is no such column)"
        )
    )
    _add_audit_choices(audit.add_argument_group("how"))
    where = audit.add_argument_group("where, and which data set")
    where.add_argument("--out", type=Path, metavar="DIR", help="default: results/audit")
    add_places(where)


def _add_audit_columns(group: argparse._ArgumentGroup) -> None:
    lists: dict[str, Any] = {"type": names, "default": (), "metavar": "LIST"}
    group.add_argument("--label", default="", metavar="COL", help="column of the label")
    group.add_argument("--votes", **lists, help="columns of votes, instead of a label")
    group.add_argument("--positive", **lists, help="labels asked about (default: all)")
    group.add_argument(
        "--attribute", action="append", default=[], metavar="SPEC",
        help="protected attributes: gender,race or 'race3=race:Asian|Black|White' or "
        "'age2=age:<=19&20-39|40-69'; may be repeated",
    )  # fmt: skip
    group.add_argument("--au", **lists, help="action units that make the conditions: AU06,AU12")
    group.add_argument("--strata", **lists, help="columns that name the movement in words")
    group.add_argument("--cluster", default="", metavar="COL", help="person shared by several rows")
    group.add_argument("--prediction", default="", metavar="COL", help="class a model predicts")
    group.add_argument(
        "--dataset", default="", metavar="COL", help="column that tells data sets apart"
    )
    group.add_argument("--weight", default="", metavar="COL", help="images that a row stands for")
    group.add_argument(
        "--counts", action="store_true",
        help="FILE is a table of counts: label, group, n, n_labelled, and dataset, attribute, au",
    )  # fmt: skip
    group.add_argument(
        "--labelled", default="", metavar="COL", help="its column of images with the label"
    )
    group.add_argument("--predicted", **lists, help="attributes that a classifier guessed")
    group.add_argument(
        "--attribute-confusion", action="append", default=[], metavar="ATTRIBUTE=FILE",
        help="its confusion matrix (CSV, rows true, columns guessed); may be repeated",
    )  # fmt: skip


def _add_audit_choices(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--condition", choices=("auto", "marginal", "joint"), default="auto",
        help="strata: each action unit alone, or joint patterns (default: joint if counts allow)",
    )  # fmt: skip
    group.add_argument(
        "--au-threshold", action="append", default=[], metavar="NUMBER|AU=NUMBER",
        help="intensity above which a unit is present; may be repeated",
    )  # fmt: skip
    group.add_argument(
        "--au-truth", type=names, default=(), metavar="AU=COL,...",
        help="expert-coded presence: calibrate thresholds per group",
    )  # fmt: skip
    group.add_argument("--expert", type=Path, metavar="FILE", help="file of the expert codes")
    group.add_argument(
        "--convention", choices=("strict", "paper"), default="strict",
        help="strict: exact p for sparse tables, Holm, Wilson; paper: as Chen and Joo printed",
    )  # fmt: skip
    group.add_argument(
        "--family", choices=("table", "call"), default="table",
        help="tests corrected together: of one label and attribute (default), or all",
    )  # fmt: skip
    group.add_argument("--seed", type=int, default=0, metavar="N", help="of permutations (0)")
    group.add_argument(
        "--simulate", type=positive, metavar="N",
        help="check the tests themselves on N data sets whose bias is known",
    )  # fmt: skip
