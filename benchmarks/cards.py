"""Method cards: one Markdown page a method, made from its declarations and its module docstring."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.registry import AnyMethod
from methods.cards import MethodCard

_NEEDS = {
    "train_groups": "group labels in training",
    "test_groups": "group labels when it predicts",
    "val_groups": "group labels of the validation part",
    "action_units": "action units in training",
    "subjects": "who is who in training",
    "sample_index": "a stable number for each training sample",
    "two_views": "two augmented views of each picture",
    "generator": "a pre-trained generator of faces",
}

_ABBREVIATED = (
    "Sources that the pages abbreviate: S1 is arXiv 2410.19444 (latent alignment), S2 is",
    "2303.04896 (AU positive matching), S3 the supplement of 2108.08504 (AUC-FER), S4 is",
    "2412.17523 (fair latent space); methods.md is the project's specification, and (P)",
    "marks a choice of the project. Other names are repositories on GitHub.",
)


def pages(methods: Mapping[str, AnyMethod]) -> dict[str, str]:
    """File name -> text: a page a method or post-processor and `README.md`, the table of all."""
    texts = {f"{key}.md": _page(cls) for key, cls in methods.items()}
    return {"README.md": _index(methods), **texts}


def _index(methods: Mapping[str, AnyMethod]) -> str:
    rows = [
        f"| [`{key}`]({key}.md) | {cls.card.title}{_mark(cls.card)} | {cls.card.family} | "
        f"{_needs(cls.card)} | {cls.card.cost:g} |"
        for key, cls in methods.items()
    ]
    head = [
        "# Methods",
        "",
        "Written by `python -m benchmarks list methods --cards docs/methods`; do not edit.",
        "Cost is forward-backward passes a sample relative to `ce`. Those of family `post` train",
        "nothing: `run --post KEY` applies them to the stored predictions of every method.",
        "",
        *_ABBREVIATED,
        "",
        "| key | name | family | needs | cost |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _page(cls: AnyMethod) -> str:
    card = cls.card
    document = inspect.cleandoc(sys.modules[cls.__module__].__doc__ or "")
    facts = [
        f"- **Key**: `{card.key}`{_aliases(card)}",
        f"- **Family**: {card.family}",
        f"- **Source**: {card.source}",
        f"- **Needs**: {_needs(card)}",
        f"- **Cost**: {_cost(card)}",
        f"- **Version**: {card.version}",
    ]
    parts = [f"# {card.title}{_mark(card)}", "\n".join(facts), document, _settings(cls)]
    note = "Written by `python -m benchmarks list methods --cards docs/methods`; do not edit."
    return "\n\n".join([*parts, f"*{note}*"]) + "\n"


def _settings(cls: AnyMethod) -> str:
    items = dataclasses.fields(cls.Settings)
    if not items:
        return "## Settings\n\nNone beside the protocol."
    rows = [
        f"| `{item.name}` | {_value(item.default)} | {_escaped(item.metadata['doc'])} | "
        f"{_allowed(item.metadata)} | {', '.join(_value(v) for v in item.metadata['search'])} |"
        for item in items
    ]
    head = "| setting | default | meaning | allowed | search |\n|---|---|---|---|---|"
    change = f"Change one with `--set {cls.card.key}.{items[0].name}=VALUE`."
    return f"## Settings\n\n{change}\n\n{head}\n" + "\n".join(rows)


def _needs(card: MethodCard) -> str:
    needs = ", ".join(_NEEDS[name] for name in sorted(card.needs)) or "labels only"
    may = ", ".join(_NEEDS[name] for name in sorted(card.optional))
    return f"{needs}; under some settings {may}" if may else needs


def _allowed(metadata: Mapping[str, Any]) -> str:
    if metadata["choices"]:
        return ", ".join(_value(choice) for choice in metadata["choices"])
    low, high = metadata["low"], metadata["high"]
    if low is not None and high is not None:
        return f"{low:g} to {high:g}"
    if low is not None:
        return f"at least {low:g}"
    return f"at most {high:g}" if high is not None else ""


def _value(value: Any) -> str:
    if value in ("", ()):
        return "(empty)"
    return f"`{value}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def _cost(card: MethodCard) -> str:
    if card.family == "post":
        return "none; `--post` applies it to stored predictions"
    return f"{card.cost:g} passes a sample relative to `ce`"


def _aliases(card: MethodCard) -> str:
    names = ", ".join(f"`{name}`" for name in card.aliases)
    return f" (also {names})" if names else ""


def _mark(card: MethodCard) -> str:
    return " (reconstruction)" if card.reconstruction else ""
