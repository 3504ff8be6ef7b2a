"""Squared penalties on the logits, and the schedules by which they enter a loss.

What `spectral_decoupling` and the methods that build on it share; formulas are in its card.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from datasets.settings import setting
from datasets.spec import DatasetSpec
from methods.ops import at_least_single, masked_mean

SCHEDULES = ("constant", "author_switch", "switch_rescaled", "target")
#: lambda of each schedule: DomainBed hparams_registry.py; Gradient_Starvation Figure_4_and_table_1
#: (cmnist.py, also S2 Sec. IV-D.2); as before; Gradient_Starvation table_2.sh
PUBLISHED_LAMBDA = {
    "constant": 0.1,
    "author_switch": 2e-5,
    "switch_rescaled": 2e-5,
    "target": 0.1,
}


def logit_penalty(logits: Tensor, labels: Tensor, *, true_class: bool = False) -> Tensor:
    """Mean squared logit of (B, K) logits, or mean squared logit of the true class.

    Source: DomainBed algorithms.py (all); vb-mitigator spectral_decouple.py (true class).
    """
    logits = at_least_single(logits)
    if true_class:
        return logits.gather(1, labels[:, None]).square().mean()
    return logits.square().mean()


def target_penalty(logits: Tensor, labels: Tensor, targets: tuple[float, ...]) -> Tensor:
    """Sum over the two classes of the mean squared distance of l_1 - l_0 to the class's target.

    A class without samples adds 0.

    Source: Pezeshki et al. 2021, Gradient_Starvation Table_2/loss.py, mode spw3.
    """
    logits = at_least_single(logits)
    odds = logits[:, 1] - logits[:, 0]
    means = [
        masked_mean((odds - target).square(), labels == label)
        for label, target in enumerate(targets)
    ]
    return means[0] + means[1]


@dataclass(frozen=True)
class ScheduleSettings:
    """Settings of the schedule; lambda is the method's own."""

    schedule: str = setting(
        "switch_rescaled",
        doc="how the penalty enters the loss (methods.md 14)",
        choices=SCHEDULES,
        search=("constant", "switch_rescaled"),
    )
    switch: float = setting(
        0.4,
        doc="share of the steps before the switch (epoch 12 of 30: S2 IV-D.2)",
        low=0.0,
        high=1.0,
    )
    logits: str = setting(
        "all",
        doc="logits that are penalised (DomainBed: all; vb-mitigator: true_class)",
        choices=("all", "true_class"),
    )
    target_low: float = setting(
        0.44, doc="gamma of class 0, schedule target (Gradient_Starvation table_2.sh)"
    )
    target_high: float = setting(
        2.5, doc="gamma of class 1, schedule target (Gradient_Starvation table_2.sh)"
    )


def schedule_skip_reason(spec: DatasetSpec, schedule: str) -> str | None:
    """Why the schedule cannot be used on this data set, or None."""
    if schedule == "target" and spec.num_classes != 2:
        return "schedule=target is defined for two classes"
    return None


@dataclass(frozen=True)
class ScheduledPenalty:
    """A penalty and the weights that cross entropy and penalty have over training.

    Attributes:
        schedule: one of `SCHEDULES`.
        given: lambda, or None for the schedule's published value.
        switch: share of the steps before the switch.
        true_class: penalise the logit of the true class only.
        targets: gamma of the two classes, schedule `target`.
    """

    schedule: str
    given: float | None
    switch: float
    true_class: bool
    targets: tuple[float, float]

    @property
    def strength(self) -> float:
        """Value of lambda for the chosen schedule."""
        return self.given if self.given is not None else PUBLISHED_LAMBDA[self.schedule]

    def weights(self, progress: float) -> tuple[float, float]:
        """Weights of cross entropy and penalty when the share `progress` of the steps is done."""
        switched = progress >= self.switch
        match self.schedule:
            case "author_switch" if switched:
                return self.strength, self.strength
            case "switch_rescaled" if switched:
                return 1.0, 1.0
            case _:
                return 1.0, self.strength

    def of(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The penalty, not yet weighted, of (B, K) logits."""
        if self.schedule == "target":
            return target_penalty(logits, labels, self.targets)
        return logit_penalty(logits, labels, true_class=self.true_class)


def scheduled_penalty(settings: ScheduleSettings, strength: float | None) -> ScheduledPenalty:
    """The penalty and its schedule under the settings; `strength` None is the published value."""
    return ScheduledPenalty(
        settings.schedule,
        strength,
        settings.switch,
        settings.logits == "true_class",
        (settings.target_low, settings.target_high),
    )
