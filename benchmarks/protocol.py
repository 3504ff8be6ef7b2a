"""The training protocol that all methods of a study share, and the named presets."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from datasets.settings import setting
from methods.base import Optimiser

#: Raised by hand when the trainer changes in a way that changes numbers; part of every cell id.
PROTOCOL_VERSION = 1

#: Settings that are younger than stored cells: they are part of a cell's id where they are changed.
YOUNGER = ("weights", "weights_form")


@dataclass(frozen=True)
class Protocol:
    """One budget for every method: optimiser, schedule, images seen, augmentation, validation."""

    backbone: str = setting("test_resnet", doc="timm name of the image network")
    pixels: int = setting(48, doc="height and width of the pictures", low=16, high=1024)
    optimiser: str = setting("adamw", doc="optimiser", choices=("adamw", "adam", "sgd"))
    learning_rate: float = setting(2e-3, doc="peak learning rate", low=0.0)
    weight_decay: float = setting(0.02, doc="weight decay", low=0.0)
    momentum: float = setting(0.9, doc="momentum of SGD", low=0.0, high=1.0)
    schedule: str = setting(
        "one_cycle", doc="learning rate over a stage", choices=("one_cycle", "steps", "constant")
    )
    milestones: tuple[float, ...] = setting(
        (), doc="shares of the stage at which `steps` multiplies the rate by `decay`"
    )
    decay: float = setting(0.1, doc="factor of `steps` at each milestone", low=0.0, high=1.0)
    clip_norm: float = setting(
        5.0, doc="gradient norm per parameter set above which it is scaled down; 0 is off", low=0.0
    )
    batch_size: int = setting(32, doc="pictures a step; a partial last batch is dropped", low=2)
    images: int = setting(
        0, doc="training budget in pictures seen, per stage; 0 takes the data set's", low=0
    )
    epochs: int = setting(0, doc="training budget in epochs; 0 counts pictures instead", low=0)
    validations: int = setting(3, doc="evenly spaced validations a stage", low=1, high=5)
    patience: int = setting(
        0, doc="validations without better accuracy after which a stage stops; 0 is off", low=0
    )
    flip: float = setting(0.5, doc="probability of a mirror image", low=0.0, high=1.0)
    rotation: float = setting(15.0, doc="largest rotation in degrees", low=0.0, high=180.0)
    crop: float = setting(
        0.9, doc="smallest share of the side that a random square crop keeps; 1 is off",
        low=0.1, high=1.0,
    )  # fmt: skip
    centre_crop: float = setting(
        1.0, doc="share of the side kept in the middle, in training and test", low=0.1, high=1.0
    )
    channels_last: bool = setting(True, doc="memory format of pictures and convolutions")
    precision: str = setting("float32", doc="arithmetic", choices=("float32", "bfloat16"))
    weights: str = setting(
        "", doc="file of the weights that the image network starts from; empty: random",
        is_file=True,
    )  # fmt: skip
    weights_form: str = setting(
        "auto",
        doc="pictures that these weights expect: normalised as in a study or as by timm, or those "
        "of VGGFace2, whose files `auto` knows",
        choices=("auto", "study", "timm", "vggface2"),
    )

    def make_optimiser(self) -> Optimiser:
        """The protocol's optimiser in the form that an update of a method may replace."""
        return Optimiser(
            self.optimiser, self.learning_rate, self.weight_decay, momentum=self.momentum
        )

    def autocast(self, device: torch.device) -> torch.autocast:
        """The protocol's arithmetic as a context."""
        return torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16")

    def images_seen(self, train_size: int, dataset_budget: int) -> int:
        """Pictures seen in a stage of share 1."""
        if self.epochs:
            return self.epochs * (train_size // self.batch_size) * self.batch_size
        return self.images or dataset_budget


_DEFAULT = Protocol()

#: Values of the source papers as far as they state them (methods.md 1.5); what no paper states is
#: the project's choice: validations, clipping, and for `rizvi` batch 64 and 50 epochs.
PRESETS: dict[str, Protocol] = {
    "default": _DEFAULT,
    "smoke": replace(_DEFAULT, pixels=32, images=600, validations=2),
    "suresh": Protocol(
        backbone="resnet50", pixels=224, optimiser="sgd", learning_rate=1e-3, weight_decay=0.0,
        schedule="steps", milestones=(1 / 3, 2 / 3), decay=0.5, clip_norm=0.0, epochs=30,
        validations=5, rotation=0.0, crop=1.0, centre_crop=0.875,
    ),
    "chen": Protocol(
        backbone="resnet50", pixels=224, optimiser="adam", learning_rate=1e-4, weight_decay=0.0,
        schedule="steps", milestones=(6 / 14, 10 / 14), decay=0.1, clip_norm=0.0, epochs=14,
        validations=5, crop=0.8,
    ),
    "rizvi": Protocol(
        backbone="resnet18", pixels=128, optimiser="sgd", learning_rate=1e-4, weight_decay=0.0,
        schedule="constant", clip_norm=0.0, batch_size=64, epochs=50, validations=5, crop=1.0,
    ),
}  # fmt: skip
