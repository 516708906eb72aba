"""The site in a browser: it opens, is whole, asks nobody else, and can be read by everybody."""

import pytest

pytest.importorskip("selenium", reason="selenium is not installed (pip install selenium)")

from helpers.browser import told
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.slow
LARGEST = 1_500_000  # bytes of a page with its pictures
UNIT = "notebooks/03_batchnorm_forward.html"
COLOURS = ["color-contrast", "link-in-text-block"]  # of axe's rules
PAPER = {"width": 680, "height": 980, "deviceScaleFactor": 1, "mobile": False}  # A4 with margins, in CSS pixels
PHONE = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}


def until(browser, condition):
    return WebDriverWait(browser, 30, 0.1).until(condition)


def set_formulas(browser) -> None:
    """Wait until formulas are set, and what waits for them has run."""
    browser.execute_async_script(
        """
        const done = arguments[0];
        const ready = window.MathJax?.startup?.promise ?? Promise.resolve();
        ready.then(() => requestAnimationFrame(() => requestAnimationFrame(done)));
        """
    )


@pytest.fixture
def phone(browser):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    yield browser
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_every_page_opens_without_a_complaint(visits):
    assert len(visits) > 20
    assert {page: v["complaints"] for page, v in visits.items() if v["complaints"]} == {}


def test_nothing_is_asked_of_another_machine(visits):
    asked = {url for v in visits.values() for url in v["requests"] if not url.startswith(("/", "data:", "blob:"))}
    assert asked == set()


def test_every_formula_is_set(visits):
    assert sum(v["formulas"] for v in visits.values()) > 500
    assert {page: v["unset"] for page, v in visits.items() if v["unset"]} == {}


def test_pages_are_small(visits, site):
    """A page with its pictures. What all pages share is fetched once, and is not of one page."""

    def own(v: dict) -> int:
        paths = {url.split("?")[0].split("#")[0].lstrip("/") for url in v["requests"] if url[0] == "/"}
        return sum((site / p).stat().st_size for p in paths if (site / p).is_file() and not p.startswith("_static/"))

    assert {page: own(v) for page, v in visits.items() if own(v) > LARGEST} == {}


@pytest.mark.parametrize("word", ["γ", "covariate", "batchnorm_forward"])
def test_search_finds(word, browser, address):
    browser.get(f"{address}/search.html?q={word}")
    found = until(browser, lambda b: b.find_elements("css selector", "#search-results li a"))
    assert found[0].get_attribute("href").startswith(address)


def test_an_answer_opens_by_keyboard(browser, address):
    browser.get(f"{address}/{UNIT}")
    answer = browser.find_element("css selector", "details.answer")
    assert answer.get_attribute("open") is None
    code = answer.find_element("css selector", "pre")
    assert not code.is_displayed()
    summary = answer.find_element("css selector", "summary")
    assert summary.text == "Show an answer"
    browser.execute_script("arguments[0].focus()", summary)
    summary.send_keys(Keys.ENTER)
    assert code.is_displayed() and "def " in code.text


def test_a_phone_shows_a_page_in_its_width(phone, address, pages):
    wide = {}
    for page in pages:
        phone.get(f"{address}/{page}")
        width = phone.execute_script("return document.documentElement.scrollWidth")
        if width > PHONE["width"]:
            wide[page] = width
    assert wide == {}


def test_formulas_are_set_smaller_on_a_phone_before_they_scroll(phone, address):
    phone.get(f"{address}/{UNIT}")
    set_formulas(phone)
    widths = """return [...document.querySelectorAll('mjx-container[display="true"]')]
        .map(formula => [formula.scrollWidth, formula.clientWidth, formula.dataset.size, formula.style.fontSize])"""
    found = until(phone, lambda b: [f for f in b.execute_script(widths) if f[2]])
    assert len(found) > 2 and all(inside <= room for inside, room, *_ in found)
    smaller = [now for *_, size, now in found if float(now.rstrip("%")) < float(size)]
    assert smaller, "none of them was too wide: another unit would show more"


@pytest.mark.parametrize("page", ["index.html", "results.html", "glossary.html"])
def test_columns_on_a_phone_are_not_narrower_than_a_word(page, phone, address):
    phone.get(f"{address}/{page}")
    broken = phone.execute_script(
        """
        const lines = th => {
            const range = document.createRange();
            range.selectNodeContents(th);
            return new Set([...range.getClientRects()].map(r => Math.round(r.bottom))).size;
        };
        return [...document.querySelectorAll("article th")].map(th => [th.innerText.trim(), lines(th)]);
        """
    )
    assert broken and [(text, lines) for text, lines in broken if lines > 2 * len(text.split())] == []


def test_nothing_is_cut_on_paper(browser, address):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PAPER)
    try:
        browser.get(f"{address}/{UNIT}")
        set_formulas(browser)
        assert browser.execute_script("return matchMedia('print').matches")
        browser.execute_script("dispatchEvent(new Event('beforeprint'))")
        assert browser.execute_script("return document.querySelectorAll('details:not([open])').length") == 0
        # What scrolls is not split between two pages: Chromium leaves an empty frame on the first.
        scrolling = browser.execute_script(
            """
            const scrolls = e => getComputedStyle(e).overflowX !== "visible" || e.scrollWidth > e.clientWidth + 1;
            return [...document.querySelectorAll("article pre")].filter(scrolls).map(e => e.textContent.slice(0, 60));
            """
        )
        assert scrolling == []
        browser.execute_script("dispatchEvent(new Event('afterprint'))")
        assert browser.execute_script("return document.querySelectorAll('details[open]').length") == 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme, browser, address, pages, axe):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.set_script_timeout(180)
    found = {}
    # Units look alike: four are looked at, and contrast, which takes longest, is measured on one of them.
    units = sorted(page for page in pages if page.startswith("notebooks/"))
    alike = {page for page in units if page != UNIT}
    pages = [page for page in pages if page not in units or page == UNIT or page in units[::4]]
    # In the dark, colours alone are another matter.
    kept = {} if scheme == "light" else {"runOnly": COLOURS}
    try:
        for page in pages if scheme == "light" else [page for page in pages if page not in alike]:
            browser.get(f"{address}/{page}" + ("?q=γ" if page == "search.html" else ""))
            if page == "search.html":
                until(browser, lambda b: b.find_elements("css selector", "#search-results li a"))
            assert browser.execute_script("return document.documentElement.dataset.theme") == scheme
            # Answers and hints are looked at, too.
            browser.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
            browser.execute_script(axe)
            # Without the insides of formulas: thousands of elements of MathJax, which a reader is told in MathML.
            result = browser.execute_async_script(
                """
                const done = arguments[1];
                const ready = window.MathJax?.startup?.promise ?? Promise.resolve();
                ready.then(() => axe.run({exclude: ["mjx-container"]}, arguments[0]))
                    .then(r => done(r.violations), error => done(String(error)));
                """,
                {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": page not in alike}}, **kept},
            )
            if serious := told(result):
                found[page] = serious
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == {}
