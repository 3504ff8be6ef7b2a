"""R as an outside oracle: numbers that a line of R prints, or a skip where R is not installed."""

import shutil
import subprocess

import pytest


def r_numbers(code):
    """What `code` (an R vector) holds, as floats of full precision."""
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed")
    text = f'cat(sprintf("%.17g", {code}))'
    done = subprocess.run(
        [program, "--vanilla", "-e", text], capture_output=True, text=True, check=True, timeout=60
    )
    return [float(number) for number in done.stdout.split()]


def r_table(table):
    """The table as an R matrix."""
    rows = [list(map(int, row)) for row in table]
    numbers = ",".join(str(n) for row in rows for n in row)
    return f"matrix(c({numbers}), nrow={len(rows)}, byrow=TRUE)"
