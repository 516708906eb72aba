"""The site in a browser: it opens, is whole, asks nobody else, and can be read by everybody."""

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

pytestmark = pytest.mark.slow
LARGEST = 1_500_000  # bytes of a page with its pictures
UNIT = "notebooks/03_batchnorm_forward.html"
PHONE = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}


def until(browser, condition):
    return WebDriverWait(browser, 30, 0.1).until(condition)


def test_every_page_opens_without_a_complaint(visits):
    assert len(visits) > 20
    assert {page: v["complaints"] for page, v in visits.items() if v["complaints"]} == {}


def test_nothing_is_asked_of_another_machine(visits, address):
    ours = (f"{address}/", "data:", "blob:", "chrome:")  # chrome: is what the browser itself is made of
    asked = {url for v in visits.values() for url in v["requests"] if not url.startswith(ours)}
    assert asked == set()


def test_every_formula_is_set(visits):
    assert sum(v["formulas"] for v in visits.values()) > 500
    assert {page: v["unset"] for page, v in visits.items() if v["unset"]} == {}


def test_pages_are_small(visits, site, address):
    """A page with its pictures. What all pages share is fetched once, and is not of one page."""

    def own(v: dict) -> int:
        paths = {url.removeprefix(address).split("?")[0].split("#")[0].lstrip("/") for url in v["requests"]}
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


def test_a_phone_shows_a_page_in_its_width(browser, address, pages):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        wide = {}
        for page in pages:
            browser.get(f"{address}/{page}")
            width = browser.execute_script("return document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                wide[page] = width
        assert wide == {}
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(scheme, browser, address, pages, axe):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.set_script_timeout(180)
    found = {}
    # Units look alike: contrast, which takes longest, is measured on one of them.
    alike = {page for page in pages if page.startswith("notebooks/") and page != UNIT}
    # In the dark, colours alone are another matter: a page of each kind is enough.
    for page in pages if scheme == "light" else ["index.html", UNIT, "results.html", "glossary.html", "figures.html"]:
        browser.get(f"{address}/{page}")
        browser.execute_script(axe)
        # Without the insides of formulas: thousands of elements of MathJax, which a reader is told in MathML.
        result = browser.execute_async_script(
            """
            const done = arguments[1];
            const ready = window.MathJax?.startup?.promise ?? Promise.resolve();
            ready.then(() => axe.run({exclude: ["mjx-container"]}, arguments[0]))
                .then(r => done(r.violations), error => done(String(error)));
            """,
            {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": page not in alike}}},
        )
        assert isinstance(result, list), f"axe failed on {page}: {result}"
        serious = [
            f"{v['id']}: {v['nodes'][0]['html'][:160]} ({len(v['nodes'])})"
            for v in result
            if v["impact"] in ("serious", "critical")
        ]
        if serious:
            found[page] = serious
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert found == {}
