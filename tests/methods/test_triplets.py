"""Mined triplets, their loss and its collapse."""

import itertools

import pytest
import torch
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import MultiSimilarityMiner
from torch import Tensor

from methods.shared.triplets import code_pairs, collapse, mined, triplet_loss
from tests.methods.tiny import number

CODES = torch.tensor([0, 1, 0, 2, 1, 0, 3, -1])


def features_of(size: int = 8, seed: int = 0) -> Tensor:
    return torch.randn(size, 5, generator=torch.Generator().manual_seed(seed))


def loss_of(features: Tensor, codes: Tensor, margin: float = 1.0, epsilon: float = 0.1) -> float:
    return number(triplet_loss(features, codes, margin=margin, epsilon=epsilon))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("margin", "epsilon"), [(1.0, 0.1), (0.2, 0.1), (0.05, 0.5), (0.5, 0.0)])
def test_value_and_gradient_are_those_of_the_library(
    seed: int, margin: float, epsilon: float
) -> None:
    codes = torch.randint(4, (24,), generator=torch.Generator().manual_seed(seed))
    ours = features_of(24, seed).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    found = triplet_loss(ours, codes, margin=margin, epsilon=epsilon)
    pairs = MultiSimilarityMiner(epsilon=epsilon)(theirs, codes)
    wanted = TripletMarginLoss(margin=margin)(theirs, codes, pairs)
    assert number(found) == pytest.approx(number(wanted), abs=1e-6)
    torch.testing.assert_close(
        *(torch.autograd.grad(v, z)[0] for v, z in ((found, ours), (wanted, theirs))),
        rtol=1e-6, atol=1e-8,
    )  # fmt: skip


def test_one_code_in_the_batch_gives_zero_and_no_gradient() -> None:
    features = features_of().requires_grad_()
    loss = triplet_loss(features, torch.zeros(8, dtype=torch.int64), margin=1.0, epsilon=0.1)
    assert number(loss) == 0
    (gradient,) = torch.autograd.grad(loss, features)
    assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_collapsed_features_give_the_margin_and_a_finite_gradient(margin: float) -> None:
    features = torch.ones(8, 5).requires_grad_()
    loss = triplet_loss(features, CODES, margin=margin, epsilon=0.1)
    assert number(loss) == pytest.approx(margin, rel=1e-12)
    (gradient,) = torch.autograd.grad(loss, features)
    assert torch.isfinite(gradient).all()


def test_scaling_the_features_changes_nothing() -> None:
    assert loss_of(features_of() * 7.5, CODES) == pytest.approx(
        loss_of(features_of(), CODES), rel=1e-12
    )


def test_three_samples_by_hand() -> None:
    """Anchor and positive at 60 degrees, the negative opposite the anchor: chords 1, 2, sqrt 3."""
    features = torch.tensor([[1.0, 0.0], [0.5, 3**0.5 / 2], [-1.0, 0.0]])
    codes = torch.tensor([0, 0, 1])
    # a = 0: 1 - 2 + 1.5, a = 1: 1 - sqrt 3 + 1.5; the miner must keep both: epsilon 2
    wanted = (0.5 + 2.5 - 3**0.5) / 2
    assert loss_of(features, codes, 1.5, 2.0) == pytest.approx(wanted, rel=1e-12)
    # mined at 0.1: neither negative is within 0.1 of the positive's cosine
    assert loss_of(features, codes, 1.5, 0.1) == 0


def test_the_miner_keeps_what_its_inequalities_say() -> None:
    features = features_of()
    unit = torch.nn.functional.normalize(features, dim=1)
    cosines = unit @ unit.T
    kept = mined(cosines, code_pairs(CODES), 0.1)
    known = [i for i in range(8) if CODES[i] >= 0]
    for a, b in itertools.product(range(8), repeat=2):
        same = [i for i in known if i != a and CODES[i] == CODES[a]]
        other = [i for i in known if CODES[i] != CODES[a]]
        both = bool(same) and bool(other) and a in known
        positive = both and b in same and cosines[a, b] - 0.1 < max(cosines[a, n] for n in other)
        negative = both and b in other and cosines[a, b] + 0.1 > min(cosines[a, p] for p in same)
        assert bool(kept.positives[a, b]) == bool(positive)
        assert bool(kept.negatives[a, b]) == bool(negative)


def test_samples_of_unknown_code_take_no_part() -> None:
    features = features_of().requires_grad_()
    loss = triplet_loss(features, CODES, margin=1.0, epsilon=0.1)
    (gradient,) = torch.autograd.grad(loss, features)
    assert torch.equal(gradient[7], torch.zeros(5))
    assert number(loss) == pytest.approx(loss_of(features_of()[:7], CODES[:7]), rel=1e-12)


def test_diagnostics_show_the_collapse() -> None:
    point = collapse(torch.ones(8, 5), CODES, margin=1.0, epsilon=0.1)
    assert number(point.active_share) == 1
    assert number(point.feature_variance) == pytest.approx(0, abs=1e-15)
    spread = collapse(torch.eye(4), torch.tensor([0, 0, 1, 1]), margin=1.0, epsilon=0.1)
    # unit vectors at right angles: 1 - |mean|^2 = 1 - 1/4; all distances equal, all triplets active
    assert number(spread.feature_variance) == pytest.approx(0.75, rel=1e-12)
    assert number(spread.active_share) == 1
    apart = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0]])
    solved = collapse(apart, torch.tensor([0, 0, 1, 1]), margin=1.0, epsilon=0.1)
    assert number(solved.active_share) == 0
    assert number(solved.feature_variance) == 1
