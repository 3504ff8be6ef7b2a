"""AU positive matching; strength 0 against `ce` is in test_neutral_coefficient."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from datasets.spec import Batch
from methods.au_positive_matching import AuPositiveMatching
from methods.ops import cosines
from methods.shared.au_matching import (
    PAPER_UNITS,
    REDUCTIONS,
    WEIGHTINGS,
    AuMatcher,
    degeneration,
    matching_loss,
    positive_pairs,
    used_units,
)
from tests.methods.tiny import UNITS, build, declared, make_batch, make_spec, number, step_at

SPEC = make_spec(3)
FEATURES = torch.randn(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.tensor([0, 1, 0, 2, 1, 0])
KNOWN = torch.tensor([True, True, True, True, False, True])


def matcher(*, weighting: str = "learned", reduce: str = "sum", width: int = 4) -> AuMatcher:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return AuMatcher(SPEC, width, (), weighting=weighting, reduce=reduce)


def batch_of(labels: Tensor = LABELS, known: Tensor = KNOWN, seed: int = 1) -> Batch:
    units = torch.rand(len(labels), len(UNITS), generator=torch.Generator().manual_seed(seed))
    return Batch(labels=labels, action_units=units, action_units_known=known)


def all_known(labels: list[int], seed: int = 1) -> Batch:
    return batch_of(torch.tensor(labels), torch.ones(len(labels), dtype=torch.bool), seed)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return number(a @ b) / (max(math.sqrt(a @ a), 1e-8) * max(math.sqrt(b @ b), 1e-8))


def loss_by_loops(module: AuMatcher, features: Tensor, batch: Batch) -> float:
    """Eq. 2 read aloud: for every anchor, for every other known sample of its class."""
    columns = [UNITS.index(name) for name in PAPER_UNITS]
    units = batch.action_units.numpy()[:, columns]
    project = {
        "learned": lambda u: np.maximum(_apply(module.units, u), 0),
        "detached": lambda u: np.maximum(_apply(module.units, u), 0),
        "fixed_projection": lambda u: module.units.weight.detach().numpy() @ u,
        "raw_cosine": lambda u: u,
        "none": lambda u: np.ones(1),
    }[module.weighting]
    a = [project(u) for u in units]
    h = [np.maximum(_apply(module.features, z), 0) for z in features.detach().numpy()]
    labels, known = batch.labels.tolist(), batch.action_units_known.tolist()
    total, size = 0.0, len(labels)
    for i in range(size):
        positives = [
            p for p in range(size) if p != i and labels[p] == labels[i] and known[i] and known[p]
        ]
        inner = sum(cosine(a[i], a[p]) * cosine(h[i], h[p]) for p in positives)
        total += inner / (max(len(positives), 1) if module.reduce == "mean" else 1)
    return -total / size


def _apply(layer: torch.nn.Linear, values: np.ndarray) -> np.ndarray:
    return layer.weight.detach().numpy() @ values + layer.bias.detach().numpy()


@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_the_term_is_the_equation_read_aloud(weighting: str, reduce: str) -> None:
    module = matcher(weighting=weighting, reduce=reduce)
    wanted = loss_by_loops(module, FEATURES, batch_of())
    assert wanted < 0
    assert number(module(FEATURES, batch_of())) == pytest.approx(wanted, rel=1e-10)


def test_a_batch_without_two_samples_of_a_class_gives_zero_and_no_gradient() -> None:
    module, features = matcher(), FEATURES[:3].clone().requires_grad_()
    loss = module(features, all_known([0, 1, 2]))
    found = torch.autograd.grad(loss, [features, *module.parameters()])
    assert number(loss) == 0
    assert all(torch.equal(g, torch.zeros_like(g)) for g in found)


def test_equal_action_units_leave_the_similarity_of_the_features() -> None:
    module, batch = matcher(), all_known([0, 1, 0, 2, 1, 0])
    batch.action_units[:] = batch.action_units[0].clone()
    h = np.maximum(np.stack([_apply(module.features, z) for z in FEATURES.numpy()]), 0)
    within = [
        sum(cosine(h[i], h[p]) for p in range(6) if p != i and LABELS[p] == LABELS[i])
        for i in range(6)
    ]
    found = number(module(FEATURES, batch))
    assert found == pytest.approx(-sum(within) / 6, rel=1e-10)


@pytest.mark.parametrize("which", ["features", "units"])
def test_rescaling_an_embedding_changes_nothing(which: str) -> None:
    module = matcher()
    before = number(module(FEATURES, batch_of()))
    for parameter in getattr(module, which).parameters():
        parameter.data *= 7.5
    assert number(module(FEATURES, batch_of())) == pytest.approx(before, rel=1e-12)


def test_the_term_of_an_anchor_has_no_gradient_on_samples_of_other_classes() -> None:
    vectors = FEATURES.clone().requires_grad_()
    positives = positive_pairs(LABELS, torch.ones(6, dtype=torch.bool))
    own = torch.zeros_like(positives)
    own[0] = positives[0]
    weights = torch.full((6, 6), 0.5)
    (gradient,) = torch.autograd.grad(matching_loss(cosines(vectors), weights, own, "sum"), vectors)
    assert torch.equal(gradient[LABELS != 0], torch.zeros(3, 4))
    assert all(number(row.abs().sum()) > 0 for row in gradient[LABELS == 0])


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_two_samples_of_a_class_give_minus_the_product_of_their_cosines(reduce: str) -> None:
    module, batch = matcher(weighting="raw_cosine", reduce=reduce), all_known([1, 1])
    columns = [UNITS.index(name) for name in PAPER_UNITS]
    u = batch.action_units.numpy()[:, columns]
    h = [np.maximum(_apply(module.features, z), 0) for z in FEATURES.numpy()]
    wanted = -cosine(u[0], u[1]) * cosine(h[0], h[1])
    assert number(module(FEATURES[:2], batch)) == pytest.approx(wanted, rel=1e-10)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_permuting_the_action_units_matters_unless_they_are_not_used(weighting: str) -> None:
    module, batch = matcher(weighting=weighting), all_known([0, 1, 0, 2, 1, 0])
    before = number(module(FEATURES, batch))
    batch.action_units[:] = batch.action_units[[4, 0, 5, 1, 2, 3]].clone()
    assert (number(module(FEATURES, batch)) == before) == (weighting == "none")


def test_only_learned_weights_train_the_projector_of_the_action_units() -> None:
    for weighting in WEIGHTINGS:
        module = matcher(weighting=weighting)
        assert module.units.weight.requires_grad == (weighting == "learned")
    module = matcher()
    gradient = torch.autograd.grad(module(FEATURES, batch_of()), module.units.weight)[0]
    assert number(gradient.abs().sum()) > 0


def test_the_gradient_on_the_features_is_that_of_finite_differences() -> None:
    module, batch = matcher(reduce="mean"), batch_of()
    torch.autograd.gradcheck(lambda z: module(z, batch), (FEATURES.clone().requires_grad_(),))


def test_unmeasured_samples_take_no_part_whatever_their_values() -> None:
    module, batch = matcher(), batch_of()
    before = number(module(FEATURES, batch))
    batch.action_units[4] = math.nan
    features = FEATURES.clone().requires_grad_()
    loss = module(features, batch)
    found = torch.autograd.grad(loss, [features, *module.parameters()])
    assert number(loss) == before
    assert all(torch.isfinite(g).all() for g in found)
    assert torch.equal(found[0][4], torch.zeros(4))


def test_zero_vectors_have_cosine_zero_and_a_finite_gradient() -> None:
    vectors = torch.tensor([[0.0, 0.0], [1.0, 2.0]], requires_grad=True)
    found = cosines(vectors)
    (gradient,) = torch.autograd.grad(found.sum(), vectors)
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0], [0.0, 1.0]]))
    assert torch.isfinite(gradient).all()


def test_the_term_is_never_positive_and_bounded_by_the_number_of_positives() -> None:
    for seed in range(5):
        batch = all_known([0, 0, 0, 1, 1, 2], seed)
        found = number(matcher()(FEATURES, batch))
        assert -(3 * 2 + 2 * 1) / 6 <= found <= 0


def test_the_loss_adds_the_term_times_lambda() -> None:
    method = build(AuPositiveMatching, strength=0.3)
    batch = declared(make_batch(method.task), method.card)
    terms = method.loss(batch, step_at())
    wanted = 0.3 * loss_by_loops(method.matcher, method.features(batch.images), batch)
    assert number(terms["positive_matching"]) == pytest.approx(wanted, rel=1e-10)
    losses = -method.logits(batch.images).log_softmax(1).gather(1, batch.labels[:, None])
    assert number(terms["ce"]) == pytest.approx(number(losses.mean()), rel=1e-12)


def test_published_settings_are_the_default() -> None:
    settings: Any = AuPositiveMatching.Settings()
    assert (settings.strength, settings.reduce, settings.au_weighting) == (1.0, "sum", "learned")
    module = build(AuPositiveMatching).matcher
    assert module.units.out_features == 32 and module.features.out_features == 128


def test_the_units_used_are_those_of_the_paper_that_are_measured() -> None:
    assert used_units(SPEC, ()) == PAPER_UNITS
    fewer = replace(SPEC, action_units=("AU12", "AU05", "AU01"))
    assert used_units(fewer, ()) == ("AU01", "AU12")
    assert used_units(SPEC, ("AU05",)) == ("AU05",)
    module = build(AuPositiveMatching, action_units=("AU05", "AU01")).matcher
    assert module.columns.tolist() == [0, 1]


def test_data_without_the_units_is_skipped_with_the_reason() -> None:
    settings = AuPositiveMatching.Settings()
    assert AuPositiveMatching.skip(SPEC, settings) is None
    reason = AuPositiveMatching.skip(replace(SPEC, action_units=("AU05",)), settings)
    assert reason is not None and "none of the paper's" in reason
    named = AuPositiveMatching.Settings(action_units=("AU01", "AU99"))
    reason = AuPositiveMatching.skip(SPEC, named)
    assert reason is not None and "AU99" in reason


def test_diagnostics_show_the_degenerate_optimum() -> None:
    known = torch.ones(6, dtype=torch.bool)
    constant = degeneration(torch.ones(6, 6), torch.ones(6, 6), LABELS, known)
    assert number(constant.weight_spread) == 0
    assert number(constant.cross_class_similarity) == 1


def test_diagnostics_are_means_over_the_right_pairs() -> None:
    similarities = cosines(FEATURES)
    weights = cosines(FEATURES.flip(0))
    found = degeneration(similarities, weights, LABELS, KNOWN)
    pairs = [(i, j) for i in range(6) for j in range(6) if i != j]
    inside = [
        number(weights[i, j]) for i, j in pairs if LABELS[i] == LABELS[j] and KNOWN[i] and KNOWN[j]
    ]
    across = [number(similarities[i, j]) for i, j in pairs if LABELS[i] != LABELS[j]]
    assert number(found.weight_spread) == pytest.approx(np.std(inside), rel=1e-10)
    assert number(found.cross_class_similarity) == pytest.approx(np.mean(across), rel=1e-10)
