"""EnD: methods.md 7.7."""

import itertools

from tests.oracles.given import Given, cross_entropies, unit_rows

CASES = [{}, {"alpha": 1.0, "beta": 0.3}]


def terms(given: Given) -> dict[str, float]:
    labels, groups = given.batch["labels"], given.batch["groups"]
    unit = unit_rows(given.features())
    inside: dict[int, float] = {}
    same_group, apart = 0, []
    for i, j in itertools.combinations(range(len(labels)), 2):
        if groups[i] < 0 or groups[j] < 0:
            continue
        cosine = float(unit[i] @ unit[j])
        if groups[i] == groups[j]:
            same_group += 1
            inside[groups[i]] = inside.get(groups[i], 0.0) + cosine
        elif labels[i] == labels[j]:
            apart.append((1 + cosine) / 2)
    orthogonality = sum(abs(value) for value in inside.values()) / same_group
    parallelism = 1 - sum(apart) / len(apart)
    return {
        "ce": cross_entropies(given.logits(), labels).mean(),
        "orthogonality": given.settings["alpha"] * orthogonality,
        "parallelism": given.settings["beta"] * parallelism,
    }
