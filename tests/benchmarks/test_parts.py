"""Parts of a cell: disjoint, grouped as the study says, withheld as the card says."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.errors import StudyError
from benchmarks.parts import Fields, cell_data, check_batch_size, make_task
from datasets.errors import DataError, WithheldError
from methods.base import MethodCard
from tests.benchmarks.tiny import CPU, Fixed, Tiny, make_data, make_faces


def card(*needs: str) -> MethodCard:
    return MethodCard("a", "A", "loss", "", needs=frozenset(needs))


def with_unknown_gender(*people: int):
    faces = make_faces()
    attributes = faces.attributes.copy()
    attributes[np.isin(np.arange(60) // 2, people), 0] = -1
    return replace(faces, attributes=attributes)


def test_a_picture_in_two_parts_is_refused():
    dataset = Fixed([0, 1], [2, 3], [0, 1])

    with pytest.raises(DataError, match="2 pictures and 1 people .* training and the test part"):
        cell_data(dataset, make_faces(), 0, ("gender",), "mask")


def test_a_person_in_two_parts_is_refused():
    # Pictures 2 and 3 are of one person.
    dataset = Fixed([0, 2], [3, 4], [6])

    with pytest.raises(DataError, match="0 pictures and 1 people .* training and the validation"):
        cell_data(dataset, make_faces(), 0, ("gender",), "mask")


def test_groups_are_row_major_products_of_the_attributes():
    data = make_data(groups=("gender", "tone"))

    # Person n has gender n % 2 and tone n % 3; code = 3 gender + tone; two pictures each.
    assert data.train.groups[::2][:6].tolist() == [0, 4, 2, 3, 1, 5]


def test_masked_samples_stay_in_training_without_a_group():
    data = make_data(with_unknown_gender(0, 25))

    assert len(data.train) == 40
    assert data.train.groups[:4].tolist() == [-1, -1, 1, 1]


def test_dropped_samples_leave_training_only():
    data = make_data(with_unknown_gender(0, 22, 25), unknown="drop")

    assert data.train.rows.tolist() == list(range(2, 40))
    assert (len(data.validation), len(data.test)) == (10, 10)
    assert (data.test.groups[:2] == -1).all()


def test_samples_of_unknown_group_can_be_a_group_of_their_own():
    data = make_data(with_unknown_gender(0, 25), unknown="own_group")

    assert data.groups[0].levels == ("female", "male", "unknown")
    assert data.train.groups[:4].tolist() == [2, 2, 1, 1]
    assert data.test.groups[:2].tolist() == [2, 2]


def test_stratum_counts_are_of_the_training_part_and_of_known_groups():
    faces = with_unknown_gender(0)
    data = make_data(faces)

    counts = make_task(data, card("train_groups"), 16).stratum_counts

    expected = [[0, 0], [0, 0], [0, 0]]
    for row in range(2, 40):
        expected[faces.labels[row]][(row // 2) % 2] += 1
    assert [list(line) for line in counts] == expected


def test_class_counts_include_samples_of_unknown_group():
    faces = with_unknown_gender(0)

    counts = make_task(make_data(faces), card(), 16).class_counts

    assert counts == tuple(int((faces.labels[:40] == label).sum()) for label in range(3))


def test_stratum_counts_are_withheld_from_methods_that_declare_no_groups():
    task = make_task(make_data(), card(), 16)

    with pytest.raises(WithheldError, match="train_groups"):
        _ = task.stratum_counts


WITHHELD = {
    "groups": "train_groups",
    "attributes": "train_groups",
    "index": "sample_index",
    "subjects": "subjects",
    "action_units": "action_units",
    "action_units_known": "action_units",
}


def with_action_units():
    units = np.random.default_rng(0).random((60, 2), dtype=np.float32)
    units[41] = np.nan
    known = np.ones(60, dtype=bool)
    known[41] = False
    return replace(make_faces(), action_units=units, action_units_known=known)


@pytest.mark.parametrize(("field", "need"), WITHHELD.items())
def test_a_field_is_withheld_unless_it_is_declared(field, need):
    data = make_data(with_action_units())

    with pytest.raises(WithheldError, match=f"batch.{field}.*'{need}'"):
        getattr(Fields(data, data.train, card(), CPU).all(), field)


@pytest.mark.parametrize(("field", "need"), WITHHELD.items())
def test_a_declared_field_is_handed_over(field, need):
    data = make_data(with_action_units())

    assert len(getattr(Fields(data, data.train, card(need), CPU).all(), field)) == 40


def test_optional_fields_are_handed_over_too():
    data = make_data()
    optional = MethodCard("a", "A", "loss", "", optional=frozenset({"train_groups"}))

    groups = Fields(data, data.train, optional, CPU).all().groups

    assert groups.tolist() == data.train.groups.tolist()


def test_the_index_counts_within_the_part_and_subjects_are_people():
    data = make_data()
    fields = Fields(data, data.validation, card("sample_index", "subjects"), CPU).all()

    assert fields.index.tolist() == list(range(10))
    assert fields.subjects.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_unmeasured_action_units_are_zeros_that_say_so():
    data = make_data(with_action_units())
    fields = Fields(data, data.validation, card("action_units"), CPU).all()

    assert fields.action_units[1].tolist() == [0, 0]
    assert fields.action_units_known.tolist() == [True, False, *[True] * 8]


def test_a_batch_larger_than_the_training_part_is_refused_with_a_size_that_fits():
    with pytest.raises(StudyError, match=r"batch of 41 .* tiny \(40 pictures\).*batch_size=10 "):
        check_batch_size(make_data(), 41)


def test_a_batch_as_large_as_the_training_part_is_allowed():
    check_batch_size(make_data(), 40)


def test_the_data_set_splits_by_the_seed_of_the_cell():
    class Turning(Tiny):
        def split(self, faces, seed):
            return Fixed([0 + 2 * seed], [10], [20]).parts

    data = cell_data(Turning(), make_faces(), 3, ("gender",), "mask")

    assert data.train.rows.tolist() == [6]
