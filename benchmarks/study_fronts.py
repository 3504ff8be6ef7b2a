"""Who is on the front of accuracy and fairness in a stored study, kept for the next report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

import pandas as pd

from benchmarks.frame_cache import FrameCache, code_stamp
from benchmarks.frames import METRIC_CODE, finished_sets, finished_stamps
from benchmarks.store import Store
from reports.convention import Convention
from reports.fronts import DRAWS, Run, fronts
from reports.runs import runs_of

CODE = (*METRIC_CODE, "reports/replicates", "reports/stats/tradeoff.py", "reports/runs.py",
        "reports/fronts.py")  # fmt: skip


def study_fronts(
    store: Store, plan: Mapping[str, Any], convention: Convention, compared: Mapping[Run, int]
) -> pd.DataFrame:
    """The frame `fronts` of the study's selection rule.

    Args:
        store: the result folder.
        plan: its `plan.json`; `select` says whose checkpoints.
        convention: smallest denominators.
        compared: the methods whose front it is, with the runs planned of each.
    """
    rule, chosen = plan["select"], repr(sorted(compared.items()))
    parts = [*finished_stamps(store, plan), rule, repr(astuple(convention)), str(DRAWS), chosen]
    cache = FrameCache(store.root, code_stamp(CODE))
    return cache.frame(
        "\0".join(["fronts", *parts]),
        lambda: fronts(runs_of(finished_sets(store, plan, rule)), compared, convention),
    )
