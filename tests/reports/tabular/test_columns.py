import csv
import gzip
import importlib.util
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.errors import ReportError
from reports.tabular.columns import SAMPLE, TableFile, TextColumn, listed
from tests.reports.audit.input_files import written


def read(path, texts=(), numbers=()):
    return TableFile.opened(path).read(list(texts), list(numbers))


def cells(column):
    return [column.levels[code] for code in column.codes]


def test_words_and_numbers_are_read_of_the_columns_asked_for(tmp_path):
    found = read(written(tmp_path, "a,b,c\nx,1,9\ny,2.5,9\n"), ["a"], ["b"])

    assert list(found.texts) == ["a"]
    assert cells(found.texts["a"]) == ["x", "y"]
    assert found.numbers["b"].tolist() == [1, 2.5]
    assert found.size == 2


def test_a_column_may_be_read_as_words_and_as_numbers(tmp_path):
    found = read(written(tmp_path, "a,b\n1,x\n02,y\n"), ["a"], ["a"])

    assert cells(found.texts["a"]) == ["1", "02"]
    assert found.numbers["a"].tolist() == [1, 2]


def test_words_of_digits_stay_as_they_are_written(tmp_path):
    text = "a,b\n007,True\n7,TRUE\n7.0,1\n"
    found = read(written(tmp_path, text), ["a", "b"])

    assert cells(found.texts["a"]) == ["007", "7", "7.0"]
    assert cells(found.texts["b"]) == ["True", "TRUE", "1"]


def test_no_column_at_all_still_counts_the_rows(tmp_path):
    assert read(written(tmp_path, "a\nx\ny\n")).size == 2


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffa,b\nx,1\ny,2\n",
        "a,b\r\nx,1\r\ny,2\r\n",
        "a;b\nx;1\ny;2\n",
        "a\tb\nx\t1\ny\t2\n",
        '"a","b"\n"x","1"\n"y","2"\n',
        " a , b\n x , 1\n y,2\n",
        "a,b\nx,1\n\ny,2\n\n",
        "a,b\nx,1\ny,2",
    ],
    ids=["bom", "crlf", "semicolon", "tab", "quotes", "blanks", "empty lines", "no last newline"],
)
def test_the_usual_manners_of_writing_a_table_read_alike(tmp_path, text):
    found = read(written(tmp_path, text), ["a"], ["b"])

    assert cells(found.texts["a"]) == ["x", "y"]
    assert found.numbers["b"].tolist() == [1, 2]


def test_packed_tables_are_unpacked(tmp_path):
    text = b"a,b\nx,1\n"
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("t.csv", text)

    for name in ("t.csv.gz", "t.zip"):
        assert cells(read(tmp_path / name, ["a"], ["b"]).texts["a"]) == ["x"]


def test_a_tsv_keeps_its_commas(tmp_path):
    found = read(written(tmp_path, "a,1\tb,1,2,3\nx,y\tz\n", "t.tsv"), ["a,1"])

    assert cells(found.texts["a,1"]) == ["x,y"]


def test_commas_in_a_file_called_tsv_are_seen(tmp_path):
    assert cells(read(written(tmp_path, "a,b\nx,y\n", "t.tsv"), ["a"]).texts["a"]) == ["x"]


def test_quotes_commas_and_latex_characters_stay_in_a_cell(tmp_path):
    text = 'a,$b_1\n"x, ""y""",\\alpha & 5 %\n"two\nlines",é\n'
    found = read(written(tmp_path, text), ["a", "$b_1"])

    assert cells(found.texts["a"]) == ['x, "y"', "two\nlines"]
    assert cells(found.texts["$b_1"]) == ["\\alpha & 5 %", "é"]


def test_cells_that_differ_by_blanks_alone_are_one_level(tmp_path):
    assert read(written(tmp_path, "a,b\nx,1\nx ,2\n"), ["a"]).texts["a"].levels == ("x",)


def test_words_that_look_missing_stay_words(tmp_path):
    assert cells(read(written(tmp_path, "a,b\nNA,1\nnan,2\n,3\n"), ["a"]).texts["a"]) == [
        "NA",
        "nan",
        "",
    ]


def test_numbers_that_are_missing_are_nan(tmp_path):
    found = read(written(tmp_path, "a,b\n,1\nNA,2\nnan,3\nNone,4\n7,5\n"), [], ["a"])

    assert np.isnan(found.numbers["a"][:4]).all()
    assert found.numbers["a"][4] == 7


def test_a_cell_that_is_no_number_is_an_error_that_names_the_line(tmp_path):
    with pytest.raises(ReportError, match=r"line 3: b must be a number, not '1,5'"):
        read(written(tmp_path, 'a,b\nx,1\ny,"1,5"\n'), ["a"], ["b"])


LONG = "a,b\n" + "x,y\n" * (SAMPLE + 10)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("a,b\n", "header but no rows"),
        ("a,b,a\n1,2,3\n", "two columns called 'a'"),
        ("a, a\n1,2\n", "two columns called 'a'"),
        ("a,b\nx,y\nx,y,z\n", "line 3: 3 fields where the header has 2"),
        ("a,b\nx,y\nx\n", "line 3: 1 fields where the header has 2"),
        ("a,b\nx,y,\nx,y,\n", "line 2: 3 fields"),
        (LONG + "x,y,z\n", f"line {SAMPLE + 12}: 3 fields"),
        (LONG + '"x,y\n', "cannot be read as a table"),
    ],
)
def test_a_file_that_is_no_table_is_an_error(tmp_path, text, message):
    with pytest.raises(ReportError, match=message):
        read(written(tmp_path, text), ["a"])


@pytest.mark.parametrize("text", [b"a,b\nx,\xe9\n", LONG.encode() + b"x,\xe9\n"])
def test_text_in_another_encoding_is_an_error(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_bytes(text)

    with pytest.raises(ReportError, match="not UTF-8"):
        read(path, ["a"])


@pytest.mark.parametrize("name", ["none.csv", "none.csv.gz", "none.zip", "."])
def test_a_file_that_is_not_there_is_an_error(tmp_path, name):
    with pytest.raises(ReportError, match="cannot be read"):
        TableFile.opened(tmp_path / name)


@pytest.mark.parametrize("name", ["t.csv.gz", "t.zip"])
def test_a_file_that_is_not_packed_as_its_name_says_is_an_error(tmp_path, name):
    with pytest.raises(ReportError, match="cannot be read"):
        TableFile.opened(written(tmp_path, "a,b\nx,1\n", name))


def test_a_truncated_archive_is_an_error(tmp_path):
    packed = gzip.compress(LONG.encode())
    (tmp_path / "t.csv.gz").write_bytes(packed[: len(packed) // 2])

    with pytest.raises(ReportError, match="cannot be read"):
        read(tmp_path / "t.csv.gz", ["a"])


def test_an_archive_of_two_tables_is_an_error(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "a\n1\n")

    with pytest.raises(ReportError, match="holds 2 files"):
        TableFile.opened(tmp_path / "t.zip")


def test_a_missing_column_is_an_error_that_names_the_nearest(tmp_path):
    path = written(tmp_path, "Gender,label\nm,x\n")

    with pytest.raises(ReportError, match="no column 'gendr'; did you mean 'Gender'"):
        read(path, ["gendr"])


def test_a_missing_column_like_no_other_lists_what_there_is(tmp_path):
    with pytest.raises(ReportError, match="it has a, b"):
        read(written(tmp_path, "a,b\nm,x\n"), ["something"])


def test_rows_of_a_column_keep_only_the_levels_that_occur():
    column = TextColumn("a", ("x", "y", "z"), np.array([2, 0, 1, 2]))

    found = column.rows(np.array([0, 1, 3]))

    assert found.levels == ("x", "z")
    assert found.codes.tolist() == [1, 0, 1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    table=st.lists(
        st.lists(st.text(alphabet="aé\"',;\t\n #\\$%N0.", max_size=4), min_size=2, max_size=2),
        min_size=1,
        max_size=6,
    )
)
def test_every_cell_that_python_writes_is_read_back(tmp_path, table):
    path = tmp_path / "t.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
        writer.writerows([["a", "b"], *table])

    found = read(path, ["a", "b"])

    for place, name in enumerate("ab"):
        assert cells(found.texts[name]) == [row[place].strip() for row in table]


def test_long_lists_are_cut_short():
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(i) for i in range(15)]).endswith("10, 11 and 3 more")


def test_parquet_without_pyarrow_is_an_error_that_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(ReportError, match=r"evenface\[parquet\]"):
        TableFile.opened(written(tmp_path, "PAR1", "t.parquet"))


def test_parquet_reads_as_csv_does(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = {
        "a": ["x", None, "y "],
        "b": [1, None, 3],
        "c": ["1", "2", ""],
        "d": [True, False, None],
    }
    parquet.write_table(arrow.table(table), tmp_path / "t.parquet")

    file = TableFile.opened(tmp_path / "t.parquet")
    found = file.read(["a", "d", "b"], ["b", "c", "d"])

    assert file.columns == ("a", "b", "c", "d")
    assert list(file.sample["a"]) == ["x", "", "y"]
    assert cells(found.texts["a"]) == ["x", "", "y"]
    assert cells(found.texts["d"]) == ["True", "False", ""]
    assert cells(found.texts["b"]) == ["1", "", "3"]
    np.testing.assert_array_equal(found.numbers["b"], [1, np.nan, 3])
    np.testing.assert_array_equal(found.numbers["c"], [1, 2, np.nan])


def test_broken_parquet_is_an_error(tmp_path):
    pytest.importorskip("pyarrow")

    with pytest.raises(ReportError, match="cannot be read"):
        TableFile.opened(written(tmp_path, "no parquet", "t.parquet"))
