"""Who appears in which part, showing what, labelled how.

The pool (training and validation) has the group shares and the label-group correlation of the
settings. The test part holds other people, shared equally over gender x tone (and age within
them), and shows every class equally often in each of these groups: RAF-DB's own shares would leave
about 17 pictures of dark-skinned women a class; equal shares give each of the six groups the same
500 pictures (standard error of a rate of 0.8 about 0.018), so that gaps are measured, not guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.synthetic import action_units, annotator
from datasets.synthetic.action_units import ANGRY, CLASSES, HAPPY, INTENSITY, PROBABILITY
from datasets.synthetic.factors import AGE, GENDER, TONE, People
from datasets.synthetic.settings import SyntheticSettings
from datasets.synthetic.streams import Codes, Floats, stream

POOL, TEST = "pool", "test"
_ROUNDS = 60


@dataclass(frozen=True)
class Part:
    """One part of the data before it is drawn: P people, N pictures.

    Attributes:
        name: `pool` or `test`.
        people: group codes of the P people.
        person: (N,) row of `people` in each picture.
        truth: (N,) class codes.
        activations: (N, 17) true action units in [0, 1].
        annotated: (N,) class codes that the annotator gives.
    """

    name: str
    people: People
    person: Codes
    truth: Codes
    activations: Floats
    annotated: Codes

    def gender(self) -> Codes:
        """(N,) gender codes of the pictures."""
        return self.people.gender[self.person]

    def tone(self) -> Codes:
        """(N,) tone codes of the pictures."""
        return self.people.tone[self.person]

    def attributes(self) -> Codes:
        """(N, 3) codes of gender, tone and age of the pictures."""
        columns = (self.people.gender, self.people.tone, self.people.age)
        return np.stack([column[self.person] for column in columns], axis=1)


def draw_part(name: str, settings: SyntheticSettings) -> Part:
    """The part called `name` as the settings describe it."""
    seed = settings.population_seed
    count = settings.pool_images if name == POOL else settings.test_images
    size = settings.pictures_per_subject
    person = np.arange(count, dtype=np.int64) // size
    people = _people(name, settings, int(person[-1]) + 1)
    classes = _pool_classes(people, person, settings) if name == POOL else _even(people, person)
    activations = express(stream(seed, name, "expression"), classes, settings)
    annotated = annotator.annotate(
        stream(seed, name, "annotator"),
        activations,
        people.gender[person],
        threshold_shift=settings.scaled("annotation_bias"),
        noise=settings.annotator_noise,
        slips=settings.annotator_slips,
    )
    return Part(name, people, person, classes, activations, annotated)


def express(draw: np.random.Generator, classes: Codes, settings: SyntheticSettings) -> Floats:
    """Activations whose truth is `classes`: what the action units support most is what was meant.

    Faces that turned out as something else (a blend gone too far, a smile too faint) are drawn
    again, so the truth of a face has one meaning only.

    Args:
        draw: the stream to draw from.
        classes: (N,) class codes.
        settings: for `weakest` and `blend`.

    Returns:
        (N, 17) in [0, 1].
    """
    activations = np.zeros((len(classes), len(action_units.UNITS)), np.float32)
    open_rows = np.arange(len(classes))
    for _ in range(_ROUNDS):
        activations[open_rows] = action_units.activate(
            draw, classes[open_rows], weakest=settings.weakest, blend=settings.blend
        )
        open_rows = open_rows[annotator.truth(activations[open_rows]) != classes[open_rows]]
        if not len(open_rows):
            break
    # Hardly ever reached: what is still open after the last round shows the plain prototype.
    plain = (INTENSITY * (PROBABILITY > 0.5)).astype(np.float32)
    activations[open_rows] = plain[classes[open_rows]]
    return activations


def allocate(total: int, shares: NDArray[np.float64]) -> Codes:
    """Whole counts of sum `total` closest to `shares` (largest remainders)."""
    exact = total * shares / shares.sum()
    counts: Codes = np.floor(exact + 1e-9).astype(np.int64)
    order = np.argsort(counts - exact, kind="stable")
    counts[order[: total - int(counts.sum())]] += 1
    return counts


def _people(name: str, settings: SyntheticSettings, count: int) -> People:
    """People in shuffled order with exact shares of gender x tone; ages take turns within."""
    genders, tones = len(GENDER.levels), len(TONE.levels)
    shares = np.full((genders, tones), 1.0)
    if name == POOL:
        shares = np.outer(settings.gender_shares(), settings.tone_shares())
    group = np.repeat(np.arange(genders * tones), allocate(count, shares.ravel()))
    turn = _turns(group)
    order = stream(settings.population_seed, name, "people").permutation(count)
    return People(group[order] // tones, group[order] % tones, turn[order] % len(AGE.levels))


def _turns(group: Codes) -> Codes:
    """Running number of each row within its group."""
    turn = np.zeros(len(group), np.int64)
    for code in np.unique(group):
        rows = np.flatnonzero(group == code)
        turn[rows] = np.arange(len(rows))
    return turn


def _pool_classes(people: People, person: Codes, settings: SyntheticSettings) -> Codes:
    """Balanced classes, but more angry men and happy women where the correlation says so."""
    correlation = settings.scaled("label_group_correlation")
    draw = stream(settings.population_seed, POOL, "classes")
    gender = people.gender[person]
    classes = np.empty(len(person), np.int64)
    for code, sign in ((0, -1.0), (1, 1.0)):
        rows = np.flatnonzero(gender == code)
        shares = np.ones(len(CLASSES))
        shares[ANGRY] += sign * correlation
        shares[HAPPY] -= sign * correlation
        labels = np.repeat(np.arange(len(CLASSES)), allocate(len(rows), shares))
        classes[rows] = draw.permutation(labels)
    return classes


def _even(people: People, person: Codes) -> Codes:
    """Classes in turn within each gender x tone group, so they are balanced in every group."""
    group = (people.gender * len(TONE.levels) + people.tone)[person]
    start = group * 3  # groups begin at different classes, so remainders spread over classes
    return (_turns(group) + start) % len(CLASSES)
