"""FSCL: contrastive learning that has nothing to gain from knowing the group.

Where classes and groups go together, a contrastive loss can tell classes apart by telling groups
apart. Here an anchor is pushed away only from faces of its own group, among which the group is no
help. Of every picture there are two augmented views; with v the 2N embeddings (a projection head
d -> d -> 128 on the features, scaled to length 1), r_ij = v_i . v_j / T, P(i) the other embeddings
of the class of i and Q(i) those of another class and the same group:

    l_i = -(T/T_b) (1/|P(i)|) sum_{j in P(i)} [r_ij - log sum_{k in Q(i)} exp(r_ik)],   T_b = 0.07

A linear classifier on the frozen trunk follows. The positive is not in the denominator: the loss
can be negative. An anchor whose Q(i) is empty is only pulled (log term 0); with many small groups
that is frequent in small batches, see `batch_factor`. It needs groups in training and two views;
prediction as in `ce`, from the features before the projection head.

Where we differ. Any number of classes and groups. An embedding of unknown group is in nobody's Q
and has an empty one itself, but stays a positive. The reference subtracts the maximum of a row for
numerical reasons and leaves it in where Q(i) is empty; here such rows are handled apart. Training
starts from the study's trunk and keeps its optimiser and batch (`optimiser = paper` takes SGD with
rate 0.1; the rates 0.01 and 0.05 that the paper tries as well are set through the protocol, there
is no search of our own). The ledger counts the pictures drawn, each of which is seen in two views.
The linear classifier is trained on features of pictures that are not augmented, computed once: that
makes its many steps nearly free, and with a rate of its own it converges.
"""

from datasets.spec import Batch
from methods.base import Losses, Step, method
from methods.shared.contrastive_pretraining import ContrastivePretraining
from methods.shared.fair_contrastive import BASE_TEMPERATURE, fair_losses


@method(
    "FSCL",
    family="contrastive",
    source="Park et al. 2022, Eq. 3; sungho-CoolG/FSCL losses.py",
    needs=("train_groups", "two_views"),
    cost=2.2,
)
class Fscl(ContrastivePretraining):
    def contrastive(self, batch: Batch, step: Step) -> Losses:
        """The contrastive term of both views."""
        labels, groups = batch.labels.repeat(2), batch.groups.repeat(2)
        losses = fair_losses(self.view_similarities(batch), labels, groups)
        return {"fscl": self.settings.temperature / BASE_TEMPERATURE * losses.mean()}
