"""The page of a report: complete, escaped, self-contained, the same again, small enough."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from reports.figures.style import styled
from reports.origins import origins_of
from reports.page import report_page
from reports.report import tables_of
from reports.runs import runs_of
from reports.study_figures.group_bars import group_figures
from reports.study_figures.results import results_of
from tests.reports.made_statistics import made_statistics
from tests.reports.studies import CARDS, full_study, predictions

#: few tables are enough, and fast
LAYOUTS = ("summary", "suresh_iii")
SCRIPT = "<script>alert(1)</script>"
NASTY = "a<b>&\"'</details>{{ x }}"


def page_of(frames, **more):
    sections = tables_of(frames, LAYOUTS)
    sets = [predictions(method, seed) for method in CARDS for seed in range(5)]
    with styled():
        figures = [next(group_figures(results_of(frames, frames.dataset_cards[0])))]
    origins = origins_of(frames, sections, runs_of(sets))
    return report_page(
        frames, sections, figures, **{"origins": origins, "provenance": {"Commit": "abc"}} | more
    )


@pytest.fixture(scope="module")
def frames():
    plain = full_study()
    return replace(plain, statistics=made_statistics(plain.metrics))


@pytest.fixture(scope="module")
def page(frames):
    return page_of(frames)


class Parser(HTMLParser):
    """Checks that elements nest; collects tags, attributes and the text outside scripts."""

    VOID = ("meta", "input", "br")

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1:] not in (["script"], ["style"]):
            self.text += data


def parsed(page):
    parser = Parser()
    parser.feed(page)
    assert parser.open == []
    return parser


def values(found, *names):
    return [value for _, name, value in found.attributes if name in names]


def test_page_is_well_formed_with_unique_ids_and_links_that_lead_somewhere(page):
    found = parsed(page)
    ids = values(found, "id")
    assert len(set(ids)) == len(ids)
    links = [link for link in values(found, "href") if link.startswith("#")]
    assert {link[1:] for link in links} <= set(ids)
    for reference in values(found, "aria-labelledby"):
        assert reference in ids


def test_page_needs_nothing_from_outside(page):
    found = parsed(page)
    assert {"link", "img", "iframe", "object"}.isdisjoint(found.tags)
    assert values(found, "src") == []
    assert all(link.startswith("#") for link in values(found, "href"))
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, not an address
    for call in ("fetch(", "XMLHttpRequest", "import(", "@import", "url("):
        assert call not in re.sub(r"url\(#", "", page)


def test_every_table_with_its_caption_and_notes_is_there(frames, page):
    text = parsed(page).text
    for name, tables in tables_of(frames, LAYOUTS):
        assert name in text
        for table in tables:
            for piece in (table.title, table.caption, *table.notes()):
                assert piece in text


def test_cautions_stand_before_the_tables(frames, page):
    text = parsed(page).text
    assert 0 < text.index("6 of 50 cells failed") < text.index("Protocol") < text.index("Percent,")
    warned = parsed(page_of(frames, warnings=["stale: x"])).text
    assert warned.index("stale: x") < warned.index("6 of 50 cells failed")


def test_any_name_is_escaped(frames):
    methods = frames.methods.assign(
        title=[SCRIPT if key == "ce" else NASTY + key for key in frames.methods["method"]]
    )
    datasets = frames.datasets.assign(title=[SCRIPT, NASTY])
    cells = frames.cells.assign(reason=frames.cells["reason"].str.replace("loss", SCRIPT))
    hostile = replace(frames, methods=methods, datasets=datasets, cells=cells)
    page = page_of(hostile, provenance={SCRIPT: NASTY}, warnings=[SCRIPT])
    found = parsed(page)
    assert found.tags.count("script") == 2  # the data and our own
    assert SCRIPT in found.text and NASTY in found.text


def test_numbers_refer_to_their_run_and_place(frames, page):
    found = parsed(page)
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])
    study = data["data"]["synthetic"]
    for place in values(found, "data-p"):
        for dataset, at in json.loads(place).items():
            assert 0 <= at < len(data["data"][dataset]["places"])
    runs = {int(r) for r in values(found, "data-r")}
    assert runs == set(range(len(study["runs"])))


def test_sort_values_are_the_unrounded_means(frames, page):
    table = tables_of(frames, ["summary"])[0][1][0]
    row = next(row for _, row in table.rows() if row.label == "Cross entropy")
    wanted = [f"{cell.mean:.6g}" for cell in row.cells if cell.state == "value"]
    line = next(
        line for line in page.split("<tr")
        if 'scope="row">Cross entropy<' in line and line.count("<td") == len(row.cells)
    )  # fmt: skip
    assert re.findall(r'data-v="([^"]*)"', line) == wanted


def test_same_input_gives_the_same_page(frames, page):
    assert page_of(frames) == page


def test_a_study_without_any_result_has_a_page():
    plain = full_study()
    empty = replace(plain, metrics=plain.metrics.iloc[:0])
    sections = tables_of(empty)
    page = report_page(empty, sections, [], origins=origins_of(empty, sections), provenance={})
    assert "6 of 50 cells failed" in parsed(page).text
