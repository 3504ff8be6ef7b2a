"""From predictions to fairness numbers, tables and documents.

    from reports import fairness_report
    report = fairness_report(y, yhat, groups)

The package imports nothing of EvenFace's other folders and no torch, so it can be used on
predictions that another program made. Importing it is cheap: what needs pandas is imported at the
first use of `fairness_report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reports.api import FairnessReport, fairness_report

__all__ = ["FairnessReport", "fairness_report"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from reports import api

        return getattr(api, name)
    raise AttributeError(f"module 'reports' has no attribute {name!r}")
