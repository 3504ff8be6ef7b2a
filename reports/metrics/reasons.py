"""Why a value is undefined, as small integers in arrays and as words in files."""

from __future__ import annotations

from enum import IntEnum


class Reason(IntEnum):
    """Codes of undefined values; the word written to files is the lower-case name."""

    DEFINED = 0
    NO_SAMPLES = 1
    EMPTY_GROUP = 2
    NO_POSITIVES = 3
    NO_NEGATIVES = 4
    INSUFFICIENT = 5
    FEWER_THAN_TWO_GROUPS = 6
    ALL_ZERO = 7
    NO_COMMON_CLASS = 8
    NO_DEFINED_CLASS = 9
    NO_PROBABILITIES = 10
    NO_VALIDATION = 11
    NO_TRAINING_COUNTS = 12
    NO_STRATA = 13
    NO_SHARED_STRATUM = 14
    NO_FEATURES = 15


WORDS = tuple("" if reason is Reason.DEFINED else reason.name.lower() for reason in Reason)
SKIPPED = "skipped: "
