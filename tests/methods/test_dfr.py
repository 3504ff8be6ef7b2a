"""Deep feature reweighting: subsets, choice of C, folding; the solver has its own tests."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from datasets.errors import WithheldError
from datasets.spec import Batch
from methods import dfr
from methods.base import MethodError
from methods.ce import CrossEntropy
from methods.dfr import (
    DeepFeatureReweighting,
    Samples,
    balanced_rows,
    stratum_accuracies,
)
from tests.methods.tiny import (
    build,
    make_batch,
    make_task,
    same,
    states,
    train,
)

LABELS = torch.tensor([0] * 9 + [1] * 7 + [2] * 4)
GROUPS = torch.tensor([0] * 6 + [1] * 2 + [2] + [0] * 3 + [1] * 3 + [-1] + [0] * 4)


def made(num_groups: int = 2, **settings: Any) -> DeepFeatureReweighting:
    card = DeepFeatureReweighting.card_for(DeepFeatureReweighting.Settings())
    method = build(DeepFeatureReweighting, task=make_task(card, sizes=(num_groups,)), **settings)
    assert isinstance(method, DeepFeatureReweighting)
    return method


def part_of(seed: int, size: int = 90, **changes: Tensor) -> Batch:
    """Features whose first columns tell the class and whose next ones the group."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(3, (size,), generator=generator)
    groups = torch.where(torch.rand(size, generator=generator) < 0.8, labels % 2, 1 - labels % 2)
    features = torch.randn(size, 8, generator=generator) * torch.arange(1, 9) + 5
    features[:, :3] += 1.5 * torch.eye(3)[labels]
    features[:, 3] += 10 * groups
    return Batch(**{"features": features, "labels": labels, "groups": groups} | changes)


def without_groups(part: Batch) -> Batch:
    return Batch(features=part.features, labels=part.labels)


def test_a_subset_has_every_group_of_a_class_as_often_as_the_rarest() -> None:
    rows = balanced_rows(LABELS, GROUPS, torch.Generator().manual_seed(0))
    counts = Counter(zip(LABELS[rows].tolist(), GROUPS[rows].tolist(), strict=True))
    assert counts == {
        (0, 0): 1, (0, 1): 1, (0, 2): 1, (1, 0): 3, (1, 1): 3, (2, 0): 4,
    }  # fmt: skip
    assert len(set(rows.tolist())) == len(rows)


def test_subsets_differ_by_draw_and_repeat_under_a_generator() -> None:
    drawn = [balanced_rows(LABELS, GROUPS, torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and set(drawn[0].tolist()) != set(drawn[2].tolist())


def test_unknown_groups_throughout_are_refused() -> None:
    with pytest.raises(MethodError, match="no sample of known group"):
        balanced_rows(LABELS, torch.full((20,), -1), torch.Generator())


@pytest.mark.parametrize("data", ["val", "train"])
def test_the_trunk_stays_byte_for_byte_and_is_that_of_cross_entropy(data: str) -> None:
    method, plain = made(data=data), build(CrossEntropy)
    batches = [make_batch(method.task, seed=seed) for seed in range(3)]
    train(method, 3, batches=batches)
    train(plain, 3, batches=batches)
    assert same(states(plain), states(method), only=("trunk.",))
    assert not same(states(plain), states(method), only=("head.",))


def test_the_fit_is_the_same_for_a_seed_and_leaves_the_global_generator_alone() -> None:
    first, second, third = made(), made(), made()
    third.draws += 1
    before = torch.get_rng_state()
    for method in (first, second, third):
        method.refit(without_groups(part_of(0)), part_of(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert same(states(first), states(second), only=("head.",))
    assert not same(states(first), states(third), only=("head.",))


def test_averaging_identical_fits_is_one_fit() -> None:
    # three samples of either group in each class: every subset is everything
    labels, groups = torch.arange(18) % 3, torch.arange(18) // 9
    found = []
    for repeats in (1, 5):
        method = made(repeats=repeats, strengths=(0.3,))
        part = part_of(2, 18, labels=labels, groups=groups)
        method.refit(without_groups(part_of(0)), part)
        found.append(states(method))
    for name in ("head.weight", "head.bias"):
        torch.testing.assert_close(found[0][name], found[1][name], rtol=1e-6, atol=1e-9)


PARTS = {"val": (20, {"validation"}), "train": (10, {"training"})}


@pytest.mark.parametrize(("data", "repeats", "sources"), [(k, *v) for k, v in PARTS.items()])
def test_the_strength_is_tuned_on_one_half_and_kept_for_all_the_subsets(
    data: str, repeats: int, sources: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    training, validation = part_of(0), part_of(1)
    centre, spread = dfr.standardisation(training.features)
    owners = {
        tuple(row): (name, i)
        for name, part in (("training", training), ("validation", validation))
        for i, row in enumerate(((part.features - centre) / spread).tolist())
    }

    def who(inputs: Tensor) -> set[tuple[str, int]]:
        return {owners[tuple(row)] for row in inputs.flatten(0, -2).tolist()}

    calls, seen = [], []
    plain_fit, method = dfr.fit, made(data=data, strengths=(0.03, 1.0, 0.1))
    plain_tuned = method._tuned

    def fit(samples: Samples, rows: Tensor, strengths: Tensor, size: int) -> Any:
        calls.append((who(samples.inputs[rows]), rows, strengths))
        return plain_fit(samples, rows, strengths, size)

    def tuned(half: Samples, scored: Samples, generator: torch.Generator) -> float:
        assert plain_tuned(half, scored, generator) in (0.03, 1.0, 0.1)
        seen.append((who(half.inputs), who(scored.inputs)))
        return 0.55  # unlike any candidate, so that it is seen where it goes

    monkeypatch.setattr(dfr, "fit", fit)
    monkeypatch.setattr(method, "_tuned", tuned)
    method.refit(training if data == "train" else without_groups(training), validation)
    (half, scored), (trial, final) = seen[0], calls
    assert len(scored) == 45 and {name for name, _ in scored} == {"validation"}
    assert len(half) == (90 if data == "train" else 45) and not half & scored
    assert trial[0] <= half and {name for name, _ in half} == sources
    assert trial[2].tolist() == [1.0, 0.1, 0.03] and (trial[1] == trial[1][0]).all()
    assert final[2].tolist() == [0.55] * repeats
    assert len({tuple(sorted(rows)) for rows in final[1].tolist()}) == repeats
    # the final subsets are drawn from all of the part, the scored half too
    assert {name for name, _ in final[0]} == sources and len(final[0]) > 60
    if data == "val":
        assert final[0] & scored


@pytest.mark.parametrize("data", ["val", "train"])
def test_the_head_on_plain_features_is_the_regression_on_standardised_ones(data: str) -> None:
    # balanced parts and one repeat: the fit sees the whole part in some order
    labels, groups = torch.arange(60) % 3, torch.arange(60) // 30
    training = part_of(3, 60, labels=labels, groups=groups)
    validation = part_of(4, 60, labels=labels, groups=groups)
    method = made(data=data, repeats=1, strengths=(1.0,))
    method.refit(training, validation)
    scaler = StandardScaler().fit(training.features.numpy())
    part = training if data == "train" else validation
    saga = LogisticRegression(C=1.0, l1_ratio=1, solver="saga", tol=1e-10, max_iter=20_000)
    saga.fit(scaler.transform(part.features.numpy()), labels.numpy())
    unseen = part_of(5).features
    wanted = saga.predict_proba(scaler.transform(unseen.numpy()))
    found = method.head(unseen).softmax(dim=1).detach().numpy()
    assert np.ptp(wanted, axis=0).min() > 0.2
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_strength_is_the_one_with_the_best_worst_stratum_on_the_other_half() -> None:
    method = made(strengths=(0.03, 1.0, 0.1))
    generator = torch.Generator().manual_seed(1)
    half, scored = (samples_of(part_of(seed, 120)) for seed in (6, 7))
    rows = balanced_rows(half.labels, half.groups, generator)
    scores = {}
    for strength in (1.0, 0.1, 0.03):
        saga = LogisticRegression(C=strength, l1_ratio=1, solver="saga", tol=1e-8, max_iter=9999)
        saga.fit(half.inputs[rows].numpy(), half.labels[rows].numpy())
        right = saga.predict(scored.inputs.numpy()) == scored.labels.numpy()
        strata = scored.labels.numpy() * 2 + scored.groups.numpy()
        means = [right[strata == stratum].mean() for stratum in np.unique(strata)]
        scores[strength] = (min(means), np.mean(means))
    assert len({worst for worst, _ in scores.values()}) > 1
    found = method._tuned(half, scored, torch.Generator().manual_seed(1))
    assert found == max(scores, key=lambda strength: scores[strength])


def samples_of(part: Batch) -> Samples:
    inputs = (part.features - part.features.mean(0)) / part.features.std(0)
    return Samples(inputs, part.labels, part.groups)


def test_equal_candidates_give_the_larger_strength() -> None:
    method = made(strengths=(1e-4, 1e-3))
    half, scored = samples_of(part_of(6)), samples_of(part_of(7))
    # both leave no weight at all, and the intercepts are the same
    assert method._tuned(half, scored, torch.Generator().manual_seed(0)) == 1e-3


def test_accuracies_of_strata_by_hand() -> None:
    labels, groups = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 0, 1, 1, -1])
    correct = torch.tensor([True, False, True, True, False])
    samples = Samples(torch.zeros(5, 1), labels, groups)
    worst, mean = stratum_accuracies(correct, samples, 2)
    assert worst == 0.5 and mean == pytest.approx(2.5 / 3)


def test_balancing_takes_weight_off_the_feature_of_the_group() -> None:
    training, validation = part_of(8, 600), part_of(9, 600)
    method = made(strengths=(0.3,))
    method.refit(without_groups(training), validation)
    spread = training.features.std(0).numpy()
    biased = LogisticRegression(C=0.3, l1_ratio=1, solver="saga", max_iter=9999).fit(
        StandardScaler().fit_transform(validation.features.numpy()), validation.labels.numpy()
    )
    weight = np.abs(method.head.weight.detach().numpy() * spread)[:, 3].max()
    assert weight < 0.3 * np.abs(biased.coef_)[:, 3].max()


def test_constant_features_get_no_weight_and_do_no_harm() -> None:
    training, validation = part_of(0), part_of(1)
    training.features[:, 5] = 0
    validation.features[:, 5] = 0
    method = made()
    method.refit(without_groups(training), validation)
    assert torch.isfinite(method.head.weight).all() and (method.head.weight[:, 5] == 0).all()


@pytest.mark.parametrize(("mean", "spread"), [(0.0, 1e-7), (1000.0, 1e-5)])
def test_a_dead_feature_is_not_blown_up_on_other_parts(mean: float, spread: float) -> None:
    """Rounding on the training part is no spread to divide by."""
    training, validation = part_of(0), part_of(1)
    for part, scale in ((training, spread), (validation, 1e-3)):
        noise = torch.randn(len(part.labels), generator=torch.Generator().manual_seed(3))
        part.features[:, 5] = mean + scale * noise
    method = made()
    method.refit(without_groups(training), validation)
    assert method.head.weight[:, 5].abs().max() < 1


def test_small_features_are_not_taken_for_constant_ones() -> None:
    heads = []
    for scale in (1.0, 1e-7):
        training, validation = part_of(0), part_of(1)
        for part in (training, validation):
            part.features *= scale
        method = made()
        method.refit(without_groups(training), validation)
        heads.append(method.head.weight.detach() * scale)
    torch.testing.assert_close(heads[0], heads[1], rtol=1e-5, atol=1e-8)


def test_a_class_that_the_validation_part_lacks_gives_a_finite_head() -> None:
    part = part_of(1)
    method = made()
    method.refit(without_groups(part_of(0)), part.take(part.labels != 2))
    assert torch.isfinite(method.head(part.features)).all()


def test_the_card_names_the_groups_that_are_read() -> None:
    assert made().card.needs == {"val_groups"}
    assert made(data="train").card.needs == {"val_groups", "train_groups"}
    with pytest.raises(WithheldError, match="val_groups"):
        made().refit(part_of(0), without_groups(part_of(1)))
    with pytest.raises(WithheldError, match="train_groups"):
        made(data="train").refit(without_groups(part_of(0)), part_of(1))


@pytest.mark.parametrize("strengths", [(), (1.0, 0.0)])
def test_strengths_must_be_above_zero(strengths: tuple[float, ...]) -> None:
    with pytest.raises(MethodError, match="above 0"):
        made(strengths=strengths)


def test_stage_one_does_not_predict_and_stage_two_does() -> None:
    assert [stage.predicts for stage in made().stages()] == [False, True]
