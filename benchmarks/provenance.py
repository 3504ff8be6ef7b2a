"""Where a number comes from: code, versions, machine. It identifies nothing, it only informs."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from functools import cache
from typing import Any

import torch

from benchmarks import ROOT

_PACKAGES = ("torch", "torchvision", "timm", "numpy", "pandas", "scipy")


def provenance(device: torch.device, *, deterministic: bool) -> dict[str, Any]:
    """Versions and machine of this process, as JSON values."""
    return {
        "commit": _commit(),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "deterministic": deterministic,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


@cache
def _commit() -> str:
    """The checkout's commit, with `+changes` when files differ from it; empty outside git."""
    try:
        commit = _git("rev-parse", "HEAD").strip()
        changes = _git("status", "--porcelain", "--untracked-files=no").strip()
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit}+changes" if changes else commit


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=10, check=True
    ).stdout
