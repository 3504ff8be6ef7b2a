"""Uniform confusion: features on which a classifier of the group can only answer "all alike".

Trunk and head are trained on the class and on the confusion of a group classifier g, which itself
is trained to tell the groups from the features z (`shared/confusion.py`):

    g:               CE(g(sg(z)), s)
    trunk and head:  CE + alpha L_conf,   L_conf = mean_i mean_j -log softmax(g(z_i))_j >= log G

Unlike a reversed gradient, L_conf has a minimum: it does not reward a g that is wrong on purpose.
`schedule = per_step` updates g and then trunk and head on every batch. `per_epoch_ratio` is the
references' way: trunk and head train in every `ratio`-th epoch (the first among them), g in the
others; the trunk then gets about one in `ratio` of the updates of a long run, and its running
statistics stand still while g trains. It needs groups in training, none at test; prediction as in
`ce`.

Where we differ. The references have a linear g (`hidden = 0`); ours is the suite's, so that the
methods of this family differ in what they ask for and not in the adversary. They let the gradients
of both losses reach g and rely on stepping it alone; here L_conf does not reach it. The AUC-FER
code has alpha 2, `adversary_rate` 10 and `balance`. Samples of unknown group take no part in either
group loss. The history holds the adversary's loss, not its accuracy; for a fresh probe of the group
on the features there is `--store-features` (`counterfactuals` fits one where it is offered). With
alpha = 0 the classifier is skipped: the run is `ce`, bit for bit.
"""

from dataclasses import dataclass

import torch

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, ParameterSet, Stage, Step, Update, method
from methods.ops import batch_statistics_only, cross_entropy
from methods.shared.adversaries import GROUPINGS, GroupAdversary
from methods.shared.confusion import classifier_loss, confusion_loss


@method(
    "Uniform confusion",
    family="adversarial",
    source="Alvi et al. 2018, Eq. 2 to 4; Wang et al. 2020 (code)",
    needs=("train_groups",),
    cost=1.35,
)
class UniformConfusion(Method):
    @dataclass(frozen=True)
    class Settings:
        alpha: float = setting(
            1.0,
            doc="weight of the confusion (Wang et al. code: 1; AUC-FER code: 2)",
            search=(0.1, 0.3, 1.0, 2.0, 10.0),
            low=0.0,
        )
        schedule: str = setting(
            "per_step",
            doc="both sides on every batch, or trunk and adversary in turn by epochs (references)",
            choices=("per_step", "per_epoch_ratio"),
        )
        ratio: int = setting(
            3, doc="per_epoch_ratio: the trunk trains in one epoch of this many (references)", low=2
        )
        groups: str = setting(
            "intersection",
            doc="one adversary for all attributes together, or the mean of one for each",
            choices=GROUPINGS,
        )
        hidden: int = setting(
            256, doc="width of the adversary's two hidden layers; 0: linear (references)", low=0
        )
        adversary_rate: float = setting(
            1.0,
            doc="learning-rate factor of the adversary (AUC-FER code: 10)",
            search=(1.0, 10.0),
            low=0.0,
        )
        balance: bool = setting(
            False, doc="weight the adversary's samples by 1 / (training count of their group)"
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.adversary = GroupAdversary(
            int(self.trunk.num_features),  # type: ignore[arg-type]
            self.task,
            self.settings.groups,
            hidden=self.settings.hidden,
            balance=self.settings.balance,
        )

    def stages(self) -> tuple[Stage, ...]:
        core, extras = self.parameter_sets()
        trunk = Update(self.loss, (core,))
        if self.settings.alpha == 0:
            return (Stage("train", (trunk,)),)
        own = ParameterSet(extras.parameters, rate_factor=self.settings.adversary_rate)
        return (Stage("train", (Update(self.adversary_loss, (own,)), trunk)),)

    def trunk_trains(self, batch: Batch, step: Step) -> bool:
        """Whether this step belongs to an epoch of trunk and head (schedule=per_epoch_ratio)."""
        steps_an_epoch = max(1, sum(self.task.class_counts) // len(batch))
        return step.index // steps_an_epoch % int(self.settings.ratio) == 0

    def adversary_loss(self, batch: Batch, step: Step) -> Losses:
        """The adversary's own term on fixed features."""
        if self.settings.schedule == "per_epoch_ratio" and self.trunk_trains(batch, step):
            return _idle("adversary_idle", batch)
        with torch.no_grad(), batch_statistics_only(self.trunk):
            features = self.features(batch.images)
        return {"adversary": classifier_loss(self.adversary, features, batch)}

    def loss(self, batch: Batch, step: Step) -> Losses:
        """The terms of trunk and head."""
        settings = self.settings
        taking_turns = settings.schedule == "per_epoch_ratio" and settings.alpha > 0
        if taking_turns and not self.trunk_trains(batch, step):
            return _idle("trunk_idle", batch)
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if settings.alpha == 0:
            return {"ce": ce}
        return {
            "ce": ce,
            "confusion": settings.alpha * confusion_loss(self.adversary, features, batch),
        }


def _idle(name: str, batch: Batch) -> Losses:
    """A term without gradient: the optimiser then leaves the parameters as they are."""
    return {name: torch.zeros((), device=batch.labels.device)}
