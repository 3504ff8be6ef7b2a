"""Image networks by name: the project's only door to timm and torchvision."""

from __future__ import annotations

import importlib
import socket
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import torch
from torch import Tensor, nn

from benchmarks.errors import BackboneError
from benchmarks.initial_weights import Start, started
from benchmarks.seeding import seeded_by
from benchmarks.weights_file import load_state, read_state
from datasets.settings import nearest
from reports.files import write_bytes

# Kept alive for the life of the process: torch drops the operators of a collected library.
_DECLARED: list[Any] = []


def make_backbone(
    name: str,
    generator: torch.Generator,
    *,
    weights: str | None = None,
    maps: bool = False,
    start: Start | None = None,
) -> nn.Module:
    """A timm network without its classifier, initialised from `generator`.

    Args:
        name: timm name, such as `resnet50`.
        generator: seeds the initialisation; timm itself only knows the global generator.
        weights: a `.safetensors` or plain state-dict file (read weights-only); None for random.
        maps: return the list of feature maps of all levels instead of the pooled features.
        start: weights that the study's networks start from, with the pictures they expect; None
            for none.

    Returns:
        A module from (B, 3, H, W) to (B, num_features), or for `maps` to a list of (B, C, h, w)
        with the attribute `channels`. One that starts from `start` says so in `initial_weights`.

    Raises:
        BackboneError: unknown name, or a weights file that is missing or does not fit.
    """
    check_name(name)
    timm = import_timm()
    with seeded_by(generator):
        net = timm.create_model(name, num_classes=0, in_chans=3, features_only=maps)
    if weights is not None:
        load_state(net, read_state(Path(weights)), Path(weights), name)
    form = ""
    if start is not None:
        net, form = started(net, start, name)
    network: nn.Module = FeatureMaps(net) if maps else net
    if start is not None:
        network.initial_weights = f"{start.path.name} ({form})"  # type: ignore[assignment]
    return network


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


def check_backbone(name: str, weights: str, form: str) -> str:
    """Makes the network once, so that nothing is trained with weights that do not fit.

    Args:
        name: timm name.
        weights: file that it starts from; empty for none.
        form: one of `initial_weights.FORMS`.

    Returns:
        The file and what its pictures are taken for; empty without a file.

    Raises:
        BackboneError: unknown name, or a weights file that is missing or does not fit.
    """
    check_name(name)
    if not weights:
        return ""
    start = Start(Path(weights), form, (0.0,) * 3, (1.0,) * 3)
    return str(make_backbone(name, torch.Generator(), start=start).initial_weights)


def download_weights(name: str, folder: Path) -> Path:
    """Weights of a network that timm publishes, as a file, downloaded unless it is there.

    Args:
        name: timm name; with a tag (`resnet50.a1_in1k`) those weights, else timm's default ones.
        folder: where the file is kept.

    Raises:
        BackboneError: timm has none, or they cannot be downloaded.
    """
    from safetensors.torch import save

    check_name(name)
    timm = import_timm()
    given = timm.get_pretrained_cfg(name)
    if given is None or not given.hf_hub_id:
        raise BackboneError(f"timm has no weights of {name} to download; give --weights FILE.")
    path = folder / f"{given.architecture}.{given.tag}.safetensors"
    if not path.is_file():
        source = _from_hub(name, given.hf_hub_id)
        net = timm.create_model(
            name, pretrained=True, pretrained_cfg_overlay={"file": source}, num_classes=0
        )
        write_bytes(path, save({key: v.contiguous() for key, v in net.state_dict().items()}))
    return path


def _from_hub(name: str, repository: str) -> str:
    """The file of the weights in the cache of the hub, downloaded if necessary."""
    import huggingface_hub as hub

    file = "model.safetensors"
    kept = hub.try_to_load_from_cache(repository, file)
    if isinstance(kept, str):
        return kept
    mend = (
        f"where there is a network, download https://huggingface.co/{repository} and give "
        f"--weights {file} --set protocol.weights_form=timm"
    )
    host = str(urlsplit(hub.constants.ENDPOINT).hostname)
    try:
        if not getproxies():
            # The hub tries again for most of a minute where the name of the host is unknown.
            socket.getaddrinfo(host, 443)
        return hub.hf_hub_download(repository, file)
    except (OSError, hub.errors.HfHubHTTPError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackboneError(
            f"The weights of {name} cannot be downloaded from {host} ({reason}); {mend}."
        ) from None
