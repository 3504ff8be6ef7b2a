"""AffectNet, first release, automatically annotated part: 539,607 pictures, labelled by a network.

Read as the manual part (`affectnet`, which see for the codes 8 to 10 and `keep_other`), but for its
labels, which nobody checked: they are what a network trained on the manual part predicted, and
fairness measured on them is that of agreeing with this network. There are no parts: a share is
dealt for the test, even in class.

Protocol `chen`: 20,000 pictures at random, five draws (`affectnet_automatic.protocol_repeat`), of
which 2,000 are tested. Chen and Joo (2021) trained on such a draw, with codes 8 to 10 kept
(`keep_other`) as not the positive class, and did not publish which pictures were drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from datasets.affectnet import (
    LICENCE,
    REQUEST,
    SOURCE,
    AffectNetSettings,
    described,
    listed,
)
from datasets.affectnet_lists import read_list
from datasets.listing import Listing
from datasets.picture_set import Facts, PictureSet, dealt_split
from datasets.sampled import SampledSettings, line_notes, sampled, validation_share
from datasets.spec import DatasetSpec, FaceData, Split, dataset
from datasets.tree import open_tree

IMAGES = "Automatically_Annotated_Images"
#: both spellings of the folder occur
TABLE = "automatically_annotated.csv"
LISTS = tuple(f"Automatically_annotated_file_{folder}/{TABLE}" for folder in ("list", "lists"))
#: of all codes (Chen and Joo 2021)
LINES = 539_607
PREDICTED = (
    "The expressions of AffectNet-Automatic are predictions of a network that nobody checked."
)


@dataclass(frozen=True)
class AutomaticSettings(AffectNetSettings, SampledSettings):
    """Those of the manual part and of the draws."""


def read(root: Path | None, settings: AutomaticSettings) -> Listing:
    """All pictures, or under protocol `chen` the draw that is asked for.

    Raises:
        DataError: the set is not below `root`, or not as it should be.
    """
    tree = open_tree(root, "affectnet_automatic", (*LISTS, IMAGES))
    table = tree.need(*LISTS, TABLE)
    faces = read_list(table, landmarks=settings.aligned)
    notes = (PREDICTED, *line_notes(table.name, len(faces.paths), LINES))
    listing = listed(tree, faces, IMAGES, settings)
    listing = replace(listing, notes=notes, lines={TABLE: len(faces.paths)})
    return sampled(listing, settings, "affectnet_automatic")


@dataset(title="AffectNet-Automatic", licence=LICENCE, source=SOURCE)
class AffectNetAutomatic(PictureSet):
    """A dealt test part, or a draw of protocol `chen` with its own."""

    Settings = AutomaticSettings
    facts: ClassVar[Facts] = Facts(
        request=REQUEST,
        tree=(LISTS[0], f"{IMAGES}/1/0a1b...jpg ..."),
        lines={TABLE: LINES},
        origin="all lines, those of codes 8 to 10 among them: Chen and Joo 2021; how many there "
        "are of each class is not printed in our papers",
    )

    def own_spec(self) -> DatasetSpec:
        return described("affectnet_automatic", self.settings)

    def read(self, root: Path | None) -> Listing:
        return read(root, self.settings)

    def split(self, faces: FaceData, seed: int) -> Split:
        """As `PictureSet.split`; of a draw of `chen` a ninth of what is not tested validates."""
        share = validation_share(self.settings)
        return dealt_split(faces, seed, validation=share, test=self.settings.test)
