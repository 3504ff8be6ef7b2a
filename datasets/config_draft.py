"""A first description of a folder of pictures, guessed from its table, for a person to mend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from datasets.expression_names import canonical
from datasets.path_ends import PICTURE_SUFFIXES
from datasets.tables import Table

#: more different values than this are no groups
MOST_LEVELS = 12
_PARTS = {"train": {"train", "training"}, "validation": {"validation", "valid", "val", "dev"},
          "test": {"test", "testing"}}  # fmt: skip
_LABELS = ("label", "emotion", "expression", "class", "target", "category")
_PEOPLE = ("subject", "person", "identity", "participant", "actor", "model")
_DOUBTFUL = ("unsure", "uncertain", "?", "unclear")
_MISSING = ("n/a", "na", "nan", "none", "unknown", "missing")


def draft(table: Table) -> str:
    """The text of a description: what is sure is filled in, what was guessed is said beside.

    Args:
        table: read from a plain file.
    """
    columns = {name: table.texts(name) for name in table.rows[0]}
    picture = _picture(columns)
    split = next((c for c, texts in columns.items() if _is_split(texts)), "")
    subject = _called(columns, _PEOPLE)
    taken = {picture, split, subject}
    label = next(
        (c for c, texts in columns.items() if c not in taken and _is_label(c, texts)), ""
    ) or _called({c: t for c, t in columns.items() if c not in taken}, _LABELS)
    taken.add(label)
    lines = [f"table = {_text(table.source.name)}"]
    lines += [f"picture = {_text(picture or 'COLUMN OF PICTURES')}"]
    lines += [f"subject = {_text(subject)}"] if subject else ['# subject = "COLUMN OF PEOPLE"']
    lines += ["", "[label]", f"column = {_text(label or 'COLUMN OF CLASSES')}"]
    lines += _label(columns.get(label, []))
    for name, texts in columns.items():
        if name not in taken:
            lines += _attribute(name, texts)
    if split:
        lines += ["", "[split]", f"column = {_text(split)}", *_split(columns[split])]
    return "\n".join(lines) + "\n"


def _picture(columns: dict[str, list[str]]) -> str:
    shares = {
        name: sum(PurePosixPath(text).suffix.lower() in PICTURE_SUFFIXES for text in texts)
        for name, texts in columns.items()
    }
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] else ""


def _called(columns: Iterable[str], names: Sequence[str]) -> str:
    return next((c for name in names for c in columns if name in c.lower()), "")


def _is_split(texts: Sequence[str]) -> bool:
    values = {text.lower() for text in texts}
    return len(values) > 1 and values <= set().union(*_PARTS.values())


def _is_label(column: str, texts: Sequence[str]) -> bool:
    named = [canonical(text) for text in set(texts)]
    return sum(name is not None for name in named) >= max(2, len(named) / 2)


def _label(texts: Sequence[str]) -> list[str]:
    return _levels("classes", {value: canonical(value) or _name(value) for value in _values(texts)})


def _attribute(column: str, texts: Sequence[str]) -> list[str]:
    values = [value for value in _values(texts) if value]
    numbers = [value for value in values if _is_number(value)]
    others = [value for value in values if not _is_number(value)]
    own = [] if _name(column) == column else [f"column = {_text(column)}"]
    head = ["", f"[attributes.{_text(_name(column))}]", *own]
    if len(numbers) > MOST_LEVELS and len(others) <= MOST_LEVELS:
        ordered = sorted(float(text) for text in texts if _is_number(text))
        middle = round(ordered[len(ordered) // 2])
        return [
            *head,
            f"cuts = [{middle}]  # the median: the second band begins",
            *_unknown(others),
        ]
    known = {value: _name(value) for value in values if not _is_unknown(value)}
    if not 2 <= len(known) <= MOST_LEVELS:
        return ["", f"# {column}: {len(values)} different values, no groups"]
    unknown = [value for value in values if value not in known]
    return [*head, *_levels("levels", known), *_unknown(unknown)]


def _levels(key: str, names: Mapping[str, str]) -> list[str]:
    """The key with the different names, and what the values mean that are no names themselves."""
    other = {value: name for value, name in names.items() if value != name}
    inner = ", ".join(f"{_text(value)} = {_text(name)}" for value, name in other.items())
    lines = [f"{key} = {_list(dict.fromkeys(names.values()))}"]
    return lines + ([f"values = {{ {inner} }}"] if other else [])


def _name(text: str) -> str:
    """A name that a description may use."""
    return re.sub(r"[^\w./+-]+", "_", text.lower()).strip("_") or "empty"


def _unknown(values: Sequence[str]) -> list[str]:
    doubtful = [value for value in values if value.lower() in _DOUBTFUL]
    missing = [value for value in values if value not in doubtful]
    lines = [f"unsure = {_list(doubtful)}"] if doubtful else []
    return lines + ([f"missing = {_list(missing)}"] if missing else [])


def _split(texts: Sequence[str]) -> list[str]:
    values = _values(texts)
    lines = []
    for part, words in _PARTS.items():
        own = [value for value in values if value.lower() in words]
        lines += [f"{part} = {_list(own)}"] if own else []
    return lines


def _values(texts: Sequence[str]) -> list[str]:
    """The different values, in alphabetic order."""
    return sorted(set(texts))


def _is_unknown(value: str) -> bool:
    return value.lower() in (*_DOUBTFUL, *_MISSING)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _text(value: str) -> str:
    # A JSON string is a TOML string.
    return json.dumps(value, ensure_ascii=False)


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"
