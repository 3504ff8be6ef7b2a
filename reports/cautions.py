"""What a reader must know before believing a number of a study's report, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from reports.missing import missing_lines
from reports.specs import DatasetCard
from reports.study import CellRecord, StudyFrames

#: fewer test images than this behind a rate make it a rough one
SMALL = 30
#: with so few seeds a test over seeds alone cannot reach p < .05 two-sided
FEW_SEEDS = 5
_NAMED = 3


@dataclass(frozen=True)
class Caution:
    """A sentence, and the lines that go into detail."""

    text: str
    details: tuple[str, ...] = ()


def cautions(frames: StudyFrames) -> list[Caution]:
    """Cautions of a study, the gravest first; none for a complete study of many seeds and images.

    They tell of failed and missing cells, few seeds, small groups, images of unknown group, numbers
    without uncertainty, and reconstructed methods.
    """
    return [
        *_missing(frames.cell_records),
        *_few_seeds(frames),
        *(
            Caution(f"{card.title}: {note}")
            for card in frames.dataset_cards
            for note in frames.data_notes.get(card.key, ())
        ),
        *(caution for card in frames.dataset_cards for caution in _small(frames, card)),
        *_without_statistics(frames),
        *_reconstructions(frames),
    ]


def _missing(records: Sequence[CellRecord]) -> Iterator[Caution]:
    for status, one, several in (
        (
            "failed",
            "failed; its method is shown with the seeds that are left, or as failed",
            "failed; their methods are shown with the seeds that are left, or as failed",
        ),
        ("pending", "has not been run", "have not been run"),
    ):
        count = sum(record.status == status for record in records)
        if count:
            yield Caution(
                f"{count} of {len(records)} cells {one if count == 1 else several}.",
                tuple(missing_lines(records, [status])),
            )


def _few_seeds(frames: StudyFrames) -> Iterator[Caution]:
    for card in frames.dataset_cards:
        seeds = {r.seed for r in frames.cell_records if r.dataset == card.key}
        runs = -(-len(seeds) // card.folds)
        unit = "repeat" if card.folds > 1 else "seed"
        if runs == 1:
            yield Caution(
                f"{card.title}: one {unit}. Nothing is known of the spread of training, and no "
                "difference between methods can be told from chance in training."
            )
        elif 1 < runs <= FEW_SEEDS:
            yield Caution(
                f"{card.title}: {runs} {unit}s. A sign-flip test over {unit}s alone cannot give a "
                f"p below {2.0 ** (1 - runs):.4g}, however large a difference is."
            )


def _small(frames: StudyFrames, card: DatasetCard) -> Iterator[Caution]:
    metrics = frames.metrics
    mine = metrics[(metrics["dataset"] == card.key) & (metrics["select"] == frames.select)]
    if card.folds > 1:
        mine = mine[mine["seed"].str.contains("-", regex=False)]
    strata = mine[(mine["metric"] == "tpr") & mine["emotion"].isin(card.classes)]
    for attribute, rows in strata.groupby("attribute", sort=False, observed=True):
        if attribute == "all":
            continue
        sizes = rows.groupby(["emotion", "group"], sort=False, observed=True)["n"].min()
        few = sizes[sizes < SMALL].sort_values(kind="stable")
        if len(few):
            yield Caution(
                f"{card.title}: {len(few)} of {len(sizes)} class x group strata by {attribute} "
                f"have fewer than {SMALL} test images; smallest: {_smallest(few)}."
            )
        unknown = int(rows["n_unknown"].max())
        if unknown:
            yield Caution(
                f"{card.title}: {unknown} test images of unknown group are in no group by "
                f"{attribute}."
            )


def _smallest(sizes: pd.Series[int]) -> str:
    places = [" | ".join(map(str, place)) for place in sizes.index[:_NAMED]]
    named = [f"{place} ({n})" for place, n in zip(places, sizes[:_NAMED], strict=True)]
    return ", ".join(named)


def _without_statistics(frames: StudyFrames) -> Iterator[Caution]:
    if frames.statistics is None and len(frames.metrics):
        yield Caution(
            "This report has no intervals, noise floors or tests: a difference in it may be noise."
        )


def _reconstructions(frames: StudyFrames) -> Iterator[Caution]:
    used = {record.method for record in frames.cell_records}
    cards = [card for key, card in frames.method_cards.items() if key in used]
    names = [card.title for card in cards if card.reconstruction]
    if names:
        yield Caution(
            "Reconstructions, for the source's exact formula was not available: "
            f"{', '.join(names)}."
        )
