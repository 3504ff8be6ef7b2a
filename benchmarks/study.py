"""A study: which methods, data sets, seeds and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.errors import StudyError
from datasets.settings import nearest

SELECTION_RULES = ("last", "best_acc", "best_wga", "best_dto")
UNKNOWN_POLICIES = ("mask", "drop", "own_group")


@dataclass(frozen=True)
class Variant:
    """Additional cells: `methods` once more with other settings."""

    methods: tuple[str, ...]
    set: Mapping[str, Any]


@dataclass(frozen=True)
class Study:
    """What is run; everything here may change a number.

    Attributes:
        methods: `all`, keys, aliases or globs.
        datasets: likewise.
        seeds: each gives every method the same split, data order and initialisation.
        preset: name of the training protocol.
        select: the selection rule of the tables; all rules are computed and stored.
        groups: attributes whose product the methods train with; empty takes the data set's default.
        unknown_groups: what methods do with a sample whose group is unknown: `mask` keeps it out
            of every group term, `drop` removes it from training, `own_group` gives it a group.
        post: post-processors applied to the stored predictions of every cell.
        set: changes of settings, `KEY.name` with KEY a method, a data set, a post-processor or
            `protocol`.
        variants: further cells with other settings.
        name: folder below `results/`, and heading of the report.
    """

    methods: tuple[str, ...] = ("all",)
    datasets: tuple[str, ...] = ("synthetic",)
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    preset: str = "default"
    select: str = "last"
    groups: tuple[str, ...] = ()
    unknown_groups: str = "mask"
    post: tuple[str, ...] = ()
    store_features: bool = False
    store_models: bool = False
    set: Mapping[str, Any] = field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    name: str = ""

    def __post_init__(self) -> None:
        # Imported here: the presets need torch, and `--help` must not.
        from benchmarks.protocol import PRESETS

        check_choice("preset", self.preset, tuple(PRESETS))
        check_choice("select", self.select, SELECTION_RULES)
        check_choice("unknown_groups", self.unknown_groups, UNKNOWN_POLICIES)
        for key in ("methods", "datasets", "seeds"):
            if not getattr(self, key):
                raise StudyError(f"The study has no {key}; name at least one.")
        if len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise StudyError(f"Seeds must be different and at least 0, not {list(self.seeds)}.")
        if len(set(self.groups)) != len(self.groups):
            raise StudyError(f"Each attribute of groups is named once, not {list(self.groups)}.")

    @property
    def title(self) -> str:
        """The name, or one made of the data sets and the preset."""
        parts = [*self.datasets, *([self.preset] if self.preset != "default" else [])]
        return self.name or "-".join(parts).replace("*", "any")


def check_choice(key: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raises StudyError, with the nearest allowed value, where `value` is not allowed."""
    if value in allowed:
        return
    near = nearest(value, allowed)
    hint = f" Did you mean '{near}'?" if near else ""
    raise StudyError(f"{key} must be one of {', '.join(allowed)}, not '{value}'.{hint}")
