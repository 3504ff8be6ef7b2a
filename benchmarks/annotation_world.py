"""Data sets whose annotation bias is known: faces of the synthetic generator, never drawn.

A large pool of faces is made once; a data set takes faces from it with replacement, deals people to
groups of the sizes of RAF-DB, and labels every face by the synthetic annotator's rule. Unless a
world says otherwise, groups have nothing to do with faces or labels: a test that then finds a
difference is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr  # type: ignore[import-untyped]
from statsmodels.genmod.families import Binomial  # type: ignore[import-untyped]
from statsmodels.genmod.generalized_linear_model import GLM  # type: ignore[import-untyped]

from datasets.synthetic import action_units, annotator
from datasets.synthetic.sampling import allocate, express
from datasets.synthetic.settings import SyntheticSettings
from reports.audit.action_units import DEFAULT_THRESHOLDS, OPENFACE_TOP
from reports.audit.observations import Observations
from reports.tabular.groups import Grouping

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

#: action units of the regressions, in the order of the columns
UNITS = (
    "AU01", "AU02", "AU04", "AU05", "AU06", "AU09",
    "AU12", "AU15", "AU17", "AU20", "AU25", "AU26",
)  # fmt: skip
#: thresholds of the audit on the scale of 0 to 1
THRESHOLDS = {unit: DEFAULT_THRESHOLDS[unit] / OPENFACE_TOP for unit in UNITS}
#: labels that are asked about -> class code of the annotator
LABELS = {"happy": action_units.HAPPY, "angry": action_units.ANGRY}

#: images of each class in RAF-DB, training and test together, in the order of the class codes
CLASS_IMAGES = (3204, 5957, 2460, 867, 355, 1619, 877)
#: attribute -> group -> images of RAF-DB with measured action units. Source: Chen and Joo 2021,
#: supplement, table 4
GROUP_SIZES: dict[str, dict[str, int]] = {
    "gender": {"male": 4936, "female": 7278},
    "age": {"0-19": 3205, "20-39": 6805, "40-69": 1911, "70+": 293},
    "race": {"White": 9299, "Asian": 1904, "Black": 1011},
}

POOL_FACES = 200_000
_POOL_SEED = 20_260_101


@dataclass(frozen=True, eq=False)
class Faces:
    """The pool: P faces.

    Attributes:
        evidence: (P, 7) evidence for each class above the annotator's threshold.
        intensities: (P, 12) action units as measured, 0 to 1.
        happy: rows that truly show happiness.
    """

    evidence: NDArray[np.float32]
    intensities: NDArray[np.float32]
    happy: Codes

    def __len__(self) -> int:
        return len(self.evidence)


@lru_cache(maxsize=2)
def faces_pool(count: int = POOL_FACES) -> Faces:
    """The pool of `count` faces with the class shares of RAF-DB; always the same faces."""
    settings = SyntheticSettings()
    draw = np.random.default_rng(_POOL_SEED)
    shares = allocate(count, np.array(CLASS_IMAGES, dtype=np.float64))
    classes = np.repeat(np.arange(len(shares)), shares)
    activations = express(draw, classes, settings)
    measured = action_units.measure(draw, activations, error=settings.au_error)
    columns = [action_units.NAMES.index(unit) for unit in UNITS]
    return Faces(
        evidence=annotator.evidence(activations),
        intensities=measured[:, columns].astype(np.float32),
        happy=np.flatnonzero(classes == action_units.HAPPY),
    )


@dataclass(frozen=True)
class Shift:
    """Annotation bias: a lower threshold for one label in one group.

    Attributes:
        attribute, group, label: names.
        amount: how much lower, in units of evidence; negative is higher.
    """

    attribute: str
    group: str
    label: str
    amount: float


@dataclass(frozen=True)
class Surplus:
    """Difference of the faces: in one group this share of images is taken from happy faces only."""

    attribute: str
    group: str
    share: float


@dataclass(frozen=True)
class World:
    """How data sets come about.

    Attributes:
        people: attribute -> group -> people; every attribute counts the same people.
        pictures: images of each person.
        raters: who name each image; 1 gives single labels.
        person_effect: sd of what the annotators see in a person whatever the face does, in units of
            evidence.
        noise: sd of the error of the evidence.
        slips: share of labels given at random.
        logistic: labels follow not the annotator's rule but the logistic regression on the measured
            intensities that comes closest to it, one label independent of the other; then there
            are no raters, person effects and shifts.
        shift: the annotation bias, if any.
        surplus: the difference of the faces, if any.
    """

    people: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: GROUP_SIZES)
    pictures: int = 1
    raters: int = 1
    person_effect: float = 0.0
    # More error than the synthetic data set has by default: every pattern of action units then
    # holds images with and without the label, as in RAF-DB.
    noise: float = 0.25
    slips: float = 0.02
    logistic: bool = False
    shift: Shift | None = None
    surplus: Surplus | None = None

    @property
    def size(self) -> int:
        """People."""
        return sum(next(iter(self.people.values())).values())


def scaled_sizes(size: int) -> dict[str, dict[str, int]]:
    """Groups of RAF-DB's shares among `size` people."""
    return {
        attribute: dict(
            zip(
                groups, allocate(size, np.array(list(groups.values()), float)).tolist(), strict=True
            )
        )
        for attribute, groups in GROUP_SIZES.items()
    }


def draw_observations(world: World, faces: Faces, draw: np.random.Generator) -> Observations:
    """One data set: what the audit reads, with all of `UNITS` measured.

    Rows of one person follow each other; `clusters` names the person where a person has several
    pictures.
    """
    person = np.repeat(np.arange(world.size), world.pictures)
    groupings = tuple(
        _dealt(attribute, groups, person, draw) for attribute, groups in world.people.items()
    )
    rows = draw.integers(0, len(faces), len(person))
    if world.surplus is not None:
        inside = _members(groupings, world.surplus.attribute, world.surplus.group)
        chosen = np.flatnonzero(inside & (draw.random(len(person)) < world.surplus.share))
        rows[chosen] = draw.choice(faces.happy, len(chosen))
    if world.logistic:
        yes = draw.random((len(rows), len(LABELS))) < _logistic_chances(faces)[rows]
    else:
        named = _named(world, faces.evidence[rows], person, groupings, draw)
        yes = np.stack([(named == code).sum(axis=1) for code in LABELS.values()], axis=1)
    return Observations(
        name="simulated",
        classes=tuple(LABELS),
        yes=yes.astype(np.int64),
        votes=np.full(len(person), world.raters, dtype=np.int64),
        weights=np.ones(len(person), dtype=np.int64),
        groupings=groupings,
        conditions=(),
        action_units=UNITS,
        intensities=faces.intensities[rows].astype(np.float64),
        top=1.0,
        clusters=person if world.pictures > 1 else None,
        cluster_name="person" if world.pictures > 1 else "",
    )


def _dealt(
    attribute: str, groups: Mapping[str, int], person: Codes, draw: np.random.Generator
) -> Grouping:
    """Groups of exactly these sizes, dealt to people at random."""
    codes = draw.permutation(np.repeat(np.arange(len(groups)), list(groups.values())))
    return Grouping(attribute, tuple(groups), codes[person])


def _members(groupings: tuple[Grouping, ...], attribute: str, group: str) -> NDArray[np.bool_]:
    grouping = next(grouping for grouping in groupings if grouping.name == attribute)
    members: NDArray[np.bool_] = grouping.codes == grouping.levels.index(group)
    return members


def _named(
    world: World,
    evidence: NDArray[np.float32],
    person: Codes,
    groupings: tuple[Grouping, ...],
    draw: np.random.Generator,
) -> Codes:
    """(N, raters) class codes: the rule of `annotator.annotate`, for any group and many raters."""
    seen = evidence
    if world.person_effect:
        effects = draw.standard_normal((world.size, seen.shape[1]), dtype=np.float32)
        seen = seen + np.float32(world.person_effect) * effects[person]
    shape = (len(seen), world.raters, seen.shape[1])
    noisy = np.float32(world.noise) * draw.standard_normal(shape, dtype=np.float32)
    noisy += seen[:, np.newaxis]
    if world.shift is not None:
        inside = _members(groupings, world.shift.attribute, world.shift.group)
        noisy[inside, :, LABELS[world.shift.label]] += np.float32(world.shift.amount)
    named = noisy.argmax(axis=2)
    random = draw.integers(0, shape[2], named.shape)
    slipped = draw.random(named.shape) < world.slips
    return np.asarray(np.where(slipped, random, named), dtype=np.int64)


def chance_of_label(world: World, faces: Faces, label: str, amount: float) -> Floats:
    """P(label) of each face of the pool when its threshold is `amount` lower, (P,) in [0, 1].

    The errors on the other classes are drawn, always the same; over that on the class itself the
    probability is a formula. So it changes smoothly with `amount`, and means over many faces hardly
    depend on the draw.
    """
    draw = np.random.default_rng(_POOL_SEED)
    seen = world.noise * draw.standard_normal(faces.evidence.shape) + faces.evidence
    code = LABELS[label]
    rival = np.delete(seen, code, axis=1).max(axis=1)
    named = ndtr((faces.evidence[:, code] + amount - rival) / world.noise)
    return np.asarray((1 - world.slips) * named + world.slips / seen.shape[1])


@lru_cache(maxsize=2)
def _logistic_chances(faces: Faces) -> Floats:
    """(P, labels) chances of the logistic regressions closest to the annotator's rule."""
    covariates = np.column_stack([np.ones(len(faces)), faces.intensities.astype(np.float64)])
    columns = []
    for label in LABELS:
        chance = chance_of_label(World(), faces, label, 0.0)
        fit = GLM(chance, covariates, family=Binomial()).fit()
        columns.append(np.asarray(fit.predict(covariates)))
    return np.column_stack(columns)


def patterns(faces: Faces, units: tuple[str, ...]) -> Codes:
    """(P,) pattern of these units in each face, numbered as the audit does: last unit fastest."""
    codes = np.zeros(len(faces), dtype=np.int64)
    for unit in units:
        present = faces.intensities[:, UNITS.index(unit)] > THRESHOLDS[unit]
        codes = 2 * codes + present
    return codes
