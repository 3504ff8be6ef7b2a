"""Strategic sampling: groups are drawn equally often, so that the data has nothing to learn from.

Training draws n samples an epoch with replacement, with the probability of stratum (y, s) per
sample in proportion to

    within_class   n_y / (G_y n_ys)   groups equal in every class, class shares kept   (default)
    stratum        1 / n_ys           classes and groups uniform
    group          1 / n_s            groups equal

over the G_y non-empty groups of class y, and uses plain cross entropy. `duplicate` copies instead:
every sample of stratum (y, s) comes floor(max_r n_yr / n_ys) times in an epoch, which grows by
that. It needs groups in training, none at test; prediction as in `ce`.

Where we differ. Wang et al. have two domains and copy (`duplicate`, generalised here to G groups;
95 against 5 gives 18 additional copies as in their code); drawing balances exactly and leaves the
epoch as long as it was. Samples of unknown group keep their natural share, 1/n each. `cap` bounds
how often a sample is expected in an epoch: ten pictures drawn hundreds of times are memorised.
Balance over action-unit codes belongs to `auc_fer`, which has its own option. Groups are those of
all grouped attributes together, never of one apart.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Stage, Step, Update, method
from methods.ops import cross_entropy
from methods.shared.sampling import copied_rows, draw_rows
from methods.shared.weighting import MODES, capped, stratum_table, stratum_weights, with_unknown


def drawing_weights(counts: Tensor, mode: str, cap: float | None) -> Tensor:
    """(K, G) expected appearances of a sample in an epoch of n draws, of (K, G) counts.

    Args:
        counts: training counts of the strata.
        mode: one of `methods.shared.weighting.MODES`.
        cap: largest value; under `within_class` the class shares are kept.
    """
    weights = stratum_weights(counts, mode)
    if cap is None:
        return weights
    if mode == "within_class":
        return capped(weights, counts, cap)
    return capped(weights.view(1, -1), counts.view(1, -1), cap).view_as(counts)


def copying_times(counts: Tensor, cap: float | None) -> Tensor:
    """(K, G) whole numbers floor(max_r n_yr / n_ys), at most `cap`, of (K, G) counts."""
    times = (counts.amax(dim=1, keepdim=True) / counts.clamp(min=1)).floor()
    return times if cap is None else times.clamp(max=int(cap))


@method(
    "Strategic sampling",
    family="sampling",
    source="Wang et al. 2020, Sec. 4.1; DomainBiasMitigation preprocess_data.py (duplicate)",
    needs=("train_groups",),
)
class StrategicSampling(Method):
    @dataclass(frozen=True)
    class Settings:
        mode: str = setting(
            "within_class",
            doc="what is drawn equally often; duplicate copies (Wang et al. 2020) instead",
            choices=("within_class", "stratum", "group", "duplicate"),
            search=("within_class", "stratum", "group"),
        )
        cap: float | None = setting(
            None,
            doc="largest expected number of appearances of a sample in an epoch; none: no bound",
            search=(None, 10.0, 50.0),
            low=1.0,
        )

    times: Tensor

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        counts, settings = stratum_table(self.task.stratum_counts), self.settings
        if settings.mode in MODES:
            times = drawing_weights(counts, settings.mode, settings.cap)
        else:
            times = copying_times(counts, settings.cap)
        times = with_unknown(times).to(torch.get_default_dtype())
        self.register_buffer("times", times, persistent=False)

    def stages(self) -> tuple[Stage, ...]:
        update = Update(self.loss, self.parameter_sets())
        return (Stage("train", (update,), sampling=self.draw),)

    def draw(self, training: Batch, epoch: int, generator: torch.Generator) -> Tensor:
        """Rows of one epoch: n of them, or more under `duplicate`."""
        times = self.times[training.labels, training.groups]
        if self.settings.mode in MODES:
            return draw_rows(times, generator)
        return copied_rows(times.long(), generator)

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}
