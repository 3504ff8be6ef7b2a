"""All metrics of one prediction set, as a frame with one row a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from reports.catalogue import metric_cards, sample_metric_cards
from reports.convention import STRICT, Convention
from reports.metrics.counts import (
    Counts,
    Numbers,
    confusion_tensor,
    counts_of_all,
    expected_tensor,
)
from reports.metrics.reasons import WORDS
from reports.metrics.samples import GroupedSamples, once
from reports.metrics.scores import Scores
from reports.predictions import PredictionSet

METRIC_COLUMNS = (
    "dataset",
    "method",
    "variant",
    "seed",
    "select",
    "attribute",
    "group",
    "emotion",
    "metric",
    "value",
    "n",
    "reason",
    "worst_group",
    "best_group",
    "n_unknown",
    "cell",
)
COUNT_COLUMNS = ("n", "n_unknown")
OVERALL = "all"


@dataclass
class _Columns:
    """The columns that differ from row to row, grown metric by metric."""

    attribute: list[str] = field(default_factory=list)
    group: list[str] = field(default_factory=list)
    emotion: list[str] = field(default_factory=list)
    metric: list[str] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    n: list[int] = field(default_factory=list)
    reason: list[str] = field(default_factory=list)
    worst_group: list[str] = field(default_factory=list)
    best_group: list[str] = field(default_factory=list)
    n_unknown: list[int] = field(default_factory=list)

    def add(self, attribute: str, metric: str, scores: Scores, n_unknown: int, *, at: int) -> None:
        """Append the scores of the seed `at`, groups outermost."""
        rows = len(scores.groups) * len(scores.emotions)
        start = len(self.reason)
        self.attribute += [attribute] * rows
        self.metric += [metric] * rows
        self.n_unknown += [n_unknown] * rows
        self.group += [group for group in scores.groups for _ in scores.emotions]
        self.emotion += list(scores.emotions) * len(scores.groups)
        self.value += scores.value[at].ravel().tolist()
        self.n += scores.n[at].ravel().tolist()
        self.reason += [WORDS[code] for code in scores.reason[at].ravel().tolist()]
        # -1, no such group, picks the empty text at the end.
        items = (*scores.items, "")
        self.worst_group += [items[index] for index in scores.worst[at].ravel().tolist()]
        self.best_group += [items[index] for index in scores.best[at].ravel().tolist()]
        for (seed, group, emotion), phrase in scores.skips.items():
            if seed == at:
                self.reason[start + group * len(scores.emotions) + emotion] = phrase


def measure(predictions: PredictionSet, convention: Convention = STRICT) -> pd.DataFrame:
    """Every metric, overall and for every declared attribute and intersection.

    Args:
        predictions: one test set's predictions of one seed (or of pooled folds).
        convention: `min_n` of group metrics; overall rows (attribute `all`) ask for one sample
            only.

    Returns:
        A frame with the columns `METRIC_COLUMNS` in a fixed row order. `value` is a fraction, NaN
        where `reason` says why; a `reason` that begins with "skipped: " names what a defined value
        leaves out. `n` is the smallest denominator behind the value, `n_unknown` the samples whose
        group is unknown. `worst_group` and `best_group` are the groups with the lowest and the
        highest rate behind a comparison, `class | group` where the value belongs to a stratum.
    """
    return measure_alike([predictions], convention)[0]


def measure_alike(
    sets: Sequence[PredictionSet], convention: Convention = STRICT
) -> list[pd.DataFrame]:
    """The frame of each set, as `measure` gives it, in a fraction of the time.

    Args:
        sets: of the same test samples, as the selection rules of a cell give them.
        convention: as in `measure`.
    """
    found = [_Columns() for _ in sets]
    for attribute in (OVERALL, *sets[0].attribute_names()):
        everybody = attribute == OVERALL
        used = replace(convention, min_n=1) if everybody else convention
        samples = [grouped(one, attribute) for one in sets]
        counts = _joined([one.counts for one in samples])
        for card in metric_cards():
            if card.overall or not everybody:
                scores = card.compute(counts, used)
                for at, columns in enumerate(found):
                    columns.add(attribute, card.key, scores, counts.n_unknown, at=at)
        for sample_card in sample_metric_cards():
            for own, columns in zip(samples, found, strict=True):
                if sample_card.applies(own.predictions) and (sample_card.overall or not everybody):
                    scores = sample_card.compute(own, used)
                    columns.add(attribute, sample_card.key, scores, counts.n_unknown, at=0)
    return [_frame(columns, one) for columns, one in zip(found, sets, strict=True)]


def _joined(counts: Sequence[Counts]) -> Counts:
    """The counts of several sets of one seed as those of several seeds."""
    return replace(
        counts[0],
        tensor=np.concatenate([one.tensor for one in counts]),
        overall=np.concatenate([one.overall for one in counts]),
    )


def _frame(columns: _Columns, predictions: PredictionSet) -> pd.DataFrame:
    names = ("dataset", "method", "variant", "seed", "select", "cell")
    constant = {name: getattr(predictions, name) for name in names}
    return pd.DataFrame({**vars(columns), **constant}, columns=list(METRIC_COLUMNS))


def grouped(predictions: PredictionSet, attribute: str) -> GroupedSamples:
    """The samples by the groups of an attribute or intersection, or all together for `all`."""
    overall = _overall(predictions)
    if attribute == OVERALL:
        everyone = np.zeros(len(predictions.labels), dtype=np.int64)
        counts = counts_of_all(overall, predictions.classes)
        return GroupedSamples(predictions, attribute, everyone, counts)
    names, codes = predictions.groups(attribute)
    tensor = _tensor(predictions, codes, len(names))
    n_unknown = int((codes < 0).sum())
    counts = Counts(tensor, overall, names, predictions.classes, n_unknown)
    return GroupedSamples(predictions, attribute, codes, counts)


@once
def _overall(predictions: PredictionSet) -> Numbers:
    """(1, K, K) counts of all samples."""
    return _tensor(predictions, np.zeros(len(predictions.labels), dtype=np.int64), 1)[:, 0]


def _tensor(predictions: PredictionSet, groups: npt.NDArray[np.int64], num_groups: int) -> Numbers:
    """(1, G, K, K) counts, or expected counts where the decision is drawn at random."""
    labels, decisions = predictions.labels, predictions.decisions
    if decisions is not None:
        return expected_tensor(labels, decisions, groups, num_groups=num_groups)
    num_classes = len(predictions.classes)
    return confusion_tensor(
        labels, predictions.predicted, groups, num_groups=num_groups, num_classes=num_classes
    )
