"""Subsampling: the larger groups are cut down to the smallest, anew in every epoch.

    kept_ys = min(n_ys, max(m, floor))

    within_class   m = min_r n_yr over the non-empty groups of class y   (default)
    stratum        m = min_zr n_zr over all non-empty strata

and plain cross entropy on what is kept. It needs groups in training, none at test; prediction as in
`ce`.

Where we differ. The literature cuts to the smallest stratum; with 42 of them on RAF-DB a handful of
faces would be left, so that the default makes groups equal inside each class and keeps the classes'
own sizes apart. Of the samples of unknown group in a class the share is kept that is kept of the
known ones. Epochs are shorter, but the budget of pictures seen is that of every method, so that
training is no cheaper and repeats more. Groups are those of all grouped attributes together, never
of one apart. On balanced data the run is `ce`, bit for bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Stage, Step, Update, method
from methods.ops import cross_entropy
from methods.shared.sampling import kept_rows
from methods.shared.weighting import class_table, stratum_table


def stratum_quotas(counts: Tensor, axis: str, floor: int = 0) -> Tensor:
    """(K, G) samples to keep of (K, G) counts; see the module for `axis` and `floor`."""
    filled = torch.where(counts > 0, counts, torch.full_like(counts, torch.inf))
    least = filled.amin(dim=1, keepdim=True) if axis == "within_class" else filled.amin()
    return torch.minimum(counts, least.clamp(min=floor))


def unknown_quotas(counts: Tensor, quotas: Tensor, unknown: Tensor) -> Tensor:
    """(K,) samples of unknown group to keep, of (K,) in all: the share kept of the known ones.

    All, where a class has no sample of known group.
    """
    known = counts.sum(dim=1)
    share = quotas.sum(dim=1) / known.clamp(min=1)
    return (unknown * torch.where(known > 0, share, torch.ones_like(share))).round()


@method(
    "Subsampling",
    family="sampling",
    source="Idrissi et al. 2022 (SUBG); Sagawa et al. 2020b",
    needs=("train_groups",),
)
class Subsample(Method):
    @dataclass(frozen=True)
    class Settings:
        axis: str = setting(
            "within_class",
            doc="cut groups to the smallest of their class, or all strata to the smallest of all",
            choices=("within_class", "stratum"),
            search=("within_class", "stratum"),
        )
        floor: int = setting(
            0, doc="samples kept of a stratum at least, as far as it has them", low=0
        )

    quotas: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        counts = stratum_table(self.task.stratum_counts)
        quotas = stratum_quotas(counts, self.settings.axis, self.settings.floor)
        unknown = class_table(self.task.class_counts) - counts.sum(dim=1)
        last = unknown_quotas(counts, quotas, unknown)
        self.register_buffer(
            "quotas", torch.cat([quotas, last[:, None]], dim=1).long(), persistent=False
        )

    def stages(self) -> tuple[Stage, ...]:
        update = Update(self.loss, self.parameter_sets())
        return (Stage("train", (update,), sampling=self.draw),)

    def draw(self, training: Batch, epoch: int, generator: torch.Generator) -> Tensor:
        """Rows of one epoch, every one at most once."""
        columns = self.task.num_groups + 1
        # The remainder sends the code -1 to the last column.
        strata = training.labels * columns + training.groups.remainder(columns)
        return kept_rows(strata, self.quotas.flatten(), generator)

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}
