"""EmotioNet: quoted lists in three forms, unknown units, pictures that are gone."""

import importlib.util
import shutil
import zipfile

import numpy as np
import pytest

from datasets.emotionet import EmotioNet, EmotioNetSettings
from datasets.errors import DataError
from tests.datasets.miniatures import emotionet


def _read(root, unit=12):
    return EmotioNet(EmotioNetSettings(unit=unit)).read(root)


def _edit(folder, old, new, count=1):
    table = folder / f"{emotionet.NAME}.csv"
    text = table.read_text()
    assert old in text
    table.write_text(text.replace(old, new, count))


def test_quotes_and_blanks_around_names_and_addresses_do_no_harm(tmp_path):
    folder = emotionet.make(tmp_path)
    before = _read(tmp_path)
    # 120 rows, of which every tenth is unknown and the last 6 have no picture.
    assert len(before) == 120 - 12 - 5
    _edit(folder, "'AU 12'", " 'AU 12' ")
    _edit(
        folder, "'http://host/a,b/N_0000000000_00000.jpg'", "'http://host/N_0000000000_00000.jpg '"
    )
    assert _read(tmp_path).sample_ids == before.sample_ids


def test_an_unknown_unit_is_neither_absent_nor_present(tmp_path):
    emotionet.make(tmp_path)
    listing = _read(tmp_path)
    numbers = np.array([int(name.split("_")[1]) for name in listing.sample_ids])
    assert (numbers % 10 != 9).all()
    np.testing.assert_array_equal(listing.labels, numbers % 2)
    assert listing.left_out == {"AU 12 unknown (999)": 12, "no picture of that name": 5}


@pytest.mark.parametrize(("unit", "code"), [(4, lambda n: n // 2 % 2), (6, lambda n: n // 3 % 2)])
def test_the_class_is_the_unit_asked_for(tmp_path, unit, code):
    emotionet.make(tmp_path)
    listing = _read(tmp_path, unit)
    numbers = [int(name.split("_")[1]) for name in listing.sample_ids]
    assert listing.labels.tolist() == [code(number) for number in numbers]
    assert EmotioNet(EmotioNetSettings(unit=unit)).about.title == f"EmotioNet (AU {unit})"


def test_a_unit_that_nobody_coded_is_said_with_those_that_are(tmp_path):
    emotionet.make(tmp_path)
    with pytest.raises(DataError, match=r"does not code AU 1: choose .* among 4, 6, 12\."):
        _read(tmp_path, unit=1)


def test_pictures_are_found_flat_or_nested_and_ambiguous_names_left_out(tmp_path):
    folder = emotionet.make(tmp_path)
    nested = _read(tmp_path)
    name = "N_0000000000_00000.jpg"
    shutil.copy(folder / "imgs" / "0" / name, folder / "imgs" / name)
    listing = _read(tmp_path)
    assert listing.left_out["several pictures of that name"] == 1
    assert set(nested.sample_ids) - set(listing.sample_ids) == {name}
    for path in list((folder / "imgs").glob("[01]/*")):
        path.rename(folder / "imgs" / path.name)
    assert _read(tmp_path).sample_ids == nested.sample_ids


def test_a_list_without_any_of_its_pictures_is_said(tmp_path):
    folder = emotionet.make(tmp_path)
    shutil.rmtree(folder / "imgs")
    with pytest.raises(DataError, match="none of the pictures .* fetch them"):
        _read(tmp_path)


def test_the_older_tab_separated_files_say_the_same(tmp_path):
    emotionet.make(tmp_path / "new")
    emotionet.make(tmp_path / "old", form="txt")
    new, old = _read(tmp_path / "new"), _read(tmp_path / "old")
    assert len(old.tables) == 2
    assert old.sample_ids == new.sample_ids
    np.testing.assert_array_equal(old.labels, new.labels)


@pytest.mark.parametrize("value", ["2", "yes", ""])
def test_another_code_is_said_with_its_line(tmp_path, value):
    folder = emotionet.make(tmp_path)
    _edit(folder, "http://site/p.jpg',999,", f"http://site/p.jpg',{value},")
    with pytest.raises(DataError, match=r"line 2: not an address and codes 0, 1 or 999"):
        _read(tmp_path)


def test_a_missing_column_is_named(tmp_path):
    folder = emotionet.make(tmp_path)
    _edit(folder, "'AU 7'", "'AU 77'")
    with pytest.raises(DataError, match=r"lacks the columns AU 7: copy"):
        _read(tmp_path)


def test_a_workbook_without_its_library_is_one_sentence_with_the_mend(tmp_path, monkeypatch):
    folder = emotionet.make(tmp_path)
    (folder / f"{emotionet.NAME}.csv").rename(folder / f"{emotionet.NAME}.xlsx")
    # What Python itself does where a library is not installed.
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(DataError, match=r"run `pip install openpyxl`, or save it as .*csv\."):
        _read(tmp_path)


@pytest.mark.skipif(not importlib.util.find_spec("openpyxl"), reason="openpyxl is not installed")
def test_a_workbook_says_the_same_as_the_csv_file(tmp_path):
    folder = emotionet.make(tmp_path)
    before = _read(tmp_path)
    _workbook(folder)
    after = _read(tmp_path)
    assert after.sample_ids == before.sample_ids
    np.testing.assert_array_equal(after.labels, before.labels)
    (folder / f"{emotionet.NAME}.xlsx").write_bytes(b"no workbook")
    with pytest.raises(DataError, match="cannot be read as a workbook"):
        _read(tmp_path)


def _workbook(folder):
    """The CSV file as the smallest workbook: numbers as numbers, texts in place."""
    from datasets.emotionet_lists import _commas
    from datasets.tree import Source

    table = folder / f"{emotionet.NAME}.csv"
    rows = "".join(
        "<row>" + "".join(_cell(text) for text in row) + "</row>" for row in _commas(Source(table))
    )
    table.unlink()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override '
        f'PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/><Override '
        f'PartName="/xl/s.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" '
        'sheetId="1" r:id="r"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r" Type="{office}/worksheet" Target="s.xml"/></Relationships>',
        "xl/s.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
    }
    with zipfile.ZipFile(folder / f"{emotionet.NAME}.xlsx", "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)


def _cell(text):
    if not text:
        return "<c/>"
    if text.isdecimal():
        return f"<c><v>{text}</v></c>"
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'
