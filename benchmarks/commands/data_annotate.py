"""`data annotate`: attributes that a data set lacks, guessed, with the guesses' errors."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import numpy as np

from benchmarks.annotating import Guessed, Teacher, guess, teacher, write_guesses
from benchmarks.asked_datasets import asked_datasets, assignment
from benchmarks.devices import chosen_device
from benchmarks.errors import StudyError
from benchmarks.paths import shown
from benchmarks.plan import resolve_protocol
from benchmarks.protocol import PRESETS
from benchmarks.study import check_choice
from datasets.picture_set import PictureSet
from datasets.spec import Dataset


def main(arguments: Namespace) -> int:
    """Trains a classifier for each attribute, guesses, and prints how often it is right.

    Raises:
        EvenFaceError: unknown names, missing data, a teacher without the attribute, or files that
            cannot be written.
    """
    check_choice("preset", arguments.preset, tuple(PRESETS))
    changes = dict(assignment(text) for text in arguments.set)
    protocol = resolve_protocol(arguments.preset, changes)
    target, source = _sets(arguments)
    cache = arguments.cache.resolve()
    device = chosen_device(arguments.device)
    listing = target.listing(arguments.data_root)
    faces = target.load(arguments.data_root, cache, protocol.pixels)
    known = teacher(
        source, protocol, root=arguments.data_root, cache=cache, seed=arguments.seed, device=device
    )
    guesses = []
    for attribute in arguments.attributes:
        print(f"{attribute}: training on {len(known.data.train)} faces of {known.name}", flush=True)
        guesses.append(guess(known, attribute, faces))
        print("\n".join(_lines(guesses[-1], known)), flush=True)
    write_guesses(guesses, target, listing, faces, arguments.out, teacher=known)
    key = target.card.key
    print(shown(arguments.out, Path.cwd()))
    print(f"Use it with --set {key}.attributes={arguments.out}")
    return 0


def _sets(arguments: Namespace) -> tuple[PictureSet, Dataset]:
    names = (arguments.name, arguments.teacher)
    if arguments.name == arguments.teacher:
        raise StudyError(f"{arguments.name} cannot be its own teacher: name another data set.")
    own = [text for text in arguments.set if not text.startswith("protocol.")]
    found = {dataset.card.key: dataset for dataset in asked_datasets(names, own)}
    missing = [name for name in names if name not in found]
    if missing:
        raise StudyError(f"Name one data set, not '{missing[0]}'.")
    target = found[arguments.name]
    if not isinstance(target, PictureSet):
        raise StudyError(f"{arguments.name} knows its attributes: there is nothing to guess.")
    return target, found[arguments.teacher]


def _lines(guessed: Guessed, known: Teacher) -> list[str]:
    """How often the classifier is right, in all and for each level, and what it guessed."""
    counts = guessed.confusion
    low, high = guessed.interval
    lines = [
        f"  right on {100 * np.trace(counts) / counts.sum():.1f} % of {counts.sum():,} faces of "
        f"{known.name} that it never saw (95 % interval {100 * low:.1f} to {100 * high:.1f})"
    ]
    for code, level in enumerate(guessed.levels):
        right = counts[code, code] / counts[code].sum()
        share = np.mean(guessed.codes == code)
        lines.append(f"  {level}: {100 * right:.1f} % right; {100 * share:.1f} % of the guesses")
    return lines
