"""AU positive matching, repaired: the published idea without its two flaws.

    loss = CE + lambda L_pm
    L_pm = -(1/N) sum_i 1/max(|P_i|, 1) sum_{p in P_i} cos(A_i, A_p) cos(h_i, h_p)

with P_i the other samples of the batch in the class of i, A the projected action units and h the
projected features (`shared/au_matching.py`). It needs action units in training, no groups, and
nothing but the picture at test; prediction as in `ce`.

Where we differ. Published, the inner sum is not divided by the number of positives, so that the
term outweighs CE, grows with the batch and counts frequent classes more; here it is a mean
(`reduce = mean`). Published, the projector of the action units is trained to make all weights
equal, which lowers the loss and takes the action units out of it; here it keeps its random values
(`au_weighting = detached`). Neither makes anything repel: a constant h still minimises the term.
Everything else, the controls among it, is as in `au_positive_matching`. With strength 0 the term is
skipped: the run is `ce`, bit for bit.
"""

from dataclasses import dataclass

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, Step, method
from methods.ops import cross_entropy
from methods.shared.au_matching import REDUCTIONS, WEIGHTINGS
from methods.shared.au_matching_base import AuMatchingMethod, MatchingSettings


@method(
    "AU positive matching, repaired",
    family="contrastive",
    source="after Suresh and Ong 2023 (S2, arXiv 2303.04896), Eq. 2 and 3; methods.md 7.1",
    needs=("action_units",),
)
class AuPositiveMatchingRepaired(AuMatchingMethod):
    @dataclass(frozen=True)
    class Settings(MatchingSettings):
        reduce: str = setting(
            "mean",
            doc="mean over an anchor's positives, or their sum (S2 Eq. 2)",
            choices=REDUCTIONS,
        )
        au_weighting: str = setting(
            "detached",
            doc="weight of a pair: detached, learned (S2), raw_cosine, fixed_projection or none",
            choices=WEIGHTINGS,
            search=("detached", "raw_cosine", "fixed_projection"),
        )

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        return {"ce": ce, "positive_matching": self.matching(features, batch)}
