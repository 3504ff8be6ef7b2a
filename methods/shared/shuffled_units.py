"""A control for methods that read action units: the same vectors, dealt out to other faces.

Every training sample that was measured is given the vector of another one, by a permutation that
stays the same for the whole run. The vectors keep their statistics and the same samples stay
masked, but a vector no longer says anything about its face. What a method gains over this control
it owes to the action units.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from datasets.spec import Batch
from methods.base import MethodCard

#: allowed values of a `units` setting that has no further ones
UNITS = ("measured", "shuffled")


def with_sample_index(card: MethodCard) -> MethodCard:
    """The card of a method that looks the dealt-out vectors up."""
    return replace(card, needs=card.needs | {"sample_index"})


def deal_out(units: Tensor, known: Tensor, generator: torch.Generator) -> Tensor:
    """(n, M) vectors permuted among the rows where the (n,) mask holds; other rows stay."""
    order = torch.randperm(len(units), generator=generator, device=generator.device)
    order = order.to(units.device)
    # The measured rows in random order take the places of the measured rows in their own order.
    donors = order[known[order]]
    dealt = units.clone()
    dealt[known] = units[donors]
    return dealt


class ShuffledUnits(nn.Module):
    """Holds the dealt-out vectors and puts them into batches; leaves batches alone before `deal`.

    The vectors are not stored with the model: they belong to the training samples of one run.
    """

    dealt: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("dealt", torch.empty(0, 0), persistent=False)

    def deal(self, training: Batch, generator: torch.Generator) -> None:
        """Draws the permutation; `Stage.prepare` of a method that shuffles."""
        self.dealt = deal_out(training.action_units, training.action_units_known, generator)

    def forward(self, batch: Batch) -> Batch:
        """The batch with dealt-out action units, looked up by `batch.index`."""
        fields = {**vars(batch), "action_units": self.dealt[batch.index]}
        return Batch(**fields)
