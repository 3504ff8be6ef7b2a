"""Corrected scores of a stored study with guessed groups, kept for the next report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import pandas as pd

from benchmarks.frame_cache import FrameCache, code_stamp
from benchmarks.frames import METRIC_CODE, finished_sets, finished_stamps
from benchmarks.store import Store
from reports.convention import Convention
from reports.corrected_groups import DRAWS, corrected_scores
from reports.runs import runs_of
from reports.study import Confusions

CODE = (*METRIC_CODE, "reports/replicates", "reports/stats", "reports/runs.py",
        "reports/corrected_groups.py")  # fmt: skip


def study_corrections(
    store: Store, plan: Mapping[str, Any], convention: Convention, confusions: Confusions
) -> pd.DataFrame | None:
    """The frame of corrected scores under the study's rule; None where no group was guessed.

    Args:
        store: the result folder.
        plan: its `plan.json`.
        convention: smallest denominators.
        confusions: of the attributes that were guessed, as `corrected_scores` takes them.
    """
    if not confusions:
        return None
    rule = plan["select"]
    parts = [*finished_stamps(store, plan), rule, repr(astuple(convention)), str(DRAWS)]
    cache = FrameCache(store.root, code_stamp(CODE))
    return cache.frame(
        "\0".join(["corrections", *parts, repr(sorted(confusions.items()))]),
        lambda: corrected_scores(runs_of(finished_sets(store, plan, rule)), confusions, convention),
    )
