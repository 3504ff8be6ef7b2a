"""The page of a report in headless Chromium: sorts, filters, explains; no request, no error."""

import shutil

import pytest

from tests.reports.test_page import frames, page_of  # noqa: F401

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(frames, tmp_path_factory):  # noqa: F811
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page_of(frames), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def opened(browser, address):
    """Opens the page at a width; afterwards nothing was asked for and nothing complained."""
    pages, errors, requests = [], [], []

    def open_page(width=1200, scheme="light"):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.on("console", lambda m: errors.append(m.text) if m.type in ("error", "warning") else 0)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(address)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    assert errors == []
    assert set(requests) == {address}


def table_of(page):
    return page.locator("#tables table").first


def column(page, place):
    """Numbers of a column of the first table, block by block, without undefined ones."""
    return table_of(page).evaluate(
        """(table, place) => [...table.tBodies].filter((b) => b.className !== "footer").map((b) =>
        [...b.rows].filter((r) => r.dataset.r && !r.hidden)
        .map((r) => parseFloat(r.cells[place].dataset.v)))""",
        place,
    )


def test_headers_sort_within_blocks_and_give_back_the_first_order(opened):
    page = opened()
    header = table_of(page).locator("thead tr:last-child th").nth(1)
    first = column(page, 1)
    for state, order in (("descending", -1), ("ascending", 1)):
        header.locator("button").click()
        assert header.get_attribute("aria-sort") == state
        assert column(page, 1) == [sorted(block, key=lambda v: order * v) for block in first]
    header.locator("button").click()
    assert header.get_attribute("aria-sort") is None
    assert column(page, 1) == first


def test_headers_are_buttons_for_the_keyboard(opened):
    page = opened()
    header = table_of(page).locator("thead tr:last-child th").nth(0)
    header.locator("button").focus()
    page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"


def test_filter_shows_the_methods_that_match_in_all_tables(opened):
    page = opened()
    page.fill("#filter", "ALIGNMENT")
    shown = table_of(page).locator("tbody tr[data-r]:visible th")
    assert shown.all_inner_texts() == ["Latent alignment*"]
    assert "1 method matches" in page.locator("#found").inner_text()
    page.fill("#filter", "")
    assert shown.count() > 5


def fairness_cell(page):
    """The first method's fairness score of the first class's recall, unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    return page.locator("#table-suresh_iii_synthetic_gender tr[data-r] td.number").first


def test_enter_on_a_number_shows_its_runs_counts_and_formula(opened):
    page = opened()
    fairness_cell(page).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    panel = page.locator("#origin")
    assert panel.is_visible()
    text = panel.inner_text()
    for piece in ("Lowest over highest", "Suresh and Ong", "by gender, class anger",
                  "Confusion counts", "Mean over 5 of 5 seeds", "95 % interval",
                  "If all groups"):  # fmt: skip
        assert piece in text, piece
    page.keyboard.press("Escape")
    assert not panel.is_visible()


def test_counts_of_the_panel_give_its_value(opened):
    page = opened()
    fairness_cell(page).click()
    runs, counts = page.locator("#origin").evaluate(
        """(panel) => [...panel.querySelectorAll("table")].slice(0, 2).map((table) =>
        [...table.tBodies[0].rows].map((r) => [...r.cells].map((c) => c.textContent)))"""
    )
    # group, images, of the class, of these found, recall, ...; the score is worst over best recall
    recalls = [float(row[3]) / float(row[2]) for row in counts]
    assert float(runs[0][1]) == pytest.approx(min(recalls) / max(recalls), abs=1e-4)


def test_a_click_explains_and_a_matrix_unfolds(opened):
    page = opened()
    table_of(page).locator("td.number").nth(3).click()
    page.locator("#origin details summary").first.click()
    matrix = page.locator("#origin details table").first
    assert matrix.locator("tbody tr").count() == 7
    page.locator("#close").click()
    assert not page.locator("#origin").is_visible()


def test_one_tab_stop_a_table(opened):
    page = opened()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    counts = page.evaluate(
        """[...document.querySelectorAll("#tables table")].map((t) =>
        t.querySelectorAll("td[tabindex='0']").length)"""
    )
    assert set(counts) <= {0, 1} and 1 in counts


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_the_page_without_scrolling_sideways(opened, scheme):
    page = opened(360, scheme)
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) == 360
    table_of(page).locator("td.number").nth(0).click()
    box = page.locator("#origin").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 360
    assert page.locator("#close").bounding_box()["height"] < 50


def test_a_link_unfolds_its_table(opened):
    page = opened()
    link = page.locator("nav[aria-label=Tables] a").nth(2)
    target = link.get_attribute("href")
    assert page.locator(target).get_attribute("open") is None
    link.click()
    assert page.locator(target).get_attribute("open") is not None
