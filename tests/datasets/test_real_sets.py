"""Counts of the real pictures beside the project, against their READMEs."""

import time
from collections import Counter

import numpy as np
import pytest

from datasets.checking import check
from datasets.london import London
from datasets.omi import Omi, OmiSettings, read
from datasets.omi_london import OmiLondon


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def _tested(data, faces, seeds):
    return Counter(np.concatenate([data.split(faces, seed).test for seed in seeds]).tolist())


def test_london_has_the_people_of_its_readme(shared_data, cache):
    faces = London().load(shared_data, cache, 8)
    assert len(faces) == 204
    assert Counter(faces.labels.tolist()) == {0: 102, 1: 102}
    _, first = np.unique(faces.subjects, return_index=True)
    assert len(first) == 102
    gender, ethnicity, detailed, age = faces.attributes[first].T
    assert Counter(gender.tolist()) == {0: 49, 1: 53}
    assert Counter(ethnicity.tolist()) == {0: 69, 1: 33}
    assert Counter(detailed.tolist()) == {0: 69, 1: 13, 2: 10, 3: 9, 4: 1}
    assert Counter(age.tolist()) == {0: 42, 1: 41, 2: 17, -1: 2}
    assert (faces.attributes[:, 3] == -1).sum() == 4


@pytest.mark.parametrize("start", [0, 3, 5])
def test_five_seeds_in_a_row_test_every_london_picture_once(shared_data, cache, start):
    faces = London().load(shared_data, cache, 8)
    tested = _tested(London(), faces, range(start, start + 5))
    assert set(tested.values()) == {1} and len(tested) == 204


def test_london_folds_are_even_in_gender_and_class(shared_data, cache):
    faces = London().load(shared_data, cache, 8)
    for seed in range(5):
        rows = London().split(faces, seed).test
        assert len(rows) in (40, 42)
        counts = Counter(zip(faces.labels[rows], faces.attributes[rows, 0], strict=True))
        assert all(counts[label, 0] in (9, 10) for label in (0, 1))
        assert all(counts[label, 1] in (10, 11) for label in (0, 1))


def test_omi_has_the_counts_of_its_readme(shared_data):
    listing = read(shared_data, OmiSettings())
    assert Counter(listing.labels.tolist()) == {0: 502, 1: 502}
    counts = {name: Counter(values.tolist()) for name, values in listing.values.items()}
    assert counts["gender"] == {"female": 489, "male": 135 + 139 + 150, "unsure": 91}
    assert counts["ethnicity"] == {"white": 636, "other": 1004 - 636}
    assert counts["age"] == {"under_30": 378, "30_to_44": 408, "45_up": 218}


@pytest.mark.parametrize(
    ("adapter", "sizes"), [(Omi, (642, 161, 201)), (OmiLondon, (803, 201, 204))]
)
def test_parts_have_the_stated_sizes_and_are_even_in_class_and_gender(
    shared_data, cache, adapter, sizes
):
    faces = adapter().load(shared_data, cache, 8)
    split = adapter().split(faces, 1)
    assert (len(split.train), len(split.validation), len(split.test)) == sizes
    total = np.concatenate([split.train, split.validation])
    for label in (0, 1):
        for gender in (-1, 0, 1):

            def count(rows, label=label, gender=gender):
                own = (faces.labels[rows] == label) & (faces.attributes[rows, 0] == gender)
                return own.sum()

            assert abs(count(split.validation) - count(total) / 5) < 1


@pytest.mark.parametrize("adapter", [London, Omi, OmiLondon], ids=lambda cls: cls.card.key)
def test_a_check_finds_the_documented_counts_and_nothing_wrong(shared_data, cache, adapter):
    found = check(adapter(), shared_data, cache)
    documented = [count for count in found.counts if count.expected is not None]
    assert documented and all(count.found == count.expected for count in documented)
    assert not found.is_wrong, found.findings


def test_the_cautions_of_the_readmes_are_said_by_every_report(shared_data, cache):
    london, omi = (one.load(shared_data, cache, 8).notes for one in (London(), Omi()))
    assert any("smiles of London are faint" in note for note in london)
    assert any("impressions that raters had" in note for note in omi)
    assert set(OmiLondon().load(shared_data, cache, 8).notes) == {*london, *omi}


def test_the_fingerprint_is_fast(shared_data):
    Omi().fingerprint(shared_data)
    times = []
    for _ in range(3):
        start = time.process_time()
        Omi().fingerprint(shared_data)
        times.append(time.process_time() - start)
    assert min(times) < 0.3
