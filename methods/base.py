"""What a method is: what it declares, how it is built, its training stages, how it predicts.

A single-loss method writes only `loss`. Everything else has a default that a method overrides where
it differs; the trainer never asks which method it is running.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar

import torch
from torch import Tensor, nn

from datasets.errors import WithheldError
from datasets.settings import NoSettings
from datasets.spec import Attribute, Batch, DatasetSpec
from methods.cards import NEEDS as NEEDS
from methods.cards import MethodCard as MethodCard
from methods.cards import MethodError as MethodError
from methods.cards import make_card

Losses = dict[str, Tensor]
Gradients = list[Tensor | None]


@dataclass(frozen=True)
class Task:
    """What a method is built for.

    Attributes:
        spec: the data set.
        groups: the attributes whose product gives `batch.groups` (row-major) and whose single codes
            are the columns of `batch.attributes`.
        class_counts: K training counts.
        pixels: height and width of the pictures.
        counts: K x G training counts of the strata, None when the method declares no groups.
    """

    spec: DatasetSpec
    groups: tuple[Attribute, ...]
    class_counts: tuple[int, ...]
    pixels: int
    counts: tuple[tuple[int, ...], ...] | None = None

    @property
    def num_classes(self) -> int:
        return self.spec.num_classes

    @property
    def group_sizes(self) -> tuple[int, ...]:
        return tuple(len(attribute.levels) for attribute in self.groups)

    @property
    def num_groups(self) -> int:
        product = 1
        for size in self.group_sizes:
            product *= size
        return product

    @property
    def stratum_counts(self) -> tuple[tuple[int, ...], ...]:
        """K x G training counts; raises WithheldError unless `train_groups` is declared."""
        if self.counts is None:
            raise WithheldError(
                "The method read task.stratum_counts, which it was not given: "
                "add 'train_groups' to what it declares."
            )
        return self.counts


@dataclass(frozen=True)
class Step:
    """Where training stands within a stage, and the generator for the method's own draws."""

    index: int
    total: int
    generator: torch.Generator

    @property
    def progress(self) -> float:
        """Share of the stage's steps that are done, in [0, 1)."""
        return self.index / self.total


@dataclass(frozen=True)
class Optimiser:
    """An optimiser and its constants; momentum is SGD's, betas are Adam's and AdamW's."""

    name: str
    learning_rate: float
    weight_decay: float = 0.0
    momentum: float = 0.9
    betas: tuple[float, float] = (0.9, 0.999)


@dataclass(frozen=True)
class ParameterSet:
    """Parameters with one learning-rate factor; gradients are clipped set by set.

    Attributes:
        parameters: what is trained.
        rate_factor: multiplies the protocol's learning rate.
        weight_decay: replaces the protocol's; None keeps it.
    """

    parameters: tuple[nn.Parameter, ...]
    rate_factor: float = 1.0
    weight_decay: float | None = None


class CombineGradients(Protocol):
    """Turns the gradients of each term into the update direction.

    Args:
        gradients: term -> one gradient per parameter in the order of the update's parameter sets,
            None where the term does not reach the parameter.

    Returns:
        One gradient per parameter, None where there is none.
    """

    def __call__(self, gradients: Mapping[str, Gradients]) -> Gradients: ...


Terms = Callable[[Batch, Step], Losses]
Sampling = Callable[[Batch, int, torch.Generator], Tensor]
Prepare = Callable[[Batch, torch.Generator], None]
Fit = Callable[[Batch, Batch], None]


@dataclass(frozen=True)
class Update:
    """One optimiser step per batch: the sum of `terms` with respect to `parameters`.

    Attributes:
        terms: batch and step -> named scalars; where none has a gradient the step changes nothing.
        parameters: what the step changes.
        optimiser: replaces the protocol's; None keeps it.
        combine_gradients: replaces "gradient of the sum of the terms".
        restart: share of the stage's steps after which the optimiser forgets its moments; None
            never. The schedule of the learning rate goes on.
    """

    terms: Terms
    parameters: tuple[ParameterSet, ...]
    optimiser: Optimiser | None = None
    combine_gradients: CombineGradients | None = None
    restart: float | None = None


@dataclass(frozen=True)
class Stage:
    """A part of training.

    Attributes:
        name: as in `history.csv`.
        updates: run in order for every batch.
        share: rows drawn relative to the protocol's budget of images.
        batch_factor: size of a batch relative to the protocol's; the number of rows stays, so that
            there are fewer steps.
        frozen: modules that this stage does not train; they run in evaluation mode.
        sampling: rows of the training part for one epoch, from the declared fields of all training
            samples (no pictures), the epoch and a generator; None draws a random permutation. An
            epoch shorter than a batch is joined with the next ones.
        prepare: called once before the first step with the declared fields of all training samples
            (no pictures) and a generator of the method's own.
        fit: for a stage that is not trained by steps: called once with `features`, labels and the
            declared fields of the training and of the validation part; `updates` is empty then.
        on_features: maps pictures to what the stage reads as `batch.features`, computed once for
            all pictures, in evaluation mode and without augmentation. A stage of steps then gets no
            pictures; a stage that fits reads `Method.features` unless this says otherwise.
        predicts: False while the method cannot predict yet (nothing is selected in this stage).
        stream: name of the stream of `step.generator`. Stages of two methods with one name, at the
            same place, draw the same numbers, so that both train the same network; None is the
            method's own stream.
    """

    name: str
    updates: tuple[Update, ...] = ()
    share: float = 1.0
    batch_factor: int = 1
    frozen: tuple[nn.Module, ...] = ()
    sampling: Sampling | None = None
    prepare: Prepare | None = None
    fit: Fit | None = None
    on_features: Callable[[Tensor], Tensor] | None = None
    predicts: bool = True
    stream: str | None = None


class MakeBackbone(Protocol):
    """Makes an image network; the only door from a method to model libraries.

    Args:
        name: a timm name; None for the study's backbone.
        generator: seeds the initialisation.
        weights: a local file with the weights; None for random ones.
        maps: return the feature maps of all levels, list of (B, C, H, W), instead of the pooled
            features (B, d).
        program: a local file made by `torch.export.save`; its computation is returned as a frozen
            module without state, and the other arguments do not count. Pictures are (B, 3, H, W):
            RGB in [0, 1] for the program, normalised as in a batch for the method; the door
            converts those that go in and those that come out.

    Returns:
        A module with `num_features` (d), or, for `maps`, `channels` (C of each level); for
        `program` a module from one tensor to one tensor.
    """

    def __call__(
        self,
        name: str | None,
        generator: torch.Generator,
        *,
        weights: str | None = None,
        maps: bool = False,
        program: str | None = None,
    ) -> nn.Module: ...


class Method(nn.Module):
    """Base of all methods: trunk, linear head, one stage, soft-max prediction.

    `build` and `build_extras` run with the global generators seeded by the harness, so that plain
    torch modules initialise reproducibly; a method's own draws use the generator it is handed.
    """

    #: of the class: the declaration; of an instance: the card under its settings
    card: MethodCard
    Settings: ClassVar[type] = NoSettings

    trunk: nn.Module
    head: nn.Module

    def __init__(self, task: Task, settings: Any = None) -> None:
        super().__init__()
        self.task = task
        self.settings = settings if settings is not None else self.Settings()
        self.card = self.card_for(self.settings)

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        """Why the method cannot run on this data set, or None; needs are checked by the harness."""
        return None

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        """The card under these settings; `card` itself unless a setting changes what is needed."""
        return cls.card

    def num_outputs(self) -> int:
        """Width of the head; K unless a method widens it."""
        return self.task.num_classes

    def build(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        """Makes trunk and head from the stream that all methods of a seed share."""
        self.trunk = make_backbone(None, generator)
        self.head = nn.Linear(int(self.trunk.num_features), self.num_outputs())  # type: ignore[arg-type]

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        """Makes the modules that only this method has, from its own stream; none by default."""

    def features(self, images: Tensor) -> Tensor:
        """(B, d) trunk outputs of (B, 3, H, W) pictures."""
        features: Tensor = self.trunk(images)
        return features

    def logits(self, images: Tensor) -> Tensor:
        """(B, num_outputs) head outputs."""
        logits: Tensor = self.head(self.features(images))
        return logits

    def loss(self, batch: Batch, step: Step) -> Losses:
        """Named scalar terms; the trainer minimises their sum."""
        raise TypeError(f"{type(self).__name__} implements neither loss() nor stages()")

    def diagnostics(self, batch: Batch) -> Losses:
        """Named scalars that tell how a loss behaves, noted in `history.csv` at each validation.

        Computed on the last training batch in evaluation mode; nothing is trained with them. Draws
        no random numbers.
        """
        return {}

    def stages(self) -> tuple[Stage, ...]:
        """The training stages in order."""
        return (Stage("train", (Update(self.loss, self.parameter_sets()),)),)

    def parameter_sets(self) -> tuple[ParameterSet, ...]:
        """Trunk and head as one set, the extras (if any) as another.

        They are clipped apart: an extra module must not change the step of the trunk by its norm.
        """
        core = (*self.trunk.parameters(), *self.head.parameters())
        known = {id(parameter) for parameter in core}
        extras = tuple(p for p in self.parameters() if id(p) not in known and p.requires_grad)
        sets = (ParameterSet(core), ParameterSet(extras))
        return tuple(parameters for parameters in sets if parameters.parameters)

    def predict(self, batch: Batch) -> Tensor:
        """(B, K) log-probabilities; the batch carries pictures, and groups only if declared."""
        return torch.log_softmax(self.logits(batch.images), dim=1)

    def representations(self, images: Tensor) -> dict[str, Tensor]:
        """Name -> (B, d) vectors that hold what is known of a picture; probes are fitted on them.

        The trunk outputs, unless a method has parts worth telling apart.
        """
        return {"features": self.features(images)}

    def counterfactuals(self, images: Tensor, donors: Tensor) -> dict[str, Tensor]:
        """Pictures with another sensitive part, in evaluation mode.

        Args:
            images: (B, 3, H, W) pictures, normalised as in a batch.
            donors: (B, 3, H, W) pictures of other people, one for each.

        Returns:
            `reconstruction`: each picture through the generator and back. `swapped`: with the
            sensitive part of its donor. `neutral`: with the mean sensitive part of the training
            pictures. (B, 3, H, W) each, normalised as `images`.

        Raises:
            MethodError: the method cannot make pictures.
        """
        raise MethodError(f"{self.card.key} makes no counterfactual pictures.")


AnyMethod = TypeVar("AnyMethod", bound=type[Method])


def method(
    title: str,
    *,
    family: str,
    source: str,
    needs: Iterable[str] = (),
    optional: Iterable[str] = (),
    cost: float = 1.0,
    aliases: Sequence[str] = (),
    reconstruction: bool = False,
    version: int = 1,
    key: str = "",
) -> Callable[[AnyMethod], AnyMethod]:
    """Class decorator that attaches the card; see `MethodCard` for the arguments.

    Raises:
        ValueError: a need that is not in `NEEDS`.
    """

    def attach(cls: AnyMethod) -> AnyMethod:
        cls.card = make_card(
            cls,
            key=key,
            title=title,
            family=family,
            source=source,
            needs=needs,
            optional=optional,
            cost=cost,
            aliases=aliases,
            reconstruction=reconstruction,
            version=version,
        )
        return cls

    return attach
