"""FSCL+: fair supervised contrastive learning in which every stratum counts alike.

`fscl` pulls every anchor towards all faces of its class, most of which belong to the frequent
groups. Here positives and anchors are weighted against the size of their stratum (class and group)
in the batch, n(j) being the number of other embeddings in the stratum of j:

    l_i = -(T/T_b) c/(n(i) + 1) sum_{j in P(i)} 1/n(j) [r_ij - log sum_{k in Q(i)} exp(r_ik)]
    c = 2N / (number of strata in the batch)

with r, P, Q, T_b and the two stages as in `fscl`. It needs groups in training and two views;
prediction as in `ce`, from the features before the projection head.

Where we differ. The reference's c is 2N/8 and tied to two binary attributes; ours gives weight 1 to
every anchor when strata are equally large, for any number of them (with two binary attributes it is
twice the reference's). Embeddings of unknown group are not normalised: they count as in `fscl`. The
papers' learning rates are reached as there (`optimiser = paper` or the protocol). All else is said
there.
"""

from datasets.spec import Batch
from methods.base import Losses, Step, method
from methods.shared.contrastive_pretraining import ContrastivePretraining
from methods.shared.fair_contrastive import BASE_TEMPERATURE, normalised_losses


@method(
    "FSCL+",
    family="contrastive",
    source="Park et al. 2022, Eq. 5; sungho-CoolG/FSCL losses.py",
    needs=("train_groups", "two_views"),
    cost=2.2,
)
class FsclPlus(ContrastivePretraining):
    def contrastive(self, batch: Batch, step: Step) -> Losses:
        """The contrastive term of both views."""
        labels, groups = batch.labels.repeat(2), batch.groups.repeat(2)
        losses = normalised_losses(self.view_similarities(batch), labels, groups)
        return {"fscl_plus": self.settings.temperature / BASE_TEMPERATURE * losses.mean()}
