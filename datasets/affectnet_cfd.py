"""Trained on AffectNet-Automatic, tested on CFD: the protocol of Chen and Joo (ICCV 2021).

The training labels are what a network predicted from web pictures and so carry what annotators
believe of women and men; the test faces were posed in a studio, and their labels say what was asked
for. One expression is told from the rest (`affectnet_cfd.positive`, angry as in the supplement's
Table 3, or happy). 20,000 pictures are drawn (`affectnet_cfd.protocol_repeat` 0 to 4), a tenth of
them validates by seed; codes 8 to 10 stay in as not the expression.

Discrimination on the test part means unequal treatment only if women and men show the same there.
The paper balances them within each combination of the expression's action units (AU04, AU05, AU07,
AU23 for angry, AU06 and AU12 for happy), and so does `test_set = balanced`: of each combination as
many faces of one gender as of the other, drawn by a hash of their names, the same for every seed.
Units are active above the paper's thresholds of OpenFace's intensities, AU07 and AU23 above one
half of the detector's presence. It needs `affectnet_cfd.action_units` of both
sets; a folder may hold a file of each.

Gender is CFD's own in the test part. AffectNet has none: methods that train with groups need
`affectnet_cfd.attributes`, guessed by `data annotate`, and are not applicable without it.

Where we differ. The paper also removes faces that a first classifier scores below .05 and prints
neither list nor classifier; all faces of the main set stay here. AU04 is not calibrated by gender.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from datasets import affectnet_automatic, cfd
from datasets.affectnet_automatic import AffectNetAutomatic, AutomaticSettings
from datasets.cfd import Cfd, CfdSettings
from datasets.errors import DataError
from datasets.joined import joined
from datasets.listing import TRAIN, Listing
from datasets.picture_set import Facts, PictureSet, PictureSettings, dealt_split
from datasets.predicted import PREFIX
from datasets.sampled import drawn
from datasets.settings import setting
from datasets.spec import Attribute, Codes, DatasetSpec, FaceData, Split, dataset
from datasets.unit_forms import KINDS

#: units that define an expression, and the share of their range above which they are active:
#: OpenFace's 2.4, 3.7, 1.8 and 1.3 of 5, one half for presence (Chen and Joo, auc-fer)
UNITS = {
    "angry": {"AU04": 0.48, "AU05": 0.74, "AU07": 0.5, "AU23": 0.5},
    "happy": {"AU06": 0.36, "AU12": 0.26},
}
GUESSED_GENDER = f"{PREFIX}gender"
RACE = Attribute("race", tuple(cfd.MAIN_RACES.values()))
#: share of the draw that validates: 2,000 of 20,000
VALIDATION = 0.1


@dataclass(frozen=True)
class AffectNetCfdSettings(PictureSettings):
    """Expression, draw and test part."""

    positive: str = setting(
        "angry", choices=tuple(UNITS), doc="expression that is told from all others"
    )
    protocol_repeat: int = setting(0, doc="which of the five draws", low=0, high=4)
    sample: int = setting(20_000, doc="pictures drawn for training and validation", low=10)
    units: tuple[str, ...] = setting(
        ("AU04", "AU05", "AU06", "AU07", "AU12", "AU23"),
        doc="units taken from the file: those that define angry and happy in the paper",
    )
    unit_kind: str = setting(
        "chen", doc="of OpenFace's two numbers: Chen and Joo's mixture", choices=KINDS
    )
    test_set: str = setting(
        "balanced", choices=("balanced", "all"),
        doc="women and men equally often in each combination of action units, or all faces",
    )  # fmt: skip


@dataset(
    title="AffectNet-Automatic to CFD",
    licence="research only, by request, no passing on (both sets)",
    source="Chen and Joo 2021, ICCV, and supplement, Sec. 1.3 and Table 3",
)
class AffectNetCfd(PictureSet):
    """A draw of AffectNet trains and validates, CFD is tested."""

    Settings = AffectNetCfdSettings
    facts: ClassVar[Facts] = Facts(
        request=f"{AffectNetAutomatic.facts.request}; {Cfd.facts.request}",
        tree=(*AffectNetAutomatic.facts.tree, *Cfd.facts.tree),
        rows={"test": 1207},
        origin="CFD's main set; of the paper's own test selection 766 faces follow from its shares",
    )

    def own_spec(self) -> DatasetSpec:
        positive = self.settings.positive
        return DatasetSpec(
            name="affectnet_cfd",
            classes=(f"not_{positive}", positive),
            attributes=(cfd.GENDER, RACE),
            default_groups=("gender",) if self.settings.attributes else (),
            train_images=100_000,
        )

    def describe(self) -> DatasetSpec:
        """Guessed gender is gender in training and nowhere else: it is no attribute of its own."""
        spec = super().describe()
        return replace(
            spec, attributes=tuple(a for a in spec.attributes if a.name != GUESSED_GENDER)
        )

    def read(self, root: Path | None) -> Listing:
        settings = self.settings
        train = AutomaticSettings(
            positive=settings.positive, keep_other=True, protocol="chen",
            protocol_repeat=settings.protocol_repeat, sample=settings.sample,
            aligned=settings.aligned,
        )  # fmt: skip
        test = Cfd(CfdSettings(positive=settings.positive)).read(root)
        return joined(("affectnet_automatic", affectnet_automatic.read(root, train)), ("cfd", test))

    def listing(self, root: Path | None) -> Listing:
        """As read; gender is the guessed one in the training part."""
        listing = super().listing(root)
        guessed = listing.values.get(GUESSED_GENDER)
        if self.settings.attributes and guessed is None:
            raise DataError(
                f"{self.settings.attributes} guesses no gender, which affectnet_cfd trains with."
            )
        if guessed is None:
            return listing
        assert listing.parts is not None
        gender = np.where(listing.parts == TRAIN, guessed, listing.values["gender"])
        notes = (*listing.notes, "Gender is guessed in the training part, CFD's own in the test.")
        return replace(listing, values={**listing.values, "gender": gender}, notes=notes)

    def split(self, faces: FaceData, seed: int) -> Split:
        """A tenth of the draw validates; of CFD what `test_set` says is tested.

        Raises:
            DataError: a balanced test part is asked for without the action units it needs.
        """
        parts = dealt_split(faces, seed, validation=VALIDATION, test=self.settings.test)
        if self.settings.test_set == "all":
            return parts
        rows = balanced_rows(faces, parts.test, UNITS[self.settings.positive])
        return replace(parts, test=rows)


def balanced_rows(faces: FaceData, rows: Codes, thresholds: dict[str, float]) -> Codes:
    """The largest subset of `rows` in which every combination of units has both genders alike.

    Args:
        faces: gender is their first attribute.
        rows: (R,) places in `faces`; those without action units or gender are left out.
        thresholds: unit -> value above which it is active.

    Returns:
        Places in `faces`, ascending.

    Raises:
        DataError: a unit is missing, or no combination has both genders.
    """
    missing = [unit for unit in thresholds if unit not in faces.spec.action_units]
    if missing or faces.action_units is None or faces.action_units_known is None:
        name = faces.spec.name
        raise DataError(
            f"Data set {name} balances its test part within combinations of "
            f"{', '.join(thresholds)} and lacks {', '.join(missing)}: give them by "
            f"{name}.action_units and {name}.units, or set {name}.test_set=all."
        )
    rows = rows[faces.action_units_known[rows] & (faces.attributes[rows, 0] >= 0)]
    columns = [faces.spec.action_units.index(unit) for unit in thresholds]
    # Both in single precision: an intensity of 1.8 of 5 is not above 1.8.
    limits = np.array(list(thresholds.values()), dtype=np.float32)
    active = faces.action_units[rows][:, columns] > limits
    codes = active @ (1 << np.arange(len(columns)))
    order = drawn([str(name) for name in faces.sample_ids[rows]], "balanced test")
    kept: list[int] = []
    for code in np.unique(codes):
        sides = [order[(codes[order] == code) & (faces.attributes[rows[order], 0] == gender)]
                 for gender in (0, 1)]  # fmt: skip
        size = min(map(len, sides))
        kept += [int(place) for side in sides for place in side[:size]]
    if not kept:
        raise DataError(
            f"Data set {faces.spec.name}: no combination of {', '.join(thresholds)} has test faces "
            f"of both genders; set {faces.spec.name}.test_set=all."
        )
    chosen: Codes = np.sort(rows[kept])
    return chosen
