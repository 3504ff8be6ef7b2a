"""Computations from a file (`torch.export`): frozen networks that were trained elsewhere."""

from __future__ import annotations

import io
import json
import pickle  # for the name of the error that torch raises; nothing is unpickled here
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.errors import ProgramError

#: what `torch.export.save` writes for a computation of tensors, below the folder of the archive
_EXPECTED = re.compile(
    r"archive_format|archive_version|byteorder|\.data/\w+|models/model\.json|"
    r"data/(weights/weight_\d+|constants/tensor_\d+)|"
    r"data/(weights/model_weights|constants/model_constants)_config\.json|"
    r"data/sample_inputs/model\.pt"
)
_ERRORS = (
    RuntimeError, ValueError, TypeError, KeyError, AttributeError, EOFError, OSError,
    AssertionError, pickle.UnpicklingError, zipfile.BadZipFile,
)  # fmt: skip


class Program(nn.Module):
    """A frozen exported computation from one tensor to one tensor.

    Pictures, which are the tensors of four dimensions, are RGB in [0, 1] inside and normalised per
    channel outside. The computation is no part of the module's state and parameters: the file
    identifies it, and a stored model would only repeat it.

    Args:
        computation: what `torch.export` makes of a module.
        mean: 3 channel means that pictures are normalised with, in [0, 1].
        std: 3 channel standard deviations, in [0, 1].
        path: the file, for messages.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        computation: nn.Module,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        path: Path,
    ) -> None:
        super().__init__()
        self.path = path
        # In a tuple, torch does not find it: neither its state, nor its modes, which an exported
        # computation has none of.
        self._hidden = (computation.requires_grad_(False),)
        for name, values in (("mean", mean), ("std", std)):
            channels = torch.tensor(values, dtype=torch.float32).view(1, 3, 1, 1)
            self.register_buffer(name, channels, persistent=False)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Program:
        """Moves the hidden computation too, and keeps its memory layout, which is compiled in."""
        (computation,) = self._hidden
        computation._apply(fn)  # type: ignore[no-untyped-call]
        for tensor in (*computation.parameters(), *computation.buffers()):
            tensor.data = tensor.data.contiguous()
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return self

    def forward(self, inputs: Tensor) -> Tensor:
        """The computation's output.

        Raises:
            ProgramError: it does not take inputs of this shape, or gives no tensor.
        """
        if inputs.dim() == 4:
            inputs = inputs * self.std + self.mean
        try:
            outputs = self._hidden[0](inputs.contiguous())
        except (RuntimeError, AssertionError, ValueError, TypeError) as error:
            shape = " x ".join(str(size) for size in inputs.shape)
            raise ProgramError(
                f"The program {self.path} does not take a tensor of {shape} "
                f"({_first_line(error)}); export it with a dynamic first dimension and for this "
                "size of pictures."
            ) from None
        if not isinstance(outputs, Tensor):
            raise ProgramError(
                f"The program {self.path} returns {type(outputs).__name__}, not one tensor."
            )
        return (outputs - self.mean) / self.std if outputs.dim() == 4 else outputs


def load_program(path: Path, mean: tuple[float, ...], std: tuple[float, ...]) -> Program:
    """The computation of a file made by `torch.export.save`.

    Args:
        path: the file.
        mean: 3 channel means that pictures are normalised with, in 0..255.
        std: 3 channel standard deviations, in 0..255.

    Raises:
        ProgramError: there is no such file, or it holds something else.
    """
    if not path.is_file():
        raise ProgramError(f"There is no program {path}.")
    return Program(_read(path), tuple(m / 255 for m in mean), tuple(s / 255 for s in std), path)


def _read(path: Path) -> nn.Module:
    try:
        _refuse_pickles(path)
        exported: Any = torch.export.load(path)
        computation: nn.Module = exported.module()
    except _ERRORS as error:
        raise ProgramError(
            f"{path} is not a program that this torch ({torch.__version__}) reads "
            f"({_first_line(error)}); write it with `torch.export.save`."
        ) from None
    return computation


def _refuse_pickles(path: Path) -> None:
    """Raises ValueError for a file with parts that torch's reader would unpickle freely."""
    with zipfile.ZipFile(path) as archive:
        parts = {name.partition("/")[2]: name for name in archive.namelist()}
        if "archive_format" not in parts:
            raise ValueError("it holds no exported computation")
        for part, name in parts.items():
            if not _EXPECTED.fullmatch(part):
                raise ValueError(f"it holds {part}, which is not a tensor")
            if part.endswith("_config.json"):
                config = json.loads(archive.read(name))["config"]
                if any(entry["use_pickle"] for entry in config.values()):
                    raise ValueError("a tensor in it is pickled")
            if part.endswith(".pt"):
                _check_tensors_only(archive.read(name))


def _check_tensors_only(content: bytes) -> None:
    try:
        torch.load(io.BytesIO(content), weights_only=True)
    except pickle.UnpicklingError:
        # torch's own message explains how to read the file all the same.
        raise ValueError("its sample inputs are not tensors") from None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
