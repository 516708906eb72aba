"""A student's feedback in a browser: it asks nobody, its formulas are set, and everybody can read it, on paper too."""

import json
import shutil

import pytest
from helpers.browser import axe, browser, requests
from helpers.graded_class import UNIT, gradebook, write_graded

from grader.classroom.feedback_pages import make_pages

__all__ = ["axe", "browser"]  # fixtures

pytestmark = pytest.mark.slow
PAPER = {"width": 680, "height": 980, "deviceScaleFactor": 1, "mobile": False}  # A4 with margins, in CSS pixels


@pytest.fixture(scope="module")
def page(graded_class, tmp_path_factory) -> str:
    """The address of a page with everything: a failed check, a comment with a formula, a penalty, not final."""
    directory = shutil.copytree(graded_class, tmp_path_factory.mktemp("class") / "bn-2026")
    write_graded(directory, "ada", failing=("normalize-values",))
    with gradebook(directory) as book:
        book.find_grade("q_epsilon-answer", UNIT, UNIT, "ada").needs_manual_grade = True
        book.find_submission_notebook(UNIT, UNIT, "ada").late_submission_penalty = 0.5
        book.find_comment("normalize", UNIT, UNIT, "ada").manual_comment = "Look at $\\frac{x}{\\sqrt{y}}$ again."
        book.db.commit()
    return make_pages(directory, UNIT).pages["ada"].as_uri()


@pytest.fixture(params=["screen", "print"])
def shown(request, browser, page):
    """The browser with the page on the screen, and as it is printed."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": request.param})
    if request.param == "print":
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PAPER)
    try:
        for kind in ("browser", "performance"):
            browser.get_log(kind)
        browser.get(page)
        yield browser
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_it_opens_without_a_complaint_and_asks_nobody(shown):
    assert [entry for entry in shown.get_log("browser") if entry["level"] == "SEVERE"] == []
    events = [json.loads(entry["message"])["message"] for entry in shown.get_log("performance")]
    asked = requests(events)
    assert asked and all(url.startswith(("file:", "data:")) for url in asked)


def test_formulas_are_set(shown):
    widths = shown.execute_script(
        "return [...document.querySelectorAll('math')].map(m => [m.getBoundingClientRect().height, m.textContent])"
    )
    assert len(widths) >= 2 and all(height > 5 and "\\" not in text for height, text in widths)
    # A fraction stands higher than the line around it: it is drawn as one, and not as letters in a row.
    assert max(height for height, _ in widths) > 1.5 * min(height for height, _ in widths)


def test_nothing_is_wider_than_the_page(shown):
    assert shown.execute_script("return document.documentElement.scrollWidth - innerWidth") <= 0
    cut = "return [...document.querySelectorAll('pre')].filter(e => e.scrollWidth > e.clientWidth + 1).length"
    assert shown.execute_script(cut) == 0


def test_axe_finds_nothing_serious(shown, axe):
    shown.execute_script("document.querySelectorAll('details').forEach(d => (d.open = true))")
    # Through the debugger, not as a script of the page: its policy allows none.
    shown.execute_cdp_cmd("Runtime.evaluate", {"expression": axe})
    done = shown.execute_cdp_cmd(
        "Runtime.evaluate",
        {
            "expression": "axe.run({resultTypes: ['violations']}).then(r => r.violations.map(v => "
            "`${v.impact} ${v.id}: ${v.nodes[0].html.slice(0, 160)} (${v.nodes.length})`))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in done, done
    assert [found for found in done["result"]["value"] if found.startswith(("serious", "critical"))] == []
