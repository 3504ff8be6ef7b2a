"""The LaTeX of a whole report goes through pdflatex and stays on the page."""

import shutil
import subprocess

import pandas as pd
import pytest

from reports.measure import measure
from reports.report import write_report
from tests.reports.studies import CARDS, cell, full_study, predictions, study
from tests.reports.test_writers import NASTY

pytestmark = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="pdflatex is not installed"
)

DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
Before.
\input{report/tables.tex}
After.
\end{document}
"""


def compiled(frames, folder):
    write_report(frames, folder / "report", formats=("tex",))
    (folder / "main.tex").write_text(DOCUMENT)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"],
        cwd=folder,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_a_whole_report_compiles_and_no_table_leaves_the_page(tmp_path):
    log = compiled(full_study(), tmp_path)
    assert "Overfull \\hbox" not in log
    assert "Float too large" not in log


def test_a_report_with_special_characters_in_all_names_compiles(tmp_path):
    frames = full_study()
    titles = {key: f"{key} {NASTY} \u2264 \u03bb \u4e2d \u00e9" for key in CARDS}
    records = [tuple(row) for row in frames.cells.to_numpy().tolist()]
    compiled(study(frames.metrics, records, titles=titles, folds={"london": 5}), tmp_path)


def test_a_study_of_many_methods_stays_on_the_page(tmp_path):
    log = compiled(long_study(), tmp_path)
    assert "Overfull \\hbox" not in log
    assert "Float too large" not in log


def long_study(variants=70):
    """Cross entropy and latent alignment, each with many variants on one seed."""
    metric_rows, cells = [], []
    for method in ("ce", "latent_alignment"):
        measured = measure(predictions(method, 0))
        for number in range(variants):
            variant = f"strength={number}"
            metric_rows.append(measured.assign(variant=variant))
            place = cell("synthetic", method, 0)
            cells.append((*place[:2], variant, *place[3:]))
    return study(pd.concat(metric_rows, ignore_index=True), cells)
