"""`data prepare`: decodes the pictures of data sets once, ahead of a study."""

from __future__ import annotations

from argparse import Namespace

from benchmarks.asked_datasets import asked_datasets
from benchmarks.preparing import prepare


def main(arguments: Namespace) -> int:
    """Fills the cache and prints what is in it.

    Raises:
        EvenFaceError: an unknown data set or setting, missing data, too many bad pictures, or a
            cache that cannot be written.
    """
    for dataset in asked_datasets(arguments.names, arguments.set):
        said = prepare(
            dataset, arguments.data_root, arguments.cache.resolve(), arguments.pixels,
            arguments.workers,
        )  # fmt: skip
        print(said, flush=True)
    return 0
