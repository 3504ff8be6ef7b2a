"""The map of traps names tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def named() -> list[tuple[str, str]]:
    """File and test (empty for the whole file) of every name in the map."""
    found, file = [], ""
    for name in re.findall(r"`([\w/]*\.py(?:::\w+)?|::\w+)`", (HERE / "README.md").read_text()):
        path, _, test = name.partition("::")
        file = path or file
        found.append((file, test))
    return found


def test_every_test_that_the_map_names_exists():
    names = named()
    assert len(names) > 100
    for file, test in names:
        path = ROOT / file if "/" in file else HERE / file
        assert path.is_file(), file
        tree = ast.parse(path.read_text())
        own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert not test or test in own, f"{file}::{test}"
