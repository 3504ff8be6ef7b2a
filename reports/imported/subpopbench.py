"""Results of SubpopBench: `results.json` in a folder a run, one JSON object a checkpoint.

A checkpoint holds, for the validation part `va` and the test parts, the accuracy of all samples
(`overall`), of every group (`per_group`, class and attribute) and the recall of every class.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pandas as pd

from reports.errors import ReportError
from reports.imported.json_lines import Line, read_lines
from reports.imported.selection import Candidate, Place, Rule, chosen, refuse_twins

SUITE = "SubpopBench"
WORST_GROUP = Rule(
    "validation_worst_group", "worst group of the validation part (reads attributes)"
)
WORST_CLASS = Rule("validation_worst_class", "worst class of the validation part (no attributes)")
MEAN = Rule("validation_mean", "accuracy on the validation part (no attributes)")
ORACLE = Rule("test_worst_group_oracle", "ORACLE, reads the test part: its worst group", True)
#: all samples, as a test set
ALL = "all"
#: groups with fewer test samples are named
SMALL = 10

#: the test part of data sets where it is not `te`
_TEST_PART = {"ImagenetBG": "mixed_rand", "Living17": "zs"}
#: CMNIST is another data set for each of these
_CMNIST = ("cmnist_label_prob", "cmnist_attr_prob", "cmnist_spur_prob", "cmnist_flip_prob")


def read_subpopbench(root: Path) -> tuple[pd.DataFrame, list[Rule], list[str]]:
    """The chosen runs of all rules (columns `selection.RUNS`), the rules, and notes.

    Hyper-parameters and checkpoint are chosen within a seed, as SubpopBench does. Algorithms that
    were trained without attributes are called so.

    Args:
        root: folder of the sweep, or one `results.json`.

    Raises:
        ReportError: no results, a line that is none of SubpopBench's, or a run that is there twice.
    """
    lines, notes = read_lines(root, "results.json", SUITE)
    scores: dict[Rule, Callable[[Line], float]] = {
        WORST_GROUP: lambda line: _worst(_groups(line, "va")),
        WORST_CLASS: _worst_class,
        MEAN: lambda line: line.rate("va", "overall", "accuracy"),
        ORACLE: lambda line: _worst(_groups(line, _test_part(line))),
    }
    refuse_twins((_identity(line), line.source) for line in lines)
    values = [_values(line) for line in lines]
    parts = [
        chosen(rule, [_candidate(one, score(one), v) for one, v in zip(lines, values, strict=True)])
        for rule, score in scores.items()
    ]
    return pd.concat(parts, ignore_index=True), list(scores), notes + _small_groups(lines)


def _identity(line: Line) -> tuple[str, str, str, int, int]:
    """Data set, method, trial, setting and step."""
    method = line.text("args", "algorithm")
    if line.text("args", "train_attr") == "no":
        method = f"{method} (no attributes)"
    return (
        _dataset(line), method, line.text("args", "seed"), line.whole("args", "hparams_seed"),
        line.whole("step"),
    )  # fmt: skip


def _candidate(line: Line, score: float, values: dict[Place, float]) -> Candidate:
    dataset, method, trial, setting, step = _identity(line)
    return Candidate(dataset, method, "", trial, setting, step, score, values, line.source)


def _dataset(line: Line) -> str:
    name = line.text("args", "dataset")
    if name != "CMNIST":
        return name
    return " ".join([name, *(f"{line.rate('args', key):g}" for key in _CMNIST)])


def _test_part(line: Line) -> str:
    return _TEST_PART.get(line.text("args", "dataset"), "te")


def _values(line: Line) -> dict[Place, float]:
    part = _test_part(line)
    groups = _groups(line, part)
    values = {
        ("accuracy", ALL): line.rate(part, "overall", "accuracy"),
        ("worst_group_accuracy", ALL): _worst(groups),
        # Any undefined group leaves the mean undefined.
        ("mean_group_accuracy", ALL): fmean(groups.values()),
    }
    return values | {("accuracy", name): value for name, value in groups.items()}


def _groups(line: Line, part: str) -> dict[str, float]:
    """Accuracy of each group, in the order of their names."""
    return {
        name: line.rate(part, "per_group", name, "accuracy")
        for name in sorted(_keys(line, part, "per_group"))
    }


def _worst_class(line: Line) -> float:
    names = _keys(line, "va", "per_class")
    return _worst({name: line.rate("va", "per_class", name, "recall") for name in names})


def _keys(line: Line, *path: str) -> list[str]:
    found = line.at(*path)
    if not isinstance(found, dict) or not found:
        raise ReportError(
            f"{line.source}: {'.'.join(path)} is empty; give results that {SUITE} wrote"
        )
    return list(found)


def _worst(values: dict[str, float]) -> float:
    """The smallest value; NaN if one is, for the worst could be that one."""
    return math.nan if any(map(math.isnan, values.values())) else min(values.values())


def _small_groups(lines: list[Line]) -> list[str]:
    """A note for each test group of few samples."""
    found: dict[str, None] = {}
    for line in lines:
        part = _test_part(line)
        for name in _keys(line, part, "per_group"):
            count = line.whole(part, "per_group", name, "n_samples")
            if count < SMALL:
                found[
                    f"{_dataset(line)}: group {name} has {count} test samples; the worst group may "
                    "be a matter of one of them"
                ] = None
    return list(found)
