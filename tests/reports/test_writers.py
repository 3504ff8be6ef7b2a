"""The same table in every format: values, marks, and names full of special characters."""

import csv
import io
import json
import re

import pytest

from reports.formats import csv as csv_format
from reports.formats import json as json_format
from reports.formats import latex, markdown
from reports.report import tables_of
from reports.tables import Block, Cell, Column, Row, Table
from tests.reports.studies import cell, full_study, rows, study

NASTY = r"50% of_a & b #1 {x} $y$ ~z^ \w <t> |p| [q] *s* `u` -- 'v' \"r\""


@pytest.fixture(scope="module")
def all_tables():
    return [one for _, tables in tables_of(full_study()) for one in tables]


def wanted(table):
    return [[row.label, *(cell.printed for cell in row.cells)] for _, row in table.rows()]


def joined(lines, panels):
    """Rows of a table that was printed in panels, put side by side again."""
    height = len(lines) // panels
    parts = [lines[start : start + height] for start in range(0, len(lines), height)]
    return [
        [same[0][0], *(text for part in same for text in part[1:])]
        for same in zip(*parts, strict=True)
    ]


def widest(writer, table):
    """Most columns of a panel."""
    return writer.WIDEST_NARROW if table.narrow else writer.WIDEST


def read_markdown(text, header="Method"):
    lines = []
    for line in text.splitlines():
        fields = [field.strip() for field in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not fields or fields[0] == header or fields[0].startswith((":--", "*")):
            continue
        fields = [re.sub(r"<sup>.*?</sup>|\*\*", "", field) for field in fields]
        lines.append([re.sub(r"\\(.)", r"\1", field) for field in fields])
    return lines


def read_latex(text, header="Method"):
    lines = []
    for body in re.findall(r"\\begin\{tabular\}.*?\n(.*?)\\end\{tabular\}", text, flags=re.DOTALL):
        for line in body.splitlines():
            if "&" not in line or "multicolumn" in line or line.strip().startswith(header):
                continue
            line = re.sub(r"\\rlap\{(\\textsuperscript\{[^}]*\})\}", r"\1", line)
            line = re.sub(r"\\textsuperscript\{\{\*\}\}|\\textsuperscript\{[^}]*\}", "", line)
            line = re.sub(r"\{([\[\]])\}", r"\1", line)
            line = re.sub(r"\\textbf\{(.*?)\}", r"\1", line).replace("$-$", "-").replace(r"\\", "")
            lines.append([field.strip() for field in line.split("&")])
    return lines


def test_markdown_prints_the_tables_values(all_tables):
    for table in all_tables:
        found = read_markdown(markdown.table_text(table), table.row_header)
        assert joined(found, len(table.panels(widest(markdown, table)))) == wanted(table), table.key


def test_latex_prints_the_tables_values(all_tables):
    for table in all_tables:
        found = read_latex(latex.table_text(table), table.row_header)
        assert joined(found, len(table.panels(widest(latex, table), cut_spans=True))) == wanted(
            table
        ), table.key


def test_csv_holds_the_printed_text_and_the_unrounded_numbers(all_tables):
    for table in all_tables:
        found = list(csv.DictReader(io.StringIO(csv_format.table_text(table))))
        cells = [one for _, row in table.rows() for one in row.cells]
        assert [line["text"] for line in found] == [one.printed for one in cells]
        for line, one in zip(found, cells, strict=True):
            assert (float(line["mean"]) if line["mean"] else None) == (
                one.mean if one.state == "value" else None
            )
            assert (float(line["sd"]) if line["sd"] else None) == one.sd
            assert line["bold"] == str(int(one.bold))


def test_json_holds_everything(all_tables):
    for table in all_tables:
        found = json.loads(json_format.table_text(table))
        lines = [*(row for block in found["blocks"] for row in block["rows"]), *found["footer"]]
        assert [[row["label"], *(one["text"] for one in row["cells"])] for row in lines] == wanted(
            table
        )
        cells = [one for _, row in table.rows() for one in row.cells]
        assert [one["sd"] for row in lines for one in row["cells"]] == [one.sd for one in cells]
        assert found["caption"] == table.caption


def test_bold_and_notes_appear_in_both_documents(all_tables):
    table = next(one for one in all_tables if one.key == "suresh_v_synthetic")
    best = next(one for _, row in table.rows() for one in row.cells if one.bold)
    assert f"**{best.printed}**" in markdown.table_text(table)
    assert f"\\textbf{{{best.printed}}}" in latex.table_text(table)
    for note in table.notes():
        assert note in latex.table_text(table)


def nasty_table():
    frames = study(
        rows({("ce", "0"): 0.5}, attribute="gender", group="a_b & c"),
        [cell("synthetic", "ce", 0)],
        titles={"ce": NASTY},
        levels={"gender": ("a_b & c", "100%")},
    )
    return next(one for _, tables in tables_of(frames, ["suresh_ii"]) for one in tables)


def test_latex_escapes_every_special_character():
    text = latex.table_text(nasty_table())
    assert r"50\% of\_a \& b \#1 \{x\} \$y\$ \textasciitilde{}z\textasciicircum{}" in text
    assert r"a\_b \& c" in text and r"100\%" in text
    line = next(line for line in text.splitlines() if r"50\%" in line)
    assert len(re.findall(r"(?<!\\)&", line)) == 4  # the label and four columns
    assert not re.search(r"(?<!\\)[%#_]", line)


def test_markdown_escapes_what_would_be_markup():
    found = read_markdown(markdown.table_text(nasty_table()))
    assert found[0][0].replace("&amp;", "&") == NASTY
    assert len(found[0]) == 5


def test_characters_that_the_fonts_lack_show_their_code():
    assert latex.escaped("\u4e2d \u00e9 \u2264") == r"{[}U+4E2D{]} " + "\u00e9" + r" $\leq$"


def test_trailing_zeros_survive():
    frames = study(
        rows({("ce", "0"): 0.88, ("ce", "1"): 0.88}), [cell("synthetic", "ce", s) for s in (0, 1)]
    )
    table = tables_of(frames, ["suresh_v"])[0][1][0]
    assert "88.0 (0.0)" in markdown.table_text(table)
    assert "88.0 (0.0)" in latex.table_text(table)


def test_a_table_of_very_many_pages_lets_latex_set_some_before_it_goes_on():
    row = Row("row", (Cell("value", mean=1.0),))
    blocks = tuple(Block(f"b{place}", (row,) * 40) for place in range(40))
    table = Table("key", "t", "c", (Column("x", ""),), blocks)

    stretches = latex.document_text([("s", [table])]).split(latex.CLEAR)

    assert len(stretches) > 2
    assert max(stretch.count(latex.END) for stretch in stretches) <= latex.MOST_FLOATS
