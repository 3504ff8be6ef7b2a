"""Pieces of `cell.json` and `plan.json` as JSON values."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.plan import Cell
from datasets.spec import Codes, DatasetSpec
from methods.cards import MethodCard


def head_of(cell: Cell) -> dict[str, Any]:
    """What every record of a cell begins with."""
    return {
        "id": cell.id,
        "dataset": cell.dataset,
        "method": cell.method,
        "variant": cell.variant,
        "seed": cell.seed,
        "description": cell.description,
    }


def card_values(card: MethodCard) -> dict[str, Any]:
    """A card as JSON values."""
    values = asdict(card)
    return values | {key: sorted(values[key]) for key in ("needs", "optional", "aliases")}


def attribute_pairs(spec: DatasetSpec) -> list[list[Any]]:
    """Names and levels of the attributes; a list, because their order is that of the codes."""
    return [[attribute.name, list(attribute.levels)] for attribute in spec.attributes]


def training_strata(labels: Codes, attributes: Codes) -> list[list[int]]:
    """[class, code of each attribute, samples] for each combination among the training samples.

    In ascending order; -1 is unknown.

    Args:
        labels: (n,) class codes.
        attributes: (n, J) codes.
    """
    rows, counts = np.unique(np.column_stack([labels, attributes]), axis=0, return_counts=True)
    return np.column_stack([rows, counts]).tolist()  # type: ignore[no-any-return]
