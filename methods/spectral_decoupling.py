"""Spectral decoupling: an L2 penalty on the logits instead of on the weights.

Gradient starvation is the habit of cross entropy to stop learning a feature once another one
explains the batch. A penalty on the logits bounds how far the first feature is driven, so that the
others go on being learnt. No group labels are used; prediction as in `ce`.

    SD = mean over i and k of l_ik^2            (`logits = all`)
    SD = mean over i of l_iy^2                  (`logits = true_class`)

    constant          CE + lambda SD
    author_switch     CE + lambda SD, from the switch on lambda (CE + SD)
    switch_rescaled   CE + lambda SD, from the switch on CE + SD
    target            CE + lambda sum_y mean over {i: y_i = y} of (l_i - gamma_y)^2

Where we differ. The paper's lambda / 2 |l|^2 is a sum over the classes; the mean (DomainBed) does
not grow with K. The authors' code multiplies the whole loss by lambda after the switch, which Adam
hardly notices and which stops SGD: `author_switch` is a labelled reproduction only, and
`switch_rescaled` (the same direction at full length) is the default for every optimiser. The switch
is a share of the steps, not a step count: S2 switches in epoch 12 of 30. `target` is defined for a
single logit; with two classes that logit is l_1 - l_0.
"""

from dataclasses import dataclass
from typing import Any

from datasets.settings import setting
from datasets.spec import Batch, DatasetSpec
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropy
from methods.shared.logit_penalty import (
    ScheduledPenalty,
    ScheduleSettings,
    schedule_skip_reason,
    scheduled_penalty,
)


@method(
    "Spectral decoupling",
    family="penalty",
    source="Pezeshki et al. 2021, Eq. 12; schedules: methods.md 2.4",
    aliases=("sd",),
)
class SpectralDecoupling(Method):
    @dataclass(frozen=True)
    class Settings(ScheduleSettings):
        strength: float | None = setting(
            None,
            doc="lambda; none takes the schedule's published value: 0.1 constant, 2e-5 for both "
            "switches, 0.1 target (search 10^U(-5,-1): DomainBed)",
            search=(1e-5, 1e-4, 1e-3, 1e-2, 1e-1),
            low=0.0,
        )

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        return schedule_skip_reason(spec, settings.schedule)

    @property
    def penalty(self) -> ScheduledPenalty:
        """The penalty and its schedule under the method's settings."""
        return scheduled_penalty(self.settings, self.settings.strength)

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        ce = cross_entropy(logits, batch.labels)
        ce_weight, penalty_weight = self.penalty.weights(step.progress)
        if penalty_weight == 0 and ce_weight == 1:
            return {"ce": ce}
        penalty = self.penalty.of(logits, batch.labels)
        return {"ce": ce_weight * ce, "spectral_decoupling": penalty_weight * penalty}
