"""Rate of `data prepare` beside a bare loop of Pillow, its memory, and what a killed run loses.

The bare loop decodes and resizes the same files on as many processes with the same filter and
throws the result away; ours finds checksums, decodes, writes the cache to the disk and checks that
no file changed. Both are timed from nothing, interleaved `--repeats` times.

    OMP_NUM_THREADS=1 python -m benchmarks.perf.prepare_speed
"""

from __future__ import annotations

import argparse
import io
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from datasets import contents
from datasets.listing import Listing
from datasets.pictures import Geometry
from datasets.preparation import Prepared, prepared
from datasets.tree import Source

SIDE = 200
_CHUNK = 256
_BASES = 64


def main() -> int:
    """Prints the figures; 1 where a promise is not kept."""
    arguments = _parser().parse_args()
    if arguments.folder is not None:
        _ours(arguments.folder, arguments.cache, arguments.pixels, arguments.workers)
        return 0
    with tempfile.TemporaryDirectory(prefix="prepare-speed-", dir=arguments.temporary) as name:
        place = Path(name)
        _make_files(place / "files", arguments.pictures)
        ratio = _compare(place, arguments)
        kept = _kill_and_continue(place, arguments)
    return 0 if ratio >= 0.9 and kept else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--pixels", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--temporary", type=Path, help="folder for the files")
    parser.add_argument("--folder", type=Path, help="only prepare the pictures in this folder")
    parser.add_argument("--cache", type=Path, help="of --folder")
    return parser


def _make_files(folder: Path, count: int) -> None:
    """JPEGs whose spectrum falls off as that of photographs; each differs from the others."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE))) + 1 / SIDE
    bases = []
    for _ in range(_BASES):
        noise = np.fft.fft2(rng.normal(size=(SIDE, SIDE, 3)), axes=(0, 1))
        values = np.fft.ifft2(noise / frequency[..., None] ** 1.2, axes=(0, 1)).real
        values = (values - values.mean()) / values.std() * 45 + 128
        bases.append(np.clip(values, 0, 255).astype(np.uint8))
    for number in range(count):
        face = np.roll(bases[number % _BASES], rng.integers(0, SIDE, 2), axis=(0, 1))
        Image.fromarray(face).save(folder / f"{number:06}.jpg", quality=90)


def _compare(place: Path, arguments: argparse.Namespace) -> float:
    """Prints the pairs; the best ratio of our rate to the bare one.

    Core-seconds are printed, too: they hardly depend on what else the machine does.
    """
    ratios = []
    for number in range(arguments.repeats):
        cache = place / f"cache-{number}"
        options = (arguments.pixels, arguments.workers)
        bare, bare_cores = _timed(partial(_bare, place / "files", *options))
        ours, our_cores = _timed(partial(_ours, place / "files", cache, *options))
        ratios.append(bare / ours)
        print(
            f"pair {number + 1}: bare {arguments.pictures / bare:,.0f} pictures/s, ours "
            f"{arguments.pictures / ours:,.0f}, ratio {ratios[-1]:.3f}; core-seconds "
            f"{bare_cores:.1f} and {our_cores:.1f}, ratio {bare_cores / our_cores:.3f}",
            flush=True,
        )
        if number:
            shutil.rmtree(cache)
    started = time.perf_counter()
    _ours(place / "files", place / "cache-0", arguments.pixels, arguments.workers)
    print(f"again, nothing to decode: {time.perf_counter() - started:.2f} s")
    own, others = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(
        f"peak memory: {own:.0f} MiB here, {others:.0f} MiB in the largest of the workers: "
        f"{own + arguments.workers * others:.0f} MiB in all"
    )
    print(f"best ratio {max(ratios):.3f}, median {np.median(ratios):.3f}")
    return max(ratios)


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the wall, and core-seconds of this process and those that it started."""
    started, before = time.perf_counter(), _cores()
    action()
    return time.perf_counter() - started, _cores() - before


def _cores() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _bare(folder: Path, pixels: int, workers: int) -> None:
    paths = sorted(str(path) for path in folder.iterdir())
    tasks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        sums = sum(pool.map(_decode, tasks, [pixels] * len(tasks)))
    assert sums > 0


def _decode(paths: Sequence[str], pixels: int) -> int:
    """The loop that anybody would write; returns something of each picture."""
    total = 0
    for path in paths:
        picture = Image.open(io.BytesIO(Path(path).read_bytes())).convert("RGB")
        face = np.asarray(ImageOps.fit(picture, (pixels, pixels), Image.Resampling.LANCZOS))
        total += int(face[0, 0, 0]) + 1
    return total


def _ours(folder: Path, cache: Path, pixels: int, workers: int) -> Prepared:
    """The pictures of a folder, as a data set of files would be prepared."""
    files = tuple(Source(path) for path in sorted(folder.iterdir()))
    names = tuple(source.name for source in files)
    listing = Listing((), files, names, np.zeros(len(files), dtype=np.int64))
    digest = contents.digest(files, cache)
    geometry = Geometry(pixels)
    return prepared(listing, digest, geometry, name="speed", cache=cache, workers=workers)


def _kill_and_continue(place: Path, arguments: argparse.Namespace) -> bool:
    """Kills a run in its middle; whether the next one continued to the same bytes."""
    cache = place / "killed"
    command = [
        sys.executable, "-m", "benchmarks.perf.prepare_speed", "--folder", str(place / "files"),
        "--cache", str(cache), "--pixels", str(arguments.pixels),
        "--workers", str(arguments.workers),
    ]  # fmt: skip
    run = subprocess.Popen(command)
    while _noted(cache) * _CHUNK < arguments.pictures / 2 and run.poll() is None:
        time.sleep(0.05)
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    kept = _noted(cache) * _CHUNK
    found = _ours(place / "files", cache, arguments.pixels, arguments.workers)
    whole = _ours(place / "files", place / "cache-0", arguments.pixels, arguments.workers)
    same = found.images.tobytes() == whole.images.tobytes()
    print(
        f"killed with {kept:,} of {arguments.pictures:,} pictures noted; the next run decoded "
        f"{found.decoded:,}; the same bytes: {same}"
    )
    return same and 0 < found.decoded < arguments.pictures


def _noted(cache: Path) -> int:
    """Tasks that the notes of an unfinished cache hold."""
    notes = [path.read_text(encoding="utf-8") for path in cache.glob(".partial-*/journal")]
    return max(0, sum(text.count("\n") for text in notes) - 1)


if __name__ == "__main__":
    raise SystemExit(main())
