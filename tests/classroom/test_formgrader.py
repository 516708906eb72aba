"""nbgrader's formgrader in a real browser, on a graded class: log in, open a submission, read its score, give points.

Needs Chromium, chromedriver (Debian: apt install chromium-driver) and selenium; nothing outside this machine is asked.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import psutil
import pytest
from helpers.browser import prepared
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook

from grader.authoring.unit import read_unit
from grader.classroom import demo
from grader.classroom.course import opened, quiet
from grader.grading.grade import Options, grade_class

UNIT = "90_tiny"
TOKEN = "a token of this test only"
SECONDS = 60  # for one thing to happen; on a busy machine JupyterLab alone may need 20 to start

pytestmark = pytest.mark.slow


# ---- the class ----


def script(name: str) -> str:
    """JavaScript that leaves a name in the page, without quotes that would end an attribute."""
    return f"window.pwned=(window.pwned||String())+` {name}`;document.title=`pwned`"


def frame(name: str) -> str:
    """A frame without sandbox, whose script reaches the page around it."""
    return f"<iframe srcdoc='<script>parent.window.pwned=(parent.window.pwned||String())+` {name}`</script>'></iframe>"


# What a student can put into a notebook. Each script leaves its own name, so that a failure says which one ran.
MARKDOWN = [
    f"<script>{script('markdown-script')}</script>",
    f'<img src="missing.png" onerror="{script("markdown-onerror")}">',
    f'<svg onload="{script("markdown-svg")}"></svg>',
    f'# A heading <img src="missing.png" onerror="{script("markdown-heading")}">',
    f'<details open ontoggle="{script("markdown-details")}">text</details>',
    frame("markdown-frame"),
    f'<a href="javascript:{script("markdown-link")}">read me</a>',
    f"[read me too](javascript:{script('markdown-own-link')})",
    "<style>input.score { opacity: 0 }</style>",
    '<form action="https://example.com"><input name="password"></form>',
    '<meta http-equiv="refresh" content="9999; url=https://example.com">',
    '<base href="https://example.com">',
]
OUTPUTS = {  # by MIME type: the data, or data and metadata, of display(…, raw=True)
    "text/html": [
        f"<script>{script('html-script')}</script>",
        f'<img src="missing.png" onerror="{script("html-onerror")}">',
        frame("html-frame"),
        f'<a href="javascript:{script("html-link")}">read me</a>',
        "<style>input.score { opacity: 0 }</style>",
    ],
    "text/markdown": [f"<script>{script('output-markdown')}</script>", frame("output-markdown-frame")],
    "application/javascript": [script("javascript")],
    "image/svg+xml": [f'<svg xmlns="http://www.w3.org/2000/svg" onload="{script("svg")}"></svg>'],
    "image/png": [f'x" onerror="{script("png")}', ("x", {"width": f"1 onerror={script('width').replace(' ', '_')}"})],
    "image/jpeg": [("x", {"height": f"1 onerror={script('height').replace(' ', '_')}"})],
    "text/latex": [f"<script>{script('latex')}</script>"],
    "text/vnd.mermaid": [f"</pre><script>{script('mermaid')}</script>"],
    "text/plain": [f"<script>{script('plain')}</script>"],
    "application/vnd.jupyter.widget-view+json": [{"model_id": f"</script><script>{script('widget')}</script>"}],
}


def _hostile(notebook: nbformat.NotebookNode) -> str:
    """Script in markdown cells, in outputs, on stdout and stderr, in an answer and in a traceback."""
    end = f"</pre></div><script>{script('NAME')}</script>"
    shown = [
        ({mime: data[0]}, {mime: data[1]}) if isinstance(data, tuple) else ({mime: data}, {})
        for mime, values in OUTPUTS.items()
        for data in values
    ]
    answer = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "normalize")
    answer.source += f"\n# {end.replace('NAME', 'answer')}"
    notebook.cells += [
        *(new_markdown_cell(text) for text in MARKDOWN),
        new_markdown_cell("The hostile markdown stands above."),
        new_code_cell(f"for data, metadata in {shown!r}:\n    display(data, metadata=metadata, raw=True)"),
        new_code_cell(f"import sys\nprint({end.replace('NAME', 'stdout')!r})"),
        new_code_cell(f"print({end.replace('NAME', 'stderr')!r}, file=sys.stderr)"),
        new_code_cell("print('The hostile outputs', 'stand above.')"),
        new_code_cell(f"raise ValueError({end.replace('NAME', 'traceback')!r})"),
    ]
    return nbformat.writes(notebook)


def _with_essay(notebook: nbformat.NotebookNode) -> str:
    """The essay written, and a cell that leaves a file in the class, where it can."""
    next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == ESSAY).source = "Because."
    notebook.cells.append(
        new_code_cell(
            "import pathlib\nfor name in ('proof', '../../../proof'):\n    try:\n        "
            "pathlib.Path(name).write_text('')\n    except OSError:\n        pass"
        )
    )
    return nbformat.writes(notebook)


ESSAY = "essay"
HOSTILE = demo.Student("mallory", demo.reference, _hostile)
ESSAYIST = demo.Student("essayist", demo.reference, _with_essay)
STUDENTS = [s for s in demo.STUDENTS if s.id in ("perfect", "half-done", "mistaken-1")] + [HOSTILE, ESSAYIST]


@pytest.fixture(scope="module")
def graded(built, tiny_class, tmp_path_factory) -> Path:
    """A class directory with graded submissions of the tiny unit. The only place that says how they are graded."""
    directory = tmp_path_factory.mktemp("class") / "bn-2026"
    shutil.copytree(tiny_class, directory)
    _add_essay(directory)
    unit = read_unit(built)
    for student in STUDENTS:
        demo.submit(directory, unit, student)
    demo.grade(directory, [unit])
    return directory


def _add_essay(directory: Path) -> None:
    """An essay of 2 points at the end of the unit, as an instructor adds one."""
    source = directory / "source" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    about = {"grade_id": ESSAY, "grade": True, "solution": True, "locked": False, "task": False, "points": 2}
    about |= {"schema_version": 3, "cell_type": "markdown"}
    notebook.cells.append(new_markdown_cell("Why?", metadata={"nbgrader": about}))
    nbformat.write(notebook, source)
    with quiet(), opened(directory) as api:
        assert api.generate_assignment(UNIT, force=True)["success"]


def scores(directory: Path) -> dict[str, dict[str, tuple[float, float]]]:
    """{student: {grade_id: (points, of)}} as gradebook.db has them."""
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", directory.name) as gradebook:
        return {
            submission.student.id: {g.name: (g.score, g.max_score) for n in submission.notebooks for g in n.grades}
            for submission in gradebook.assignment_submissions(UNIT)
        }


# ---- the server ----


def _stop(process: subprocess.Popen) -> None:
    """End a process and all that it started, whether or not it is in a state to do so itself."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        for one in (p for p in family if p.is_running()):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
    if process.poll() is None:
        process.kill()
    process.wait(10)


@pytest.fixture(scope="module")
def server(graded, tmp_path_factory):
    """The address of a Jupyter server started in the class directory as an instructor would, with a fresh home."""
    home = tmp_path_factory.mktemp("home")
    runtime = home / "runtime"
    ours = {
        "HOME": home,
        "USERPROFILE": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": runtime,
        "IPYTHONDIR": home / "ipython",
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
    }
    env = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER")} | {k: str(v) for k, v in ours.items()}
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
        *(f"--IdentityProvider.token={TOKEN}", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0"),
        "--LabApp.extension_manager=readonly",  # never asks PyPI
    ]
    log = home / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=graded, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    try:
        yield _address(process, runtime, log).rstrip("/")
    finally:
        _stop(process)


def _address(process: subprocess.Popen, runtime: Path, log: Path) -> str:
    """The server's own word on its address, which it writes when it begins to listen."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            return json.loads((runtime / f"jpserver-{process.pid}.json").read_text())["url"]
        time.sleep(0.1)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise RuntimeError(f"The Jupyter server did not start in {SECONDS} s (exit status {process.poll()}):\n{tail}")


# ---- the browser ----


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """A headless Chromium with a fresh profile that finds no host but this machine."""
    options, service = prepared(tmp_path_factory.mktemp("chromium"), "disable-quic", "window-size=1280,1024")
    from selenium import webdriver

    try:
        driver = webdriver.Chrome(options=options, service=service)
        driver.set_page_load_timeout(SECONDS)
        driver.set_script_timeout(SECONDS)
        # Of one command, should chromedriver itself hang; it is asked four times before selenium gives up.
        driver.command_executor.client_config.timeout = SECONDS + 10
        yield driver
    finally:
        # Not driver.quit(), which waits for a chromedriver that hangs. Nothing in the profile is worth saving.
        if getattr(service, "process", None) is not None:
            _stop(service.process)


def until(driver, condition):
    """What condition(driver) returns, as soon as it is true. Raises TimeoutException after SECONDS."""
    from selenium.common.exceptions import StaleElementReferenceException
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(driver, SECONDS, 0.1, [StaleElementReferenceException]).until(condition)


def find(driver, css: str) -> list:
    return driver.find_elements("css selector", css)


def try_token(driver, token: str) -> None:
    """Fill in the login form and wait for the page that follows."""
    (field,) = until(driver, lambda d: find(d, "#password_input"))
    field.send_keys(token)
    form = field.id
    find(driver, "#login_submit")[0].click()
    until(driver, lambda d: [f.id for f in find(d, "#password_input")] != [form] and is_loaded(d))


def is_loaded(driver) -> bool:
    return driver.execute_script("return document.readyState") == "complete"


@pytest.fixture(scope="module")
def browser(chromium, server):
    """Chromium, logged in to the server through its login page."""
    page = f"{server}/formgrader/manage_submissions/{UNIT}"
    chromium.get(page)
    # Not so where formgrader itself did not load: then the page says 404, and server.log says why.
    assert urlsplit(chromium.current_url).path == "/login", f"no login page but: {chromium.title}"
    try_token(chromium, "a guess")
    assert urlsplit(chromium.current_url).path == "/login" and "Invalid credentials" in chromium.page_source
    try_token(chromium, TOKEN)
    chromium.get(page)
    assert chromium.current_url == page, "the token was not accepted"
    return chromium


def open_list(browser, server) -> dict:
    """Open the list of the unit's submissions. Returns its rows by student."""
    browser.get(f"{server}/formgrader/manage_submissions/{UNIT}")
    rows = until(browser, lambda d: find(d, "#main-table tr:has(td.student-id)"))
    return {find(row, ".student-id")[0].text: row for row in rows}


def open_submission(browser, server, student: str) -> None:
    """Open a student's submission by clicking through from the list."""
    find(open_list(browser, server)[student], ".student-name a")[0].click()
    until(browser, lambda d: find(d, "#main-table td.name a"))[0].click()
    until(browser, lambda d: urlsplit(d.current_url).path.startswith("/formgrader/submissions/") and is_loaded(d))


def points(browser) -> dict[str, tuple[float, float]]:
    """{grade_id: (points, of)} as the open submission shows them."""
    # Formgrader asks for the points after the page has come.
    until(browser, lambda d: find(d, "input.score") and not find(d, "input.score:not([placeholder])"))
    return {
        # The points stand in the field's placeholder until a person types others, "/ 2.0" in the text after it.
        field.get_attribute("id"): (
            float(field.get_attribute("value") or field.get_attribute("placeholder")),
            float(field.find_element("xpath", "..").text.strip(" /")),
        )
        for field in find(browser, "input.score")
    }


# ---- the tests ----


def test_list_of_submissions_shows_the_scores_of_the_gradebook(browser, server, graded):
    shown = {name: find(row, ".score")[0].text for name, row in open_list(browser, server).items()}
    stored = {name: [sum(v) for v in zip(*grades.values())] for name, grades in scores(graded).items()}
    assert shown == {name: f"{points:g} / {of:g}" for name, (points, of) in stored.items()}
    assert stored["perfect"] == [3, 5] and stored["mistaken-1"] == [1, 5]  # the gradebook was not empty or all alike


@pytest.mark.parametrize("student", ["perfect", "half-done", "mistaken-1"])
def test_submission_shows_its_points(student, browser, server, graded):
    open_submission(browser, server, student)
    assert unquote(browser.current_url).startswith(f"{server}/formgrader/submissions/")
    assert find(browser, ".name-shown")[0].get_attribute("textContent").strip() == student
    assert points(browser) == scores(graded)[student]


ACTIVE = "style, form, iframe, frame, object, embed, meta, base, link, script"


def intrusions(driver, within: str) -> dict:
    """What of a student's markup is alive in the page: scripts that ran, links that would run one, elements."""
    time.sleep(0.5)  # onerror and ontoggle come a moment after the page
    ran, title, links, elements = driver.execute_script(
        """
        const inside = css => [...document.querySelectorAll(css)];
        return [
            window.pwned || "",
            document.title,
            inside("a, area").filter(a => a.protocol === "javascript:").map(a => a.textContent),
            inside(arguments[0]).map(e => e.outerHTML.slice(0, 80)),
        ];
        """,
        ", ".join(f"{within} {tag}" for tag in ACTIVE.split(", ")),
    )
    ran = sorted(set(ran.replace("_", " ").split()) - {"undefined"})
    return {"ran": ran, "title": "pwned" in title, "links": links, "elements": elements}


def test_a_script_would_be_noticed(chromium, tmp_path):
    """The control for the test below: in a page without any defence, all of it shows."""
    page = tmp_path / "page.html"
    texts = [text for text in MARKDOWN + OUTPUTS["text/html"] if "<" in text and "<base" not in text]
    page.write_text("<!doctype html><title>fine</title><body><main>" + "\n".join(texts) + "</main>", encoding="utf-8")
    chromium.get(page.as_uri())
    found = intrusions(chromium, "main")
    assert found["ran"] == sorted(
        f"{where}-{how}"
        for where, ways in {
            "markdown": ("script", "onerror", "svg", "heading", "details", "frame"),
            "html": ("script", "onerror", "frame"),
        }.items()
        for how in ways
    )
    assert found["title"] and len(found["links"]) == 2
    assert {text[1:5] for text in found["elements"]} == {"scri", "styl", "form", "ifra", "meta"}


def test_students_markup_does_nothing_in_the_page(browser, server, graded):
    open_submission(browser, server, HOSTILE.id)
    # A page without the student's cells ends here: TimeoutException, unlike AssertionError, is no expected failure.
    until(browser, lambda d: "The hostile markdown stands above." in d.page_source)
    until(browser, lambda d: "The hostile outputs stand above." in d.page_source)
    nothing = {"ran": [], "title": False, "links": [], "elements": []}
    assert intrusions(browser, "#notebook-container") == nothing
    assert points(browser) == scores(graded)[HOSTILE.id]


def test_a_submission_begins_below_the_title_of_the_setup_cell(browser, server):
    open_submission(browser, server, "perfect")
    page = browser.page_source
    assert "Setup: run this cell first" in page and "bncourse_kit" not in page
    assert "x_hat, float32" in page  # who grades sees hidden tests


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_the_autograde_button_grades_in_the_jail(browser, server, graded):
    before = scores(graded)
    find(open_list(browser, server)[ESSAYIST.id], ".autograde a")[0].click()
    (said,) = until(browser, lambda d: find(d, "#success-modal, #error-modal"))
    assert said.get_attribute("id") == "success-modal", said.text
    assert scores(graded) == before
    assert not list(graded.rglob("proof"))
    # What is kept of it is what is there: nothing has to be run again.
    assert grade_class(graded, Options(student=ESSAYIST.id), progress=False).fresh == 0


def test_an_essay_is_graded_by_keyboard(browser, server, graded):
    from selenium.webdriver import ActionChains, Keys

    def press(*keys: str) -> str:
        """Press keys. Returns the id of what has the focus then."""
        ActionChains(browser).send_keys(*keys).perform()
        return browser.execute_script("return document.activeElement.id")

    def kept() -> tuple:
        with Gradebook(f"sqlite:///{graded / 'gradebook.db'}", graded.name) as gradebook:
            grade = gradebook.find_grade(ESSAY, UNIT, UNIT, ESSAYIST.id)
            comment = gradebook.find_comment(ESSAY, UNIT, UNIT, ESSAYIST.id)
            return grade.manual_score, grade.needs_manual_grade, comment.manual_comment

    assert kept() == (None, True, None)
    open_submission(browser, server, ESSAYIST.id)
    # What there is of points and comments has come, and what is typed is listened to.
    until(browser, lambda d: find(d, "input.score[placeholder]") and find(d, f"#{ESSAY}-comment[placeholder]"))
    assert any(press(Keys.TAB) == ESSAY for _ in range(40)), "the essay's score is not reached"
    assert press("1.5", Keys.TAB) == f"{ESSAY}_extra_credit"
    assert press(Keys.TAB) == f"{ESSAY}-comment"
    press("Good, but short.", Keys.TAB)
    given = (1.5, False, "Good, but short.")
    end = time.monotonic() + SECONDS
    while kept() != given and time.monotonic() < end:
        time.sleep(0.2)
    assert kept() == given
    shown = {name: find(row, ".score")[0].text for name, row in open_list(browser, server).items()}
    assert shown[ESSAYIST.id] == "4.5 / 5"
