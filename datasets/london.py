"""London faces: 102 people, each neutral and smiling, photographed in a studio.

The expression is what the person was asked for; gender, age and ethnicity are self-reported. The
test part of seed s is fold s mod 5, validation is the next fold, the other three train, so that
five seeds in a row test all 204 pictures once. The folds are the same for every seed: seeds 5 to 9
repeat the parts of 0 to 4 with other training randomness.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np

from datasets.errors import DataError
from datasets.listing import Listing, named
from datasets.parts import deal
from datasets.picture_set import Facts, PictureSet
from datasets.spec import Attribute, DatasetSpec, FaceData, Split, dataset
from datasets.tables import Table, bands
from datasets.tree import open_tree

FOLDS = 5
CLASSES = ("neutral", "happy")
GENDER = Attribute("gender", ("female", "male"))
#: 69 people report white; none of the other levels has more than 13, too few for an interval.
ETHNICITY = Attribute("ethnicity", ("white", "other"))
ETHNICITY_DETAILED = Attribute(
    "ethnicity_detailed", ("white", "black", "west_asian", "east_asian", "east_asian/white")
)
#: Years; the cuts leave 42, 41 and 17 people. Two people gave no age.
AGE = Attribute("age", ("under_25", "25_to_34", "35_up"))
AGE_CUTS = (25.0, 35.0)

#: caution of the README beside the labels: `mouth_change` below .25
_FAINT = (
    "Many smiles of London are faint: those of 22 of its 102 people hardly change the mouth, and "
    "some can hardly be told from the neutral picture."
)
_COLUMNS = ("image", "subject", "expression", "age", "gender", "ethnicity")
LABELS = "labels.csv"


def read(root: Path | None) -> Listing:
    """What `labels.csv` says, in the order of its rows.

    Raises:
        DataError: the set is not below `root`, or the file has a value that does not belong there.
    """
    tree = open_tree(root, "london", (LABELS,), _COLUMNS)
    table = Table.read(tree.need(LABELS))
    detailed = table.codes("ethnicity", ETHNICITY_DETAILED.levels, may_miss=True)
    images = table.distinct_paths("image")
    return Listing(
        tables=(table.source,),
        pictures=tuple(tree.beside(table.source, image) for image in images),
        sample_ids=tuple(PurePosixPath(image).stem for image in images),
        subjects=tuple(table.texts("subject")),
        labels=table.codes("expression", CLASSES, may_miss=False),
        values={
            "gender": named(table.codes("gender", GENDER.levels, may_miss=True), GENDER.levels),
            "ethnicity": named(np.minimum(detailed, 1), ETHNICITY.levels),
            "ethnicity_detailed": named(detailed, ETHNICITY_DETAILED.levels),
            "age": named(bands(table.numbers("age"), AGE_CUTS), AGE.levels),
        },
        notes=(_FAINT,),
    )


@dataset(
    title="London faces",
    licence="CC BY 4.0",
    source="DeBruine and Jones 2017, Face Research Lab London Set (version 5), "
    "doi:10.6084/m9.figshare.5047666.v5",
)
class London(PictureSet):
    """Five folds of people, even in gender."""

    facts: ClassVar[Facts] = Facts(
        request="open: https://doi.org/10.6084/m9.figshare.5047666.v5; cut to the face as the "
        "README beside the labels says",
        tree=("london/labels.csv", "london/images/001_neutral.jpg ..."),
        rows={"all": 204},
        counts={
            ("all", "label", "neutral"): 102,
            ("all", "label", "happy"): 102,
            ("all", "gender", "female"): 98,
            ("all", "gender", "male"): 106,
            ("all", "ethnicity", "white"): 138,
            ("all", "ethnicity", "other"): 66,
        },
        subjects=102,
        origin="README of the prepared set: 102 people, 49 women, 69 white, two pictures each",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="london",
            classes=CLASSES,
            attributes=(GENDER, ETHNICITY, ETHNICITY_DETAILED, AGE),
            default_groups=("gender",),
            train_images=5000,
            folds=FOLDS,
        )

    def read(self, root: Path | None) -> Listing:
        return read(root)

    def split(self, faces: FaceData, seed: int) -> Split:
        """Test on fold `seed` mod 5, validation on the next, training on the other three.

        Raises:
            DataError: fewer than five people.
        """
        people, first, person = np.unique(faces.subjects, return_index=True, return_inverse=True)
        if len(people) < FOLDS:
            raise DataError(f"Data set london has {len(people)} people, too few for {FOLDS} folds.")
        gender = faces.attributes[first, 0]
        fold = deal([str(name) for name in people], gender, "london folds", FOLDS)[person]
        test, validation = seed % FOLDS, (seed + 1) % FOLDS
        return Split(
            train=np.flatnonzero((fold != test) & (fold != validation)),
            validation=np.flatnonzero(fold == validation),
            test=np.flatnonzero(fold == test),
        )
