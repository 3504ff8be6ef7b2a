"""AU positive matching, repaired: methods.md 7.1 with mean and detached weights."""

from tests.oracles import au_positive_matching
from tests.oracles.given import Given

CASES = [{}, {"au_weighting": "raw_cosine", "strength": 0.3}, {"reduce": "sum"}]


def terms(given: Given) -> dict[str, float]:
    return au_positive_matching.terms(given)
