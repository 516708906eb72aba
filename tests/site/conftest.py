"""The site, made once a test session; a server for it; Chromium, which reaches nothing but this machine.

No __init__.py here: the package would be called site, as a module of Python's own is.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tarfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pytest

AXE = "axe-core@4.14.1"
SECONDS = 60


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
def shared(tmp_path_factory, request) -> Path:
    """A directory that all processes of a test session have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@contextlib.contextmanager
def locked(path: Path):
    """One process at a time; the next finds what the first has made."""
    filelock = pytest.importorskip("filelock")
    with filelock.FileLock(f"{path}.lock"):
        yield


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
def browser(tmp_path_factory):
    """A headless Chromium that keeps what pages asked for and complained of."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (pip install selenium)")
    binary = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    driver_binary = shutil.which("chromedriver")
    if not binary or not driver_binary:
        missing = "Chromium" if not binary else "chromedriver"
        pytest.skip(f"no {missing} here (Debian: apt install chromium-driver)")
    home = tmp_path_factory.mktemp("chromium")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (
        *("headless", "no-sandbox", "disable-gpu", "disable-dev-shm-usage", "no-first-run", "no-proxy-server"),
        *("disable-background-networking", "disable-component-update", "disable-sync"),
        *(f"user-data-dir={home / 'profile'}", "window-size=1280,900"),
        "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    ):
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    env = os.environ | {"HOME": str(home), "SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver_binary, env=env))
    driver.set_page_load_timeout(SECONDS)
    driver.set_script_timeout(SECONDS)
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def axe(shared) -> str:
    """axe-core's source, from the npm registry: 500 KB that are not worth keeping in the repository."""
    folder = shared / "axe"
    with locked(folder):
        script = folder / "package" / "axe.min.js"
        if not script.exists():
            npm = shutil.which("npm")
            if npm is None:
                pytest.skip("axe-core is fetched with npm, which is not here")
            folder.mkdir(exist_ok=True)
            try:
                command = [npm, "pack", "--silent", AXE]
                done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                pytest.skip(f"npm did not get {AXE} in {SECONDS} s")
            if done.returncode:
                pytest.skip(f"npm could not get {AXE}: {done.stderr.strip()[-200:]}")
            with tarfile.open(folder / done.stdout.strip().splitlines()[-1]) as archive:
                archive.extractall(folder, filter="data")
    return script.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def visits(shared, pages, address, browser) -> dict[str, dict]:
    """Each page, opened once: {page: what it asked for, complained of and shows}."""
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
        ready.then(() => done([all, [...document.querySelectorAll(".math")]
            .filter(e => !e.querySelector("mjx-container") || e.querySelector("mjx-merror"))
            .map(e => e.textContent.slice(0, 80))]));
        """
    )
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return {
        "requests": [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"],
        "bytes": sum(e["params"]["encodedDataLength"] for e in events if e["method"] == "Network.loadingFinished"),
        "complaints": [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"],
        "formulas": formulas,
        "unset": unset,
    }
