"""What an oracle is given: a batch as arrays, the networks as functions, the random draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Draws(Protocol):
    """The numbers that the method draws from `step.generator`, in the same order."""

    def normal(self, *shape: int) -> Array: ...

    def uniform(self, *shape: int) -> Array: ...

    def integers(self, high: int, *shape: int) -> Array: ...

    def permutation(self, count: int) -> Array: ...

    def multinomial(self, weights: Array, count: int, *, replace: bool) -> Array: ...


@dataclass(frozen=True)
class Given:
    """One update of one stage on one batch.

    Attributes:
        stage: name of the stage.
        update: position of the update within the stage.
        settings: the method's settings, defaults included.
        num_classes, group_sizes, class_counts: as `methods.base.Task`.
        counts: (K, G) training counts, None where groups are not declared.
        batch: the fields that the method is handed, as arrays; pictures too.
        training: the declared fields of all training samples, as `Stage.prepare` is handed them.
        state: parameters and buffers of the method by dotted name, before the update.
        run: `run("trunk", images)` is the output of a network of the method, in the mode of the
            stage; a list where the network returns one.
        index, total: place of the step within the stage.
        draws: random numbers.
    """

    stage: str
    update: int
    settings: Mapping[str, Any]
    num_classes: int
    group_sizes: tuple[int, ...]
    counts: Array | None
    class_counts: Array
    batch: Mapping[str, Array]
    training: Mapping[str, Array]
    state: Mapping[str, Array]
    run: Callable[..., Any]
    index: int
    total: int
    draws: Draws

    def features(self) -> Array:
        """(B, d) trunk outputs of the pictures."""
        features: Array = self.run("trunk", self.batch["images"])
        return features

    def logits(self) -> Array:
        """(B, outputs) head outputs of the pictures."""
        logits: Array = self.run("head", self.features())
        return logits


def log_softmax(logits: Array) -> Array:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def cross_entropies(logits: Array, labels: Array) -> Array:
    """(B,) cross entropies."""
    return -log_softmax(logits)[np.arange(len(labels)), labels]


def unit_rows(vectors: Array) -> Array:
    """Rows divided by their length; rows shorter than 1e-8 by that."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-8)
