"""FER+: votes, the owners' rules, and the join of two tables by row."""

import csv
import gzip
from collections import Counter

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.fer2013 import Fer2013
from datasets.ferplus import CLASSES, NO_FACE, UNKNOWN_VOTE, FerPlus, outcomes
from tests.datasets.miniatures import fer2013, ferplus

RULES = ("majority", "probability", "multi_target")
each_rule = pytest.mark.parametrize("rule", RULES)


def winner(rule, **votes):
    """Name of the winner of one picture; classes that are not named have no vote."""
    names = (*CLASSES, "unknown", "NF")
    given = np.array([[float(votes.get(name, 0)) for name in names]])
    return names[outcomes(given, rule)[0]]


@pytest.mark.parametrize(
    ("votes", "majority", "probability", "multi_target"),
    [
        # The single vote is struck out: 6 of 9.
        ({"happy": 6, "sad": 3, "fear": 1}, "happy", "happy", "happy"),
        # 5 of 10 is no majority; 5 + 4 of 10 cover three quarters; 5 and 4 are each above 30 %.
        ({"sad": 5, "neutral": 4, "angry": 1}, "sad", "sad", "sad"),
        ({"sad": 5, "neutral": 3, "angry": 2}, "unknown", "sad", "sad"),
        # 4 of 10; three tops: 4 + 2 + 2 + 2 by a tie are four.  Only `fear` has 30 %: 4 of 10.
        ({"fear": 4, "sad": 2, "angry": 2, "happy": 2}, "unknown", "unknown", "unknown"),
        # A tie: the first in the order of the classes.
        ({"angry": 5, "disgust": 5}, "unknown", "angry", "angry"),
        # All votes single: nothing is left.
        (dict.fromkeys(CLASSES, 1), "unknown", "unknown", "unknown"),
        # `unknown` on top, then `NF` on top.
        ({"unknown": 6, "happy": 4}, "unknown", "unknown", "unknown"),
        ({"NF": 7, "happy": 3}, "NF", "NF", "NF"),
        # `unknown` second: it ends the search for tops, 6 of 10 are covered.
        ({"happy": 6, "unknown": 4}, "happy", "happy", "happy"),
        # `unknown` second and too few before it: 5 of 10 are not more than half.
        ({"happy": 5, "unknown": 3, "sad": 2}, "unknown", "unknown", "happy"),
        # 3 of 10 each are 30 %: 9 of 10 are kept, the tie goes to the first.
        ({"happy": 3, "sad": 3, "fear": 3, "contempt": 1}, "unknown", "happy", "happy"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value,
)
def test_the_rules_by_hand(votes, majority, probability, multi_target):
    assert [winner(rule, **votes) for rule in RULES] == [majority, probability, multi_target]


@pytest.mark.parametrize("packaging", ["tables", "folders"])
def test_every_column_of_votes_is_its_class(tmp_path, packaging):
    ferplus.make(tmp_path, packaging=packaging)
    data = FerPlus()
    listing = data.read(tmp_path)
    # Row 24 has 8 votes for the first column (24 mod 8 is 0), the next one for the second, ...
    start = {"tables": "00024", "folders": "FER2013Train/fer0000023.png"}[packaging]
    first = listing.sample_ids.index(start)
    names = [data.describe().classes[code] for code in listing.labels[first : first + 8]]
    columns = ferplus.HEADER.split(",")[2:10]
    assert dict(zip(columns, names, strict=True)) == {
        "neutral": "neutral", "happiness": "happy", "surprise": "surprise", "sadness": "sad",
        "anger": "angry", "disgust": "disgust", "fear": "fear", "contempt": "contempt",
    }  # fmt: skip


@each_rule
@pytest.mark.parametrize("packaging", ["tables", "folders"])
def test_rows_without_a_label_are_left_out_and_counted(tmp_path, rule, packaging):
    ferplus.make(tmp_path, packaging=packaging)
    listing = FerPlus(FerPlus.Settings(rule=rule)).read(tmp_path)
    # Row 9 is 3, 3, 2, 2: no majority, no 30 % beyond 6 of 10, but its tops cover everything and
    # are four.
    expected = {
        "on which the votes do not agree (unknown)": 1,
        "that show no face (NF)": 1,
    }
    if rule == "multi_target":
        del expected["on which the votes do not agree (unknown)"]
    if packaging == "tables":
        expected = {"without a name in the vote table": 1} | expected
    assert listing.left_out == expected
    assert len(listing) == 175 - 1 - (2 if rule != "multi_target" else 1)


@pytest.mark.parametrize("packaging", ["tables", "folders"])
def test_votes_and_pictures_belong_together_though_the_names_count_otherwise(tmp_path, packaging):
    ferplus.make(tmp_path, packaging=packaging)
    data = FerPlus()
    listing = data.read(tmp_path)
    faces = data.load(tmp_path, tmp_path / "cache", 48)
    rows = [
        row for row in range(175) if row not in (ferplus.UNNAMED, ferplus.UNKNOWN, ferplus.NO_FACE)
    ]
    assert listing.votes.tolist() == [ferplus.votes(row)[:8] for row in rows]
    assert faces.labels.tolist() == [row % 8 for row in rows]
    for image, row in zip(faces.images, rows, strict=True):
        np.testing.assert_array_equal(image[..., 0], fer2013.pixels(row))
    assert listing.joins[-1] == f"FER2013Test/{ferplus.image_name(174)}"


def test_ids_are_those_of_fer2013(tmp_path):
    ferplus.make(tmp_path)
    mine, theirs = FerPlus().read(tmp_path), Fer2013().read(tmp_path)
    pictures = dict(zip(theirs.sample_ids, theirs.pictures, strict=True))
    assert [pictures[name] for name in mine.sample_ids] == list(mine.pictures)


def test_the_table_of_pixels_may_lie_in_the_folder_of_fer2013(tmp_path):
    ferplus.make(tmp_path / "near")
    ferplus.make(tmp_path / "apart", apart=True)
    near, apart = (FerPlus().read(tmp_path / name) for name in ("near", "apart"))
    assert near.sample_ids == apart.sample_ids
    assert near.labels.tolist() == apart.labels.tolist()


def test_a_name_that_stands_twice_is_the_name_of_neither(tmp_path):
    table = ferplus.make(tmp_path) / "fer2013new.csv"
    table.write_text(table.read_text().replace("fer0000011.png", "fer0000010.png"))
    listing = FerPlus().read(tmp_path)
    joins = dict(zip(listing.sample_ids, listing.joins, strict=True))
    assert joins["00011"] == "FER2013Train/00011.png"  # row 11 is number 10
    assert joins["00012"] == "FER2013Train/00012.png"
    assert joins["00013"] == "FER2013Train/fer0000012.png"


def test_nine_votes_are_as_good_as_ten(tmp_path):
    table = ferplus.make(tmp_path) / "fer2013new.csv"
    lines = table.read_text().splitlines()
    assert lines[1] == "Training,fer0000000.png,8,1,1,0,0,0,0,0,0,0"
    lines[1] = "Training,fer0000000.png,8,1,0,0,0,0,0,0,0,0"
    table.write_text("\n".join(lines))
    assert FerPlus().read(tmp_path).votes[0].sum() == 9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[:-1], "has 174 rows, .*fer2013.csv 175: they belong together"),
        (lambda lines: [lines[0], *lines[:0:-1]], "Line 2 of .* are of different parts"),
        (lambda lines: [lines[0].replace("NF", "nf"), *lines[1:]], "lacks the columns NF"),
        (
            lambda lines: [lines[0], lines[1].replace(",8,", ",many,"), *lines[2:]],
            "line 2: neutral must be a number, not 'many'",
        ),
    ],
)
def test_tables_that_do_not_fit_are_said(tmp_path, change, message):
    table = ferplus.make(tmp_path) / "fer2013new.csv"
    table.write_text("\n".join(change(table.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=message):
        FerPlus().read(tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("fer0000000.png,1,2", "line 1: a name, perhaps a box in quotes, and 10 numbers"),
        ("../a.png,0,0,0,0,0,0,0,0,0,10", "line 1: the first field must name a file below"),
        ("fer0000001.png,0,0,0,0,0,0,0,0,0,10", "FER2013Train/fer0000001.png stands twice"),
    ],
)
def test_a_wrong_line_of_the_folders_is_said(tmp_path, line, message):
    path = ferplus.make(tmp_path, packaging="folders") / "FER2013Train" / "label.csv"
    _, *rest = path.read_text().splitlines()
    path.write_text("\n".join([line, *rest]) + "\n")
    with pytest.raises(DataError, match=message):
        FerPlus().read(tmp_path)


def test_without_the_pictures_their_table_is_asked_for(tmp_path):
    (ferplus.make(tmp_path) / "fer2013.csv").unlink()
    with pytest.raises(DataError, match="Data set fer2013 was not found: no fer2013.csv or icml"):
        FerPlus().read(tmp_path)


# The owners' votes ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(shared_data):
    """Usage, name and (35,887, 10) votes of the owners' table."""
    with gzip.open(shared_data / "ferplus" / "votes.csv.gz", "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    votes = [[float(value) for value in list(row.values())[3:]] for row in rows]
    return [row["usage"] for row in rows], [row["image"] for row in rows], np.array(votes)


def test_the_owners_table_is_as_its_readme_says(real):
    usages, names, votes = real
    assert Counter(usages) == {"train": 28709, "valid": 3589, "test": 3589}
    unnamed = np.array([not name for name in names])
    assert unnamed.sum() == 173 and (votes[unnamed, 9] == 10).all()
    assert Counter(votes.sum(axis=1).tolist()) == {10: 35886, 9: 1}
    assert Counter(Counter(name for name in names if name).values())[2] == 4


def test_documented_lines_are_those_of_the_owners_table_and_are_counted(real, tmp_path):
    usages, names, _ = real
    documented = FerPlus.facts.lines
    parts = {"Training": "train", "PublicTest": "valid", "PrivateTest": "test"}
    for usage, part in parts.items():
        assert documented[f"fer2013new.csv, {usage}"] == usages.count(part)
    assert documented["fer2013new.csv, without a name"] == names.count("")

    ferplus.make(tmp_path / "tables")
    rows = Counter(usage for _, _, usage in fer2013.rows())
    counted = {f"fer2013new.csv, {usage}": rows[usage] for usage in parts}
    counted["fer2013new.csv, without a name"] = 1
    assert FerPlus().read(tmp_path / "tables").lines == counted
    ferplus.make(tmp_path / "folders", packaging="folders")
    counted = FerPlus().read(tmp_path / "folders").lines
    # The row without a name is not in the folders.
    assert counted["FER2013Train/label.csv"] == rows["Training"] - 1
    assert len(counted) == 3 and counted.keys() <= documented.keys()


def slow_outcome(given, rule):
    """One picture, in whole numbers and fractions of them, from the rules as they are stated."""
    votes = {place: int(count) for place, count in enumerate(given) if count > 1}
    total = sum(votes.values())
    if rule == "majority":
        chosen = {place for place, count in votes.items() if 2 * count > total}
    elif rule == "multi_target":
        chosen = {place for place, count in votes.items() if 10 * count >= 3 * total}
    else:
        chosen, ordered = set(), sorted(votes.items(), key=lambda item: (-item[1], item[0]))
        while ordered and len(chosen) < 3 and 4 * sum(votes[p] for p in chosen) < 3 * total:
            tied = [place for place, count in ordered if count == ordered[0][1]]
            ordered = [item for item in ordered if item[0] not in tied]
            outside = [place for place in tied if place >= 8]
            chosen |= {place for place in tied if place < 8}
            if outside:
                chosen = chosen or {outside[0]}
                break
        if len(chosen) > 3:
            chosen = set()
    if 2 * sum(votes[place] for place in chosen) <= total:
        return UNKNOWN_VOTE
    return min(chosen, key=lambda place: (-votes[place], place))


@each_rule
def test_the_owners_votes_have_the_outcomes_of_the_slow_rules(real, rule):
    votes = real[2]
    distinct, inverse = np.unique(votes, axis=0, return_inverse=True)
    expected = np.array([slow_outcome(row, rule) for row in distinct.tolist()])[inverse.ravel()]
    np.testing.assert_array_equal(outcomes(votes, rule), expected)


def test_most_pictures_have_a_majority_and_few_show_no_face(real):
    won = Counter(outcomes(real[2], "majority").tolist())
    assert won[NO_FACE] >= 173
    # The most frequent expression of the web is neutral here and happy second, as in the paper.
    assert [code for code, _ in won.most_common(2)] == [0, 1]
