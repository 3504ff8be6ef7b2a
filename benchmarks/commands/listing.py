"""`list`: methods, data sets, metrics, layouts and presets with what each needs."""

from __future__ import annotations

import dataclasses
import shutil
import textwrap
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.errors import StudyError
from datasets.settings import described
from methods.cards import MethodCard

Names = Sequence[str]


def main(arguments: Namespace) -> int:
    """Prints one block an entry, wrapped to the terminal; or writes the method cards.

    Named methods and data sets are printed with their settings.
    """
    if arguments.cards is not None:
        if arguments.what != "methods" or arguments.names:
            raise StudyError("--cards goes with `list methods`.")
        return _write_cards(arguments.cards)
    if arguments.names and arguments.what not in ("methods", "datasets"):
        raise StudyError(f"`list {arguments.what}` takes no names.")
    _LISTINGS[arguments.what](arguments.names)
    return 0


def _write_cards(folder: Path) -> int:
    from benchmarks import registry
    from benchmarks.cards import pages

    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages(registry.everything()).items():
        (folder / name).write_text(text, encoding="utf-8")
        print(folder / name)
    return 0


def _methods(names: Names) -> None:
    from benchmarks import registry
    from benchmarks.frames import family_rank

    chosen = registry.select_any(tuple(names) or ("all",))
    for key in sorted(chosen, key=lambda key: (family_rank(chosen[key].card.family), key)):
        card = chosen[key].card
        needs = ", ".join(sorted(card.needs)) or "labels only"
        also = f"; may use {', '.join(sorted(card.optional))}" if card.optional else ""
        aliases = f"; also called {', '.join(card.aliases)}" if card.aliases else ""
        mark = " (reconstruction)" if card.reconstruction else ""
        _entry(
            f"{key}  {card.title}{mark}",
            f"{card.family}; needs {needs}{also}; {_effort(card)}{aliases}",
            f"source: {card.source}",
            *(described(chosen[key].Settings) if names else ()),
        )
    if not names:
        print(f"{len(chosen)} methods; `list methods NAME` shows the settings of one")


def _effort(card: MethodCard) -> str:
    if card.family == "post":
        return "no training: `run --post` applies it to stored predictions"
    return f"{card.cost:g} passes a sample"


def _datasets(names: Names) -> None:
    from benchmarks import registry

    chosen = registry.select_datasets(tuple(names) or ("all",))
    for key in chosen:
        cls = registry.datasets()[key]
        spec = cls().describe()
        groups = ", ".join(f"{a.name} ({len(a.levels)})" for a in spec.attributes)
        units = f"{len(spec.action_units)} action units" if spec.action_units else "no action units"
        kinds = f"{spec.num_classes} classes; {groups or 'no attributes'}; {units}"
        folds = f"; {spec.folds} folds" if spec.folds > 1 else ""
        root = "needs --data-root" if cls.needs_root else "made by the suite"
        _entry(
            f"{key}  {cls.card.title}",
            f"{kinds if spec.classes else 'classes and attributes by its settings'}{folds}; {root}",
            f"licence: {cls.card.licence}",
            *(described(cls.Settings) if names else ()),
        )
    if not names:
        print(f"{len(chosen)} data sets; `list datasets NAME` shows the settings of one")


def _metrics(_: Names) -> None:
    from reports.catalogue import all_metric_cards

    for card in all_metric_cards():
        low, high = card.limits
        facts = f"{low:g} to {high:g}; best: {card.direction}; per {card.per}"
        _entry(f"{card.key}  {card.title}", facts, f"source: {card.source}")


def _layouts(_: Names) -> None:
    from reports.catalogue import layout_cards

    for card in layout_cards():
        needs = [f"needs {card.needs}"] if card.needs else []
        _entry(f"{card.key}  {card.title}", *needs, f"source: {card.source}")
    print("tables 1, 2, 4 and 5 of Chen and Joo's supplement are about labels: `audit` makes them")


def _presets(_: Names) -> None:
    from benchmarks.protocol import PRESETS

    default = dataclasses.asdict(PRESETS["default"])
    for name, protocol in PRESETS.items():
        values = dataclasses.asdict(protocol)
        shown = {k: v for k, v in values.items() if name == "default" or v != default[k]}
        _entry(name, ", ".join(f"{key} {value}" for key, value in shown.items()))


_LISTINGS: dict[str, Callable[[Names], None]] = {
    "methods": _methods,
    "datasets": _datasets,
    "metrics": _metrics,
    "layouts": _layouts,
    "presets": _presets,
}


def _entry(head: str, *lines: str) -> None:
    width = min(shutil.get_terminal_size().columns, 100)
    print(head)
    for line in lines:
        print(textwrap.fill(line, width, initial_indent="    ", subsequent_indent="      "))
