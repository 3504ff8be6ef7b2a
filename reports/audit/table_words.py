"""Captions and footnotes of the conditional tables."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from reports.audit.table_specs import ConditionalSpec, Found, Place, places_of
from reports.audit.tabulation import ALL
from reports.convention import Convention
from reports.rounding import rounded

RULES = {
    "cochran": "where Cochran's rule allows it (two groups: every expected count at least 5; more: "
    "none below 1 and at most a fifth below 5)",
    "all5": "where every expected count is at least 5",
}
PERMUTATION, WALD = "cluster_permutation", "cluster_wald"
TESTS = {
    PERMUTATION: "permutation of whole clusters between the groups",
    WALD: "cluster-robust Wald test where clusters cannot be permuted",
}
MOVEMENT = "at equal facial movement"
ACTION_UNIT = re.compile(r"AU\d+")
#: places that a footnote names one by one
MOST_NAMED = 12


def images_word(counted: str) -> str:
    """What a count counts, in the plural."""
    return f"{counted}s"


def within_of(spec: ConditionalSpec, found: Found) -> str:
    """What makes the images of a condition alike: facial movement, or a column that says so."""
    if spec.kind == "overall":
        return "all images"
    families = dict.fromkeys(found.families[place] for place in places_of(spec, found))
    named = [name for name in families if not ACTION_UNIT.match(name)]
    return f"within {', '.join(named)}" if named else MOVEMENT


def caption_of(spec: ConditionalSpec, found: Found, convention: Convention, family: str) -> str:
    """What is tested, by which test, corrected over what, and of how many images."""
    attributes = " and ".join(one.attributes[-1] for one in spec.sets)
    condition = "" if spec.kind == "overall" else "condition, "
    sentences = [
        f"P({spec.label} | {condition}group) by {attributes}, {within_of(spec, found)}.",
        _tests(spec, found, convention),
    ]
    if convention.name != "paper":
        sentences.append(_holm(spec, found, family))
        if any(found.is_variant(name) for name in spec.datasets):
            sentences.append("Sensitivity runs, [in brackets], are corrected on their own.")
    sentences.append(f"{_size(spec, found)}. Convention {convention.name}.")
    return " ".join(sentence for sentence in sentences if sentence)


def dash_notes(spec: ConditionalSpec, found: Found, places: Iterable[Place]) -> dict[Place, str]:
    """Footnotes of the conditions without a p: one a reason, which lists its conditions."""
    reasons: dict[str, list[Place]] = {}
    for place in places:
        cell = found.cells.get(place)
        if cell is not None and math.isnan(cell["p"]):
            reasons.setdefault(cell["reason"] or "cannot be tested", []).append(place)
    notes = {}
    several = sum(len(one.attributes) for one in spec.sets) > 1
    for reason, own in reasons.items():
        named = [_named(place, found, spec, several=several) for place in own[:MOST_NAMED]]
        if len(own) > MOST_NAMED:
            named.append(f"and {len(own) - MOST_NAMED} more, see audit.csv")
        notes.update(dict.fromkeys(own, f"{reason}: {'; '.join(named)}"))
    return notes


def _named(place: Place, found: Found, spec: ConditionalSpec, *, several: bool) -> str:
    dataset, label, attribute, condition = place
    where = [dataset] if len(spec.datasets) > 1 else []
    where.append(label if spec.kind == "overall" else condition.replace(",", ", "))
    if several:
        where.append(attribute)
    test = found.tests.get((place, "chi2"))
    n = test["n"] if test else sum(row["n"] for row in found.shares[place].values())
    facts = f"n = {n}"
    if test and not math.isnan(test["min_expected"]):
        facts += f", smallest expected count {rounded(test['min_expected'], 2)}"
    return f"{' '.join(where)} ({facts})"


def _tests(spec: ConditionalSpec, found: Found, convention: Convention) -> str:
    used = {cell["test"] for place, cell in found.cells.items() if _belongs(place, spec)}
    parts = []
    if used & {"chi2", "exact"}:
        instead = "an exact p (dagger)" if convention.exact else "'-'"
        parts.append(
            "Pearson chi-square without Yates correction "
            f"{RULES[convention.sparse_rule]}, else {instead}"
        )
    parts += [words for name, words in TESTS.items() if name in used]
    text = f"p: {'; '.join(parts)}." if parts else ""
    if PERMUTATION in used and convention.name != "paper":
        text += " Wald p: the cluster-robust Wald test of the same, not corrected."
    return text


def _holm(spec: ConditionalSpec, found: Found, family: str) -> str:
    if family == "call":
        return "Holm p: over all tests of this audit's conditions."
    sizes = {}
    for attribute in (name for one in spec.sets for name in one.attributes):
        own = [
            cell
            for place, cell in found.cells.items()
            if place[1] in spec.labels and place[2] == attribute and not found.is_variant(place[0])
        ]
        sizes[attribute] = sum(not math.isnan(cell["p_holm"]) for cell in own)
    if spec.kind == "overall":
        return "Holm p: over the tests of each label and attribute."
    if len(sizes) == 1:
        size = next(iter(sizes.values()))
        tests = "one test" if size == 1 else f"{size} tests"
        return f"Holm p: over the {tests} of this label and attribute."
    counts = ", ".join(f"{size} of {attribute}" for attribute, size in sizes.items())
    return f"Holm p: over the tests of this label and one attribute ({counts})."


def _belongs(place: Place, spec: ConditionalSpec) -> bool:
    attributes = {name for one in spec.sets for name in one.attributes}
    return place[0] in spec.datasets and place[1] in spec.labels and place[2] in attributes


def _size(spec: ConditionalSpec, found: Found) -> str:
    """Images of known label and group, and how many of them some condition counts."""
    total, within, counted = 0, 0, "image"
    attribute = spec.sets[0].attributes[-1]
    proper = [name for name in spec.datasets if not found.is_variant(name)]
    for dataset in proper:
        own = found.shares.get((dataset, spec.labels[0], attribute, ALL), {})
        total += sum(row["n"] for row in own.values())
        within += _within(dataset, attribute, spec, found)
        counted = next((row["counted"] for row in own.values()), counted)
    sets = f" in {len(proper)} data sets" if len(proper) > 1 else ""
    text = f"n = {total:,} {images_word(counted)}{sets}"
    if within >= total:
        return text
    most = "at most " if spec.kind == "marginal" else ""
    return f"{text}, {most}{within:,} of them within the conditions"


def _within(dataset: str, attribute: str, spec: ConditionalSpec, found: Found) -> int:
    """Images that the conditions of a data set count; of several units, of that with most."""
    sizes: dict[str, int] = {}
    for place in places_of(spec, found):
        if (place[0], place[2]) == (dataset, attribute):
            images = sum(row["n"] for row in found.shares[place].values())
            family = found.families[place]
            sizes[family] = sizes.get(family, 0) + images
    return max(sizes.values(), default=0)
