"""The rows of a data set's tables: which methods, in which block, and how much of each is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from reports.seed_values import Entry, Place, SeedValues, seed_values
from reports.specs import DatasetCard
from reports.study import CellRecord, MethodCard, StudyFrames
from reports.tables import RECONSTRUCTION, VALIDATION_GROUPS, State

TRAIN_BLOCK = "Methods that use group labels in training"
FREE_BLOCK = "Methods that do not use group labels"
TEST_BLOCK = "Methods that need group labels at test time"
REFERENCE_BLOCK = "For reference: other data or protocol, not compared"
#: those of ranks and fronts: methods trained on the study's data by its protocol
RANKED_BLOCKS = (TRAIN_BLOCK, FREE_BLOCK, TEST_BLOCK)
BLOCKS = (*RANKED_BLOCKS, REFERENCE_BLOCK)
GROUP_READING_RULES = ("best_wga", "best_dto")


@dataclass(frozen=True, eq=False)
class MethodRow:
    """A method (one variant of it) on one data set.

    `run` is (data set, method, variant) as in `metrics.csv`; `own` is its variant without what all
    rows of the data set share.
    `done` and `expected` count seeds, or pooled repeats of a data set with folds; `state` and
    `reason` are what a cell shows where the method has no value at all; `values` are by (attribute,
    group, emotion, metric).
    """

    method: str
    label: str
    block: str
    notes: tuple[str, ...]
    done: int
    expected: int
    state: State
    reason: str
    values: Mapping[Place, list[Entry]] = field(default_factory=dict)
    run: tuple[str, ...] = ()
    own: str = ""

    @property
    def peer(self) -> tuple[str, str]:
        """Method and variant, the same on every data set."""
        return self.method, self.own


def method_rows(study: StudyFrames, dataset: DatasetCard) -> tuple[MethodRow, ...]:
    """Rows of all methods planned on the data set, in the order of their cards, then by variant."""
    values = _values(study, dataset)
    order = list(study.method_cards)
    planned = _planned(study, dataset)
    common = common_settings(study, dataset)
    return tuple(
        _row(study, dataset, planned[key], values.get(key), common, block=_block(key, planned))
        for key in sorted(planned, key=lambda key: (order.index(key[0]), key[1]))
    )


def compared_runs(
    study: StudyFrames, blocks: Collection[str] = (FREE_BLOCK,)
) -> dict[tuple[str, str, str], int]:
    """(data set, method, variant) of a comparison set -> planned runs.

    A run is a seed, or a pooled repeat of a data set with folds.

    Args:
        study: its cells.
        blocks: those whose methods are compared; that of the bold marks, unless `RANKED_BLOCKS` are
            given.
    """
    found = {}
    for dataset in study.dataset_cards:
        planned = _planned(study, dataset)
        for (method, variant), records in planned.items():
            if _block((method, variant), planned) in blocks:
                found[dataset.key, method, variant] = _expected(records, dataset)
    return found


def _planned(study: StudyFrames, dataset: DatasetCard) -> dict[tuple[str, str], list[CellRecord]]:
    """The cells of each method and variant."""
    planned: dict[tuple[str, str], list[CellRecord]] = defaultdict(list)
    for record in study.cell_records:
        if record.dataset == dataset.key:
            planned[record.method, record.variant].append(record)
    return planned


def _expected(records: Sequence[CellRecord], dataset: DatasetCard) -> int:
    return -(-len({record.seed for record in records}) // dataset.folds)


def _shared_settings(variant: str) -> tuple[str, ...]:
    """The changed settings of data set and protocol, which are written `owner.name=value`.

    Rows that differ in them were not trained alike and must not compete: an oracle on true labels,
    say. The rows of a study with the fewest such changes are the study itself.
    """
    return tuple(part for part in variant.split() if "." in part.split("=")[0])


def common_settings(study: StudyFrames, dataset: DatasetCard) -> tuple[str, ...]:
    """The changed settings of data set and protocol that all rows of the data set have.

    They are named once, not in every row's label.
    """
    variants = [_shared_settings(variant) for _, variant in _planned(study, dataset)]
    first, *others = variants or [()]
    return tuple(part for part in first if all(part in other for other in others))


def common_sentence(study: StudyFrames, dataset: DatasetCard) -> str:
    """For a caption, with a blank in front; empty where all rows share no changed setting."""
    common = common_settings(study, dataset)
    return f" All rows with {', '.join(common)}." if common else ""


def _values(study: StudyFrames, dataset: DatasetCard) -> dict[tuple[str, str], SeedValues]:
    frame = study.metrics
    chosen = (frame["dataset"] == dataset.key) & (frame["select"] == study.select)
    if dataset.folds > 1:
        # Single folds have tiny groups and are no result of the protocol; only their pool is.
        chosen &= frame["seed"].str.contains("-", regex=False)
    return seed_values(frame[chosen])


def _row(
    study: StudyFrames,
    dataset: DatasetCard,
    records: Sequence[CellRecord],
    values: SeedValues | None,
    common: Collection[str],
    *,
    block: str,
) -> MethodRow:
    card, variant = study.method_cards[records[0].method], records[0].variant
    done = values.seeds if values else 0
    expected = _expected(records, dataset)
    state, reason = _state(records)
    own = " ".join(part for part in variant.split() if part not in common)
    named = card.title + (f" [{own}]" if own else "")
    label = named + _progress(records, done, expected, dataset)
    notes = _notes(card, block, study.select)
    run = (dataset.key, card.key, variant)
    return MethodRow(
        card.key, label, block, notes, done, expected, state, reason, values or {}, run, own
    )


def _state(records: Sequence[CellRecord]) -> tuple[State, str]:
    for status, state in (("failed", "failed"), ("not_applicable", "not_applicable")):
        hit = [record for record in records if record.status == status]
        if hit:
            return ("failed" if state == "failed" else "not_applicable"), hit[0].first_line
    return "blank", ""


def _progress(records: Sequence[CellRecord], done: int, expected: int, dataset: DatasetCard) -> str:
    if done == expected:
        return ""
    finished = sum(record.status == "done" for record in records)
    if done == 0 and expected == 1 and dataset.folds > 1 and finished:
        return f" (folds {finished}/{dataset.folds})"
    return f" (n={done}/{expected})" if done else ""


def _block(key: tuple[str, str], planned: Mapping[tuple[str, str], Sequence[CellRecord]]) -> str:
    """The block of a method and variant of a data set, given all that is planned on it."""
    shared = min((_shared_settings(variant) for _, variant in planned), key=len, default=())
    record = planned[key][0]
    if _shared_settings(record.variant) != shared:
        return REFERENCE_BLOCK
    if record.test_groups:
        return TEST_BLOCK
    return TRAIN_BLOCK if record.train_groups else FREE_BLOCK


def _notes(card: MethodCard, block: str, select: str) -> tuple[str, ...]:
    reads_groups = select in GROUP_READING_RULES and block == FREE_BLOCK
    notes = ((RECONSTRUCTION, card.reconstruction), (VALIDATION_GROUPS, reads_groups))
    return tuple(note for note, holds in notes if holds)
