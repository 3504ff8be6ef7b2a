"""A linear classifier on frozen features: the last stage of methods that learn features first.

It trains on features that are computed once for every picture, so that its rows are nearly free: it
gets enough of them to converge, at the rate and batch of FSCL's classifier and, as there, without
weight decay (sungho-CoolG/FSCL, main_classifier.py: SGD 0.1, 256 rows).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import Losses, Optimiser, ParameterSet, Stage, Step, Update
from methods.ops import cross_entropy

#: learning-rate factor: 0.1 under the preset `default`
RATE = 50.0
#: rows over the protocol's budget of pictures
SHARE = 20.0
#: batch over the protocol's: 256 rows by default
BATCH_FACTOR = 8


def probe_stage(
    head: nn.Module,
    features: Callable[[Tensor], Tensor],
    frozen: tuple[nn.Module, ...],
    *,
    name: str = "probe",
    rate: float = RATE,
    share: float = SHARE,
    batch_factor: int = BATCH_FACTOR,
    optimiser: Optimiser | None = None,
) -> Stage:
    """The stage that trains `head` with cross entropy on `features` of the pictures.

    Args:
        head: linear classifier.
        features: pictures to (B, d) features of frozen networks.
        frozen: those networks.
        name: of the stage.
        rate: learning-rate factor.
        share: rows over the protocol's budget.
        batch_factor: batch over the protocol's.
        optimiser: replaces the protocol's, with its own rate.
    """

    def loss(batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(head(batch.features), batch.labels)}

    factor = rate if optimiser is None else 1.0
    trained = ParameterSet(tuple(head.parameters()), rate_factor=factor, weight_decay=0.0)
    return Stage(
        name,
        (Update(loss, (trained,), optimiser),),
        share=share,
        batch_factor=batch_factor,
        frozen=frozen,
        on_features=features,
    )
