"""Values of options as they are typed."""

from __future__ import annotations

import argparse


def names(text: str) -> tuple[str, ...]:
    """The parts between commas, without blanks at their ends."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def seeds(text: str) -> tuple[int, ...]:
    """The seeds of a count, or of a list with commas.

    Raises:
        ArgumentTypeError: it is neither.
    """
    try:
        numbers = tuple(int(part) for part in names(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a count nor a list") from None
    if "," in text:
        return numbers
    if len(numbers) != 1 or numbers[0] < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a count of at least 1")
    return tuple(range(numbers[0]))


def positive(text: str) -> int:
    """A whole number of at least 1.

    Raises:
        ArgumentTypeError: it is none.
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)
