"""The harness: from a command line to stored predictions.

EvenFace runs from its checkout. Hugging Face publishes a package called `datasets` too, so the
checkout goes first on the import path here, before anything else is imported; spawned workers
inherit it. This is the project's one path trick.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def _claim_package_names() -> None:
    if sys.path[0] != str(ROOT):
        sys.path[:] = [str(ROOT), *(entry for entry in sys.path if entry != str(ROOT))]
    for name in ("datasets", "methods", "reports"):
        other = getattr(sys.modules.get(name), "__file__", None)
        if other is not None and not Path(other).resolve().is_relative_to(ROOT):
            print(
                f"evenface: another package called '{name}' ({other}) was imported first; "
                "import `benchmarks` before it, or run EvenFace in its own virtual environment.",
                file=sys.stderr,
            )
            raise SystemExit(2)


_claim_package_names()
