"""Fair latent space: an invertible network parts frozen codes into expression and group.

Codes e of a frozen generator are mapped by a flow f to Z = f(e) = [Z_Y, Z_S]. Only f is trained, so
that Z_Y tells the class and Z_S the group; the class is then read off Z_Y. Swapping Z_S and going
back through f and the generator's decoder gives counterfactual pictures.

    L_g   = mean(||Z||^2 / 2 - log |det J|) / D                       Z is Gaussian
    L_dg  = ||C - C o I||^2 / (d (d - 1))                             C = cov(Z_Y) is diagonal
    L_eq  = var(diag C)                                               with equal entries
    L_di  = mean_i -log q(i, p) / (q(i, p) + sum_n q(i, n))           q(i, j) = exp(-r_ij / T)
    loss  = L_g + l_dg L_dg + l_eq L_eq + l_di L_di + l_c (CE(y | Z_Y) + CE(s | Z_S))

r_ij = ||Z_i - Z_j||^2 / d; p is a random sample of the class of i and another group, n are all
samples of other classes. L_dg, L_eq and L_di are taken on Z_S too, with class and group exchanged.

Five stages: `generate` trains the suite's own auto-encoder on pixels (left out where `encoder`
names an exported program), `standardise` fixes mean and spread of the codes, `part` trains f on
cached codes, `neutral` stores the mean of Z_S, and `classify` refits a linear classifier on Z_Y.
It needs groups in training (samples of unknown group count in L_g, L_dg, L_eq and the class's cross
entropy only) and none at test. The study's backbone is not used.

Where we differ. A reconstruction: only a summary of the paper was available, which names the parts
and no formulas; all equations, widths and weights are ours. The paper's generator is a pre-trained
diffusion auto-encoder; by default this is a small variational auto-encoder of width 128, so that a
batch of 256 has a covariance of full rank. Its loss adds to the distance of pixels that of their
steps to the neighbours (`edge_weight`), without which mouths and brows came out blurred. Fifty
epochs of the synthetic faces are some 470 steps of f: few for its rate of 1e-4, and with 1e-3 less
of the group stays in Z_Y (`flow_rate`). Groups have any number of values (the paper: two).
An invertible map removes nothing: it moves what tells the group to Z_S at best, and what counts is
a fresh probe on Z_Y (`python -m benchmarks counterfactuals`).
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Losses,
    MakeBackbone,
    Method,
    MethodCard,
    Optimiser,
    ParameterSet,
    Stage,
    Step,
    Update,
    method,
)
from methods.networks.flow import Flow
from methods.ops import cross_entropies, cross_entropy, masked_mean
from methods.shared.code_generators import CodeGenerator, GeneratorSettings, codes_card
from methods.shared.latent_parts import (
    contrast,
    covariance,
    diagonal_spread,
    gaussian_loss,
    off_diagonal,
)
from methods.shared.probe import probe_stage

#: 256 codes a step at the protocol's default batch of 32 (P, methods.md 9.2)
BATCH_FACTOR = 8


@method(
    "Fair latent space",
    family="generative",
    source="Joo et al. 2024 (S4, arXiv 2412.17523), from a summary",
    needs=("train_groups",),
    reconstruction=True,
    cost=5.0,
)
class FairLatentInn(Method):
    @dataclass(frozen=True)
    class Settings(GeneratorSettings):
        lambda_dg: float = setting(
            1.0, doc="weight of the diagonal covariance (P)", search=(0.1, 1.0, 10.0), low=0.0
        )
        lambda_eq: float = setting(
            1.0, doc="weight of equal variances (P)", search=(0.1, 1.0, 10.0), low=0.0
        )
        lambda_di: float = setting(
            1.0, doc="weight of the contrastive term (P)", search=(0.1, 1.0, 10.0), low=0.0
        )
        lambda_c: float = setting(
            1.0, doc="weight of the cross entropies (P)", search=(0.1, 1.0, 10.0), low=0.0
        )
        temperature: float = setting(0.5, doc="T of the contrastive term (P)", low=1e-3)
        flow_rate: float = setting(
            1e-4, doc="Adam's learning rate for the flow (P)", search=(1e-4, 1e-3), low=0.0
        )
        flow_share: float = setting(
            12.0, doc="codes seen by the flow relative to the budget of pictures (P)", low=0.0
        )

    neutral: Tensor

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        return codes_card(cls.card, settings)

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.codes = CodeGenerator(self.settings, self.task.pixels, make_backbone, generator)
        self.sizes = (self.codes.width // 2, self.codes.width - self.codes.width // 2)
        self.head = nn.Linear(self.sizes[0], self.task.num_classes)

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.flow = Flow(self.codes.width, generator)
        self.class_head = nn.Linear(self.sizes[0], self.task.num_classes)
        self.group_head = nn.Linear(self.sizes[1], self.task.num_groups)
        self.register_buffer("neutral", torch.zeros(self.sizes[1]))

    def stages(self) -> tuple[Stage, ...]:
        trained = (self.flow, self.class_head, self.group_head)
        part = Update(
            self.part_loss,
            (_parameters(*trained),),
            optimiser=Optimiser("adam", self.settings.flow_rate),
        )
        return (
            *self.codes.stages(),
            Stage(
                "part",
                (part,),
                share=self.settings.flow_share,
                batch_factor=BATCH_FACTOR,
                frozen=(self.codes,),
                on_features=self.codes.codes,
                predicts=False,
            ),
            Stage("neutral", fit=self._store_mean, on_features=self._sensitive, predicts=False),
            probe_stage(self.head, self.features, (self.codes, *trained), name="classify"),
        )

    def parts(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Z_Y and Z_S of pictures, (B, d) each."""
        latent, _ = self.flow(self.codes.codes(images))
        return self._split(latent)

    def _split(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        return latent[:, : self.sizes[0]], latent[:, self.sizes[0] :]

    def features(self, images: Tensor) -> Tensor:
        """(B, d) Z_Y."""
        return self.parts(images)[0]

    def _sensitive(self, images: Tensor) -> Tensor:
        return self.parts(images)[1]

    def _store_mean(self, training: Batch, validation: Batch) -> None:
        self.neutral.copy_(training.features.mean(dim=0))

    def part_loss(self, batch: Batch, step: Step) -> Losses:
        """The terms of the flow and of its two linear classifiers, on standardised codes."""
        settings = self.settings
        latent, log_det = self.flow(batch.features)
        of_class, of_group = self._split(latent)
        terms = {"gaussian": gaussian_loss(latent, log_det)}
        for name, part, kept, crossed in (
            ("class", of_class, batch.labels, batch.groups),
            ("group", of_group, batch.groups, batch.labels),
        ):
            matrix = covariance(part)
            terms[f"diagonal_{name}"] = settings.lambda_dg * off_diagonal(matrix)
            terms[f"equal_{name}"] = settings.lambda_eq * diagonal_spread(matrix)
            draws = _draws(part, step.generator)
            pulled = contrast(part, kept, crossed, draws, settings.temperature)
            terms[f"contrast_{name}"] = settings.lambda_di * pulled
        known = batch.groups >= 0
        of_groups = cross_entropies(self.group_head(of_group), batch.groups.clamp(min=0))
        class_ce = cross_entropy(self.class_head(of_class), batch.labels)
        terms["ce_class"] = settings.lambda_c * class_ce
        terms["ce_group"] = settings.lambda_c * masked_mean(of_groups, known)
        return terms

    def representations(self, images: Tensor) -> dict[str, Tensor]:
        of_class, of_group = self.parts(images)
        return {"e": self.codes.codes(images), "Z_Y": of_class, "Z_S": of_group}

    def counterfactuals(self, images: Tensor, donors: Tensor) -> dict[str, Tensor]:
        codes = self.codes.codes(images)
        of_class, _ = self.parts(images)
        _, taken = self.parts(donors)
        found = {"reconstruction": self.codes.pictures(codes)}
        for name, of_group in (("swapped", taken), ("neutral", self.neutral.expand_as(taken))):
            latent = torch.cat([of_class, of_group], dim=1)
            found[name] = self.codes.pictures(self.flow.inverse(latent))
        return found


def _draws(part: Tensor, generator: torch.Generator) -> Tensor:
    """(B, B) uniform numbers for the choice of partners, drawn where the generator lives."""
    shape = (len(part), len(part))
    return torch.rand(shape, generator=generator, device=generator.device).to(part.device)


def _parameters(*modules: nn.Module) -> ParameterSet:
    return ParameterSet(tuple(p for module in modules for p in module.parameters()))
