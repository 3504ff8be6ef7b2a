"""What a method or post-processor declares of itself. Needs no torch: a report reads it too."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from datasets.errors import EvenFaceError

NEEDS = (
    "train_groups",
    "test_groups",
    "val_groups",
    "action_units",
    "subjects",
    "sample_index",
    "two_views",
    "generator",
)


class MethodError(EvenFaceError):
    """A method cannot be run as asked; the message says why and what to change."""


@dataclass(frozen=True)
class MethodCard:
    """What a method declares of itself.

    Attributes:
        key: registry key, the name of the module.
        title: name printed in tables.
        family: `baseline`, `loss`, `sampling`, `heads`, `adversarial`, `penalty`, `contrastive`,
            `robust`, `generative` or `post`.
        source: paper and equation.
        needs: names out of `NEEDS` without which the method cannot run.
        optional: names out of `NEEDS` that it uses where the data set has them.
        cost: forward-backward passes per sample relative to `ce`.
        aliases: other names that the literature uses for the same method.
        reconstruction: the exact formula of the source was not available.
        version: raised by hand whenever a number could change.
    """

    key: str
    title: str
    family: str
    source: str
    needs: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    cost: float = 1.0
    aliases: tuple[str, ...] = ()
    reconstruction: bool = False
    version: int = 1

    def may_read(self, need: str) -> bool:
        return need in self.needs or need in self.optional


def make_card(
    cls: type,
    *,
    title: str,
    family: str,
    source: str,
    needs: Iterable[str] = (),
    optional: Iterable[str] = (),
    cost: float = 1.0,
    aliases: Sequence[str] = (),
    reconstruction: bool = False,
    version: int = 1,
    key: str = "",
) -> MethodCard:
    """The card of `cls`; the key defaults to the name of its module. See `MethodCard`.

    Raises:
        ValueError: a need that is not in `NEEDS`.
    """
    unknown = sorted({*needs, *optional} - set(NEEDS))
    if unknown:
        raise ValueError(
            f"{title}: unknown need {', '.join(unknown)}; known are {', '.join(NEEDS)}"
        )
    return MethodCard(
        key=key or cls.__module__.rsplit(".", 1)[-1],
        title=title,
        family=family,
        source=source,
        needs=frozenset(needs),
        optional=frozenset(optional),
        cost=cost,
        aliases=tuple(aliases),
        reconstruction=reconstruction,
        version=version,
    )
