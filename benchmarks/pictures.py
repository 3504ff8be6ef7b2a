"""From stored uint8 pictures to normalised batches on the device."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datasets.spec import Codes

#: Pictures from which mean and spread are estimated; evenly spaced over the training part.
_NORMALISE_FROM = 5_000
_BLOCK = 256
#: Pictures may take one part in so many of the memory that is available.
_SHARE = 4
_SCRATCH = bytearray(1 << 20)


@dataclass(frozen=True)
class Pictures:
    """Reads pictures of a data set in the form that networks want.

    Attributes:
        stored: (N, H, W, 3) uint8, perhaps a memory map.
        pixels: height and width that are kept, in the middle.
        mean: 3 channel means of the training part, in 0..255.
        std: 3 channel standard deviations.
    """

    stored: NDArray[np.uint8]
    pixels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    device: torch.device
    channels_last: bool

    def read(self, rows: Codes) -> Tensor:
        """(B, 3, pixels, pixels) float32, normalised per channel."""
        height, width = self.stored.shape[1:3]
        top, left = (height - self.pixels) // 2, (width - self.pixels) // 2
        chosen = self.stored[rows, top : top + self.pixels, left : left + self.pixels]
        images = torch.from_numpy(np.ascontiguousarray(chosen)).to(self.device)
        images = images.permute(0, 3, 1, 2).to(torch.float32)
        mean = torch.tensor(self.mean, device=self.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=self.device).view(1, 3, 1, 1)
        return self.arrange((images - mean) / std)

    def arrange(self, images: Tensor) -> Tensor:
        """The pictures in the protocol's memory format."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return images.contiguous(memory_format=layout)


def read_ahead(stored: NDArray[np.uint8]) -> bool:
    """Brings the pictures of a memory map into memory where they fit.

    The pages stay the operating system's: the workers of a machine share one copy, and where memory
    runs short they are read from the disk again, as those of a larger map always are. Reading a map
    whose pages are there takes as long as reading an array (docs/performance.md).

    Args:
        stored: (N, H, W, 3) uint8; of anything but a memory map nothing is read.

    Returns:
        Whether all of them are in memory now.
    """
    if not isinstance(stored, np.memmap) or stored.filename is None:
        return True
    if stored.nbytes > available_memory() / _SHARE:
        return False
    with Path(stored.filename).open("rb", buffering=0) as handle:
        while handle.readinto(_SCRATCH):
            pass
    return True


def available_memory() -> int:
    """Bytes that programs can have without others being pushed out to the disk."""
    with Path("/proc/meminfo").open(encoding="ascii") as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def channel_statistics(
    stored: NDArray[np.uint8], rows: Codes
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Channel means and standard deviations (0..255) of the pictures in `rows`.

    A channel without spread gets standard deviation 1.
    """
    sample = rows[:: -(-len(rows) // _NORMALISE_FROM)]
    # Counts of the 256 values: exact sums, and memory that does not grow with the data set.
    counts = np.zeros((3, 256), dtype=np.int64)
    for start in range(0, len(sample), _BLOCK):
        block = stored[sample[start : start + _BLOCK]]
        for channel in range(3):
            counts[channel] += np.bincount(block[..., channel].ravel(), minlength=256)
    values = np.arange(256)
    total = counts.sum(axis=1)
    mean = counts @ values / total
    variance = counts @ values**2 / total - mean**2
    std = np.sqrt(np.maximum(variance, 0))
    std[std == 0] = 1
    return tuple(float(v) for v in mean), tuple(float(v) for v in std)
