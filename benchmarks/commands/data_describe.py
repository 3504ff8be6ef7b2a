"""`data describe`: begins the description of a folder of pictures, for `folder.config`."""

from __future__ import annotations

from argparse import Namespace

from datasets.config_draft import draft
from datasets.tables import Table
from datasets.tree import Source


def main(arguments: Namespace) -> int:
    """Prints a TOML text guessed from the columns of a table.

    Raises:
        DataError: the table cannot be read.
    """
    print(draft(Table.read(Source(arguments.table))), end="")
    return 0
