"""AUC-FER; triplets are in test_triplets, strength 0 against `ce` in test_neutral_coefficient."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from datasets.spec import Attribute, Batch
from methods.auc_fer import AucFer
from methods.base import Method, Task
from methods.shared.action_unit_codes import (
    DEFAULT_UNITS,
    ActionUnitCodes,
    merge_rare,
    thresholds_of,
)
from tests.methods.tiny import (
    UNITS,
    build,
    declared,
    make_batch,
    make_spec,
    make_task,
    make_training,
    number,
    prepare,
    step_at,
)


def ready(**settings: Any) -> Method:
    """A method whose codes have been learnt from the tiny training part."""
    method = build(AucFer, **{"min_count": 1} | settings)
    prepare(method, method.stages()[0])
    return method


def triplet_of(method: Method, **changes: Tensor) -> float:
    batch = declared(make_batch(method.task, 12, **changes), method.card)
    return number(method.loss(batch, step_at())["triplet"])


def test_permuting_the_labels_leaves_the_term_alone_and_permuting_the_codes_does_not() -> None:
    method = ready()
    batch = make_batch(method.task, 12)
    order = torch.arange(11, -1, -1)
    before = triplet_of(method)
    assert before > 0
    assert triplet_of(method, labels=batch.labels[order]) == before
    assert triplet_of(method, action_units=batch.action_units[order]) != before


def test_the_control_without_units_takes_the_class_for_the_code() -> None:
    method = ready(units="none")
    batch = make_batch(method.task, 12)
    assert torch.equal(method.codes(batch), batch.labels)
    assert method.num_codes == 3
    assert triplet_of(method, labels=batch.labels.flip(0)) != triplet_of(method)
    assert method.card.needs == {"train_groups"}
    bare = replace(make_spec(), action_units=())
    assert AucFer.skip(bare, method.settings) is None
    assert AucFer.skip(bare, AucFer.Settings()) is not None


def test_shuffled_units_give_other_codes_as_often() -> None:
    plain, control = ready(), ready(units="shuffled")
    training = make_training(plain.task)
    own, dealt = plain.codes(training), control.codes(training)
    assert not torch.equal(own, dealt)
    assert sorted(own.tolist()) == sorted(dealt.tolist())
    assert torch.equal(own < 0, dealt < 0)
    assert plain.num_codes == control.num_codes


@pytest.mark.parametrize(
    ("settings", "needs"),
    [
        ({}, {"action_units", "train_groups"}),
        ({"balance": "none"}, {"action_units"}),
        ({"units": "shuffled"}, {"action_units", "train_groups", "sample_index"}),
        ({"units": "none", "balance": "none"}, set()),
    ],
)
def test_settings_need_what_they_read(settings: dict[str, Any], needs: set[str]) -> None:
    method = ready(**settings)
    assert method.card.needs == needs
    stage = method.stages()[0]
    training = declared(make_training(method.task), method.card)
    if stage.sampling is not None:
        rows = stage.sampling(training, 0, torch.Generator())
        assert rows.shape == (30,) and int(rows.min()) >= 0 and int(rows.max()) < 30
    assert (stage.sampling is None) == (settings.get("balance") == "none")
    assert triplet_of(method) >= 0


def test_rare_codes_go_to_the_nearest_kept_one_then_to_the_more_frequent() -> None:
    """Three units; 000, 111 and 100 are frequent."""
    bits = torch.tensor([[n >> place & 1 for place in range(3)] for n in range(8)])
    counts = torch.zeros(8, dtype=torch.int64)
    counts[0b000], counts[0b111], counts[0b100] = 30, 50, 20
    counts[0b110], counts[0b001] = 19, 1
    found = merge_rare(counts, bits, 20).tolist()
    assert [found[n] for n in (0b000, 0b111, 0b100)] == [0b000, 0b111, 0b100]
    # 110: one unit from 111 (50 images) and from 100 (20): the more frequent; 001: next to 000
    assert (found[0b110], found[0b001]) == (0b111, 0b000)
    # 011: one unit from 111; 010: one from 000, two from the others; 101: one from 111 and from 100
    assert (found[0b011], found[0b010], found[0b101]) == (0b111, 0b000, 0b111)


def test_equally_frequent_codes_are_ordered_by_number() -> None:
    bits = torch.tensor([[0], [1]]).repeat(1, 1)
    assert merge_rare(torch.tensor([5, 5]), bits, 1).tolist() == [0, 1]
    two = torch.tensor([[n & 1, n >> 1] for n in range(4)])
    # 01 and 10 have five each, both one unit from 00 and from 11
    assert merge_rare(torch.tensor([1, 5, 5, 0]), two, 5).tolist() == [1, 1, 2, 1]


def test_the_most_frequent_code_is_kept_however_rare() -> None:
    bits = torch.tensor([[0], [1]])
    assert merge_rare(torch.tensor([3, 2]), bits, 20).tolist() == [0, 0]


def coder(min_count: int = 1) -> ActionUnitCodes:
    return ActionUnitCodes(
        make_spec(), ("AU01", "AU12"), openface=False, threshold=0.5, min_count=min_count
    )


def test_codes_are_the_active_units_and_all_zero_is_one_of_them() -> None:
    units = torch.zeros(5, len(UNITS))
    first, second = UNITS.index("AU01"), UNITS.index("AU12")
    units[1, first], units[2, second], units[3, [first, second]] = 0.51, 1.0, 0.9
    batch = Batch(action_units=units, action_units_known=torch.tensor([True] * 4 + [False]))
    module = coder()
    assert module(batch).tolist() == [0, 1, 2, 3, -1]
    units[1, first] = 0.5
    assert module(batch).tolist() == [0, 0, 2, 3, -1], "active is above the threshold"


def test_the_number_of_codes_counts_what_is_kept() -> None:
    units = torch.zeros(6, len(UNITS))
    units[4:, UNITS.index("AU01")] = 1
    units[5, UNITS.index("AU12")] = 1
    known = torch.ones(6, dtype=torch.bool)
    for least, wanted in ((1, 3), (2, 1), (20, 1)):
        module = coder(least)
        assert module.num_codes == 4
        module.learn(Batch(action_units=units, action_units_known=known))
        assert module.num_codes == wanted
    known[:4] = False
    module = coder()
    module.learn(Batch(action_units=units, action_units_known=known))
    assert module.num_codes == 2, "samples without action units are not counted"


def test_default_units_and_thresholds_are_documented() -> None:
    assert build(AucFer).coder.columns.tolist() == [UNITS.index(name) for name in DEFAULT_UNITS]
    found = thresholds_of(("AU01", "AU23"), openface=True, otherwise=0.5)
    assert found == [4.4 / 5, 0.5]
    assert thresholds_of(("AU01", "AU23"), openface=False, otherwise=0.4) == [0.4, 0.4]
    settings: Any = AucFer.Settings()
    assert (settings.strength, settings.margin, settings.epsilon) == (10, 1, 0.1)
    assert (settings.balance, settings.min_count) == ("gender_x_code", 20)


def test_units_that_are_not_measured_or_too_many_are_refused() -> None:
    assert AucFer.skip(make_spec(), AucFer.Settings(action_units=UNITS[:10])) is None
    reason = AucFer.skip(make_spec(), AucFer.Settings(action_units=UNITS[:11]))
    assert reason is not None and "10" in reason
    reason = AucFer.skip(make_spec(), AucFer.Settings(action_units=("AU99",)))
    assert reason is not None and "AU99" in reason


def gendered(method: Method) -> Task:
    """The task with attributes of race and gender."""
    attributes = (Attribute("race", ("a", "b", "c")), Attribute("gender", ("f", "m")))
    return replace(method.task, groups=attributes)


def test_every_combination_of_gender_and_code_is_drawn_equally_often() -> None:
    method = ready(action_units=("AU01",))
    method.task = gendered(method)
    training = make_training(make_task(AucFer.card, sizes=(3, 2)))
    weights, codes = method.sampling_weights(training), method.codes(training)
    gender = training.attributes[:, 1]
    sums = [
        number(weights[(codes == code) & (gender == level)].sum())
        for code in codes[codes >= 0].unique().tolist()
        for level in (0, 1)
    ]
    measured = training.action_units_known
    assert sums == pytest.approx([number(measured.sum()) / 4] * 4, rel=1e-12)
    assert torch.equal(weights[~measured], torch.ones(int((~measured).sum())))
    assert number(weights.mean()) == pytest.approx(1, rel=1e-12)


def test_without_gender_the_product_of_the_groups_is_balanced() -> None:
    method = ready(units="none")
    training = make_training(method.task)
    training.groups[:3] = -1
    weights = method.sampling_weights(training)
    assert weights[:3].tolist() == [1, 1, 1]
    for label in range(3):
        for group in range(2):
            cell = (training.labels == label) & (training.groups == group)
            assert number(weights[cell].sum()) == pytest.approx(27 / 6, rel=1e-12)


def test_sampling_with_everything_unknown_draws_every_sample_alike() -> None:
    method = ready()
    training = make_training(method.task)
    training.groups[:] = -1
    assert torch.equal(method.sampling_weights(training), torch.ones(30))


def test_strength_zero_has_neither_balancing_nor_codes() -> None:
    stage = build(AucFer, strength=0.0).stages()[0]
    assert stage.sampling is None and stage.prepare is None
