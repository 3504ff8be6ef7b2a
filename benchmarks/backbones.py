"""Image networks by name: the project's only door to timm and torchvision."""

from __future__ import annotations

import importlib
import pickle  # for the name of the error that torch raises; nothing is unpickled here
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.seeding import seeded_by
from datasets.errors import EvenFaceError
from datasets.settings import nearest

# Kept alive for the life of the process: torch drops the operators of a collected library.
_DECLARED: list[Any] = []


#: a plain backbone; the trunk of a model that `--store-models` wrote; one saved from DataParallel
_PREFIXES = ("", "trunk.", "module.")


class BackboneError(EvenFaceError):
    """A backbone is unknown or its weights do not fit."""


def make_backbone(
    name: str, generator: torch.Generator, *, weights: str | None = None, maps: bool = False
) -> nn.Module:
    """A timm network without its classifier, initialised from `generator`.

    Args:
        name: timm name, such as `resnet50`.
        generator: seeds the initialisation; timm itself only knows the global generator.
        weights: a `.safetensors` or plain state-dict file (read weights-only); None for random.
        maps: return the list of feature maps of all levels instead of the pooled features.

    Returns:
        A module from (B, 3, H, W) to (B, num_features), or for `maps` to a list of (B, C, h, w)
        with the attribute `channels`.

    Raises:
        BackboneError: unknown name, or a weights file that is missing or does not fit.
    """
    check_name(name)
    timm = import_timm()
    with seeded_by(generator):
        net = timm.create_model(name, num_classes=0, in_chans=3, features_only=maps)
    if weights is not None:
        _load(net, Path(weights), name)
    if not maps:
        return net  # type: ignore[no-any-return]
    return FeatureMaps(net)


class FeatureMaps(nn.Module):
    """timm's `features_only` network with its channel counts as `channels`."""

    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net
        self.channels: list[int] = list(net.feature_info.channels())

    def forward(self, images: Tensor) -> list[Tensor]:
        return list(self.net(images))


def import_timm() -> ModuleType:
    """The module timm, also beside a CPU-only torch.

    A torchvision built for CUDA refuses to import there because two operators are not registered;
    their schemas are all that its import needs (pytorch/vision#9085).
    """
    try:
        return importlib.import_module("timm")
    except RuntimeError as error:
        has_accelerator = torch.version.cuda is not None or torch.version.hip is not None
        if "operator torchvision::nms does not exist" not in str(error) or has_accelerator:
            raise
    for module in [m for m in sys.modules if m.split(".")[0] in ("timm", "torchvision")]:
        del sys.modules[module]
    library: Any = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _DECLARED.append(library)
    return importlib.import_module("timm")


def check_name(name: str) -> None:
    """Raises BackboneError, with the nearest name, where timm has no network called `name`."""
    timm = import_timm()
    if timm.is_model(name):
        return
    near = nearest(name, timm.list_models())
    hint = f" Did you mean '{near}'?" if near else " `timm.list_models()` lists the names."
    raise BackboneError(f"There is no backbone '{name}'.{hint}")


def _load(net: nn.Module, path: Path, name: str) -> None:
    """Loads the trunk's tensors; others in the file, such as a classifier's, are left out."""
    if not path.is_file():
        raise BackboneError(f"There is no weights file {path}.")
    state = _read(path)
    wanted = net.state_dict()
    for prefix in _PREFIXES:
        if all(f"{prefix}{key}" in state for key in wanted):
            net.load_state_dict({key: state[f"{prefix}{key}"] for key in wanted})
            return
    missing = [key for key in wanted if key not in state]
    raise BackboneError(
        f"{path} does not hold the weights of {name}: {len(missing)} of {len(wanted)} tensors "
        f"are missing, first {missing[0]}."
    )


def _read(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file; a file that is anything else is refused, not run."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(
            f"{path} is not a safetensors file or a plain state dict of tensors ({reason})."
        ) from None
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict):
        raise BackboneError(f"{path} holds {type(state).__name__}, not a state dict of tensors.")
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}
