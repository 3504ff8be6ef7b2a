"""`report published`: do the numbers of the papers' printed tables fit each other?"""

from __future__ import annotations

from pathlib import Path

from reports.files import write_text

NAME = "published"


def asked_for(folder: Path) -> bool:
    """Whether the argument of `report` is this word and no result folder of that name."""
    return folder == Path(NAME) and not folder.exists()


def check_published(out: Path | None) -> int:
    """Prints the checks as Markdown, or writes Markdown, CSV and JSON to a folder.

    Args:
        out: folder of `published.md`, `published.csv` (a line a check), `differences.csv` (a line a
            pair of methods: do both scores lie inside the noise floor?) and `published.json`.

    Returns:
        0, also where numbers do not fit: the papers are not ours to mend.
    """
    # Every report asks whether this one is meant; SciPy's distributions take a second to import.
    from reports.arithmetic.checks import arithmetic_findings
    from reports.arithmetic.documents import (
        audit_csv,
        audit_json,
        audit_markdown,
        differences_csv,
    )
    from reports.arithmetic.floors import published_floors

    findings, floors = arithmetic_findings(), published_floors()
    if out is None:
        print(audit_markdown(findings, floors), end="")
        return 0
    texts = {
        "published.md": audit_markdown(findings, floors),
        "published.csv": audit_csv(findings),
        "differences.csv": differences_csv(floors),
        "published.json": audit_json(findings, floors),
    }
    for name, text in texts.items():
        write_text(out / name, text)
        print(out / name)
    return 0
