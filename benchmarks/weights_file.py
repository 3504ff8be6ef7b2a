"""Files of weights: tensors by name, read without running anything, and put into a network."""

from __future__ import annotations

import pickle  # for the name of the error that torch raises; nothing is unpickled here
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.errors import BackboneError

State = Mapping[str, Tensor]

#: a plain backbone; the trunk of a model that `--store-models` wrote; one saved from DataParallel
_PREFIXES = ("", "trunk.", "module.")
#: a counter of batch normalisation that old files lack and that changes nothing here
_COUNTER = "num_batches_tracked"


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a weights file.

    Raises:
        BackboneError: there is no such file, or it is anything else, which is refused, not run.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_file():
        raise BackboneError(f"There is no weights file {path}.")
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackboneError(
            f"{path} is not a safetensors file or a plain state dict of tensors ({reason})."
        ) from None
    if isinstance(state, dict):
        state = state.get("state_dict", state)
    if not isinstance(state, dict):
        raise BackboneError(f"{path} holds {type(state).__name__}, not a state dict of tensors.")
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}


def load_state(net: nn.Module, state: State, path: Path, name: str) -> None:
    """Loads the network's tensors; others of the file, such as a classifier's, are left out.

    Args:
        net: the network.
        state: what the file holds.
        path: the file, for messages.
        name: of the network, for messages.

    Raises:
        BackboneError: a tensor is missing or has another shape; the message names the first.
    """
    wanted = net.state_dict()
    needed = [key for key in wanted if not key.endswith(_COUNTER)]
    absent = {p: [key for key in needed if f"{p}{key}" not in state] for p in _PREFIXES}
    prefix = min(absent, key=lambda p: len(absent[p]))
    if absent[prefix]:
        raise BackboneError(
            f"{path} does not hold the weights of {name}: {len(absent[prefix])} of {len(needed)} "
            f"tensors are missing, first {absent[prefix][0]}."
        )
    found = {key: state.get(f"{prefix}{key}", value) for key, value in wanted.items()}
    for key, value in wanted.items():
        if found[key].shape != value.shape:
            raise BackboneError(
                f"{path} does not hold the weights of {name}: {key} is "
                f"{_sizes(found[key])}, not {_sizes(value)}."
            )
    net.load_state_dict(found)


def _sizes(tensor: Tensor) -> str:
    return " x ".join(map(str, tensor.shape)) or "a single number"
