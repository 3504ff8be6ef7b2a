"""Group DRO: minimise the loss of the stratum that is worst off, through weights q that follow it.

A stratum is a class within a group (`strata = stratum`) or a group (`strata = group`); n_g is its
size in training. Every step the weights of strata with high loss grow:

    L_g = mean of CE over the samples of stratum g in the batch, 0 where there are none
    q_g <- q_g exp(eta (L_g + C / sqrt(n_g))) / sum_h q_h exp(eta (L_h + C / sqrt(n_h)))
    loss = sum_g q_g L_g          with the updated q, which has no gradient

q starts at 1 / G' for the G' strata that training has; the others keep 0. The margin C / sqrt(n_g)
makes up for small strata generalising worse. Batches are drawn with equal shares of the strata
(`balanced_sampling`, as the authors run it): otherwise a rare stratum is met too seldom for its q
to follow. It needs groups in training; prediction as in `ce`.

A sample of unknown group is in no stratum and does not enter the loss, nor is it drawn under
balanced sampling (a study with `unknown_groups = own_group` gives such samples strata of their
own). Without strong regularisation every training loss vanishes and the method becomes `ce`, hence
the setting `weight_decay`.

Where we differ. The authors add the margin only where it is positive for every stratum; C is one
number here, so that is the same. q is kept as a logarithm, so that no weight can round to 0 for
good. They select by the worst stratum of the validation part; the suite's nearest rule, `best_wga`,
takes the worst group over all its classes. With many strata and small batches most are absent from
a batch: use `strata = group` there.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Losses,
    MakeBackbone,
    Method,
    MethodError,
    ParameterSet,
    Stage,
    Step,
    Update,
    method,
)
from methods.ops import cross_entropies
from methods.shared.sampling import draw_rows
from methods.shared.strata import means_by_code, stratum_codes


@method(
    "Group DRO",
    family="robust",
    source="Sagawa et al. 2020, Algorithm 1; kohpangwei/group_DRO",
    needs=("train_groups",),
)
class GroupDRO(Method):
    @dataclass(frozen=True)
    class Settings:
        eta: float = setting(
            0.01, doc="step size of q (Sagawa et al. 2020)", search=(0.001, 0.01, 0.1), low=0.0
        )
        margin: float = setting(
            0.0, doc="C, of the term C / sqrt(n_g) (0 to 3)", search=(0.0, 1.0, 2.0, 3.0), low=0.0
        )
        strata: str = setting(
            "stratum",
            doc="a class within a group (the paper), or a group",
            choices=("stratum", "group"),
            search=("stratum", "group"),
        )
        balanced_sampling: bool = setting(
            True, doc="draw every stratum with the same probability (reweight_groups)"
        )
        weight_decay: float | None = setting(
            None,
            doc="weight decay of trunk and head; none: the protocol's",
            search=(1e-4, 1e-2, 1e-1),
            low=0.0,
        )

    counts: Tensor
    log_shares: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        table = torch.tensor(self.task.stratum_counts, dtype=torch.get_default_dtype())
        counts = table.sum(dim=0) if self.settings.strata == "group" else table.flatten()
        if not bool((counts > 0).any()):
            raise MethodError("group_dro has no training sample of known group.")
        self.register_buffer("counts", counts, persistent=False)
        self.register_buffer("log_shares", (counts > 0).to(counts.dtype).log().log_softmax(0))

    def parameter_sets(self) -> tuple[ParameterSet, ...]:
        sets = super().parameter_sets()
        return tuple(replace(chosen, weight_decay=self.settings.weight_decay) for chosen in sets)

    def stages(self) -> tuple[Stage, ...]:
        update = Update(self.loss, self.parameter_sets())
        sampling = self.balanced_rows if self.settings.balanced_sampling else None
        return (Stage("train", (update,), sampling=sampling),)

    def codes(self, batch: Batch) -> Tensor:
        """(B,) codes of the strata of this setting, -1 unknown."""
        if self.settings.strata == "group":
            return batch.groups
        return stratum_codes(batch.labels, batch.groups, self.task.num_groups)

    def loss(self, batch: Batch, step: Step) -> Losses:
        losses = cross_entropies(self.logits(batch.images), batch.labels)
        means, _ = means_by_code(losses, self.codes(batch), len(self.counts))
        return {"weighted_strata": (self._updated_shares(means.detach()) * means).sum()}

    def _updated_shares(self, means: Tensor) -> Tensor:
        """Weights q after their step on the (G',) losses of the strata."""
        margins = self.settings.margin / self.counts.clamp(min=1).sqrt()
        raised = self.log_shares + self.settings.eta * (means + margins)
        log_shares: Tensor = raised.log_softmax(dim=0)
        self.log_shares.copy_(log_shares)
        return log_shares.exp()

    def balanced_rows(self, training: Batch, epoch: int, generator: torch.Generator) -> Tensor:
        """Rows of an epoch, every stratum with the same probability."""
        codes = self.codes(training)
        weights = 1 / self.counts.to(codes.device).clamp(min=1)[codes.clamp(min=0)]
        return draw_rows(torch.where(codes >= 0, weights, torch.zeros_like(weights)), generator)
