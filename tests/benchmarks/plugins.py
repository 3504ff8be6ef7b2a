"""Tiny installed distributions: a module, its metadata and its entry points, on the import path."""

from __future__ import annotations

from pathlib import Path

PLAIN = '''
"""Cross entropy from outside the checkout."""
from methods.base import Method, method
from methods.ops import cross_entropy


@method("{title}", family="loss", source="nowhere", key="{key}")
class Outside(Method):
    def loss(self, batch, step):
        {line}
        return {{"ce": cross_entropy(self.logits(batch.images), batch.labels)}}
'''


def method_source(key: str, title: str = "", line: str = "") -> str:
    """Source of a cross-entropy method; `line` runs at each step."""
    return PLAIN.format(key=key, title=title or key.title(), line=line)


def install(
    folder: Path,
    modules: dict[str, str],
    group: str = "evenface.methods",
    name: str = "evenface_outside",
) -> Path:
    """A distribution with one entry point a module; `folder` is to be put on the import path."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"[{group}]", *(f"{module} = {module}" for module in modules)]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    for module, source in modules.items():
        (folder / f"{module}.py").write_text(source)
    return folder
