"""ExpW: lines, boxes, several faces in a picture, draws of protocol chen."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from datasets.errors import DataError
from datasets.expw import CLASSES, Expw
from datasets.sampled import SampledSettings, drawn
from tests.datasets.miniatures import expw


def _add(folder, *lines):
    with (folder / "label" / "label.lst").open("a") as file:
        file.writelines(lines)


def test_the_order_of_a_box_is_top_left_right_bottom(tmp_path):
    folder = expw.make(tmp_path, faces=1)
    picture = np.zeros((30, 60, 3), dtype=np.uint8)
    picture[5:25, 32:52] = 255  # rows 5 to 24, columns 32 to 51
    Image.fromarray(picture).save(folder / "image" / "origin" / "block.png")
    _add(folder, expw.line("block.png", 0, box=(5, 32, 52, 25)))
    listing = Expw().read(tmp_path)
    row = listing.sample_ids.index("block_0")
    assert listing.boxes[row].tolist() == [32, 5, 52, 25]
    faces = Expw(SampledSettings(tolerated=1.0)).load(tmp_path, tmp_path / "cache", 8)
    # The filter looks a little over the edge; read in another order the box would be mostly black.
    assert (faces.images[faces.sample_ids.tolist().index("block_0")] > 200).all()


def test_codes_are_those_of_the_set_in_their_order(tmp_path):
    assert CLASSES == ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
    expw.make(tmp_path, faces=1)  # one face of each code 0 to 6
    listing = Expw().read(tmp_path)
    assert {name: CLASSES[label] for name, label in zip(
        listing.sample_ids, listing.labels.tolist(), strict=True
    )} == {f"angry_actor_{100 * code}_0": name for code, name in enumerate(CLASSES)}  # fmt: skip
    assert Expw.facts.lines == {
        "label.lst": 91_793, "label.lst, angry": 3_671, "label.lst, disgust": 3_995,
        "label.lst, fear": 1_088, "label.lst, happy": 30_537, "label.lst, sad": 10_559,
        "label.lst, surprise": 7_060, "label.lst, neutral": 34_883,
    }  # fmt: skip


def test_faces_of_one_picture_are_samples_of_their_own(tmp_path):
    folder = expw.make(tmp_path)
    _add(folder, expw.line("angry_actor_0.jpg", 6, face=2))
    listing = Expw().read(tmp_path)
    rows = [row for row, name in enumerate(listing.paths) if name.endswith("/angry_actor_0.jpg")]
    assert [listing.sample_ids[row] for row in rows] == [f"angry_actor_0_{n}" for n in range(3)]
    assert listing.faces[rows].tolist() == [0, 1, 2]
    assert [CLASSES[label] for label in listing.labels[rows]] == ["angry", "angry", "neutral"]
    assert len(set(listing.sample_ids)) == len(listing) == 7 * 30 + 1


def test_the_word_in_a_name_is_not_the_label(tmp_path):
    expw.make(tmp_path, faces=10)
    listing = Expw().read(tmp_path)
    assert all(name.startswith("angry") for name in listing.sample_ids)
    assert Counter(listing.labels.tolist()) == dict.fromkeys(range(7), 10)


def test_lines_that_repeat_a_face_are_counted_and_contradictions_left_out(tmp_path):
    folder = expw.make(tmp_path)
    same = expw.line("angry_actor_10.jpg", 0)
    _add(folder, same, same, expw.line("angry_actor_11.jpg", 3))
    listing = Expw().read(tmp_path)
    assert listing.left_out == {"repeated": 2, "repeated with different labels": 2}
    assert "angry_actor_10_0" in listing.sample_ids
    assert "angry_actor_11_0" not in listing.sample_ids


def test_a_label_file_that_is_not_as_long_as_documented_is_noted_in_every_report(tmp_path):
    expw.make(tmp_path, faces=3)
    faces = Expw().load(tmp_path, tmp_path / "cache", 4)
    assert "label.lst has 21 lines of faces, 91,793 are documented." in faces.notes


def test_documented_lines_add_up_and_are_counted_before_repeated_ones_are_left_out(tmp_path):
    documented = Expw.facts.lines
    assert sum(documented.values()) == 2 * 91_793
    folder = expw.make(tmp_path, faces=3)
    _add(folder, expw.line("angry_actor_1.jpg", 0))
    listing = Expw().read(tmp_path)
    assert listing.left_out == {"repeated": 1} and len(listing) == 21
    counted = {name: 3 for name in CLASSES} | {"angry": 4}
    assert listing.lines == {"label.lst": 22} | {f"label.lst, {k}": n for k, n in counted.items()}
    assert listing.lines.keys() == documented.keys()


def test_a_box_that_leaves_its_picture_is_cut_at_the_edge(tmp_path):
    folder = expw.make(tmp_path, faces=1)
    half = np.zeros((20, 20, 3), dtype=np.uint8)
    half[10:, 10:] = 200
    Image.fromarray(half).save(folder / "image" / "origin" / "edge.png")
    _add(folder, expw.line("edge.png", 1, box=(10, 10, 90, 90)))
    faces = Expw().load(tmp_path, tmp_path / "cache", 4)
    # Were the box not cut, three quarters of the face would lie outside and be black.
    assert (faces.images[faces.sample_ids.tolist().index("edge_0")] > 150).all()


def test_names_with_blanks_are_read(tmp_path):
    folder = expw.make(tmp_path, faces=1)
    _add(folder, expw.line("sad old_man 7.jpg", 4))
    assert Expw().read(tmp_path).sample_ids[-1] == "sad old_man 7_0"


@pytest.mark.parametrize(
    "line",
    [
        expw.line("a.jpg", 7),
        expw.line("a.jpg", -1),
        "a.jpg 0 1 2 3 4 5\n",
        "a.jpg x 1 2 3 4 5 0\n",
        expw.line("../../secret.jpg", 0),
        expw.line("/etc/passwd", 0),
    ],
    ids=["code", "negative", "short", "text", "climbs", "absolute"],
)
def test_a_line_that_is_none_is_said_with_its_number(tmp_path, line):
    folder = expw.make(tmp_path, faces=1)
    _add(folder, line)
    with pytest.raises(DataError, match=r"label.lst, line 8: not a picture, the number"):
        Expw().read(tmp_path)


def test_parts_of_the_archive_that_are_not_unpacked_are_said_with_the_command(tmp_path):
    folder = expw.make(tmp_path, unpacked=False)
    with pytest.raises(DataError, match=r"unpack it there with `7z x origin.7z.001`"):
        Expw().read(tmp_path)
    for part in (folder / "image").iterdir():
        part.unlink()
    with pytest.raises(DataError, match="has no pictures in image/origin"):
        Expw().read(tmp_path)


def test_the_set_has_no_attributes_and_is_parted_evenly_in_class(tmp_path):
    expw.make(tmp_path)
    data = Expw()
    faces = data.load(tmp_path, tmp_path / "cache", 4)
    assert faces.attributes.shape == (210, 0)
    split = data.split(faces, 0)
    assert np.bincount(faces.labels[split.test]).tolist() == [6] * 7


def test_a_draw_of_chen_has_8_1_1_parts_and_one_test_part_for_all_seeds(tmp_path):
    expw.make(tmp_path)
    data = Expw(SampledSettings(protocol="chen", sample=100, positive="happy"))
    faces = data.load(tmp_path, tmp_path / "cache", 4)
    assert len(faces) == 100 and data.describe().classes == ("not_happy", "happy")
    splits = [data.split(faces, seed) for seed in range(3)]
    for split in splits:
        sizes = len(split.train), len(split.validation), len(split.test)
        assert sizes == (80, 10, 10)
    assert len({tuple(split.test) for split in splits}) == 1
    assert len({tuple(split.validation) for split in splits}) == 3


def test_the_five_draws_differ_and_do_not_depend_on_the_order_of_lines(tmp_path):
    folder = expw.make(tmp_path)
    draws = []
    for repeat in range(5):
        data = Expw(SampledSettings(protocol="chen", sample=50, protocol_repeat=repeat))
        draws.append(frozenset(data.read(tmp_path).sample_ids))
    assert len(set(draws)) == 5
    table = folder / "label" / "label.lst"
    table.write_text("".join(reversed(table.read_text().splitlines(keepends=True))))
    data = Expw(SampledSettings(protocol="chen", sample=50))
    assert frozenset(data.read(tmp_path).sample_ids) == draws[0]


def test_a_draw_stays_the_same_over_versions():
    # Ranks of the first 8 bytes of sha256(b"salt\0p0") ...; others would change every draw.
    assert drawn([f"p{number}" for number in range(6)], "salt").tolist() == [2, 5, 0, 4, 3, 1]


def test_a_draw_larger_than_the_set_is_refused(tmp_path):
    expw.make(tmp_path, faces=1)
    data = Expw(SampledSettings(protocol="chen"))
    with pytest.raises(DataError, match=r"7 faces, and protocol chen draws 20,000"):
        data.read(tmp_path)
