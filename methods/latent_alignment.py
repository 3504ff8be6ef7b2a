"""Latent alignment: a latent map that hides the group, then a classifier on the frozen map.

Stage 1 (`align`) trains encoder E and generator G against a discriminator D of the group on the
latent z; labels are not used. Stage 2 (`classify`) freezes E and trains MBConv blocks on its mean.

    D minimises      CE(D(z), s)
    E, G minimise    w KL + alpha style(x', x) - lambda_adv CE(D(z), s) + v |x' - x|_1
    stage 2          a CE + b |A| (1 - p_y)                       (symmetric cross entropy)

KL is the mean over samples and latent entries of KL(N(mu, sigma^2) || N(0, 1)); style compares Gram
matrices of a fixed network phi (`shared/style.py`); D has one head for each attribute, averaged.
It needs groups in training (samples of unknown group take no part in D's term) and none at test.
Its networks are its own; the study's backbone is used as phi only, and only when `phi` is given.

Where we differ. The paper names block types, not shapes: widths are ours. phi is a fixed random
stack unless a weights file is given, so that no cell reads another. Eq. 1 and 2 of the paper count
the adversary twice, with a sign that would make E help D; here each side has it once, and E hides.
The steps alternate, D first. Optimiser and length are the protocol's (paper: SGD 1e-4). A Gram
matrix is blind to position, so nothing in stage 1 asks for the layout of the face: `recon_weight`
adds an L1 term on pixels (default 0, as published). The published ablations are `encoder`, `block`
and `discriminator`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from datasets.settings import setting
from datasets.spec import Batch
from methods.base import Losses, MakeBackbone, Method, ParameterSet, Stage, Step, Update, method
from methods.networks.mbconv import LatentTrunk
from methods.networks.vae import (
    LATENT,
    Discriminator,
    Encoder,
    Generator,
    draw_latent,
    kl_divergence,
)
from methods.ops import batch_statistics_only, cross_entropies, reverse_cross_entropies
from methods.shared.adversaries import GROUPINGS, target_codes, target_cross_entropy, target_sizes
from methods.shared.style import RandomMaps, style_distance


@method(
    "Latent alignment",
    family="generative",
    source="Rizvi et al. 2024 (S1, arXiv 2410.19444), Sec. 3, Eq. 1 to 3",
    needs=("train_groups",),
    cost=2.5,
)
class LatentAlignment(Method):
    @dataclass(frozen=True)
    class Settings:
        alpha: float = setting(
            10.0, doc="weight of the style loss (S1 Eq. 3)", search=(1.0, 10.0, 100.0), low=0.0
        )
        lambda_adv: float = setting(
            1.0, doc="weight of the adversary (project's choice)", search=(0.1, 1.0, 10.0), low=0.0
        )
        kl_weight: float = setting(
            1.0, doc="weight of KL for each latent entry (S1: 1)", search=(1e-4, 1e-2, 1.0), low=0.0
        )
        recon_weight: float = setting(
            0.0, doc="weight of the L1 distance of pixels (S1: none)", search=(0.0, 1.0), low=0.0
        )
        encoder: str = setting(
            "vae",
            doc="with noise and KL, or a plain autoencoder (S1 Table 8)",
            choices=("vae", "ae"),
        )
        block: str = setting(
            "mbconv", doc="classifier block (S1 Table 8)", choices=("mbconv", "resblock")
        )
        discriminator: bool = setting(True, doc="train against the discriminator (S1 Table 8)")
        groups: str = setting(
            "per_attribute",
            doc="one discriminator head for each attribute, or one for their product",
            choices=GROUPINGS,
        )
        phi: str | None = setting(
            None, doc="weights file of the style network; none: a fixed random stack", is_file=True
        )
        phi_backbone: str | None = setting(
            None, doc="timm name of the network in `phi`; none: the study's backbone"
        )
        phi_seed: int = setting(0, doc="seed of the random stack, the same for all seeds", low=0)
        ce_weight: float = setting(
            1.0,
            doc="a of symmetric cross entropy (methods.md 2.3)",
            search=(0.1, 1.0, 6.0),
            low=0.0,
        )
        reverse_weight: float = setting(
            1.0, doc="b of symmetric cross entropy (Wang et al. 2019)", search=(0.1, 1.0), low=0.0
        )
        log_zero: float = setting(
            -4.0, doc="A, stands for log 0 (Wang et al. 2019, Sec. 3.2)", high=0.0
        )

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.encoder = Encoder(self.task.pixels)
        self.classifier = LatentTrunk(LATENT, self.settings.block)
        self.head = nn.Linear(self.classifier.num_features, self.task.num_classes)

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.generator = Generator(self.task.pixels)
        self.discriminator = Discriminator(target_sizes(self.task, self.settings.groups))
        self.phi = self._style_network(make_backbone, generator)

    def _style_network(self, make_backbone: MakeBackbone, generator: torch.Generator) -> nn.Module:
        if self.settings.phi is None:
            return RandomMaps(self.settings.phi_seed)
        network = make_backbone(
            self.settings.phi_backbone, generator, weights=self.settings.phi, maps=True
        )
        return network.requires_grad_(False)

    @property
    def adversarial(self) -> bool:
        """Whether the discriminator takes part; without weight it is not even run."""
        return bool(self.settings.discriminator and self.settings.lambda_adv > 0)

    def stages(self) -> tuple[Stage, ...]:
        autoencoder = Update(
            self.align_loss, (_parameters(self.encoder), _parameters(self.generator))
        )
        discriminator = Update(self.discriminator_loss, (_parameters(self.discriminator),))
        updates = (discriminator, autoencoder) if self.adversarial else (autoencoder,)
        fixed = (self.encoder, self.generator, self.discriminator, self.phi)
        classify = Update(self.loss, (_parameters(self.classifier, self.head),))
        return (
            Stage("align", updates, frozen=(self.phi,), predicts=False),
            Stage("classify", (classify,), frozen=fixed),
        )

    def latent(self, images: Tensor, step: Step) -> tuple[Tensor, Tensor, Tensor]:
        """A latent draw, the mean and the log-variance, (B, LATENT, h, w) each."""
        mean, log_variance = self.encoder(images)
        if self.settings.encoder == "ae":
            return mean, mean, log_variance
        return draw_latent(mean, log_variance, step.generator), mean, log_variance

    def group_loss(self, latent: Tensor, batch: Batch) -> Tensor:
        """Cross entropy of the groups given the latent map."""
        codes = target_codes(batch, self.settings.groups)
        return target_cross_entropy(self.discriminator(latent), codes)

    def discriminator_loss(self, batch: Batch, step: Step) -> Losses:
        """The discriminator's term of stage 1, on fixed latent draws."""
        with torch.no_grad(), batch_statistics_only(self.encoder):
            latent, _, _ = self.latent(batch.images, step)
        return {"discriminator": self.group_loss(latent, batch)}

    def align_loss(self, batch: Batch, step: Step) -> Losses:
        """The terms of encoder and generator of stage 1."""
        settings = self.settings
        latent, mean, log_variance = self.latent(batch.images, step)
        images = self.generator(latent)
        with torch.no_grad():
            wanted = self.phi(batch.images)
        terms = {"style": settings.alpha * style_distance(self.phi(images), wanted)}
        if settings.encoder == "vae":
            terms["kl"] = settings.kl_weight * kl_divergence(mean, log_variance)
        if self.adversarial:
            terms["confusion"] = -settings.lambda_adv * self.group_loss(latent, batch)
        if settings.recon_weight > 0:
            terms["reconstruction"] = settings.recon_weight * (images - batch.images).abs().mean()
        return terms

    def loss(self, batch: Batch, step: Step) -> Losses:
        """Symmetric cross entropy of stage 2."""
        logits = self.logits(batch.images)
        ce = self.settings.ce_weight * cross_entropies(logits, batch.labels)
        reverse = reverse_cross_entropies(logits, batch.labels, self.settings.log_zero)
        return {"ce": ce.mean(), "reverse_ce": self.settings.reverse_weight * reverse.mean()}

    def features(self, images: Tensor) -> Tensor:
        """(B, 192) pooled features of the classifier; the encoder gets no gradient through them."""
        with torch.no_grad():
            mean = self.encoder.mean(images)
        features: Tensor = self.classifier(mean)
        return features


def _parameters(*modules: nn.Module) -> ParameterSet:
    return ParameterSet(tuple(p for module in modules for p in module.parameters()))
