"""Strategic sampling: shares of groups, neutral cases, copies, cap, unknown groups."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from datasets.spec import Batch
from methods.base import Method
from methods.shared.weighting import stratum_table
from methods.strategic_sampling import StrategicSampling, copying_times, drawing_weights
from tests.methods.tiny import build, make_task, make_training, number

#: K x G; class 1 has two of the three groups
COUNTS = ((30, 8, 2), (5, 0, 15), (20, 12, 8))
SIZE = 100


def made(counts: tuple[tuple[int, ...], ...] = COUNTS, **settings: object) -> Method:
    sizes = (len(counts[0]),)
    task = make_task(StrategicSampling.card, len(counts), sizes, counts=counts)
    return build(StrategicSampling, task=task, **settings)


def drawn(method: Method, training: Batch, epochs: int = 1) -> Tensor:
    (stage,) = method.stages()
    generator = torch.Generator().manual_seed(0)
    return torch.cat([stage.sampling(training, e, generator) for e in range(epochs)])


def strata(training: Batch, rows: Tensor) -> np.ndarray:
    """(K, G) appearances of the strata among the rows."""
    codes = training.labels[rows] * 3 + training.groups[rows]
    return torch.bincount(codes, minlength=9).view(3, 3).numpy()


EXPECTED = {
    # classes keep 40 : 20 : 40; groups share each class equally
    "within_class": np.array([[40 / 3] * 3, [10, 0, 10], [40 / 3] * 3]) / 100,
    "stratum": np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]]) / 8,
    # a third for each group, in it as the classes are: 30 + 5 + 20, 8 + 12, 2 + 15 + 8
    "group": np.array(COUNTS) / np.array([55, 20, 25]) / 3,
}


@pytest.mark.parametrize("mode", EXPECTED)
def test_strata_are_drawn_with_the_shares_of_the_mode(mode: str) -> None:
    method = made(mode=mode)
    training = make_training(method.task)
    rows = drawn(method, training, 1000)
    assert len(rows) == 1000 * SIZE
    found, wanted = strata(training, rows), EXPECTED[mode] * len(rows)
    assert not found[wanted == 0].any()
    assert chisquare(found[wanted > 0], wanted[wanted > 0]).pvalue > 0.01


@pytest.mark.parametrize("mode", EXPECTED)
def test_balanced_data_is_drawn_uniformly(mode: str) -> None:
    weights = drawing_weights(stratum_table(((5, 5), (5, 5))), mode, None)
    torch.testing.assert_close(weights, torch.ones(2, 2), rtol=0, atol=1e-12)


def test_one_group_is_drawn_uniformly_within_the_classes() -> None:
    weights = drawing_weights(stratum_table(((50,), (3,))), "within_class", None)
    torch.testing.assert_close(weights, torch.ones(2, 1), rtol=0, atol=1e-12)


def test_duplicate_copies_the_minority_eighteen_times() -> None:
    # floor(95 / 5) = 19 appearances: the sample and 18 copies (Wang et al., code)
    counts = ((95, 5),)
    assert copying_times(stratum_table(counts), None).tolist() == [[1.0, 19.0]]
    method = made(counts, mode="duplicate")
    training = make_training(method.task)
    rows = drawn(method, training)
    assert len(rows) == 95 + 19 * 5
    times = torch.bincount(rows)
    assert torch.equal(times, torch.where(training.groups == 1, 19, 1))
    assert not torch.equal(rows, rows.sort().values)


def test_duplicate_compares_the_groups_of_a_class_and_obeys_the_cap() -> None:
    counts = stratum_table(COUNTS)
    wanted = [[1.0, 3.0, 15.0], [3.0, 15.0, 1.0], [1.0, 1.0, 2.0]]  # the stratum (1, 1) is empty
    assert copying_times(counts, None).tolist() == wanted
    assert copying_times(counts, 10.0).tolist() == np.minimum(wanted, 10).tolist()


@pytest.mark.parametrize("mode", ["stratum", "group"])
def test_the_cap_bounds_what_a_sample_is_expected_to_appear(mode: str) -> None:
    counts = stratum_table(((900, 2), (60, 40)))
    free, cut = (drawing_weights(counts, mode, cap) for cap in (None, 5.0))
    assert free.max() > 5 and number(cut.max()) == pytest.approx(5, abs=1e-12)
    assert number((cut * counts).sum()) == pytest.approx(1002, abs=1e-9)


def test_the_cap_keeps_the_shares_of_the_classes() -> None:
    counts = stratum_table(((90, 9, 1), (60, 40, 0)))
    # class 0 weighs 100/270, 100/27, 100/3; 100/3 is cut to 10 and the 90 left are shared equally
    wanted = [[45 / 90, 45 / 9, 10.0], [50 / 60, 50 / 40, 0.0]]
    found = drawing_weights(counts, "within_class", 10.0)
    torch.testing.assert_close(found, torch.tensor(wanted))


def test_a_cap_of_one_draws_uniformly_and_cutting_goes_on_until_all_are_below() -> None:
    counts = stratum_table(COUNTS)
    flat = drawing_weights(counts, "stratum", 1.0)
    torch.testing.assert_close(flat, (counts > 0).to(flat.dtype))
    # 21 samples weigh 1.75, 0.4375, 7; cutting 7 to 2 lifts 1.75 to 2.375, so that it is cut too
    twice = drawing_weights(stratum_table(((4, 16, 1),)), "stratum", 2.0)
    torch.testing.assert_close(twice, torch.tensor([[2.0, 11 / 16, 2.0]]))


def test_an_unknown_group_keeps_its_natural_share() -> None:
    method = made()
    known = make_training(method.task)
    unknown = torch.full((25,), -1)
    training = Batch(
        labels=torch.cat([known.labels, torch.arange(25) % 3]),
        groups=torch.cat([known.groups, unknown]),
    )
    rows = drawn(method, training, 800)  # 1e5 draws of 125 samples
    times = torch.bincount(rows, minlength=125)
    assert chisquare(times[SIZE:].numpy()).pvalue > 0.01
    mass = [int(times[:SIZE].sum()), int(times[SIZE:].sum())]
    assert chisquare(mass, [len(rows) * 0.8, len(rows) * 0.2]).pvalue > 0.01


def test_without_known_groups_sampling_is_uniform() -> None:
    counts = ((0, 0, 0),) * 3
    training = Batch(labels=torch.arange(30) % 3, groups=torch.full((30,), -1))
    rows = drawn(made(counts), training, 3000)
    assert chisquare(torch.bincount(rows, minlength=30).numpy()).pvalue > 0.01
