"""What wrong guesses of the groups do to the scores: as guessed, and corrected in two ways."""

from __future__ import annotations

from collections.abc import Iterator

from reports.catalogue import layout
from reports.corrected_table import corrected_table
from reports.specs import DatasetCard, TableSpec


@layout(
    "guessed_groups", title="Scores by guessed groups",
    source="metrics.md 10.11; Barron 1977; Chen et al. 2019",
    order=68, needs="an attribute that a classifier guessed (`data annotate`)",
)  # fmt: skip
def specs(dataset: DatasetCard) -> Iterator[TableSpec]:
    """One table for every guessed attribute."""
    for attribute, confusion in dataset.confusions.items():
        total = sum(map(sum, confusion))
        right = sum(row[place] for place, row in enumerate(confusion))
        by_group = ", ".join(
            f"{level} {100 * row[place] / sum(row):.1f}"
            for place, (level, row) in enumerate(
                zip(dataset.levels[attribute], confusion, strict=True)
            )
        )
        remark = (
            f"The groups were guessed by a classifier that was right on {100 * right / total:.1f} "
            f"% of {total:,} faces held out (by true group: {by_group}). Guessed: the score as "
            "if the guesses were true. Weighted: each face counted for every group by the "
            "probability that its guess leaves to it, which is right if faces of one guess are "
            "decided on alike, whatever their true group. Inverted: the classifier's confusion "
            "matrix undone, which is right if it errs equally often whatever the decision; in "
            "brackets the deviation over seeds. Nothing in these data says which holds: where "
            "guess and decision follow the same looks the guessed score shows too much difference "
            "and the weighted one is nearer, where errors fall at random it shows too little and "
            "the inverted one is. se: standard error from resampled test sets and confusion "
            "matrices. FS: worst over best group; Disc: largest discrimination of any emotion."
        )
        yield TableSpec(
            "Fairness scores by guessed groups", (), attribute, remark, maker=corrected_table
        )
