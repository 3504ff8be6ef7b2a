"""The published ResNet-50 of VGGFace2: names of its tensors, its pictures, and what timm's lacks.

Cao et al., VGGFace2: a dataset for recognising faces across pose and age, FG 2018. Two releases for
PyTorch come from the Caffe models: Oxford's own, with Caffe's names and RGB pictures
(`resnet50_ft`, `resnet50_scratch`), and that of cydonia999/VGGFace2-pytorch, with the names of
torchvision and BGR pictures. Both take pictures of 0..255 less the channel means.

Where it differs from timm's `resnet50`, whose tensors have the same shapes: the first 1 x 1
convolution of a stage has the stride, not the 3 x 3 one, and the first max-pooling has no padding
and rounds up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

from benchmarks.errors import BackboneError

#: channel means of the training pictures, red, green, blue, in 0..255
MEAN = (131.0912, 103.8827, 91.4953)
#: people of the training part: rows of the classifier
_IDENTITIES = 8631

_CAFFE = re.compile(r"conv(\d)_(\d)_(1x1_reduce|3x3|1x1_increase|1x1_proj)(_bn)?\.(\w+)")
#: Caffe's name of a layer -> names of its convolution and batch normalisation
_LAYERS = {
    "1x1_reduce": ("conv1", "bn1"),
    "3x3": ("conv2", "bn2"),
    "1x1_increase": ("conv3", "bn3"),
    "1x1_proj": ("downsample.0", "downsample.1"),
}
_FIRST = {"conv1_7x7_s2": "conv1", "conv1_7x7_s2_bn": "bn1"}


def recognised(state: Mapping[str, Tensor]) -> bool:
    """Whether these are tensors of VGGFace2: Caffe's names, or a classifier of its people."""
    classifier = state.get("fc.weight")
    return _has_caffe_names(state) or (
        classifier is not None and classifier.shape[0] == _IDENTITIES
    )


def translated(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with timm's names and for RGB pictures; the classifier is left out.

    Raises:
        BackboneError: they are of the network with squeeze-and-excitation.
    """
    if any("_1x1_down" in key for key in state):
        raise BackboneError(
            "These are weights of VGGFace2's SE-ResNet-50; only those of its ResNet-50 are mapped."
        )
    if _has_caffe_names(state):
        return {name: value for key, value in state.items() if (name := _timm_name(key))}
    found = {key: value for key, value in state.items() if not key.startswith("fc.")}
    if "conv1.weight" in found:
        # The first convolution sums over channels: reversing its weights is reversing the picture.
        found["conv1.weight"] = found["conv1.weight"].flip(1)
    return found


def rebuild(net: nn.Module) -> None:
    """Gives timm's `resnet50` the strides and the pooling of the published network.

    Args:
        net: timm's network, or its feature maps.
    """
    for stage in ("layer2", "layer3", "layer4"):
        block = net.get_submodule(f"{stage}.0")
        for name, stride in (("conv1", 2), ("conv2", 1)):
            convolution = block.get_submodule(name)
            assert isinstance(convolution, nn.Conv2d)
            convolution.stride = (stride, stride)
    pooling = net.get_submodule("maxpool")
    assert isinstance(pooling, nn.MaxPool2d)
    pooling.padding, pooling.ceil_mode = 0, True


def _has_caffe_names(state: Mapping[str, Tensor]) -> bool:
    return "conv1_7x7_s2.weight" in state


def _timm_name(key: str) -> str:
    """Name in timm of a tensor with Caffe's name; empty for one that is not in the trunk."""
    layer, _, value = key.rpartition(".")
    if layer in _FIRST:
        return f"{_FIRST[layer]}.{value}"
    found = _CAFFE.fullmatch(key)
    if found is None:
        return ""
    stage, block, kind, normalised, value = found.groups()
    name = _LAYERS[kind][normalised is not None]
    return f"layer{int(stage) - 1}.{int(block) - 1}.{name}.{value}"
