"""Every table that an audit's frames have something for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from reports.audit.result import AuditResult
from reports.audit.table_specs import Found
from reports.audit.tables_calibration import calibration_tables
from reports.audit.tables_conditional import conditional_tables
from reports.audit.tables_pooled import pooled_tables
from reports.audit.tables_residuals import residual_tables
from reports.convention import Convention
from reports.tables import Table

#: characters of a table's key, which is a file name
LONGEST_KEY = 80


def audit_tables(result: AuditResult, convention: Convention) -> list[Table]:
    """The tables of an audit, conditional ones first; their keys are distinct file names.

    `chen_2` (values of single units), `chen_4` and `chen_5` (joint patterns), `overall` (no facial
    movement), `residuals`, `chen_1` (calibration), `pooled`, `regression`, `adjusted`,
    `discrimination`, `corrected`, `agreement`, `loss`, `association`: each where there are rows.
    """
    found = Found(result)
    family = str(result.settings.get("family", "table"))
    return _named_apart(
        [
            *conditional_tables(found, convention, family),
            *residual_tables(found, convention),
            *calibration_tables(result, convention),
            *pooled_tables(result, found, convention),
        ]
    )


def _named_apart(tables: Iterable[Table]) -> list[Table]:
    """The tables with keys of plain characters, a number after a key that was had before."""
    named: dict[str, Table] = {}
    for table in tables:
        key = re.sub(r"[^A-Za-z0-9.-]+", "_", table.key).strip("_")[:LONGEST_KEY]
        # Some file systems do not tell Happy from happy.
        taken = {other.lower() for other in named}
        number, free = 2, key
        while free.lower() in taken:
            free, number = f"{key}_{number}", number + 1
        named[free] = replace(table, key=free)
    return list(named.values())
