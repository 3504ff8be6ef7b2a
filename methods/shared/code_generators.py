"""Frozen generators: pictures to vector codes and back, and codes standardised on training data.

The suite's own generator is a variational auto-encoder on pixels, trained in a first stage that all
methods of a seed share; a generator trained elsewhere comes as exported programs (see
`docs/generators.md`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from datasets.errors import SettingError
from datasets.settings import setting
from datasets.spec import Batch
from methods.base import (
    Losses,
    MakeBackbone,
    MethodCard,
    MethodError,
    ParameterSet,
    Stage,
    Step,
    Update,
)
from methods.networks.vae import CodeDecoder, CodeEncoder, draw_latent, kl_divergence

#: cost of a picture in the generator's stage relative to one in `ce` (estimate)
GENERATOR_COST = 1.7


@dataclass(frozen=True)
class GeneratorSettings:
    """Settings that all methods on codes have."""

    width: int = setting(
        128, doc="entries of a code of the suite's own generator (project's choice)", low=2
    )
    pixel_loss: str = setting(
        "l2", doc="distance of pictures in the generator's stage", choices=("l1", "l2")
    )
    edge_weight: float = setting(
        5.0,
        doc="weight of the distance of steps between neighbouring pixels (project's choice)",
        search=(0.0, 1.0, 5.0),
        low=0.0,
    )
    kl_weight: float = setting(
        1e-3, doc="weight of KL for each code entry (project's choice)", low=0.0
    )
    generator_share: float = setting(
        1.75, doc="pictures seen by the generator's stage relative to the budget", low=0.0
    )
    generator_rate: float = setting(
        2.5, doc="learning-rate factor of the generator's stage (project's choice)", low=0.0
    )
    encoder: str | None = setting(
        None,
        doc="file of an exported program from pictures to codes; none: the suite's own",
        is_file=True,
    )
    decoder: str | None = setting(
        None,
        doc="file of an exported program from codes to pictures; none: no pictures",
        is_file=True,
    )

    def __post_init__(self) -> None:
        if self.decoder is not None and self.encoder is None:
            raise SettingError(
                "A decoder from a file needs its encoder: set `encoder` as well as `decoder`."
            )


def codes_card(card: MethodCard, settings: GeneratorSettings) -> MethodCard:
    """The card of a method on codes; a given generator is not trained, so that it costs less.

    The one pass of the pictures through a given encoder is not counted: its size is not known.
    """
    own = GeneratorSettings().generator_share * GENERATOR_COST
    return card if settings.encoder is None else replace(card, cost=round(card.cost - own, 2))


class CodeGenerator(nn.Module):
    """Encoder to codes, decoder back, and the training part's mean and spread of each entry.

    Args:
        settings: which generator.
        pixels: height and width of the pictures.
        make_backbone: loads programs.
        generator: of the stream that methods of a seed share.

    Raises:
        MethodError: a program does not map pictures to codes, or codes to pictures.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        settings: GeneratorSettings,
        pixels: int,
        make_backbone: MakeBackbone,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.own = settings.encoder is None
        self.decoder: nn.Module | None
        if self.own:
            self.width = settings.width
            self.encoder: nn.Module = CodeEncoder(self.width, pixels)
            self.decoder = CodeDecoder(self.width, pixels)
        else:
            self.encoder = make_backbone(None, generator, program=settings.encoder)
            self.width = _code_width(self.encoder, pixels)
            self.decoder = None
            if settings.decoder is not None:
                self.decoder = make_backbone(None, generator, program=settings.decoder)
                _check_pictures(self.decoder, self.width, pixels)
        self.register_buffer("mean", torch.zeros(self.width))
        self.register_buffer("std", torch.ones(self.width))

    def encode(self, images: Tensor) -> Tensor:
        """(B, width) codes as the generator makes them; the generator gets no gradient."""
        with torch.no_grad():
            codes: Tensor = self.encoder.mean(images) if self.own else self.encoder(images)  # type: ignore[operator]
        return codes

    def codes(self, images: Tensor) -> Tensor:
        """(B, width) codes, standardised on the training part."""
        return (self.encode(images) - self.mean) / self.std

    def pictures(self, codes: Tensor) -> Tensor:
        """(B, 3, H, W) pictures of standardised codes.

        Raises:
            MethodError: there is no decoder.
        """
        if self.decoder is None:
            raise MethodError(
                "A generator without a decoder makes no pictures: set `decoder` beside `encoder`."
            )
        images: Tensor = self.decoder(codes * self.std + self.mean)
        return images

    def loss(self, batch: Batch, step: Step) -> Losses:
        """Distance of pixels, distance of their steps to neighbours, KL.

        The steps are where expression shows: without them mouths and brows came out blurred, since
        they cover few pixels.
        """
        mean, log_variance = self.encoder(batch.images)
        images = self.decoder(draw_latent(mean, log_variance, step.generator))  # type: ignore[misc]
        error = images - batch.images
        steps = self._distance(error.diff(dim=2)) + self._distance(error.diff(dim=3))
        return {
            "pixels": self._distance(error),
            "edges": self.settings.edge_weight * steps,
            "kl": self.settings.kl_weight * kl_divergence(mean, log_variance),
        }

    def _distance(self, error: Tensor) -> Tensor:
        """Mean absolute or mean square error."""
        values = error.abs() if self.settings.pixel_loss == "l1" else error.square()
        return values.mean()

    def standardise(self, training: Batch, validation: Batch) -> None:
        """Sets mean and spread of each entry from the codes in `training.features`."""
        std, mean = torch.std_mean(training.features, dim=0, correction=0)
        self.mean.copy_(mean)
        self.std.copy_(torch.where(std > 0, std, torch.ones_like(std)))

    def stages(self) -> tuple[Stage, ...]:
        """Training of the suite's own generator, and the standardisation of its codes."""
        standardise = Stage(
            "standardise", fit=self.standardise, on_features=self.encode, predicts=False
        )
        if not self.own:
            return (standardise,)
        parameters = ParameterSet(
            tuple(self.parameters()), rate_factor=self.settings.generator_rate
        )
        train = Stage(
            "generate",
            (Update(self.loss, (parameters,)),),
            share=self.settings.generator_share,
            predicts=False,
            stream="codes",
        )
        return (train, standardise)


def _code_width(encoder: nn.Module, pixels: int) -> int:
    codes = _tried(encoder, torch.zeros(2, 3, pixels, pixels))
    if codes.dim() != 2 or len(codes) != 2 or codes.shape[1] < 2:
        raise MethodError(
            "The program of `encoder` must map (N, 3, H, W) pictures to (N, D) codes with D of 2 "
            f"or more; 2 pictures of {pixels} pixels gave {_shape(codes)}."
        )
    return codes.shape[1]


def _check_pictures(decoder: nn.Module, width: int, pixels: int) -> None:
    images = _tried(decoder, torch.zeros(2, width))
    if images.shape != (2, 3, pixels, pixels):
        raise MethodError(
            f"The program of `decoder` must map (N, {width}) codes to (N, 3, {pixels}, {pixels}) "
            f"pictures, the size of this study; 2 codes gave {_shape(images)}."
        )


def _tried(program: nn.Module, inputs: Tensor) -> Tensor:
    with torch.no_grad():
        outputs: Tensor = program(inputs)
    return outputs


def _shape(tensor: Tensor) -> str:
    return "(" + ", ".join(str(size) for size in tensor.shape) + ")"
