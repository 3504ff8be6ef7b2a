"""Other names of the expressions, as folders and files of data sets write them."""

from __future__ import annotations

from datasets.spec import EXPRESSIONS

#: each in lower case -> canonical name
CANONICAL = {
    **{name: name for name in EXPRESSIONS},
    "happiness": "happy",
    "sadness": "sad",
    "anger": "angry",
    "fearful": "fear",
    "surprised": "surprise",
    "disgusted": "disgust",
    "contemptuous": "contempt",
}


def canonical(name: str) -> str | None:
    """The canonical name of an expression, case ignored; None for what is none."""
    return CANONICAL.get(name.strip().lower())
