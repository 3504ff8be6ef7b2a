"""The check of counterfactual pictures as a contact sheet, JSON values and a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.counterfactuals import Check, Example, Share
from benchmarks.plan import Cell

#: rows of the sheet from the top, and what is written beside each
ROWS = {
    "original": "original",
    "reconstruction": "reconstruction",
    "donor": "donor of the group",
    "swapped": "group swapped",
    "neutral": "group neutral",
}
_SIDE, _MARGIN, _TOP, _GAP = 96, 124, 34, 4


def draw_sheet(examples: Sequence[Example]) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: one column a test picture, one row a kind, captions left and above.

    The first line above a column is the picture's group, the second that of its donor.
    """
    kinds = [kind for kind in ROWS if kind in examples[0].pictures]
    width = _MARGIN + len(examples) * (_SIDE + _GAP)
    sheet = Image.new("RGB", (width, _TOP + len(kinds) * (_SIDE + _GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, kind in enumerate(kinds):
        top = _TOP + row * (_SIDE + _GAP)
        draw.text((6, top + _SIDE // 2 - 6), ROWS[kind], fill="black")
        for column, example in enumerate(examples):
            face = Image.fromarray(example.pictures[kind])
            face = face.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
            sheet.paste(face, (_MARGIN + column * (_SIDE + _GAP), top))
    for column, example in enumerate(examples):
        left = _MARGIN + column * (_SIDE + _GAP)
        for line, name in enumerate((example.own, f"to {example.donor}")):
            draw.text((left, 4 + 14 * line), _fitted(name, draw), fill="black")
    return np.asarray(sheet)


def _fitted(name: str, draw: ImageDraw.ImageDraw) -> str:
    """The name, cut where it is wider than a picture."""
    while draw.textlength(name) > _SIDE and len(name) > 1:
        name = name[:-1]
    return name


def values(cell: Cell, check: Check) -> dict[str, Any]:
    """The check as JSON values."""
    return {
        "cell": cell.id,
        "dataset": cell.dataset,
        "method": cell.method,
        "variant": cell.variant,
        "seed": cell.seed,
        "groups": list(check.groups),
        "n": check.n,
        "chance": check.chance,
        "majority": check.majority,
        "pictures": {
            verdict.pictures: {
                "own_group": _share_values(verdict.own_group),
                "donor_group": _share_values(verdict.donor_group),
                "own_class": _share_values(verdict.own_class),
            }
            for verdict in check.verdicts
        },
        "probes": {name: _share_values(share) for name, share in check.probes.items()},
    }


def page(cell: Cell, check: Check) -> str:
    """The check as a Markdown page."""
    variant = f" ({cell.variant})" if cell.variant else ""
    lines = [
        f"# Counterfactual pictures: {cell.method}{variant} on {cell.dataset}, seed {cell.seed}",
        "",
        f"Cell `{cell.id}`; {check.n} test pictures of known group, {len(check.groups)} groups: "
        f"{', '.join(check.groups)}. Guessing a group is right in {_percent(check.chance)} %, "
        f"always naming the largest in {_percent(check.majority)} %. In brackets: Wilson's 95 % "
        "interval over pictures, for this one trained model.",
        "",
        "## What independent judges see",
        "",
        "Two networks of the study's backbone, trained with cross entropy on the real training "
        "pictures and the study's budget, decide group and class. A good swap has the donor's "
        "group and the label of the original; a good neutral picture has neither group more often "
        "than guessing.",
        "",
        "| Pictures | Own group | Donor's group | Own class |",
        "|:--|--:|--:|--:|",
    ]
    for verdict in check.verdicts:
        shares = (verdict.own_group, verdict.donor_group, verdict.own_class)
        row = " | ".join(_shown(share) for share in shares)
        lines.append(f"| {ROWS.get(verdict.pictures, verdict.pictures)} | {row} |")
    lines += [
        "",
        "## What a fresh linear probe reads",
        "",
        "Group that logistic regression, fitted on the training part, reads off the method's "
        "representations of the test pictures. An invertible map cannot remove what tells the "
        "group; what counts is how much is left in the part that predicts.",
        "",
        "| Representation | Group right |",
        "|:--|--:|",
        *(f"| {name} | {_shown(share)} |" for name, share in check.probes.items()),
    ]
    return "\n".join(lines) + "\n"


def _share_values(share: Share) -> dict[str, float]:
    low, high = share.interval
    return {"count": share.count, "n": share.n, "share": share.value, "low": low, "high": high}


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _shown(share: Share) -> str:
    low, high = share.interval
    return f"{_percent(share.value)} [{_percent(low)}, {_percent(high)}]"
