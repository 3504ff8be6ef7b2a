"""Numbers as the audit's tables print them."""

import json
import math

import pytest

from reports.convention import PAPER, STRICT
from reports.formats import csv as csv_format
from reports.formats import json as json_format
from reports.formats import latex, markdown
from reports.number_cells import code_of, interval_cell, number_cell, p_cell
from reports.tables import EXACT, Block, Cell, Column, Row, Table


def one_cell(cell, **fields):
    return Table(
        key="k", title="t", caption="c", columns=(Column("p", better=""),),
        blocks=(Block("b", (Row("r", (cell,)),)),), row_header="Condition", narrow=True, **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("p", "code"),
    [
        (0.001, "***"), (0.0010000001, "**"), (0.01, "**"), (0.0100001, "*"), (0.05, "*"),
        (0.0500001, "."), (0.1, "."), (0.1000001, ""), (math.nan, ""), (0.0, "***"),
    ],
)  # fmt: skip
def test_codes_come_from_the_unrounded_p_and_include_their_limit(p, code):
    assert code_of(p) == code


@pytest.mark.parametrize(
    ("p", "paper", "strict"),
    [
        (0.0004999, "0.000 ***", "<0.001 ***"),
        (0.0005, "0.001 ***", "0.001 ***"),  # a half goes up
        (0.0125, "0.013 *", "0.013 *"),  # plain formatting would say 0.012
        (0.2354, "0.235", "0.235"),
        (1.0, "1.000", "1.000"),
    ],
)
def test_p_has_three_decimals_half_up_and_the_conventions_smallest(p, paper, strict):
    assert p_cell(p, PAPER).printed == paper
    assert p_cell(p, STRICT).printed == strict


def test_undefined_p_is_a_dash_with_its_reason():
    cell = p_cell(math.nan, PAPER, reason="an expected count below 5")
    assert (cell.printed, cell.note) == ("-", "an expected count below 5")


def test_exact_p_has_a_dagger_and_its_footnote_once():
    table = one_cell(p_cell(0.02, STRICT, exact=True))
    assert table.notes() == (EXACT,)
    assert "0.020 \\*<sup>\u2020</sup>" in markdown.table_text(table)
    assert r"0.020\makebox[1.5em][l]{\,{*}\textsuperscript{\dag{}}}" in latex.table_text(table)


def test_differences_have_their_sign_and_three_decimals():
    assert number_cell(0.0665, "difference").printed == "+0.067"
    assert number_cell(-0.0004, "difference").printed == "0.000"
    assert number_cell(0.4375, "proportion").printed == "0.438"
    assert number_cell(43249, "count").printed == "43249"


def test_interval_stands_in_brackets_and_the_number_stays_unrounded():
    cell = interval_cell(-0.06149, -0.2, 0.0777, "difference")
    assert cell.printed == "-0.061 [-0.200, +0.078]"
    text = csv_format.table_text(one_cell(cell))
    assert "-0.06149" in text
    assert json.loads(json_format.table_text(one_cell(cell)))["blocks"][0]["rows"][0]["cells"][0][
        "mean"
    ] == pytest.approx(-0.06149, abs=0)
    assert r"$-$0.061 {[}$-$0.200, +0.078{]}" in latex.table_text(one_cell(cell))


@pytest.mark.parametrize("value", [math.inf, -math.inf, 3e40, -2e7])
def test_enormous_and_infinite_numbers_are_printed_and_written(value):
    table = one_cell(number_cell(value, "ratio"))
    for text_of in (csv_format.table_text, json_format.table_text, latex.table_text):
        assert text_of(table)
    assert len(number_cell(value, "ratio").printed) < 12


def test_the_first_column_is_headed_by_what_its_rows_are():
    assert "| Condition" in markdown.table_text(one_cell(Cell("blank")))
    assert "Condition & p" in latex.table_text(one_cell(Cell("blank")))


def narrow_table(*heights):
    blocks = (
        Block(f"b{index}", tuple(Row(f"r{row}", (Cell("blank"),)) for row in range(height)))
        for index, height in enumerate(heights)
    )
    return Table("k", "t", "c", (Column("p"),), tuple(blocks), narrow=True)


def test_a_block_of_a_narrow_table_is_cut_only_where_no_page_holds_it():
    parts = narrow_table(6, 6, 25).stretches(10)
    sizes = [[(block.title, len(block.rows)) for block in part.blocks] for part in parts]
    # Lines: 7; 7; 10, 10 and 8 of the long block, whose title is repeated.
    assert sizes == [[("b0", 6)], [("b1", 6), ("b2", 2)], [("b2", 9)], [("b2", 9)], [("b2", 5)]]
    assert sum(len(block.rows) for part in parts for block in part.blocks) == 37
