"""The page, the summary, the terminal text and the files: complete, escaped, self-contained."""

import html.parser
import re
import shutil
import subprocess

import pytest

from reports.audit.page import html_page, summary_text
from reports.audit.tables import audit_tables
from reports.audit.terminal import terminal_text
from reports.audit.writers import write_tables
from reports.convention import PAPER, STRICT
from reports.errors import ReportError
from tests.reports.audit.small_results import NASTY, counts_of_auc_fer, result_of, with_rows

TWO = {"male": (100, 30), "female": (100, 10)}
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><title>drawn</title></svg>'
SCRIPT = "<script>alert(1)</script>"


def nasty_result(convention=STRICT):
    groups = {f"male {NASTY}": (100, 30), SCRIPT: (100, 10), "[third]": (9, 1)}
    counts = {
        (f"data {NASTY}", label, f"attribute {NASTY}"): {
            f"AU06=0,x={NASTY}": groups, "AU06=1,x=0": groups,
        }
        for label in (NASTY, SCRIPT)
    }  # fmt: skip
    said = ((f"data {NASTY}", SCRIPT), ("", NASTY))
    return result_of(
        counts, convention, notes=said, limits=said,
        settings={"family": "table", NASTY: SCRIPT},
    )  # fmt: skip


class Parser(html.parser.HTMLParser):
    """Tags in order, unclosed ones, and the text."""

    VOID = ("meta", "br", "rect")

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.text, self.attributes = [], [], "", []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def parsed(page):
    parser = Parser()
    parser.feed(page)
    assert parser.open == []
    return parser


def page_of(result, convention=STRICT, figures=(("Bars", "A caption", SVG),)):
    return html_page(result, audit_tables(result, convention), list(figures), title="Audit")


def test_page_escapes_every_name_and_is_well_formed():
    found = parsed(page_of(nasty_result()))
    assert "script" not in found.tags
    assert SCRIPT in found.text
    assert NASTY in found.text
    assert found.tags.count("svg") == 1


def test_page_needs_nothing_from_outside():
    found = parsed(page_of(result_of({("A", "happy", "gender"): {"AU06=0": TWO}})))
    assert {"link", "img", "script", "iframe"}.isdisjoint(found.tags)
    links = [value for name, value in found.attributes if name in ("href", "src")]
    assert all(link.startswith("#") for link in links)
    ids = [value for name, value in found.attributes if name == "id"]
    assert len(set(ids)) == len(ids)
    assert {link[1:] for link in links} <= set(ids)


def test_page_shows_every_table_with_its_numbers_marks_and_notes():
    few = {"male": (10, 3), "female": (10, 1)}
    result = result_of({("A", "happy", "gender"): {"AU06=0": TWO, "AU06=1": few}})
    (table,) = audit_tables(result, STRICT)
    text = parsed(page_of(result)).text
    for piece in (table.title, table.caption, table.remark, *table.notes()):
        assert piece in text
    assert "<strong>0.300</strong>" in page_of(result)
    assert '<span class="code"><sup>\u2020</sup></span>' in page_of(result)


def test_limits_stand_before_findings_and_tables():
    result = result_of(
        {("A", "happy", "gender"): {"AU06=0": TWO}}, limits=(("A", "no votes here"),)
    )  # fmt: skip
    text = parsed(page_of(result)).text
    assert (
        text.index("no votes here")
        < text.index("A: happy by gender, AU06=0")
        < text.index("P(happy) by gender")
    )


def test_empty_audit_still_says_what_cannot_be_asked():
    result = result_of({}, limits=(("ten rows", "Groups cannot be compared."),))
    for text in (
        parsed(page_of(result)).text,
        summary_text(result, title="t"),
        terminal_text(result),
    ):
        assert "ten rows" in text
        assert "Groups cannot be compared." in text


def test_summary_escapes_markup():
    text = summary_text(nasty_result(), title=SCRIPT)
    assert "<script" not in text.replace("\\<script", "")
    assert text.startswith("# \\<script")


@pytest.mark.parametrize("width", [30, 80])
def test_terminal_lines_are_never_wider_than_asked(width):
    text = terminal_text(nasty_result(), width)
    assert max(map(len, text.splitlines())) <= width


def test_terminal_names_at_most_ten_differences_largest_first():
    conditions = {
        f"AU06={i}": {"male": (1000, 500 + 20 * i), "female": (1000, 200)} for i in range(14)
    }
    text = terminal_text(result_of({("A", "happy", "gender"): conditions}))
    found = [float(one) for one in re.findall(r"\(\+(0\.\d+)\)", text)]
    assert len(found) == 10
    assert found == sorted(found, reverse=True)
    assert found[0] == 0.56  # (500 + 20 x 13 - 200) / 1000
    assert "14 of 14 tested conditions" in text


def test_terminal_says_when_nothing_differs_or_could_be_tested():
    even = {"male": (100, 30), "female": (100, 30)}
    none = {"male": (100, 0), "female": (100, 0)}
    text = terminal_text(
        result_of({("A", "happy", "g"): {"AU06=0": even}, ("B", "x", "g"): {"AU06=0": none}})
    )
    assert "0 of 1 tested conditions differ" in text
    assert "Nothing could be tested." in text


def test_terminal_says_once_what_all_data_sets_lack():
    counts = {(name, "happy", "g"): {"AU06=0": TWO} for name in "AB"}
    limits = (("A", "No intensities."), ("A", "Only one rater."), ("B", "No intensities."))
    text = terminal_text(result_of(counts, limits=limits))

    assert text.count("No intensities.") == 1
    assert text.index("Of all data:") < text.index("No intensities.")
    assert text.index("Only one rater.") < text.index("B: 200 images")


def test_terminal_names_calibrated_thresholds():
    rows = [{"dataset": "E", "attribute": "g", "action_unit": unit} for unit in ("AU04", "AU06")]
    text = terminal_text(with_rows(result_of({}), calibration=rows))

    assert "Thresholds of AU04, AU06 by group: tables chen_1." in text


def test_terminal_prints_no_control_characters():
    result = result_of({("A\x1b[31m", "happy", "g\x07"): {"AU06=0": TWO}})
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", terminal_text(result))


def test_files_are_written_and_the_same_again(tmp_path):
    tables = audit_tables(nasty_result(), STRICT)
    first = {path: path.read_bytes() for path in write_tables(tables, tmp_path)}
    assert {path: path.read_bytes() for path in write_tables(tables, tmp_path)} == first
    names = {path.relative_to(tmp_path).as_posix() for path in first}
    assert {"tables.md", "tables.tex"} < names
    assert {f"tables/{t.key}.{suffix}" for t in tables for suffix in ("tex", "csv", "json")} < names


def test_unknown_format_is_refused(tmp_path):
    with pytest.raises(ReportError, match="give any of md, tex, csv, json"):
        write_tables([], tmp_path, ("pdf",))


DOCUMENT = r"""\documentclass{article}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
\input{tables.tex}
\end{document}
"""


def compiled(result, convention, folder):
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    write_tables(audit_tables(result, convention), folder, ("tex",))
    (folder / "main.tex").write_text(DOCUMENT)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"], cwd=folder,
        capture_output=True, text=True, errors="replace", timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_latex_with_special_characters_in_all_names_compiles(tmp_path):
    compiled(nasty_result(), STRICT, tmp_path)


@pytest.mark.parametrize("convention", [STRICT, PAPER], ids=["strict", "paper"])
def test_latex_of_the_published_counts_stays_on_the_page(shared_data, tmp_path, convention):
    result = result_of(counts_of_auc_fer(shared_data), convention)
    log = compiled(result, convention, tmp_path)
    assert "Overfull \\hbox" not in log
    assert "Float too large" not in log
