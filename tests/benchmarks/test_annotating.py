"""Guessed attributes: the error that is stated is the error that is made."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks.annotating import guess, interval, teacher, write_guesses
from benchmarks.cli import main
from benchmarks.errors import StudyError
from benchmarks.plan import make_dataset
from benchmarks.protocol import Protocol
from datasets.listing import Listing, texts
from datasets.picture_set import Facts, PictureSet
from datasets.predicted import accuracy, read_guesses
from datasets.spec import Attribute, DatasetSpec, dataset
from datasets.tree import Source
from reports.stats.proportions import wilson

PROTOCOL = Protocol(pixels=32, images=1600, validations=1)
GENDER = Attribute("gender", ("female", "male"))
FACES = {"pool_images": 640, "test_images": 300, "bias": 0.0}


@dataset(title="Drawn faces", licence="none", source="this test", key="drawn")
class Drawn(PictureSet):
    """Synthetic faces as files `LABEL_GENDER_NUMBER.png`."""

    facts = Facts(request="this test", tree=("*.png",))

    def own_spec(self):
        return DatasetSpec("drawn", ("a", "b"), (), (), 64)

    def read(self, root):
        paths = sorted(root.glob("*.png"))
        return Listing(
            tables=(),
            pictures=tuple(Source(path) for path in paths),
            sample_ids=tuple(path.stem for path in paths),
            labels=np.array([int(path.stem[0]) for path in paths]),
            values={"gender": texts(GENDER.levels[int(path.stem[2])] for path in paths)},
        )


def synthetic(**changes):
    return make_dataset("synthetic", {**FACES, **changes})


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Folder of 250 faces of the same world as the teacher's, other people."""
    folder = tmp_path_factory.mktemp("drawn")
    source = synthetic(population_seed=1)
    faces = source.load(None, folder / "cache", 32)
    column = [a.name for a in faces.spec.attributes].index("gender")
    for row in range(250):
        gender = faces.attributes[row, column]
        Image.fromarray(faces.images[row]).save(folder / f"{row % 2}_{gender}_{row:03}.png")
    return folder


@pytest.fixture(scope="module")
def guessed(drawn, tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    known = teacher(
        synthetic(), PROTOCOL, root=None, cache=cache, seed=0, device=torch.device("cpu")
    )
    target = make_drawn()
    listing, faces = target.listing(drawn), target.load(drawn, cache, 32)
    return known, target, listing, faces, guess(known, "gender", faces)


def make_drawn():
    return Drawn(Drawn.Settings())


def test_the_stated_error_is_the_true_one_within_its_interval(guessed):
    _, _, listing, faces, found = guessed
    truth = listing.codes("gender", GENDER.levels)
    assert [str(name) for name in faces.sample_ids] == list(listing.sample_ids)
    right = (found.codes == truth).mean()
    stated, size = np.trace(found.confusion), found.confusion.sum()
    # Two samples of one rate: their difference has the variances of both; 3.3 standard errors.
    rate = stated / size
    spread = np.sqrt(rate * (1 - rate) * (1 / size + 1 / len(truth)))
    assert abs(right - rate) < 3.3 * spread
    assert 0.6 < rate < 1.0
    low, high = found.interval
    assert low < rate < high


def test_people_are_the_units_of_the_stated_interval():
    # Of 20 people 15 are guessed rightly, on each of five pictures: no more is known than of 20.
    right = np.repeat(np.arange(20) < 15, 5)
    people = np.repeat(np.arange(20), 5).astype(np.str_)
    low, high = interval(right, people)
    once = interval(right[::5], people[::5])
    alone = interval(right, np.arange(100).astype(np.str_))
    np.testing.assert_allclose(alone, wilson(75, 100))
    np.testing.assert_allclose(once, wilson(15, 20))
    np.testing.assert_allclose([low, high], once, atol=0.05)
    assert low < alone[0] - 0.05 and high > alone[1] + 0.03


def test_confidence_is_the_probability_of_the_guess(guessed):
    found = guessed[-1]
    assert (found.confidence >= 0.5).all() and (found.confidence <= 1.0).all()
    truth = guessed[2].codes("gender", GENDER.levels)
    sure = found.confidence > np.median(found.confidence)
    assert (found.codes == truth)[sure].mean() > (found.codes == truth)[~sure].mean()


def test_what_is_written_is_what_a_picture_set_reads(guessed, drawn, tmp_path):
    known, target, listing, faces, found = guessed
    write_guesses([found], target, listing, faces, tmp_path / "g.csv", teacher=known)
    stated = read_guesses(tmp_path / "g.csv")
    assert accuracy(stated.attributes[0]) == np.trace(found.confusion) / found.confusion.sum()
    assert "synthetic" in stated.note()
    settings = Drawn.Settings(attributes=str(tmp_path / "g.csv"))
    annotated = Drawn(settings).load(drawn, tmp_path / "cache", 16)
    assert annotated.spec.default_groups == ("predicted_gender",)
    np.testing.assert_array_equal(annotated.attributes[:, 0], found.codes)


def test_a_teacher_without_a_level_says_so(guessed):
    known, _, _, faces, _ = guessed
    empty = known.data.faces.attributes.copy()
    column = [a.name for a in known.data.faces.spec.attributes].index("gender")
    empty[:, column] = 0
    one_sided = replace(
        known, data=replace(known.data, faces=replace(known.data.faces, attributes=empty))
    )
    with pytest.raises(StudyError, match="has no gender male in its training part"):
        guess(one_sided, "gender", faces)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["omi", "--teacher", "omi"], "cannot be its own teacher"),
        (["synthetic", "--teacher", "omi"], "knows its attributes"),
        (["omi", "--teacher", "synthetic", "--preset", "fast"], "preset must be one of"),
        (["omi", "--teacher", "nobody"], "no data set 'nobody'"),
    ],
)
def test_a_mistake_is_one_sentence(capsys, tmp_path, arguments, message):
    assert main(["data", "annotate", *arguments, "--out", str(tmp_path / "g.csv")]) == 2
    assert message in capsys.readouterr().err
    assert json.dumps([p.name for p in tmp_path.iterdir()]) == "[]"
