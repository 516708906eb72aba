"""The report in a browser: it can be read by everybody, on a desktop, a phone and paper; names open by keyboard."""

import base64

import pytest

pytest.importorskip("selenium", reason="selenium is not installed (pip install selenium)")

from helpers.browser import axe, browser, serious
from helpers.made_up_class import cell, made_up_results, write, write_gradebook
from selenium.webdriver.common.keys import Keys

from grader.report.write import write_report

pytestmark = pytest.mark.slow
__all__ = ["axe", "browser"]
PHONE = {"width": 375, "height": 800, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> str:
    """A report with everything in it: essays that wait, answers that are shared, who is low and who is missing."""
    results, people = made_up_results(60, 5)
    for n, entry in enumerate(results):
        if entry["status"] != "graded":
            continue
        if entry["unit"].startswith("05"):
            entry["cells"].append(cell("essay", None, 3.0, kind="by hand"))
        if n % 7 == 0:
            entry["answers"] = ["normalize 400 aaa"]
    people["zoe"] = ("Zoe", "Absent")
    directory = write(tmp_path_factory.mktemp("browser") / "bn", results)
    write_gradebook(directory, results, people)
    return write_report(directory).as_uri()


@pytest.mark.parametrize("screen", ["desktop", "phone", "print"])
def test_axe_finds_nothing_serious(screen, browser, axe, address):
    if screen == "phone":
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print" if screen == "print" else ""})
    try:
        browser.get(address)
        assert "zoe" in browser.page_source and "needs a score" in browser.page_source
        browser.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
        assert serious(browser, axe) == []
        wide = browser.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_who_made_a_mistake_opens_by_keyboard(browser, address):
    browser.get(address)
    fold = browser.find_element("css selector", "td details.who")
    names = fold.find_element("css selector", "p")
    assert not names.is_displayed()
    summary = fold.find_element("css selector", "summary")
    browser.execute_script("arguments[0].focus()", summary)
    summary.send_keys(Keys.ENTER)
    assert names.is_displayed() and names.text


def test_printed_it_is_some_pages_with_the_names(browser, address):
    browser.get(address)
    printed = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert printed.startswith(b"%PDF") and 3 <= printed.count(b"/Type /Page\n") <= 40
