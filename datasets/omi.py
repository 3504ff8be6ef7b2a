"""One Million Impressions: 1,004 machine-made faces, rated by about 30 people each.

Every label is an impression of raters, the mean on a slider from 0 to 100, not a fact about a
person. A face is `happy` when its mean rating is above the median of all ratings in the file; one
that equals the median would be `not_happy` (none does: the median is 59.1, classes 502 and 502).
The cut looks at all faces, test part included: it defines the label, it is not fitted.

A fifth of the faces is the fixed test part, a fifth of the others validation by seed, both even in
class x gender. No identity is shared between pictures, so every picture is its own subject.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.listing import UNSURE, Listing, named
from datasets.picture_set import Facts, PictureSet, PictureSettings
from datasets.settings import setting
from datasets.spec import UNKNOWN, Attribute, DatasetSpec, dataset
from datasets.tables import Table, bands
from datasets.tree import open_tree

CLASSES = ("not_happy", "happy")
GENDER = Attribute("gender", ("female", "male"))
#: The highest of the seven ethnicity means; the six others have 7 to 141 faces each.
ETHNICITY = Attribute("ethnicity", ("white", "other"))
ETHNICITY_MEANS = ("white", "asian", "black", "hispanic", "islander", "middle_eastern", "native")
#: Places on the age slider, roughly years; the cuts leave 378, 408 and 218 faces.
AGE = Attribute("age", ("under_30", "30_to_44", "45_up"))
AGE_CUTS = (30.0, 45.0)
#: Places on the slider from light (0) to dark (100); half of the faces lie below 20.
SKIN = Attribute("skin", ("lighter", "darker"))
SKIN_CUTS = (30.0,)

_IMPRESSIONS = (
    "Labels and groups of OMI are impressions that raters had of machine-made faces, not facts "
    "about people."
)
_COLUMNS = ("image", "happy", "gender", "age", "skin_color", *ETHNICITY_MEANS)
RATINGS = "ratings.csv"


@dataclass(frozen=True)
class OmiSettings(PictureSettings):
    """Where perceived gender is called unsure, and so unknown."""

    female_below: float = setting(
        40.0, doc="gender rating (0 woman, 100 man) below which a face is female", low=0, high=50
    )
    male_above: float = setting(
        60.0, doc="gender rating above which a face is male; unknown between", low=50, high=100
    )


def read(root: Path | None, settings: OmiSettings) -> Listing:
    """What `ratings.csv` says, in the order of its rows.

    Raises:
        DataError: the set is not below `root`, or the file has a value that does not belong there.
    """
    tree = open_tree(root, "omi", (RATINGS,), _COLUMNS)
    table = Table.read(tree.need(RATINGS))
    ratings = {column: _complete(table, column) for column in _COLUMNS[1:]}
    images = table.distinct_paths("image")
    ids = tuple(PurePosixPath(image).stem for image in images)
    gender = np.full(len(ids), UNKNOWN, dtype=np.int64)
    gender[ratings["gender"] < settings.female_below] = 0
    gender[ratings["gender"] > settings.male_above] = 1
    means = np.stack([ratings[name] for name in ETHNICITY_MEANS], axis=1)
    return Listing(
        tables=(table.source,),
        pictures=tuple(tree.beside(table.source, image) for image in images),
        sample_ids=ids,
        subjects=ids,
        labels=(ratings["happy"] > np.median(ratings["happy"])).astype(np.int64),
        values={
            "gender": named(gender, GENDER.levels, UNSURE),
            "ethnicity": named(np.minimum(means.argmax(axis=1), 1), ETHNICITY.levels),
            "age": named(bands(ratings["age"], AGE_CUTS), AGE.levels),
            "skin": named(bands(ratings["skin_color"], SKIN_CUTS), SKIN.levels),
        },
        notes=(_IMPRESSIONS,),
    )


def _complete(table: Table, column: str) -> NDArray[np.float64]:
    values = table.numbers(column)
    if np.isnan(values).any():
        line = int(np.flatnonzero(np.isnan(values))[0]) + 2
        raise DataError(f"{table.path}, line {line}: {column} is empty.")
    return values


@dataset(
    title="One Million Impressions (1,004 rated faces)",
    licence="CC BY-NC-SA 4.0",
    source="Peterson, Uddenberg, Griffiths, Todorov and Suchow 2022, PNAS 119(17) e2115228119, "
    "doi:10.1073/pnas.2115228119",
)
class Omi(PictureSet):
    """201, 161 and 642 of the 1,004 faces test, validate and train."""

    Settings = OmiSettings
    facts: ClassVar[Facts] = Facts(
        request="open: https://github.com/jcpeterson/omi; cut to the face as the README beside the "
        "ratings says",
        tree=("omi/ratings.csv", "omi/images/0001.jpg ..."),
        rows={"all": 1004},
        counts={
            ("all", "gender", "female"): 489,
            ("all", "gender", "male"): 424,
            ("all", "gender", UNSURE): 91,
            ("all", "ethnicity", "white"): 636,
            ("all", "ethnicity", "other"): 368,
        },
        origin="README of the prepared set, with gender cut at 40 and 60",
    )

    def own_spec(self) -> DatasetSpec:
        return DatasetSpec(
            name="omi",
            classes=CLASSES,
            attributes=(GENDER, ETHNICITY, AGE, SKIN),
            default_groups=("gender",),
            train_images=9000,
        )

    def read(self, root: Path | None) -> Listing:
        return read(root, self.settings)
