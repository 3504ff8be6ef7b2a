"""What `data check` finds in a set of pictures, beside what is documented of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from datasets import contents
from datasets.action_units import loss_notes, units_of
from datasets.duplicates import blank, duplicates
from datasets.errors import DataError
from datasets.listing import PARTS, TEST, UNSURE, Listing, Texts, texts
from datasets.picture_set import Facts, PictureSet, attribute_codes, faces_of
from datasets.preparation import Prepared, prepared
from datasets.spec import Codes, DatasetSpec
from datasets.tree import Source

Level = Literal["error", "warning", "note"]

#: side at which pictures are compared; larger ones show no more of whether they are the same
PIXELS = 48
#: lines of detail that a finding keeps
SHOWN = 10
ALL = "all"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be, or that must be known.

    Attributes:
        level: `error` makes results wrong, `warning` may, `note` is to be known.
        text: a sentence.
        details: lines, at most `SHOWN` and one that counts the others.
    """

    level: Level
    text: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Count:
    """Pictures of a class and group of a part, `expected` where it is documented."""

    part: str
    label: str
    attribute: str
    value: str
    found: int
    expected: int | None = None


@dataclass(frozen=True)
class Checked:
    """What was found.

    Attributes:
        name: registry key.
        findings: the gravest first.
        counts: pictures by part, class and value of each attribute; the attribute is empty for
            classes alone, the label for attributes alone, both for parts.
        pictures: how many are listed.
        people: how many different ones; 0 where people are unknown.
    """

    name: str
    findings: tuple[Finding, ...]
    counts: tuple[Count, ...] = ()
    pictures: int = 0
    people: int = 0

    @property
    def is_wrong(self) -> bool:
        """Whether results on the set as it lies there would be wrong."""
        return any(finding.level == "error" for finding in self.findings)


def check(
    dataset: PictureSet,
    root: Path | None,
    cache: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Reads the whole set and compares it with what is documented.

    Args:
        dataset: with the settings under which it is to be used.
        root: folder that holds the data sets.
        cache: folder of all caches; pictures are prepared in it.
        progress: told how many pictures of how many are decoded.
    """
    name = dataset.card.key
    try:
        listing = dataset.listing(root)
    except DataError as error:
        return Checked(name, (_not_there(str(error), dataset.documented),))
    sums = contents.checksums(listing.pictures, cache)
    found = prepared(
        listing, contents.digest(listing.pictures, cache), dataset.geometry(PIXELS),
        name=dataset.describe().name, cache=cache, progress=progress,
    )  # fmt: skip
    counts = tuple(_counts(dataset, listing))
    folds, problems = _test_folds(dataset, listing, found)
    findings = [
        *(Finding("error", problem) for problem in problems),
        *_documented(counts, listing, dataset.documented),
        *_changed_files(listing, dataset.documented),
        *_unreadable(dataset, listing, found),
        *_repeated(listing, folds, sums),
        *_alike(listing, folds, found),
        *_people(dataset, listing),
        *_empty(dataset, listing),
        *_unknown(dataset, listing),
        *_without_units(dataset, listing, found, cache),
        *(Finding("note", note) for note in listing.notes),
    ]
    left = ", ".join(f"{count} {why}" for why, count in listing.left_out.items() if count)
    if left:
        findings.append(Finding("note", f"Rows of the label files that are no samples: {left}."))
    order = ("error", "warning", "note")
    findings.sort(key=lambda finding: order.index(finding.level))
    people = len(set(listing.subjects)) if listing.subjects is not None else 0
    return Checked(name, tuple(findings), counts, len(listing), people)


def _not_there(message: str, facts: Facts) -> Finding:
    expected = ("Expected as distributed:", *facts.tree, f"To be had: {facts.request}")
    return Finding("error", message, expected)


def parts_of(listing: Listing) -> Texts:
    """(N,) part of each picture as distributed; `all` where the set has no parts."""
    return texts([ALL]).repeat(len(listing)) if listing.parts is None else listing.parts


def _counts(dataset: PictureSet, listing: Listing) -> Iterator[Count]:
    spec, facts = dataset.describe(), dataset.documented
    parts, labels = parts_of(listing), texts(spec.classes)[listing.labels]
    known = [part for part in (*PARTS, ALL) if (parts == part).any()]
    for part in dict.fromkeys([*known, ALL]):
        rows = np.flatnonzero(parts == part) if part != ALL else np.arange(len(listing))
        yield Count(part, "", "", "", len(rows), facts.rows.get(part))
        by_class = Counter(labels[rows].tolist())
        for label in spec.classes:
            expected = facts.counts.get((part, "label", label))
            yield Count(part, label, "", "", by_class[label], expected)
        for attribute, values in listing.values.items():
            own = values[rows]
            pairs = Counter(zip(labels[rows].tolist(), own.tolist(), strict=True))
            counted = Counter(own.tolist())
            for value in _in_order(counted, spec, attribute):
                count = counted[value]
                expected = facts.counts.get((part, attribute, value))
                yield Count(part, "", attribute, value, count, expected)
                for label in spec.classes:
                    yield Count(part, label, attribute, value, pairs[label, value])


def _in_order(values: Collection[str], spec: DatasetSpec, attribute: str) -> list[str]:
    """Declared levels in their order, then others, unsure and missing ones last."""
    declared = [a.levels for a in spec.attributes if a.name == attribute]
    levels = list(declared[0]) if declared else []
    others = sorted(set(values) - {*levels, UNSURE, ""})
    return [value for value in (*levels, *others, UNSURE, "") if value in values]


def _documented(counts: Sequence[Count], listing: Listing, facts: Facts) -> Iterator[Finding]:
    wrong = [
        f"{what}: {found:,} rows, documented {facts.lines[what]:,}"
        for what, found in listing.lines.items()
        if facts.lines.get(what, found) != found
    ]
    wrong += [
        f"{_place(count)}: {count.found:,}, documented {count.expected:,}"
        for count in counts
        if count.expected is not None and count.found != count.expected
    ]
    seen = {(c.part, c.attribute or "label", c.value or c.label) for c in counts}
    wrong += [
        f"{part} {attribute} {value}: 0, documented {expected:,}"
        for (part, attribute, value), expected in facts.counts.items()
        if (part, attribute, value) not in seen
    ]
    if wrong:
        origin = f" ({facts.origin})" if facts.origin else ""
        yield Finding("error", f"Counts differ from the documented ones{origin}.", _some(wrong))


def _place(count: Count) -> str:
    words = [count.part, count.label, count.attribute, count.value]
    return " ".join(word for word in words if word)


def _changed_files(listing: Listing, facts: Facts) -> Iterator[Finding]:
    archives = dict.fromkeys(
        Source(picture.path) for picture in listing.pictures if picture.members
    )
    for source in (*listing.tables, *archives):
        known = facts.checksums.get(source.name)
        if known and _md5(source) != known:
            yield Finding(
                "error", f"{source.shown} is not as distributed (MD5 differs): copy it again."
            )


def _md5(source: Source) -> str:
    if source.members:
        return hashlib.md5(source.read(), usedforsecurity=False).hexdigest()
    with source.path.open("rb") as handle:
        # An archive of pictures may be larger than memory.
        return hashlib.file_digest(handle, "md5").hexdigest()


def _unreadable(dataset: PictureSet, listing: Listing, found: Prepared) -> Iterator[Finding]:
    if found.bad:
        share = len(found.bad) / len(listing)
        level: Level = "error" if share > dataset.settings.tolerated else "warning"
        lines = [f"{listing.pictures[bad.row].shown}: {bad.reason}" for bad in found.bad]
        yield Finding(
            level,
            f"{len(found.bad)} of {len(listing)} pictures cannot be used ({100 * share:.2g} %).",
            _some(lines),
        )
    blanks = found.rows[blank(found.images)]
    if len(blanks):
        lines = [listing.pictures[row].shown for row in blanks.tolist()]
        yield Finding(
            "warning",
            f"One colour only: {_counted(len(blanks), 'picture', 'pictures')}.",
            _some(lines),
        )


def _test_folds(
    dataset: PictureSet, listing: Listing, found: Prepared
) -> tuple[Codes, tuple[str, ...]]:
    """(N,) which test part each picture is of, by the seed that takes it; -1 for none.

    And why the set cannot be parted, if so.
    """
    if listing.parts is not None:
        return np.where(listing.parts == TEST, 0, -1), ()
    folds = np.full(len(listing), -1)
    kept = listing.take(found.rows) if found.bad else listing
    faces = faces_of(kept, dataset.describe(), found.images)
    try:
        for seed in range(faces.spec.folds):
            folds[found.rows[dataset.split(faces, seed).test]] = seed
    except DataError as error:
        return folds, (str(error),)
    return folds, ()


def _repeated(listing: Listing, folds: Codes, sums: Sequence[tuple[int, int]]) -> Iterator[Finding]:
    """Files of equal content."""
    if listing.faces is not None or listing.boxes is not None:
        # Several faces of one picture are no repetition.
        return
    first: dict[tuple[int, int], int] = {}
    pairs = []
    for row, (source, content) in enumerate(zip(listing.pictures, sums, strict=True)):
        # A stretch of a table has the checksum of the whole table; `_alike` compares what it shows.
        if content[0] < 0 or source.span is not None:
            continue
        known = first.setdefault(content, row)
        if known != row:
            pairs.append((known, row))
    yield from _pairs(listing, folds, pairs, "files of the same content")


def _alike(listing: Listing, folds: Codes, found: Prepared) -> Iterator[Finding]:
    pairs = [
        (int(found.rows[one]), int(found.rows[other])) for one, other in duplicates(found.images)
    ]
    yield from _pairs(listing, folds, pairs, "pictures that look the same, perhaps mirrored")


def _pairs(
    listing: Listing, folds: Codes, pairs: Sequence[tuple[int, int]], what: str
) -> Iterator[Finding]:
    parts = parts_of(listing)
    tested = [(i, j) for i, j in pairs if folds[i] != folds[j]]
    others = [(i, j) for i, j in pairs if folds[i] == folds[j] and parts[i] != parts[j]]
    within = [(i, j) for i, j in pairs if folds[i] == folds[j] and parts[i] == parts[j]]
    places: tuple[tuple[Level, str, list[tuple[int, int]]], ...] = (
        ("error", "in test and training part", tested),
        ("warning", "in training and validation part", others),
        ("warning", "in one part", within),
    )
    for level, place, some in places:
        if some:
            wrong = sum(int(listing.labels[i] != listing.labels[j]) for i, j in some)
            labels = f", {wrong} of them with different labels" if wrong else ""
            lines = [f"{listing.sample_ids[i]} = {listing.sample_ids[j]}" for i, j in some]
            yield Finding(
                level,
                f"{_counted(len(some), 'pair', 'pairs')} of {what}, {place}{labels}.",
                _some(lines),
            )


def _people(dataset: PictureSet, listing: Listing) -> Iterator[Finding]:
    if listing.subjects is None:
        yield Finding("note", "People are unknown: one person may be in several parts.")
        return
    expected = dataset.documented.subjects
    people = len(set(listing.subjects))
    if expected and people != expected:
        yield Finding("error", f"{people:,} people, documented {expected:,}.")
    parts = parts_of(listing)
    where: dict[str, set[str]] = {}
    for subject, part in zip(listing.subjects, parts.tolist(), strict=True):
        where.setdefault(subject, set()).add(part)
    both = sorted(subject for subject, own in where.items() if TEST in own and len(own) > 1)
    if both:
        who = _counted(len(both), "person", "people")
        yield Finding("error", f"In test and training part: {who}.", _some(both))


def _empty(dataset: PictureSet, listing: Listing) -> Iterator[Finding]:
    spec, parts = dataset.describe(), parts_of(listing)
    for part in sorted(set(parts.tolist())):
        labels = set(listing.labels[parts == part].tolist())
        missing = [name for code, name in enumerate(spec.classes) if code not in labels]
        if missing:
            yield Finding("warning", f"No picture of {', '.join(missing)} in the part {part}.")


def _unknown(dataset: PictureSet, listing: Listing) -> Iterator[Finding]:
    for attribute in dataset.describe().attributes:
        values = listing.values.get(attribute.name)
        if values is None:
            yield Finding("note", f"{attribute.name}: the set as it lies there does not give it.")
            continue
        unsure, missing = int((values == UNSURE).sum()), int((values == "").sum())
        if unsure or missing:
            words = [f"{unsure} unsure"] * bool(unsure) + [f"{missing} missing"] * bool(missing)
            yield Finding("note", f"{attribute.name}: {', '.join(words)}; in no group.")


def _without_units(
    dataset: PictureSet, listing: Listing, found: Prepared, cache: Path
) -> Iterator[Finding]:
    spec, settings = dataset.describe(), dataset.settings
    if not spec.action_units:
        return
    kept = listing.take(found.rows) if found.bad else listing
    units = units_of(
        kept, Path(settings.action_units), spec.action_units, settings.unit_kind, cache=cache
    )
    for note in loss_notes(spec, attribute_codes(kept, spec), units.known):
        yield Finding("warning", note)


def _some(lines: Sequence[str]) -> tuple[str, ...]:
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return (*lines[:SHOWN], *more)


def _counted(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"
