"""Trained weights that networks start from, and the pictures that these weights expect."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks import vggface2
from benchmarks.errors import BackboneError
from benchmarks.weights_file import load_state, read_state

#: what the pictures of the weights' training were: normalised as those of a study, as timm does for
#: its own weights, or as those of VGGFace2
FORMS = ("auto", "study", "timm", "vggface2")

Channels = tuple[float, ...]


@dataclass(frozen=True)
class Start:
    """Weights that networks start from.

    Attributes:
        path: file.
        form: one of `FORMS`; `auto` knows VGGFace2's files and takes all others for `study`.
        mean, std: 3 numbers each in 0..255, RGB, by which the study's pictures are normalised.
    """

    path: Path
    form: str
    mean: Channels
    std: Channels


class ConvertedInput(nn.Module):
    """A network behind a change of its pictures: (B, 3, H, W), times and plus a number a channel.

    The change is no weight: it follows from file and data, and is not stored. It is made before the
    network and not folded into its first convolution, for a convolution pads with zeros, and zero
    must stay what it was to the weights: their mean colour.

    Args:
        net: a network of timm, whose `num_features` or `feature_info` is passed on.
        scale: 3 factors.
        shift: 3 numbers added afterwards.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, net: nn.Module, scale: Channels, shift: Channels) -> None:
        super().__init__()
        self.net = net
        for name in ("num_features", "feature_info"):
            if hasattr(net, name):
                setattr(self, name, getattr(net, name))
        for name, values in (("scale", scale), ("shift", shift)):
            channels = torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)
            self.register_buffer(name, channels, persistent=False)

    def forward(self, images: Tensor) -> Any:
        return self.net(images * self.scale + self.shift)


def started(net: Any, start: Start, name: str) -> tuple[nn.Module, str]:
    """The network with its weights and in front of it the change of pictures, and the form.

    Args:
        net: a network that timm made.
        start: the weights.
        name: timm's name of the network.

    Raises:
        BackboneError: the file is none, or does not fit the network.
    """
    state = read_state(start.path)
    form = start.form
    if form == "auto":
        form = "vggface2" if vggface2.recognised(state) else "study"
    if form == "vggface2":
        if name.partition(".")[0] != "resnet50":
            raise BackboneError(
                f"{start.path} holds weights of VGGFace2's ResNet-50, not of {name}; give "
                "--backbone resnet50."
            )
        state = vggface2.translated(state)
        vggface2.rebuild(net)
    load_state(net, state, start.path, name)
    if form == "study":
        return net, form
    if form == "vggface2":
        return _converted(net, start, vggface2.MEAN, (1.0, 1.0, 1.0)), form
    mean, std = (tuple(255 * v for v in net.pretrained_cfg[key]) for key in ("mean", "std"))
    return _converted(net, start, mean, std), form


def _converted(net: nn.Module, start: Start, mean: Channels, std: Channels) -> nn.Module:
    """The network for pictures normalised as the study's instead of by `mean` and `std`.

    (v - mean) / std, where v = x * start.std + start.mean.
    """
    scale = tuple(own / theirs for own, theirs in zip(start.std, std, strict=True))
    shift = tuple(
        (own - theirs) / spread for own, theirs, spread in zip(start.mean, mean, std, strict=True)
    )
    return ConvertedInput(net, scale, shift)
