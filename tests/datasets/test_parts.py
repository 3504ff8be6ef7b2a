"""Dealing into parts, and the columns of label files."""

import numpy as np
import pytest

from datasets.errors import DataError
from datasets.parts import deal
from datasets.tables import Table, bands
from datasets.tree import Source

NAMES = [f"p{number}" for number in range(53)]
STRATA = np.array([-1] * 4 + [0] * 20 + [1] * 29)


def test_parts_differ_by_at_most_one_over_all_and_in_each_stratum():
    part = deal(NAMES, STRATA, "salt", 5)
    for rows in (STRATA < 2, STRATA == -1, STRATA == 0, STRATA == 1):
        counts = np.bincount(part[rows], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_the_order_of_rows_does_not_matter_and_the_salt_does():
    part = deal(NAMES, STRATA, "salt", 5)
    turned = deal(NAMES[::-1], STRATA[::-1], "salt", 5)
    np.testing.assert_array_equal(turned[::-1], part)
    assert (deal(NAMES, STRATA, "pepper", 5) != part).any()


def test_a_dealt_part_stays_the_same_over_versions():
    # Ranks of sha256(b"salt\0p0") ... modulo 5; other values would change every published fold.
    assert deal(NAMES[:10], STRATA[4:14], "salt", 5).tolist() == [0, 4, 2, 3, 2, 3, 4, 1, 1, 0]


def test_a_value_on_a_cut_belongs_to_the_band_above():
    values = np.array([24.9, 25.0, 34.0, 35.0, np.nan])
    assert bands(values, (25.0, 35.0)).tolist() == [0, 1, 1, 2, -1]


def _table(tmp_path, text, encoding="utf-8"):
    (tmp_path / "t.csv").write_text(text, encoding=encoding)
    return Table.read(Source(tmp_path / "t.csv"))


def test_a_byte_order_mark_and_blanks_do_no_harm(tmp_path):
    table = _table(tmp_path, "image,sex\r\na.jpg, f \r\nb.jpg,\r\n", encoding="utf-8-sig")
    assert table.distinct("image") == ["a.jpg", "b.jpg"]
    assert table.codes("sex", ("m", "f"), may_miss=True).tolist() == [1, -1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n", "has no rows"),
        ("a,b\n1\n", "line 2: not as many fields"),
        ("a\n1,2\n", "line 2: not as many fields"),
    ],
)
def test_a_broken_table_is_said_with_its_line(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        _table(tmp_path, text)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda t: t.codes("sex", ("f", "m"), may_miss=True), "line 3: sex must be one of f, m, "),
        (lambda t: t.codes("none", ("x",), may_miss=False), "must be one of x, not ''"),
        (lambda t: t.numbers("age"), "line 4: age must be a number, not 'old'"),
        (lambda t: t.numbers("big"), "line 2: big must be a number, not 'inf'"),
        (lambda t: t.distinct("image"), "line 3: image 'a.jpg' comes twice"),
        (lambda t: t.distinct("none"), "line 2: none is empty"),
    ],
)
def test_a_value_that_does_not_belong_there_is_said_with_its_line(tmp_path, read, message):
    text = "image,sex,age,big,none\na.jpg,f,7,inf,\na.jpg,x,,1,\nc.jpg,m,old,1,\n"
    with pytest.raises(DataError, match=message):
        read(_table(tmp_path, text))
