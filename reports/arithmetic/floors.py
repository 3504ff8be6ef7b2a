"""Published fairness scores against what a perfectly fair classifier would score at their sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from reports.arithmetic.finding import where
from reports.metrics.counts import Floats, Ints
from reports.published.values import PublishedValue, published_records
from reports.replicates.floor import PRECISE
from reports.replicates.published import published_floor
from reports.replicates.streams import generator_for

Records = Sequence[PublishedValue]
PERCENT = 100
#: RAF-DB, test images of each emotion (Li and Deng 2019)
TEST_COUNTS = {
    "surprise": 329, "fear": 74, "disgust": 160, "happiness": 1185, "sadness": 478, "anger": 162,
    "neutral": 680,
}  # fmt: skip
#: RAF-DB's five ages, images of both parts (recovered from Chen and Joo's code)
AGE_COUNTS = {"0-3": 1102, "4-19": 2103, "20-39": 6805, "40-69": 1911, "70+": 293}
#: IASLab, men and women of the test part: the only sizes that the printed accuracies allow
IASLAB = {"Male": 47, "Female": 98}
SHARE = "share of training samples"
#: columns of `floors_frame`
COLUMNS = (
    "cited", "score", "sizes", "floor_mean", "floor_low", "floor_high", "first", "second",
    "first_score", "second_score", "inside",
)  # fmt: skip
MODEL = "latent_alignment"


@dataclass(frozen=True)
class FloorRow:
    """A score that several methods have in one table, and the range of a fair classifier.

    `mean`, `low` and `high` are fractions; `scores` are (method, printed percentage); `inside`
    counts the scores in the range, `pairs_inside` the pairs of methods with both scores in it.
    """

    cited: str
    place: str
    sizes: str
    mean: float
    low: float
    high: float
    scores: tuple[tuple[str, str], ...]

    @property
    def inside(self) -> int:
        """Scores in the range, or above it."""
        return sum(self.is_inside(text) for _, text in self.scores)

    @property
    def pairs(self) -> int:
        """Pairs of methods whose printed scores differ."""
        return sum(a != b for (_, a), (_, b) in combinations(self.scores, 2))

    @property
    def pairs_inside(self) -> int:
        """Of these, pairs with both scores in the range."""
        return sum(
            a != b and self.is_inside(a) and self.is_inside(b)
            for (_, a), (_, b) in combinations(self.scores, 2)
        )

    def is_inside(self, text: str) -> bool:
        """Whether a printed percentage is at least the low end of the range.

        One above the range is fairer than chance allows, so it is no sign of unfairness either.
        """
        return float(text) / PERCENT >= self.low


def published_floors(records: Records | None = None, draws: int = PRECISE) -> tuple[FloorRow, ...]:
    """Every printed fairness score whose group sizes are known, a row a table, attribute, emotion.

    Sizes of RAF-DB are public class counts of its test part times the shares that Suresh and Ong
    print for the training part (ages: the same mix in every class); recalls are those that Rizvi
    et al. print for their method, accuracies the means of Suresh and Ong's methods. The sizes of
    CelebA, and of IASLab's emotions, are not known: no row.

    Args:
        records: other records than those of the project, for tests.
        draws: simulated test results a row.
    """
    chosen = published_records() if records is None else records
    return tuple(_rows(chosen, draws))


def _rows(records: Records, draws: int) -> Iterator[FloorRow]:
    scores = where(records, group="worst/best")
    columns = dict.fromkeys(
        (one.source, one.table, one.dataset, one.attribute, one.emotion) for one in scores
    )
    for source, table, dataset, attribute, emotion in columns:
        column = where(
            scores,
            source=source,
            table=table,
            dataset=dataset,
            attribute=attribute,
            emotion=emotion,
        )
        known = _sizes_and_accuracies(records, dataset, attribute, emotion)
        if known is None:
            continue
        groups, sizes, accuracies = known
        floor = published_floor(
            sizes,
            accuracies,
            draws=draws,
            generator=generator_for(0, "published", dataset, attribute, emotion),
            score="recalls" if emotion == "mean" else "accuracy",
        )
        totals = sizes.reshape(len(sizes), -1).sum(axis=1).tolist()
        yield FloorRow(
            column[0].cited,
            f"{dataset}, {attribute}, {_words(emotion)}",
            ", ".join(f"{group} {size}" for group, size in zip(groups, totals, strict=True)),
            float(floor.mean),
            float(floor.low),
            float(floor.high),
            tuple((one.method, one.value) for one in column),
        )


def _words(emotion: str) -> str:
    return {"all": "accuracy", "mean": "summed recalls"}.get(emotion, f"recall of {emotion}")


def _sizes_and_accuracies(
    records: Records, dataset: str, attribute: str, emotion: str
) -> tuple[tuple[str, ...], Ints, Floats] | None:
    """Groups, sizes (G,) or (G, K), pooled accuracies; None where the sizes are not known.

    An accuracy of all classes is that of the paper's own table, mean over its methods.
    """
    if dataset not in ("RAF-DB", "IASLab") or (dataset == "IASLab" and emotion != "all"):
        return None
    table = where(records, source="suresh2022", table="V", dataset=dataset, metric="accuracy")
    pooled = np.array(np.mean([one.number for one in table]) / PERCENT)
    if dataset == "IASLab":
        return tuple(IASLAB), np.array(list(IASLAB.values())), pooled
    recalls = _recalls(records)
    counts = {name: _class_sizes(records, attribute, name) for name in recalls}
    groups = tuple(next(iter(counts.values())))
    sizes = np.array([[counts[name][group] for name in recalls] for group in groups])
    if emotion == "all":
        return groups, sizes.sum(axis=1), pooled
    if emotion == "mean":
        return groups, sizes, np.array(list(recalls.values()))
    return groups, sizes[:, list(recalls).index(emotion)], np.array(recalls[emotion])


def _recalls(records: Records) -> dict[str, float]:
    found = where(records, source="rizvi2024", table="1", method=MODEL, metric="class accuracy")
    return {one.emotion: one.number / PERCENT for one in found}


def _class_sizes(records: Records, attribute: str, emotion: str) -> dict[str, int]:
    """Test images of an emotion in each group of RAF-DB's attribute."""
    if attribute == "age":
        shares: Mapping[str, float] = AGE_COUNTS
        unit: float = sum(shares.values())
    else:
        table = where(records, source="suresh2022", dataset="RAF-DB", metric=SHARE, emotion=emotion)
        found = [one for one in where(table, attribute=attribute) if one.table in ("III", "IV")]
        shares = _as_counted(found)
        # Faces of unsure gender are in no group; three rounded shares of races may sum to 101.
        unit = PERCENT if attribute == "gender" else sum(shares.values())
    sizes = apportioned([share / unit for share in shares.values()], TEST_COUNTS[emotion])
    return dict(zip(shares, sizes, strict=True))


def _as_counted(shares: Records) -> dict[str, float]:
    """Group -> share; men and women exchanged where anger was printed the wrong way round."""
    values = {one.group: one.number for one in shares}
    if shares[0].attribute == "gender" and shares[0].emotion == "anger":
        values["Female"], values["Male"] = values["Male"], values["Female"]
    return values


def apportioned(shares: Sequence[float], count: int) -> list[int]:
    """Whole numbers close to `count` times the shares that sum to that sum, largest rest first."""
    exact = [share * count for share in shares]
    sizes = [int(size) for size in exact]
    rests = sorted(range(len(exact)), key=lambda index: sizes[index] - exact[index])
    for index in rests[: round(sum(exact)) - sum(sizes)]:
        sizes[index] += 1
    return sizes


def floors_frame(floors: Sequence[FloorRow]) -> pd.DataFrame:
    """One line a pair of methods whose printed scores differ; scores and ranges are fractions.

    `inside` says that both scores, and so their difference, lie in the range of a fair classifier.
    """
    rows = [
        (
            one.cited, one.place, one.sizes, one.mean, one.low, one.high, first, second,
            float(a) / PERCENT, float(b) / PERCENT, one.is_inside(a) and one.is_inside(b),
        )
        for one in floors
        for (first, a), (second, b) in combinations(one.scores, 2)
        if a != b
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))
