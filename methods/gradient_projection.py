"""Gradient projection: the predictor never takes a step that helps an adversary.

An adversary g reads what the network predicts and guesses the group, ADV = CE(g(l), s). From the
gradient g_P of CE the part along the gradient g_A of ADV is taken out, and g_A is climbed besides:

    trunk and head:  v = g_P - (<g_P, g_A> / ||g_A||^2) g_A - alpha g_A
    g:               plain descent on ADV

`scope` says whether inner product and norm are those of each weight tensor or of all predictor
parameters together; where the norm is at most 1e-5 nothing is projected. `target = dp` shows g the
prediction, `eodds` the true class too, so that independence is asked given the class. g reads the
logits l, or (`reads = scaled_softmax`) the probabilities u = softmax((1 + |c|) l) with a learned c;
with the class known also the products of every u_k with every entry of the one-hot class, as the
binary original reads u, u y and u (1 - y). It needs groups in training, none at test; prediction as
in `ce`.

Both gradients come from one forward pass and the same weights of both sides. They cost a second
backward pass. Samples of unknown group take no part in ADV. Weight decay and the optimiser's
moments are applied to v; under Adam the step that is taken is not orthogonal to g_A, only v is.

Where we differ. The references differ from each other: per tensor (Wang et al., AIF360; our
default) or over all parameters (the paper), alpha 1 or 0.1, and the predictor in every epoch (ours)
or in one of three (Wang et al.). They step the adversary before they differentiate through it. The
paper's growth of alpha with the square root of time is left out. The history holds the adversary's
loss, not its accuracy; for a fresh probe of the group on the features there is `--store-features`
(`counterfactuals` fits one where it is offered). With alpha = 0 the method still projects, so no
setting makes it `ce`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Gradients,
    Losses,
    MakeBackbone,
    Method,
    ParameterSet,
    Stage,
    Step,
    Update,
    method,
)
from methods.ops import at_least_single, class_probabilities, cross_entropy, indicator
from methods.shared.adversaries import GROUPINGS, GroupAdversary

#: norm of the adversary's gradient up to which nothing is projected (Wang et al. 2020, code)
SMALLEST_NORM = 1e-5


def project_out(
    wanted: Gradients, unwanted: Gradients, alpha: float, *, per_tensor: bool
) -> Gradients:
    """`wanted` without its part along `unwanted`, minus alpha `unwanted`.

    A tensor that one of the two does not reach keeps what is wanted.

    Source: Zhang et al. 2018, Eq. 1.
    """
    pairs = [
        (i, g, h)
        for i, (g, h) in enumerate(zip(wanted, unwanted, strict=True))
        if g is not None and h is not None
    ]
    found = list(wanted)
    if not pairs:
        return found
    products = torch.stack([(g * h).sum() for _, g, h in pairs])
    squares = torch.stack([h.square().sum() for _, _, h in pairs])
    if not per_tensor:
        products, squares = products.sum().expand(len(pairs)), squares.sum().expand(len(pairs))
    large = squares.sqrt() > SMALLEST_NORM
    shares = torch.where(large, products / torch.where(large, squares, 1.0), 0.0)
    for (position, g, h), share in zip(pairs, shares, strict=True):
        found[position] = g - (share + alpha) * h
    return found


class PredictionReader(nn.Module):
    """Turns logits, and the class where it is told, into what the adversary reads.

    Args:
        num_classes: K.
        scaled: probabilities of the logits times a learned factor of at least 1.
        told: the true class is shown.
    """

    def __init__(self, num_classes: int, *, scaled: bool, told: bool) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.told = told
        # 1 at the start, as in AIF360.
        self.slope = nn.Parameter(torch.ones(())) if scaled else None
        extra = num_classes**2 if scaled else num_classes
        self.width = num_classes + (extra if told else 0)

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(B, width) values of (B, K) logits and (B,) class codes."""
        seen = logits
        if self.slope is not None:
            seen = class_probabilities((1 + self.slope.abs()) * at_least_single(logits))
        if not self.told:
            return seen
        one_hot = indicator(labels, self.num_classes, seen.dtype)
        if self.slope is None:
            return torch.cat([seen, one_hot], dim=1)
        products = seen[:, :, None] * one_hot[:, None, :]
        return torch.cat([seen, products.flatten(1)], dim=1)


@method(
    "Gradient projection",
    family="adversarial",
    source="Zhang et al. 2018, Sec. 3, Eq. 1; Wang et al. 2020 and AIF360 (code)",
    needs=("train_groups",),
    cost=1.7,
)
class GradientProjection(Method):
    @dataclass(frozen=True)
    class Settings:
        alpha: float = setting(
            1.0,
            doc="how strongly the adversary's loss is climbed (Wang et al. code: 1; AUC-FER: 0.1)",
            search=(0.01, 0.1, 0.3, 1.0),
            low=0.0,
        )
        scope: str = setting(
            "per_tensor",
            doc="projection tensor by tensor (Wang et al., AIF360) or over all (Zhang et al.)",
            choices=("per_tensor", "global"),
        )
        target: str = setting(
            "dp",
            doc="independence of the group as such (dp), or given the class (eodds)",
            choices=("dp", "eodds"),
        )
        reads: str = setting(
            "logits",
            doc="what the adversary sees (Wang et al.: logits; AIF360: scaled_softmax)",
            choices=("logits", "scaled_softmax"),
        )
        groups: str = setting(
            "intersection",
            doc="one adversary for all attributes together, or the mean of one for each",
            choices=GROUPINGS,
        )
        hidden: int = setting(
            0, doc="width of the adversary's two hidden layers; 0: linear (references)", low=0
        )
        adversary_rate: float = setting(
            1.0,
            doc="learning-rate factor of the adversary (AUC-FER code: 100)",
            search=(1.0, 10.0),
            low=0.0,
        )

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        settings = self.settings
        self.reader = PredictionReader(
            self.task.num_classes,
            scaled=settings.reads == "scaled_softmax",
            told=settings.target == "eodds",
        )
        self.adversary = GroupAdversary(
            self.reader.width, self.task, settings.groups, hidden=settings.hidden
        )

    def stages(self) -> tuple[Stage, ...]:
        core, extras = self.parameter_sets()
        adversary = ParameterSet(extras.parameters, rate_factor=self.settings.adversary_rate)
        # One update for both sides: neither sees weights that the other has just moved.
        update = Update(self.loss, (core, adversary), combine_gradients=self.combine)
        return (Stage("train", (update,)),)

    def loss(self, batch: Batch, step: Step) -> Losses:
        logits = self.logits(batch.images)
        inputs = self.reader(logits, batch.labels)
        return {
            "ce": cross_entropy(logits, batch.labels),
            "adversary": self.adversary.loss(inputs, batch),
        }

    def combine(self, gradients: Mapping[str, Gradients]) -> Gradients:
        """The step of trunk and head with the adversary's own gradient behind it."""
        size = len(self.parameter_sets()[0].parameters)
        wanted, unwanted = gradients["ce"], gradients["adversary"]
        predictor = project_out(
            wanted[:size],
            unwanted[:size],
            self.settings.alpha,
            per_tensor=self.settings.scope == "per_tensor",
        )
        return predictor + unwanted[size:]
