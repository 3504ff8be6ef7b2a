"""The repaired AU positive matching, and the one with spectral decoupling.

Neutral coefficients against `ce` are in test_neutral_coefficient, the control in
test_shuffled_units.
"""

from typing import Any

import pytest
import torch

from datasets.settings import changed
from datasets.spec import Batch
from methods.au_positive_matching import AuPositiveMatching
from methods.au_positive_matching_repaired import AuPositiveMatchingRepaired
from methods.base import Method
from methods.sd_au_positive_matching import SdAuPositiveMatching
from methods.spectral_decoupling import SpectralDecoupling
from tests.methods.tiny import (
    build,
    declared,
    gradients,
    make_batch,
    make_spec,
    make_task,
    number,
    same,
    states,
    step_at,
    total_of,
    train,
)


def terms_of(method: Method, index: int = 0, **changes: torch.Tensor) -> dict[str, float]:
    batch = declared(make_batch(method.task, **changes), method.card)
    return {name: number(value) for name, value in method.loss(batch, step_at(index)).items()}


def test_the_repaired_form_is_the_published_one_with_two_settings_changed() -> None:
    repaired = build(AuPositiveMatchingRepaired)
    published = build(AuPositiveMatching, reduce="mean", au_weighting="detached")
    assert terms_of(repaired) == terms_of(published)
    assert changed(AuPositiveMatchingRepaired.Settings()) == {}
    assert (repaired.settings.reduce, repaired.settings.au_weighting) == ("mean", "detached")


def test_the_repaired_term_does_not_grow_with_the_number_of_positives() -> None:
    """Eight copies of a sample against two: every cosine is 1, and so is every anchor's mean."""
    images = make_batch(make_task(AuPositiveMatchingRepaired.card), 1).images
    units = torch.ones(1, 13)
    found = {}
    for cls in (AuPositiveMatching, AuPositiveMatchingRepaired):
        method = build(cls, au_weighting="raw_cosine")
        for size in (2, 8):
            batch = Batch(
                images=images.expand(size, -1, -1, -1),
                labels=torch.zeros(size, dtype=torch.int64),
                action_units=units.expand(size, -1),
                action_units_known=torch.ones(size, dtype=torch.bool),
            )
            term = method.loss(batch, step_at())["positive_matching"]
            found[cls, size] = number(term)
    assert found[AuPositiveMatchingRepaired, 2] == pytest.approx(-1, rel=1e-9)
    assert found[AuPositiveMatchingRepaired, 8] == pytest.approx(-1, rel=1e-9)
    assert found[AuPositiveMatching, 8] == pytest.approx(-7, rel=1e-9)


def test_the_repaired_form_trains_no_projector_of_the_action_units() -> None:
    method = build(AuPositiveMatchingRepaired)
    before = states(method)
    train(method)
    assert same(before, states(method), only=("matcher.units.",))
    assert not same(before, states(method), only=("matcher.features.",))


def assert_trains_alike(first: Method, second: Method) -> None:
    batches = [make_batch(first.task, seed=seed) for seed in range(3)]
    for method in (first, second):
        train(method, 3, batches=batches)
    assert same(states(first), states(second), only=("trunk.", "head."))


@pytest.mark.parametrize("precision", [torch.float32, torch.float64], ids=str)
def test_without_spectral_decoupling_it_is_au_positive_matching(precision: torch.dtype) -> None:
    torch.set_default_dtype(precision)
    both = build(SdAuPositiveMatching, schedule="constant", sd_strength=0.0)
    assert_trains_alike(both, build(AuPositiveMatching))


@pytest.mark.parametrize("schedule", ["constant", "author_switch", "switch_rescaled"])
def test_without_matching_it_is_spectral_decoupling(schedule: str) -> None:
    both = build(SdAuPositiveMatching, strength=0.0, schedule=schedule, sd_strength=0.05)
    alone = build(SpectralDecoupling, schedule=schedule, strength=0.05)
    assert_trains_alike(both, alone)


def test_the_default_schedule_and_its_constants_are_those_of_spectral_decoupling() -> None:
    both: Any = build(SdAuPositiveMatching)
    alone: Any = build(SpectralDecoupling)
    assert both.penalty == alone.penalty
    assert both.penalty.strength == 2e-5 and both.settings.strength == 1.0


@pytest.mark.parametrize(("scope", "factor"), [("ce", 1.0), ("all", 0.1)])
def test_the_authors_switch_scales_the_matching_term_on_demand(scope: str, factor: float) -> None:
    method = build(
        SdAuPositiveMatching, schedule="author_switch", sd_strength=0.1, switch_scope=scope
    )
    before, after = terms_of(method, 0), terms_of(method, 3)
    assert after["ce"] == pytest.approx(0.1 * before["ce"], rel=1e-12)
    wanted = factor * before["positive_matching"]
    assert after["positive_matching"] == pytest.approx(wanted, rel=1e-12)


def test_the_scope_acts_with_the_authors_switch_only() -> None:
    for schedule in ("constant", "switch_rescaled"):
        methods = [
            build(SdAuPositiveMatching, schedule=schedule, switch_scope=scope)
            for scope in ("ce", "all")
        ]
        assert terms_of(methods[0], 3) == terms_of(methods[1], 3)


def test_the_gradient_is_the_sum_of_those_of_the_two_methods() -> None:
    settings: dict[str, Any] = {"schedule": "constant"}
    both = build(SdAuPositiveMatching, sd_strength=0.3, **settings)
    decoupling = build(SpectralDecoupling, strength=0.3, **settings)
    matching = build(AuPositiveMatching)
    batch = make_batch(both.task)

    def on_trunk(method: Method, *left_out: str) -> list[torch.Tensor]:
        terms = method.loss(declared(batch, method.card), step_at())
        kept = {name: value for name, value in terms.items() if name not in left_out}
        found = gradients(total_of(kept), method.parameter_sets()[:1])
        return [torch.zeros(()) if g is None else g for g in found]

    parts = zip(on_trunk(decoupling), on_trunk(matching, "ce"), strict=True)
    for found, (first, second) in zip(on_trunk(both), parts, strict=True):
        torch.testing.assert_close(found, first + second, rtol=1e-9, atol=1e-13)


def test_the_target_schedule_needs_two_classes() -> None:
    settings = SdAuPositiveMatching.Settings(schedule="target")
    assert SdAuPositiveMatching.skip(make_spec(3), settings) is not None
    assert SdAuPositiveMatching.skip(make_spec(2), settings) is None
