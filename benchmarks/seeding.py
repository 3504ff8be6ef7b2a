"""Named random streams: every method of a seed gets the same data, order and initialisation.

A stream's seed is a hash of its name and of what it may depend on. Only streams that belong to one
method contain the method's key; all others are shared, which pairs methods sample by sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


def derive_seed(*parts: object) -> int:
    """A 63-bit seed from named parts; the same on every machine and Python version."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def torch_generator(*parts: object) -> torch.Generator:
    """A CPU generator for the stream named by `parts`."""
    return torch.Generator().manual_seed(derive_seed(*parts))


@contextmanager
def seeded(*parts: object) -> Iterator[None]:
    """Within the block torch's global generators follow the stream; afterwards they are as before.

    For code that draws from them and takes no generator: timm, dropout, module initialisation.
    """
    cuda: Any = torch.cuda
    devices = list(range(cuda.device_count())) if cuda.is_initialized() else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(derive_seed(*parts))
        yield


@contextmanager
def seeded_by(generator: torch.Generator) -> Iterator[None]:
    """As `seeded`, with the seed drawn from `generator`."""
    draw = torch.randint(2**62, (), generator=generator, device=generator.device)
    with seeded("generator", int(draw)):
        yield
