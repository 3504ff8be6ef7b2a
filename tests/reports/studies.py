"""Small made-up studies for the tests of the report: frames as a harness hands them over."""

from __future__ import annotations

import numpy as np
import pandas as pd

from reports.convention import STRICT, Convention
from reports.measure import METRIC_COLUMNS, measure
from reports.predictions import PredictionSet, pooled
from reports.study import CELL_COLUMNS, DATASET_COLUMNS, METHOD_COLUMNS, StudyFrames

EMOTIONS = ("neutral", "anger", "disgust", "fear", "happiness", "sadness", "surprise")
LEVELS = {"gender": ("male", "female"), "tone": ("light", "medium", "dark")}
CARDS = {
    "ce": ("Cross entropy", False, False, False),
    "focal": ("Focal loss", False, False, False),
    "spectral_decoupling": ("Spectral decoupling", False, False, False),
    "au_positive_matching": ("AU positive matching", False, False, False),
    "domain_discriminative": ("Domain discriminative", True, True, False),
    "gradient_reversal": ("Gradient reversal", True, False, False),
    "latent_alignment": ("Latent alignment", True, False, True),
}


def predictions(
    method: str, seed: int, *, dataset: str = "synthetic", samples: int = 400
) -> PredictionSet:
    """Random predictions of one cell, right four times in five; all share the test part."""
    part = np.random.default_rng(7)
    labels = part.integers(0, 7, samples)
    gender = part.integers(-1, 2, samples)
    tone = part.choice(3, samples, p=[0.77, 0.15, 0.08])
    run = np.random.default_rng([seed, *method.encode()])
    wrong = run.random(samples) < 0.2
    return PredictionSet(
        dataset=dataset,
        method=method,
        variant="",
        seed=str(seed),
        select="last",
        cell=f"{dataset}-{method}-{seed}",
        classes=EMOTIONS,
        levels=LEVELS,
        intersections=(("gender", "tone"),),
        labels=labels,
        predicted=np.where(wrong, run.integers(0, 7, samples), labels),
        attributes=np.stack([gender, tone], axis=1),
    )


def cell(
    dataset: str, method: str, seed: int, status: str = "done", reason: str = ""
) -> tuple[str | bool, ...]:
    """A row of the cells frame."""
    _, train_groups, test_groups, _ = CARDS[method]
    place = (dataset, method, "", str(seed))
    return (*place, train_groups, test_groups, status, reason, f"{dataset}-{method}-{seed}")


def study(
    metrics: pd.DataFrame,
    cells: list[tuple[str | bool, ...]],
    *,
    titles: dict[str, str] | None = None,
    folds: dict[str, int] | None = None,
    select: str = "last",
    levels: dict[str, tuple[str, ...]] | None = None,
) -> StudyFrames:
    """Frames around given metric rows and cells."""
    names = {key: card[0] for key, card in CARDS.items()} | (titles or {})
    methods = [
        (key, names[key], "family", "source", key == "au_positive_matching", rec, 1.0)
        for key, (*_, rec) in CARDS.items()
    ]
    keys = dict.fromkeys(row[0] for row in cells)
    datasets = [
        (
            key,
            key.capitalize() + " faces",
            EMOTIONS,
            levels or LEVELS,
            (("gender", "tone"),),
            (folds or {}).get(key, 1),
        )
        for key in keys
    ]
    if levels is not None:
        datasets = [(*row[:4], (), row[5]) for row in datasets]
    return StudyFrames(
        metrics=metrics,
        cells=pd.DataFrame(cells, columns=list(CELL_COLUMNS)),
        methods=pd.DataFrame(methods, columns=list(METHOD_COLUMNS)),
        datasets=pd.DataFrame(datasets, columns=list(DATASET_COLUMNS)),
        preset="default",
        select=select,
    )


def full_study(convention: Convention = STRICT) -> StudyFrames:
    """Seven methods with five seeds, of which some failed; and three on folds, one impossible."""
    frames, cells = [], []
    for method in CARDS:
        for seed in range(5):
            if method == "focal" and seed == 3:
                cells.append(cell("synthetic", method, seed, "failed", "loss is NaN\nTraceback"))
            elif method == "gradient_reversal":
                cells.append(cell("synthetic", method, seed, "failed", "out of memory"))
            else:
                frames.append(measure(predictions(method, seed), convention))
                cells.append(cell("synthetic", method, seed))
    folds = [predictions("ce", seed, dataset="london", samples=80) for seed in range(5)]
    frames.append(measure(pooled(folds, "0-4"), convention))
    cells += [cell("london", "ce", seed) for seed in range(5)]
    cells += [cell("london", "focal", s, "done" if s < 3 else "pending") for s in range(5)]
    reason = "data set has no action units"
    cells += [cell("london", "au_positive_matching", s, "not_applicable", reason) for s in range(5)]
    return study(pd.concat(frames, ignore_index=True), cells, folds={"london": 5})


def rows(values: dict[tuple[str, str], float], **place: str) -> pd.DataFrame:
    """Metric rows by hand: (method, seed) to value, at one place of one metric."""
    base = {
        "dataset": "synthetic",
        "variant": "",
        "select": "last",
        "attribute": "all",
        "group": "all",
    }
    base |= {
        "emotion": "all",
        "metric": "acc",
        "reason": "",
        "worst_group": "",
        "best_group": "",
        "cell": "c",
    }
    table = [
        {**base, **place, "method": method, "seed": seed, "value": value, "n": 100, "n_unknown": 0}
        for (method, seed), value in values.items()
    ]
    return pd.DataFrame(table)[list(METRIC_COLUMNS)]
