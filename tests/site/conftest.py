"""The site, made once a test session; a server for it.

No __init__.py here: the package would be called site, as a module of Python's own is.
"""

import base64
import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest
from helpers.browser import axe, browser, requests
from helpers.shared import locked

__all__ = ["axe", "browser"]  # fixtures of all browser tests


@pytest.fixture(scope="session")
def png() -> str:
    """A picture as notebooks have it: 800 by 400 pixels, in base64."""
    from PIL import Image

    file = BytesIO()
    Image.new("RGB", (800, 400), "#0072B2").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def books(png) -> tuple:
    """A small unit's notebooks, solved and for students, as the build writes them. Made by hand: a build is slow."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    def code(source: str, grade_id: str = "", **role):
        cell = new_code_cell(source)
        if grade_id:
            defaults = {"grade": False, "solution": False, "locked": True}
            cell.metadata["nbgrader"] = {"grade_id": grade_id, **defaults, **role}
        return cell

    def cells(answer: str, letter: str, hidden: str, essay: str) -> list:
        return [
            new_markdown_cell(
                "# Tiny\n\n**What is it?**\n\n[![Open in Colab](badge.svg)](https://colab.example.org/x)"
            ),
            code("bncourse_kit = 1", "setup"),
            new_markdown_cell("By the end you can do it. $x$"),
            code("plt.plot([1, 2])"),
            new_markdown_cell("*The figure:* what $x$ does.\n\nMore.\n\n### Exercise: `normalize`\n\nDo it."),
            code(f"def normalize(x):\n    {answer}", "normalize", solution=True),
            code(f'check("x_hat", normalize, x){hidden}', "normalize-values", grade=True, points=2),
            new_markdown_cell("**Concept question.** Which?"),
            code(f"q_epsilon = {letter}", "q_epsilon", solution=True),
            code('check("q_epsilon", q_epsilon);', "q_epsilon-answer", grade=True, points=1),
            new_markdown_cell("### Essay\n\nWhy?"),
            new_markdown_cell(
                essay, metadata={"nbgrader": {"grade_id": "essay", "grade": True, "solution": True, "points": 4}}
            ),
            code("scoreboard()"),
        ]

    hidden = '\n### BEGIN HIDDEN TESTS\ncheck("secret", normalize, 1)\n### END HIDDEN TESTS'
    answer = "### BEGIN SOLUTION\n    return x - x.mean(0)\n    ### END SOLUTION"
    essay = "### BEGIN SOLUTION\nBecause it is.\n### END SOLUTION"
    solved = new_notebook(cells=cells(answer, '"b"', hidden, essay), metadata={"title": "Tiny"})
    student = new_notebook(cells=cells("raise NotImplementedError()", "...", "", "YOUR ANSWER HERE"))
    solved.cells[3].outputs = [new_output("display_data", {"image/png": png, "text/plain": "<Figure>"})]
    return solved, student


@pytest.fixture(scope="session")
def site(shared) -> Path:
    """The site as `make site` makes it: warnings are errors."""
    for package in ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx-mathjax-offline"):
        pytest.importorskip(package, reason=f"{package} is not installed (make site, or pip install -e '.[site]')")
    from grader.site.__main__ import make_site

    folder = shared / "site"
    with locked(folder):
        if not (folder / "index.html").exists():
            assert make_site(shared / "site-src", folder) == 0, "Sphinx found something to warn of"
    return folder


@pytest.fixture(scope="session")
def pages(site) -> list[str]:
    """The pages that a reader may open."""
    return sorted(str(p.relative_to(site)) for p in site.rglob("*.html") if "_static" not in p.parts)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args) -> None:
        pass


@pytest.fixture(scope="session")
def address(site):
    """Where the site is served, on this machine only."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def visits(shared, pages, address, browser) -> dict[str, dict]:
    """Each page, opened once: {page: what it asked for, complained of and shows}. What is ours begins with a slash."""
    kept = shared / "visits.json"
    with locked(kept):
        if not kept.exists():
            kept.write_text(json.dumps({page: visit(browser, address, page) for page in pages}), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def visit(browser, address: str, page: str) -> dict:
    """Open a page and wait until its formulas are set."""
    for kind in ("browser", "performance"):
        browser.get_log(kind)  # what the page before left
    browser.get(f"{address}/{page}")
    formulas, unset = browser.execute_async_script(
        """
        const done = arguments[0];
        const all = document.querySelectorAll(".math").length;
        const ready = window.MathJax?.startup?.promise ?? Promise.resolve();
        const unset = () => [...document.querySelectorAll(".math")]
            .filter(e => !e.querySelector("mjx-container") || e.querySelector("mjx-merror"))
            .map(e => e.textContent.slice(0, 80));
        const until = performance.now() + 20000;  // on a busy machine some are set after the promise is kept
        const look = () => unset().length && performance.now() < until ? setTimeout(look, 100) : done([all, unset()]);
        ready.then(look);
        """
    )
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = requests(events)
    return {
        "requests": [url.removeprefix(address) for url in asked],  # each test process has an address of its own
        "bytes": sum(e["params"]["encodedDataLength"] for e in events if e["method"] == "Network.loadingFinished"),
        "complaints": [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"],
        "formulas": formulas,
        "unset": unset,
    }
