"""AUC-FER: methods.md 7.3."""

import numpy as np

from tests.oracles.given import Array, Given, cross_entropies, unit_rows

#: columns of the units in the tests' data (AU05, then the twelve of S2) and OpenFace's thresholds
COLUMNS = {"AU01": 1, "AU04": 3, "AU06": 4, "AU12": 7, "AU15": 9, "AU23": 11}
OPENFACE = {"AU01": 4.4, "AU04": 2.4, "AU06": 1.8, "AU12": 1.3, "AU15": 1.3}
CASES = [
    {},
    {"min_count": 1, "margin": 0.2, "strength": 0.5},
    {"min_count": 2, "epsilon": 0.02, "balance": "none"},
    {"min_count": 4, "thresholds": "openface"},
    {"units": "none", "epsilon": 0.0},
]


def patterns(given: Given, units: Array) -> list[tuple[int, ...]]:
    rows = []
    for row in units:
        code = []
        for name, column in COLUMNS.items():
            level = given.settings["threshold"]
            if given.settings["thresholds"] == "openface" and name in OPENFACE:
                level = OPENFACE[name] / 5
            code.append(int(row[column] > level))
        rows.append(tuple(code))
    return rows


def number(pattern: tuple[int, ...]) -> int:
    return sum(bit << place for place, bit in enumerate(pattern))


def codes(given: Given) -> list[int]:
    """Number of the kept pattern of each sample; -1 unknown."""
    if given.settings["units"] == "none":
        return list(given.batch["labels"])
    counts: dict[tuple[int, ...], int] = {}
    measured = given.training["action_units"][given.training["action_units_known"]]
    for pattern in patterns(given, measured):
        counts[pattern] = counts.get(pattern, 0) + 1
    least = min(given.settings["min_count"], max(counts.values()))
    kept = [pattern for pattern, count in counts.items() if count >= least]

    def merged(pattern: tuple[int, ...]) -> int:
        def rank(other: tuple[int, ...]) -> tuple[int, int, int]:
            distance = sum(a != b for a, b in zip(pattern, other, strict=True))
            return distance, -counts[other], number(other)

        return number(min(kept, key=rank))

    known = given.batch["action_units_known"]
    found = [merged(pattern) for pattern in patterns(given, given.batch["action_units"])]
    return [code if known[i] else -1 for i, code in enumerate(found)]


def triplet(unit: Array, codes: list[int], margin: float, epsilon: float) -> float:
    cosines = unit @ unit.T
    rows = [i for i, code in enumerate(codes) if code >= 0]
    values = []
    for a in rows:
        same = [p for p in rows if p != a and codes[p] == codes[a]]
        other = [n for n in rows if codes[n] != codes[a]]
        if not same or not other:
            continue
        nearest, farthest = max(cosines[a, n] for n in other), min(cosines[a, p] for p in same)
        for p in same:
            for n in other:
                kept = cosines[a, p] - epsilon < nearest and cosines[a, n] + epsilon > farthest
                away = np.linalg.norm(unit[a] - unit[p]) - np.linalg.norm(unit[a] - unit[n])
                if kept and away + margin > 0:
                    values.append(away + margin)
    return float(np.mean(values)) if values else 0.0


def terms(given: Given) -> dict[str, float]:
    settings = given.settings
    unit = unit_rows(given.features())
    value = triplet(unit, codes(given), settings["margin"], settings["epsilon"])
    ce = cross_entropies(given.logits(), given.batch["labels"]).mean()
    return {"ce": ce, "triplet": settings["strength"] * value}
