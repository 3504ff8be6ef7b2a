"""The guide to scores says what is so: its examples run."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from benchmarks import ROOT
from benchmarks.cli import main

GUIDE = ROOT / "docs" / "score.md"


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def names() -> dict:
    draw = np.random.default_rng(0)
    codes, gender = draw.integers(0, 2, (2, 120))
    runs = np.where(draw.random((3, 120)) < 0.2, 1 - codes, codes)
    words = np.array(["sad", "happy"])
    return {
        "y": words[codes], "yhat": words[runs[0]], "gender": np.array(["f", "m"])[gender],
        "race": draw.choice(["a", "b", "c"], 120), "codes": codes, "plain_runs": runs,
        "fair_runs": runs[:, ::-1], "gender_codes": gender,
    }  # fmt: skip


def test_the_notebook_examples_run_one_after_the_other(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for block in python_blocks():
        code = compile(block, str(GUIDE), "exec")
        exec(code, names)

    assert set(names["report"].statistics["method"]) == {"plain", "fair"}
    assert (tmp_path / "mine" / "report.html").is_file()


def test_the_first_command_runs(names, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = zip(*(names[name] for name in ("y", "yhat", "gender", "race")), strict=True)
    text = "\n".join(["y,yhat,gender,race", *map(",".join, rows)])
    Path("predictions.csv").write_text(text)
    (line,) = re.findall(r"^ +python -m benchmarks (score .*)$", GUIDE.read_text(), re.MULTILINE)

    assert main(shlex.split(line)) == 0
    assert Path("results/mine/metrics.csv").is_file()
