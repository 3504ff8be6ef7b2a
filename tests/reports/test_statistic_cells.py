"""Cells from the frame `statistics`."""

from dataclasses import replace

import pytest

from reports.convention import STRICT
from reports.rows import method_rows
from reports.specs import ColumnSpec
from reports.statistic_cells import statistic_cell
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import cell, rows, study


def signed_rank_cell(p, smallest):
    metrics = rows({("ce", "0"): 0.7, ("focal", "0"): 0.8})
    frames = study(metrics, [cell("synthetic", name, 0) for name in ("ce", "focal")])
    statistics = made_statistics(metrics).assign(signed_rank_p=p, smallest_p=smallest)
    frames = replace(frames, statistics=statistics)
    row = method_rows(frames, frames.dataset_cards[0])[1]
    return statistic_cell(frames, row, ColumnSpec("p", "acc", show="signed_rank_p"), STRICT)


def test_a_p_over_too_few_seeds_says_that_it_cannot_be_significant():
    found = signed_rank_cell(0.0625, 0.0625)

    assert found.printed == "0.063 ."
    assert found.note.startswith("cannot be significant with 5 seeds")
    assert "0.0625" in found.note


@pytest.mark.parametrize(("p", "smallest"), [(0.03125, 0.03125), (0.4, 0.03125)])
def test_with_six_seeds_nothing_needs_to_be_said(p, smallest):
    assert signed_rank_cell(p, smallest).note == ""
