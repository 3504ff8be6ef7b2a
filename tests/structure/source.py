"""The source files of the project, parsed once."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

from benchmarks import ROOT

PACKAGES = ("benchmarks", "methods", "datasets", "reports")


@cache
def shipped() -> dict[str, ast.Module]:
    """Path below the checkout -> syntax tree, of everything that is not a test."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {str(p.relative_to(ROOT)): ast.parse(p.read_text(encoding="utf-8")) for p in paths}


@cache
def tracked() -> tuple[Path, ...]:
    """Files that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return tuple(ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def imports_of(tree: ast.AST) -> set[str]:
    """Dotted names of the modules that a tree imports, anywhere in it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(str(node.module))
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("import_module"):
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                found.add(str(argument.value))
    return found


def dotted(node: ast.AST) -> str:
    """`np.random.rand` of an attribute or a name; empty for other expressions."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def calls_of(tree: ast.AST) -> list[tuple[int, str]]:
    """Line and dotted name of each call."""
    return [(n.lineno, dotted(n.func)) for n in ast.walk(tree) if isinstance(n, ast.Call)]


def functions_of(tree: ast.AST) -> list[ast.FunctionDef]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
