"""A folder of the user's own: what its description may say, and what is refused."""

import csv
import shutil
from collections import Counter

import numpy as np
import pytest

from benchmarks.plan import make_plan
from benchmarks.study import Study
from datasets.errors import DataError, SettingError
from datasets.folder import Folder
from datasets.listing import TEST, TRAIN
from tests.datasets.miniatures import folder as miniature
from tests.datasets.miniatures.noise import save_noise, write_table

SMALL = """
table = "labels.csv"
[label]
classes = ["no", "yes"]
"""


@pytest.fixture
def described(tmp_path):
    """Makes the adapter for a description, and the root with a table of four pictures."""

    def make(text=SMALL, rows=None, pictures="set"):
        root = tmp_path / "root"
        table = rows or [{"image": f"{n}.png", "label": "no" if n % 2 else "yes"} for n in range(4)]
        write_table(root / "set" / "labels.csv", table)
        for number, row in enumerate(table):
            save_noise(root / pictures / str(row["image"]), number)
        return adapter(tmp_path, text), root

    return make


def adapter(folder, text, name="faces.toml", **settings):
    path = folder / name
    path.write_text(text)
    return Folder(Folder.Settings(config=str(path), **settings))


def full(tmp_path, **changes):
    """The miniature with pieces of its description replaced, and its root."""
    text = miniature.CONFIG
    for old, new in changes.values():
        assert old in text
        text = text.replace(old, new)
    miniature.make(tmp_path / "root", people=24)
    return adapter(tmp_path, text), tmp_path / "root"


# What a description says ------------------------------------------------------------------------


def test_every_role_is_read_as_described(tmp_path):
    data, root = full(tmp_path)
    listing, spec = data.read(root), data.describe()
    rows = [row for row in miniature.rows(24) if row["emotion"] != 9]
    assert spec.classes == ("neutral", "happy", "sad")
    assert [(a.name, a.levels) for a in spec.attributes] == [
        ("gender", ("female", "male")), ("age", ("under_20", "20_to_39", "40_up")),
    ]  # fmt: skip
    assert (spec.default_groups, spec.train_images) == (("gender",), 4000)
    assert listing.labels.tolist() == [row["emotion"] for row in rows]
    sexes = {"f": "female", "m": "male", "?": "unsure"}
    assert listing.values["gender"].tolist() == [sexes[row["sex"]] for row in rows]
    ages = {15: "under_20", 20: "20_to_39", 39: "20_to_39", 40: "40_up", "n/a": ""}
    assert listing.values["age"].tolist() == [ages[row["age"]] for row in rows]
    parts = {"a": TRAIN, "b": TRAIN, "c": TEST}
    assert listing.parts.tolist() == [parts[row["part"]] for row in rows]
    assert listing.left_out == {"with emotion '9'": 1}
    assert len(set(listing.subjects)) == 24
    assert data.about.title == "Laboratory faces" and data.about.licence == "CC0"


def test_unsure_and_missing_are_no_group(tmp_path):
    data, root = full(tmp_path)
    faces = data.load(root, tmp_path / "cache", 8)
    rows = [row for row in miniature.rows(24) if row["emotion"] != 9]
    assert [row["sex"] == "?" for row in rows] == (faces.attributes[:, 0] == -1).tolist()
    assert [row["age"] == "n/a" for row in rows] == (faces.attributes[:, 1] == -1).tolist()


def test_describing_touches_no_root(tmp_path):
    spec = adapter(tmp_path, miniature.CONFIG).describe()
    assert spec.name == "folder" and spec.num_classes == 3


def test_without_a_description_the_mend_is_said(tmp_path):
    assert Folder().describe().classes == ()
    for action in (Folder().read, Folder().fingerprint):
        with pytest.raises(DataError, match="--set folder.config=FACES.toml"):
            action(tmp_path)


def test_little_needs_to_be_said(described):
    data, root = described()
    faces = data.load(root, root.parent / "cache", 8)
    assert faces.labels.tolist() == [1, 0, 1, 0] and faces.attributes.shape == (4, 0)
    assert (data.about.title, data.describe().default_groups) == ("faces", ())
    assert faces.parts is None and faces.subjects.tolist() == faces.sample_ids.tolist()


def test_the_first_attribute_is_grouped_by_unless_others_are_named(tmp_path):
    data, _ = full(tmp_path, groups=('default_groups = ["gender"]\n', ""))
    assert data.describe().default_groups == ("gender",)
    both = ('default_groups = ["gender"]', 'default_groups = ["age", "gender"]')
    assert adapter(tmp_path, miniature.CONFIG.replace(*both)).describe().default_groups == (
        "age", "gender",
    )  # fmt: skip


def test_people_nobody_knows_are_each_their_own(described):
    rows = [
        {"image": f"{n}.png", "label": "no", "who": who} for n, who in enumerate(("a", "a", "", ""))
    ]
    data, root = described(SMALL.replace("[label]", 'subject = "who"\n[label]'), rows)
    assert len(set(data.read(root).subjects)) == 3


@pytest.mark.parametrize(
    ("keys", "fields"),
    [
        ('left = "x"\ntop = "y"\nright = "r"\nbottom = "b"', {"x": 2, "y": 3, "r": 10, "b": 12}),
        ('left = "x"\ntop = "y"\nwidth = "r"\nheight = "b"', {"x": 2, "y": 3, "r": 8, "b": 9}),
    ],
)
def test_boxes_are_corners_or_a_corner_and_a_size(described, keys, fields):
    rows = [
        {"image": "a.png", "label": "no", **fields},
        {"image": "b.png", "label": "no", **dict.fromkeys(fields, "")},
    ]
    data, root = described(f"{SMALL}[box]\n{keys}\n", rows)
    boxes = data.read(root).boxes
    assert boxes[0].tolist() == [2, 3, 10, 12] and np.isnan(boxes[1]).all()


def test_with_boxes_a_picture_may_show_several_faces(described):
    box = {"x": 0, "y": 0, "r": 8, "b": 8}
    rows = [{"image": name, "label": "no", **box} for name in ("a.png", "b.png", "a.png")]
    keys = 'left = "x"\ntop = "y"\nright = "r"\nbottom = "b"'
    data, root = described(f"{SMALL}[box]\n{keys}\n", rows)
    listing = data.read(root)
    assert listing.sample_ids == ("a.png#0", "b.png", "a.png#1")
    assert listing.faces.tolist() == [0, 0, 1] and listing.joins == ("a.png", "b.png", "a.png")


# Where things lie -------------------------------------------------------------------------------


def test_the_table_may_lie_beside_the_description(described, tmp_path):
    _, root = described()
    beside = adapter(root / "set", SMALL)
    assert beside.read(None).labels.tolist() == [1, 0, 1, 0]
    (tmp_path / "empty").mkdir()
    assert beside.read(tmp_path / "empty").labels.tolist() == [1, 0, 1, 0]


def test_the_root_goes_before_what_lies_beside_the_description(described, tmp_path):
    _, root = described()
    shutil.copytree(root / "set", tmp_path / "copy")
    beside = adapter(tmp_path / "copy", SMALL)
    assert {source.path.parent for source in beside.read(root).pictures} == {root / "set"}


@pytest.mark.parametrize("pictures", ["photos", "photos.zip"])
@pytest.mark.parametrize("inner", ["", "photos/"])
@pytest.mark.parametrize("place", ["set", "."])
def test_pictures_may_be_zipped_with_or_without_their_folder(tmp_path, pictures, inner, place):
    source = tmp_path / "source"
    rows = [{"image": f"{n}.png", "label": "no"} for n in range(3)]
    write_table(tmp_path / "root" / "set" / "labels.csv", rows)
    for number, row in enumerate(rows):
        save_noise(source / inner / str(row["image"]), number)
    target = tmp_path / "root" / place / "photos"
    shutil.make_archive(str(target), "zip", source)
    data = adapter(tmp_path, SMALL.replace("[label]", f'pictures = "{pictures}"\n[label]'))
    listing = data.read(tmp_path / "root")
    assert [picture.members for picture in listing.pictures] == [
        (f"{inner}{n}.png",) for n in range(3)
    ]
    assert len(data.load(tmp_path / "root", tmp_path / "cache", 8)) == 3


def test_names_may_count_from_the_folder_from_which_the_tables_path_counts(described):
    data, root = described(SMALL.replace("labels.csv", "set/labels.csv"), pictures="")
    assert {source.path.parent for source in data.read(root).pictures} == {root}


def test_pictures_of_another_set_are_never_taken(described):
    data, root = described(SMALL.replace("[label]", 'pictures = "images"\n[label]'))
    for number in range(4):
        save_noise(root / "other" / "images" / f"{number}.png", 9)
        save_noise(root / "set" / "images" / f"{number}.png", number)
    places = {source.path.parent for source in data.read(root).pictures}
    assert places == {root / "set" / "images"}


def test_a_wrong_place_of_pictures_is_said(described):
    data, root = described(SMALL.replace("[label]", 'pictures = "images"\n[label]'))
    save_noise(root / "set" / "images" / "other.png", 1)
    with pytest.raises(
        DataError, match="None of the 4 pictures .* first being '0.png', is in .*say"
    ):
        data.read(root)


def test_a_mark_line_ends_and_backslashes_change_nothing(described):
    data, root = described(pictures="set/sub")
    path = root / "set" / "labels.csv"
    lines = [line.replace("0.png", "sub\\0.png") for line in path.read_text().splitlines()]
    plain = [line.replace(".png", ".png") for line in lines]
    path.write_bytes(("\ufeff" + "\r\n".join(plain) + "\r\n").encode())
    for number in range(1, 4):
        save_noise(root / "set" / f"{number}.png", number)
    listing = data.read(root)
    assert listing.sample_ids[:2] == ("sub/0.png", "1.png")
    assert all(source.path.is_file() for source in listing.pictures)


# What is refused --------------------------------------------------------------------------------


def test_values_outside_the_declared_ones_are_said_with_their_line(tmp_path):
    data, root = full(tmp_path)
    path = root / "faces" / "labels.csv"
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    for column, wrong, message in (
        ("emotion", "3", "line 5: emotion must be one of neutral, happy, sad, 0, 1, 2, 9, not '3'"),
        ("emotion", "", "line 5: emotion must be one of .* not ''"),
        ("sex", "w", "line 5: sex must be one of female, male, f, m, .*, not 'w'"),
        ("age", "old", "line 5: age must be a number, not 'old'"),
        ("age", "nan", "line 5: age must be a number, not 'nan'"),
        ("part", "d", "line 5: part must be one of a, b, c, not 'd'"),
        ("file", "../secret.png", "line 5: file must name a file below"),
        ("file", "/etc/passwd", "line 5: file must name a file below"),
        ("file", rows[0]["file"], "line 5: file '000/0.png' comes twice"),
    ):
        changed = [dict(row) for row in rows]
        changed[3][column] = wrong
        write_table(path, changed)
        with pytest.raises(DataError, match=message):
            data.read(root)


def test_a_missing_column_is_said_with_those_that_are_there(tmp_path):
    data, root = full(tmp_path, sex=('column = "sex"', 'column = "gender"'))
    with pytest.raises(DataError, match="lacks the columns gender; it has file, person, emotion"):
        data.read(root)


def test_a_box_that_is_half_empty_is_said_with_its_line(described):
    rows = [{"image": "a.png", "label": "no", "x": 1, "y": "", "r": 5, "b": 5}]
    keys = 'left = "x"\ntop = "y"\nright = "r"\nbottom = "b"'
    data, root = described(f"{SMALL}[box]\n{keys}\n", rows)
    with pytest.raises(DataError, match="line 2: some of x, y, r, b are empty"):
        data.read(root)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title =", "titel =", "has no key 'titel'; did you mean 'title'"),
        ("[label]", "[labels]", "has no key 'labels'; did you mean 'label'"),
        ("classes =", "clases =", r"\[label\] has no key 'clases'; did you mean 'classes'"),
        ("cuts =", "cut =", r"\[attributes.age\] has no key 'cut'; did you mean 'cuts'"),
        ("test =", "tests =", r"\[split\] has no key 'tests'; did you mean 'test'"),
        ('"sad"]', '"happy"]', "at least two different names"),
        ('2 = "sad"', '2 = "sorry"', "values.2 must be one of neutral, happy, sad, not 'sorry'"),
        ('left_out = ["9"]', 'left_out = ["0"]', "the value '0' has two meanings"),
        ('test = ["c"]', 'test = ["a"]', "the value 'a' has two meanings"),
        ("cuts = [20, 40]", "cuts = [40, 20]", "cuts must ascend"),
        ("cuts = [20, 40]", "cuts = [20.5, 40]", "need levels, the names of the bands"),
        ("cuts = [20, 40]", 'cuts = ["a"]', "cuts must be a number"),
        ('"male"]', '"unsure"]', "'unsure' is no name of a group"),
        ('"male"]', '"a man"]', "'a man' is no name of a group"),
        ("[attributes.age]", "[attributes.all]", "'all' is no name of a group"),
        ('groups = ["gender"]', 'groups = ["sex"]', "default_groups names 'sex', which is no"),
        ("train_images = 4000", "train_images = 0", "train_images must be at least 1"),
        ('table = "faces/labels.csv"\n', "", "must say which CSV file"),
        ("faces/labels.csv", "../labels.csv", "table must name a file below"),
        ('"faces/images"', '"/images"', "pictures must name a file below"),
        ("[split]", '[box]\nleft = "x"\n[split]', "must name the columns left, top, right, bottom"),
        ('title = "', "title = ", "is not a TOML file"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_is_refused_with_the_mend(tmp_path, old, new, message):
    assert old in miniature.CONFIG
    with pytest.raises((SettingError, DataError), match=message):
        adapter(tmp_path, miniature.CONFIG.replace(old, new, 1)).describe()


def test_a_description_that_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match="none.toml cannot be read: No such file"):
        Folder(Folder.Settings(config=str(tmp_path / "none.toml"))).describe()


# What identifies a result -----------------------------------------------------------------------


def ids(root, *configs):
    found = []
    for config in configs:
        study = Study(
            methods=("ce",), datasets=("folder",), seeds=(0,), set={"folder.config": str(config)}
        )
        found.append(make_plan(study, root).cells[0].id)
    return found


def test_cells_of_two_descriptions_differ_and_those_of_a_moved_one_do_not(tmp_path):
    miniature.make(tmp_path / "root", people=24)
    first, same, other = (tmp_path / name for name in ("a.toml", "b.toml", "c.toml"))
    for path in (first, same):
        path.write_text(miniature.CONFIG)
    other.write_text(miniature.CONFIG.replace("cuts = [20, 40]", "cuts = [30, 40]"))
    a, b, c = ids(tmp_path / "root", first, same, other)
    assert a == b != c


def test_parts_of_one_person_stay_together_where_the_table_has_no_parts(tmp_path):
    text = miniature.CONFIG.partition("[split]")[0]
    miniature.make(tmp_path / "root", people=24)
    data = adapter(tmp_path, text, validation=0.25)
    faces = data.load(tmp_path / "root", tmp_path / "cache", 8)
    split = data.split(faces, 0)
    people = [
        set(faces.subjects[rows].tolist()) for rows in (split.train, split.validation, split.test)
    ]
    assert Counter(person for own in people for person in own).most_common(1)[0][1] == 1
    assert [len(own) for own in people] == [14, 5, 5]  # 24: a fifth tested, then a quarter held out
