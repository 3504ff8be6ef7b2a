"""Disentangled features (reconstruction): heads that read the attributes, features that defy them.

The third approach of Xu et al. 2020: beside the class head there is one linear head g_a for each
protected attribute a, and the trunk is asked for features on which they answer uniformly
(`shared/confusion.py`). All parts move in one step, on the same forward pass:

    loss = CE + sum_a CE(g_a(sg(z)), s_a) + alpha sum_a L_conf(g_a, z)
    L_conf(g, z) = mean_i mean_j -log softmax(g(z_i))_j

sg stops the gradient at the features; L_conf passes through heads that are held fixed. It differs
from `uniform_confusion` in that both sides move together, from the same weights, and in the sum
over attributes. It needs groups in training, none at test; prediction as in `ce`.

Where we differ. The formula is remembered, not read: alpha, the sum over attributes and the single
step are ours, and its numbers are no reproduction. An attribute that is unknown for a sample leaves
that sample out of its two terms. The history holds the heads' loss, not their accuracy; for a fresh
probe of the group on the features there is `--store-features` (`counterfactuals` fits one where it
is offered). With alpha = 0 the heads are skipped: the run is `ce`, bit for bit.
"""

from dataclasses import dataclass

import torch

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, Stage, Step, Update, method
from methods.ops import cross_entropy
from methods.shared.adversaries import GROUPINGS, GroupAdversary
from methods.shared.confusion import classifier_loss, confusion_loss


@method(
    "Disentangled (Xu)",
    family="adversarial",
    source="Xu et al. 2020, third approach (from memory)",
    needs=("train_groups",),
    cost=1.05,
    reconstruction=True,
)
class XuDisentangled(Method):
    @dataclass(frozen=True)
    class Settings:
        alpha: float = setting(
            1.0,
            doc="weight of the confusion (project's choice)",
            search=(0.1, 0.3, 1.0, 3.0),
            low=0.0,
        )
        groups: str = setting(
            "per_attribute",
            doc="one head for each attribute, their terms summed, or one for all together",
            choices=GROUPINGS,
        )
        hidden: int = setting(
            0, doc="width of two hidden layers of the heads; 0: linear, as remembered", low=0
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.adversary = GroupAdversary(
            int(self.trunk.num_features),  # type: ignore[arg-type]
            self.task,
            self.settings.groups,
            hidden=self.settings.hidden,
        )

    def stages(self) -> tuple[Stage, ...]:
        core, *extras = self.parameter_sets()
        sets = (core, *extras) if self.settings.alpha > 0 else (core,)
        return (Stage("train", (Update(self.loss, sets),)),)

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if self.settings.alpha == 0:
            return {"ce": ce}
        # The shared terms are means over the heads.
        heads = len(self.adversary.classifiers)
        confusion = confusion_loss(self.adversary, features, batch)
        return {
            "ce": ce,
            "attributes": heads * classifier_loss(self.adversary, features, batch),
            "confusion": self.settings.alpha * heads * confusion,
        }
