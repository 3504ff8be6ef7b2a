"""AU positive matching: samples of one class are pulled together where their action units agree.

An annotator's bias puts faces with different muscle movements under one label. Of the positive
pairs of a batch those with similar action units therefore get more weight:

    loss = CE + lambda L_pm
    L_pm = -(1/N) sum_i sum_{p in P_i} cos(A_i, A_p) cos(h_i, h_p)

with P_i the other samples of the batch in the class of i, A the projected action units and h the
projected features (`shared/au_matching.py`). The classifier reads the features, not h. It needs
action units in training, no groups, and nothing but the picture at test; prediction as in `ce`.

Where we differ. A face without measured action units is left out of L_pm and keeps its CE term (the
paper drops the picture). The paper's twelve units are used as far as the data set measures them.
Everything else is as published, flaws included: L_pm is not divided by the number of positives, so
its weight grows with batch size and class frequency, and since nothing repels, constant A and h
minimise it (`history.csv` tells how near a run is). `au_positive_matching_repaired` differs in
`reduce` and `au_weighting`. With strength 0 the term is skipped: the run is `ce`, bit for bit.

Two settings are controls. `units = shuffled` gives every measured face the vector of another one,
fixed for the run (`shared/shuffled_units.py`); `au_weighting = none` leaves the units out.
"""

from datasets.spec import Batch
from methods.base import Losses, Step, method
from methods.ops import cross_entropy
from methods.shared.au_matching_base import AuMatchingMethod


@method(
    "AU positive matching",
    family="contrastive",
    source="Suresh and Ong 2023 (S2, arXiv 2303.04896), Eq. 2 and 3",
    needs=("action_units",),
)
class AuPositiveMatching(AuMatchingMethod):
    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        return {"ce": ce, "positive_matching": self.matching(features, batch)}
