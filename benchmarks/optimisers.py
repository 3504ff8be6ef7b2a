"""One update of a stage: terms, gradients, clipping, optimiser and its schedule."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR, LRScheduler, OneCycleLR

from benchmarks.protocol import Protocol
from datasets.spec import Batch
from methods.base import Gradients, Losses, Optimiser, Step, Update

_MAKERS: dict[str, Callable[[list[dict[str, object]], Optimiser], torch.optim.Optimizer]] = {
    "sgd": lambda sets, o: torch.optim.SGD(sets, lr=o.learning_rate, momentum=o.momentum),
    "adam": lambda sets, o: torch.optim.Adam(sets, lr=o.learning_rate, betas=o.betas),
    "adamw": lambda sets, o: torch.optim.AdamW(sets, lr=o.learning_rate, betas=o.betas),
}


class OptimiserStep:
    """Applies one `Update` of a method batch by batch.

    Args:
        update: what the method declares.
        protocol: optimiser, schedule, clipping and precision of the study.
        total: steps of the stage.
    """

    def __init__(self, update: Update, protocol: Protocol, total: int) -> None:
        self.update = update
        self.protocol = protocol
        self.parameters = [p for chosen in update.parameters for p in chosen.parameters]
        self.optimiser = _make_optimiser(update, protocol)
        self.schedule = _make_schedule(self.optimiser, protocol, total)
        #: steps in which a term reached the parameters
        self.effective = 0

    def apply(self, batch: Batch, step: Step) -> Losses:
        """Computes the terms, steps the parameters and returns the terms."""
        if self.update.restart is not None and step.index == round(
            self.update.restart * step.total
        ):
            self.optimiser.state.clear()
        with self.protocol.autocast(self.parameters[0].device):
            losses = self.update.terms(batch, step)
        self._set_gradients(losses)
        if self.protocol.clip_norm:
            for chosen in self.update.parameters:
                nn.utils.clip_grad_norm_(chosen.parameters, self.protocol.clip_norm)
        self.optimiser.step()
        self.schedule.step()
        return losses

    def _set_gradients(self, losses: Losses) -> None:
        # Not through .grad of the whole method: another update's parameters must stay untouched.
        if self.update.combine_gradients is None:
            total = torch.stack(list(losses.values())).sum()
            gradients: Gradients = self._gradients_of(total, keep_graph=False)
        else:
            last = len(losses) - 1
            per_term = {
                name: self._gradients_of(term, keep_graph=i < last)
                for i, (name, term) in enumerate(losses.items())
            }
            gradients = self.update.combine_gradients(per_term)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            # A copy: gradients may share memory (those of a + b are one tensor), and clipping
            # scales them in place.
            parameter.grad = None if gradient is None else gradient.clone()
        self.effective += any(gradient is not None for gradient in gradients)

    def _gradients_of(self, term: Tensor, *, keep_graph: bool) -> Gradients:
        if not term.requires_grad:
            return [None] * len(self.parameters)
        return list(
            torch.autograd.grad(term, self.parameters, retain_graph=keep_graph, allow_unused=True)
        )


def _make_optimiser(update: Update, protocol: Protocol) -> torch.optim.Optimizer:
    chosen = update.optimiser or protocol.make_optimiser()
    sets: list[dict[str, object]] = []
    for parameters in update.parameters:
        decay = parameters.weight_decay
        sets.append(
            {
                "params": list(parameters.parameters),
                "lr": chosen.learning_rate * parameters.rate_factor,
                "weight_decay": chosen.weight_decay if decay is None else decay,
            }
        )
    return _MAKERS[chosen.name](sets, chosen)


def _make_schedule(optimiser: torch.optim.Optimizer, protocol: Protocol, total: int) -> LRScheduler:
    if protocol.schedule == "one_cycle" and total > 2:
        peaks = [float(chosen["lr"]) for chosen in optimiser.param_groups]
        # One step more than there are: the scheduler is stepped once after the last update.
        # Momentum and betas stay as declared; by default the scheduler would cycle them too.
        return OneCycleLR(optimiser, max_lr=peaks, total_steps=total + 1, cycle_momentum=False)
    milestones = [share * total for share in protocol.milestones]
    steps = protocol.schedule == "steps"

    def factor(done: int) -> float:
        return protocol.decay ** sum(done >= m for m in milestones) if steps else 1.0

    return LambdaLR(optimiser, factor)
