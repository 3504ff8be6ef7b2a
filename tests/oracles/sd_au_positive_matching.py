"""AU positive matching with spectral decoupling: methods.md 7.2."""

import dataclasses

from tests.oracles import au_positive_matching, spectral_decoupling
from tests.oracles.given import Given

CASES = [
    {},
    {"schedule": "constant", "sd_strength": 0.3, "strength": 0.5},
    {"schedule": "author_switch", "sd_strength": 0.2, "switch": 0.9},
    {"schedule": "author_switch", "sd_strength": 0.2, "switch": 0.5},
    {"schedule": "author_switch", "sd_strength": 0.2, "switch": 0.5, "switch_scope": "all"},
]


def terms(given: Given) -> dict[str, float]:
    settings = given.settings
    decoupling = dataclasses.replace(
        given, settings={**settings, "strength": settings["sd_strength"]}
    )
    matching = settings["strength"] * au_positive_matching.matching(given)
    switched = given.index / given.total >= settings["switch"]
    everything = settings["switch_scope"] == "all" and settings["schedule"] == "author_switch"
    if switched and everything:
        matching *= settings["sd_strength"]
    return {**spectral_decoupling.terms(decoupling), "positive_matching": matching}
