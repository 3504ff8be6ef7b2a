"""One class against all others, for protocols that only ask whether a face is happy."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from datasets.errors import SettingError
from datasets.picture_set import Facts, PictureSettings
from datasets.settings import setting
from datasets.spec import EXPRESSIONS, Codes


@dataclass(frozen=True)
class BinarySettings(PictureSettings):
    """Adds the class that is told from the others."""

    positive: str = setting(
        "", choices=("", *EXPRESSIONS),
        doc="class that is told from all others (Chen and Joo 2021: happy); empty keeps all",
    )  # fmt: skip


def asked_classes(classes: tuple[str, ...], positive: str, name: str) -> tuple[str, ...]:
    """The classes as they are, or `not_<positive>` and `positive`.

    Args:
        classes: of the set, in code order.
        positive: one of them, or empty.
        name: of the set, for the message.

    Raises:
        SettingError: the set has no such class.
    """
    if not positive:
        return classes
    if positive not in classes:
        known = ", ".join(classes)
        raise SettingError(f"{name}.positive must be one of {known}, not '{positive}'.")
    return (f"not_{positive}", positive)


def asked_labels(labels: Codes, classes: tuple[str, ...], positive: str) -> Codes:
    """(N,) codes of `asked_classes`.

    Args:
        labels: (N,) codes of `classes`; -1, a label that is none of them, is not `positive`.
        classes: of the set, in code order.
        positive: one of them, or empty.
    """
    if not positive:
        return labels
    asked: Codes = (labels == classes.index(positive)).astype(np.int64)
    return asked


def asked_facts(facts: Facts, classes: tuple[str, ...], positive: str) -> Facts:
    """The facts with documented counts of `asked_classes`; a sum is known where all its terms are.

    Args:
        facts: with counts of `classes`, as far as documented.
        classes: of the set, in code order.
        positive: one of them, or empty.
    """
    if not positive:
        return facts
    counts = {key: n for key, n in facts.counts.items() if key[1] != "label" or key[2] == positive}
    for part in {part for part, attribute, _ in facts.counts if attribute == "label"}:
        others = [facts.counts.get((part, "label", name)) for name in classes if name != positive]
        known = [n for n in others if n is not None]
        if len(known) == len(others):
            counts[part, "label", f"not_{positive}"] = sum(known)
    return replace(facts, counts=counts)
