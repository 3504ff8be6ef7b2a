import itertools

import matplotlib as mpl
import pytest

from reports.figures.pages import pages
from reports.figures.sheet import Frame, Legend, rows_on_a_page
from reports.figures.style import PAGE_HEIGHT, TWO_COLUMNS, group_styles, luminance, styled
from reports.figures.text import fitted, printable, text_width, wrapped


def test_no_two_of_64_groups_look_alike_as_bars_or_as_lines():
    styles = group_styles(64)

    assert len({(s.colour, s.hatch) for s in styles}) == 64
    assert len({(s.colour, str(s.line), s.marker) for s in styles}) == 64


def test_the_first_eight_groups_differ_in_greyscale_by_hatch_or_by_lightness():
    styles = group_styles(8)

    for first, second in itertools.combinations(styles, 2):
        apart = abs(luminance(first.colour) - luminance(second.colour))
        assert first.hatch != second.hatch or apart > 0.12
        assert str(first.line) != str(second.line)
        assert first.marker != second.marker


def test_neighbouring_groups_differ_in_lightness():
    # 0 black, 1 white: blue 0.34, orange 0.64, green 0.42, ...
    greys = [luminance(style.colour) for style in group_styles(8)]

    assert greys[:2] == pytest.approx([0.342, 0.636], abs=1e-3)
    assert min(abs(a - b) for a, b in itertools.pairwise(greys)) > 0.12


def test_hatches_are_straight_lines():
    assert not {"o", "O", ".", "*"} & set("".join(s.hatch for s in group_styles(8)))


def test_settings_of_the_user_come_back_after_drawing():
    with mpl.rc_context({"font.size": 33.0, "pdf.fonttype": 3, "text.usetex": True}):
        with styled():
            inside = mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"]
            assert not mpl.rcParams["text.usetex"]
        after = mpl.rcParams["font.size"], mpl.rcParams["pdf.fonttype"]

    assert inside == (7.0, 42)
    assert after == (33.0, 3)


@pytest.mark.parametrize("text", ["Latino-Hispanic", "x", "", "a" * 300, "$x_1^2$ & 100 %"])
def test_fitted_text_is_no_wider_than_asked(text):
    assert text_width(fitted(text, 20.0)) <= 20.0


def test_text_that_fits_is_left_as_it_is():
    assert fitted("Latino-Hispanic", 40.0) == "Latino-Hispanic"


def test_characters_without_a_glyph_are_replaced_and_lines_joined():
    assert printable("a\nb\t\u4e2d") == "a b \ufffd"


def test_text_is_broken_between_parts_only():
    text = wrapped(["n = 1,000", "2,000", "3,000"], " / ", text_width("n = 1,000 / 2,000") + 0.1)

    assert text == "n = 1,000 / 2,000 /\n3,000"


def test_pages_share_out_every_panel_in_order():
    shared = list(pages(range(7), 3))

    assert [(page, of, list(run)) for page, of, run in shared] == [
        (1, 3, [0, 1, 2]), (2, 3, [3, 4, 5]), (3, 3, [6]),
    ]  # fmt: skip


def test_rows_of_a_page_fit_its_height():
    frame = Frame(36.0)

    rows = rows_on_a_page(frame, legend=12.0)

    assert 12.0 + rows * frame.pitch <= PAGE_HEIGHT < 12.0 + (rows + 1) * frame.pitch


def test_legend_entries_stand_in_rows_equally_full():
    # Six names of which five fit side by side stand as 3 + 3, not as 5 + 1.
    legend = Legend("race", [None] * 6, ["Middle Eastern"] * 6)
    side_by_side = int(TWO_COLUMNS / (text_width("Middle Eastern") + 11.5))
    assert 3 < side_by_side < 6

    assert legend.columns(TWO_COLUMNS) == 3
