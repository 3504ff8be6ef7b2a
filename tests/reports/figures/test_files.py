import re
from xml.etree import ElementTree as ET

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.figures.captioned import CaptionedFigure
from reports.figures.files import pdf_bytes, png_bytes, svg_text, write_figures
from reports.figures.style import styled
from reports.figures.svg import _path


def drawn(key: str = "one", title: str = "A & <b>") -> CaptionedFigure:
    with styled(key):
        figure = Figure(figsize=(2, 2))
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.2, 0.2, 0.7, 0.7))
        axes.bar([0, 1], [0.4, 0.8], hatch="//", edgecolor="black")
        axes.plot([0, 1], [0.1, 0.9], marker="o")
        axes.set_title("costs $5 and $6, x_1^2 {%}")
    return CaptionedFigure(key, title, "", figure)


@pytest.fixture(scope="module")
def one() -> CaptionedFigure:
    return drawn()


@pytest.mark.parametrize("content", [pdf_bytes, png_bytes, svg_text])
def test_a_figure_drawn_again_gives_the_same_bytes(one, content):
    assert content(one) == content(one)
    assert content(one) == content(drawn())


def test_pdf_has_truetype_fonts_and_no_date(one):
    pdf = pdf_bytes(one)

    assert pdf.startswith(b"%PDF")
    assert b"/Subtype /Type3" not in pdf and b"/FontType 3" not in pdf
    assert b"/CIDFontType2" in pdf or b"/TrueType" in pdf
    assert b"CreationDate" not in pdf


def test_png_is_200_dots_an_inch(one):
    png = png_bytes(one)

    # Width and height follow the signature and the name of the first chunk.
    assert int.from_bytes(png[16:20], "big") == int.from_bytes(png[20:24], "big") == 400


def test_files_are_written_beside_each_other_and_nothing_else(one, tmp_path):
    paths = write_figures([one, drawn("two")], tmp_path / "figures")

    assert [path.name for path in paths] == ["one.pdf", "one.png", "two.pdf", "two.png"]
    assert sorted(paths) == sorted((tmp_path / "figures").iterdir())


def test_no_figures_make_no_folder(tmp_path):
    assert write_figures([], tmp_path / "figures") == []
    assert not (tmp_path / "figures").exists()


def test_svg_is_one_element_without_header_style_sheet_or_metadata(one):
    text = svg_text(one)

    root = ET.fromstring(text)
    names = {element.tag.partition("}")[2] for element in root.iter()}
    assert text.startswith("<svg ")
    assert not {"style", "metadata"} & names
    assert root[0].text == "A & <b>"


def test_svg_names_a_typeface_that_every_browser_has(one):
    assert "sans-serif" in ET.fromstring(svg_text(one)).get("style")


def test_names_print_as_they_are_and_start_no_formula(one):
    words = {element.text for element in ET.fromstring(svg_text(one)).iter() if element.text}

    assert "costs $5 and $6, x_1^2 {%}" in words


def test_identifiers_of_two_figures_differ_and_every_reference_is_met(one):
    texts = [svg_text(one), svg_text(drawn("two"))]

    identifiers = [re.findall(r'\bid="([^"]+)"', text) for text in texts]
    assert not set(identifiers[0]) & set(identifiers[1])
    for text, own in zip(texts, identifiers, strict=True):
        used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text)
        assert used and {first or second for first, second in used} == set(own)
        assert len(own) == len(set(own))


def test_relative_lines_end_where_the_absolute_ones_did():
    # 0.26 three times: rounded one by one 0.3 + 0.3 + 0.3 = 0.9; from rounded points 0.3, 0.5, 0.8.
    assert _path("M 0.0 0.0 \nL 0.26 0.0 \nL 0.52 0.0 \nL 0.78 -1.0 \nz\n") == (
        "M0 0l0.3 0 0.2 0 0.3-1z"
    )


def test_paths_with_curves_stay_absolute():
    assert _path("M 0.04 1.0 C 1.26 2.0 3.0 4.0 -5.56 6.0") == "M 0 1 C 1.3 2 3 4 -5.6 6"


def test_a_failed_write_leaves_the_old_file(one, tmp_path, monkeypatch):
    write_figures([one], tmp_path)
    before = (tmp_path / "one.pdf").read_bytes()

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="no space"):
        write_figures([drawn()], tmp_path)

    assert (tmp_path / "one.pdf").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.pdf", "one.png"]
