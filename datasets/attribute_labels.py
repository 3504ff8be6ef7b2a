"""Sets that give gender, race and age but no expression: one of them is the class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datasets.picture_set import PictureSettings
from datasets.settings import setting
from datasets.spec import Attribute, DatasetSpec

#: years, as Chen and Joo 2021 count them
AGE = Attribute("age", ("under_20", "20_to_39", "40_to_59", "60_up"))
AGE_CUTS = (20.0, 40.0, 60.0)


@dataclass(frozen=True)
class AttributeLabelSettings(PictureSettings):
    """Adds what is recognised."""

    label: str = setting(
        "gender", choices=("gender", "race", "age"),
        doc="attribute that is the class; the other two are protected attributes",
    )  # fmt: skip


def attribute_spec(
    name: str, attributes: Mapping[str, Attribute], label: str, *, train_images: int
) -> DatasetSpec:
    """The description with one attribute as class; methods train with gender, or with race.

    Args:
        name: registry key.
        attributes: by name, in the order in which they are reported.
        label: name of the one that is the class.
        train_images: as in `DatasetSpec`.
    """
    return DatasetSpec(
        name=name,
        classes=attributes[label].levels,
        attributes=tuple(one for one in attributes.values() if one.name != label),
        default_groups=("race",) if label == "gender" else ("gender",),
        train_images=train_images,
    )
