"""`python -m benchmarks`."""

import sys

from benchmarks.cli import main

# Spawned workers import this module under another name and must not run it.
if __name__ == "__main__":
    sys.exit(main())
