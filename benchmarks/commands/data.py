"""`data ACTION`: one module an action."""

from __future__ import annotations

import importlib
from argparse import Namespace


def main(arguments: Namespace) -> int:
    """Runs the action."""
    action = importlib.import_module(f"benchmarks.commands.data_{arguments.action}")
    return int(action.main(arguments))
