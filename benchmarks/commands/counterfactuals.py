"""`counterfactuals`: pictures with the sensitive part swapped, and a check of what they show."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import torch
from PIL import Image

from benchmarks import registry
from benchmarks.counterfactual_report import draw_sheet, page, values
from benchmarks.counterfactuals import check_cell, offers
from benchmarks.errors import StoreError, StudyError
from benchmarks.paths import shown
from benchmarks.restoring import check_restorable, restore
from benchmarks.store import Store


def main(arguments: Namespace) -> int:
    """Writes the contact sheet and the check of one stored cell.

    Raises:
        EvenFaceError: there is no such cell, it cannot be restored, or makes no pictures.
    """
    store = Store(arguments.folder)
    cell_id = arguments.cell or first_cell(store)
    check_restorable(store, cell_id)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    restored = restore(store, cell_id, arguments.data_root, arguments.cache, device)
    if not offers(type(restored.method)):
        raise StudyError(f"{restored.cell.method} makes no counterfactual pictures; {_who_does()}.")
    print(f"{cell_id}: training two judges on the real pictures", flush=True)
    check, examples = check_cell(restored, arguments.pictures)
    out = arguments.out or store.root / "counterfactuals" / cell_id
    text = json.dumps(values(restored.cell, check), indent=1, ensure_ascii=False) + "\n"
    try:
        out.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_sheet(examples)).save(out / "counterfactuals.png", optimize=True)
        (out / "counterfactuals.json").write_text(text, encoding="utf-8")
        (out / "counterfactuals.md").write_text(page(restored.cell, check), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{out} cannot be written: {error.strerror or error}.") from None
    for kind in ("png", "json", "md"):
        print(shown(out / f"counterfactuals.{kind}", Path.cwd()))
    return 0


def first_cell(store: Store) -> str:
    """The first cell of the study whose method makes pictures.

    Raises:
        StudyError: the folder holds no study, or none of its methods makes pictures.
    """
    known = registry.methods()
    for cell in store.read_json("plan.json")["cells"]:
        if cell["method"] in known and offers(known[cell["method"]]):
            return str(cell["id"])
    raise StudyError(f"No method of this study makes counterfactual pictures; {_who_does()}.")


def _who_does() -> str:
    makers = [key for key, cls in registry.methods().items() if offers(cls)]
    return f"{', '.join(makers)} {'does' if len(makers) == 1 else 'do'}"
