"""The picture of a check that fails: what is quick of it, without kernel and browser."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image, PngImagePlugin

from grader.errors import CourseError
from grader.site import failing_check
from grader.site.failing_check import EXERCISE, MESSAGE, PICTURE, RIGHT, UNIT, WRONG, document, image, photograph

SOURCES = [f"def f(x, var, eps):\n    return x / {WRONG}", 'check("<x_hat>", f, x);']


def test_the_page_marks_the_slip_and_shows_what_was_said():
    pytest.importorskip("pygments")
    page = document(SOURCES, "✗ <x_hat>", "CheckFailed: a < b & c")
    assert page.count('class="wrong"') == 1 and page.count('<div class="cell">') == 2
    slip = page.partition('class="wrong">')[2]
    assert slip.index("sqrt") < slip.index("eps") < slip.index("</pre>")
    assert "✗ &lt;x_hat&gt;" in page and "CheckFailed: a &lt; b &amp; c" in page and "<x_hat>" not in page


@pytest.mark.parametrize(
    ("text", "alt"),
    [
        ("CheckFailed: f\n  is wrong.", "CheckFailed: f is wrong."),
        (None, "A check that fails, and the likely cause it names."),
    ],
)
def test_the_alt_text_is_what_the_check_said(text, alt, tmp_path):
    about = PngImagePlugin.PngInfo()
    if text:
        about.add_itxt(MESSAGE, text)
    Image.new("L", (2, 2)).save(tmp_path / "a.png", pnginfo=about)
    assert image(tmp_path / "a.png", "shown.png") == f"```{{image}} shown.png\n:alt: {alt}\n```"


def test_the_course_s_own_picture_says_what_it_shows():
    assert "\n:alt: CheckFailed: " in image(PICTURE, PICTURE.name)


def test_without_chromium_the_error_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(failing_check.shutil, "which", lambda name: None)
    with pytest.raises(CourseError, match="Chromium, which is not here"):
        photograph("<p>", tmp_path / "a.png", "said")
    assert not (tmp_path / "a.png").exists()


def test_an_answer_that_was_rewritten_stops_it_before_anything_runs(tmp_path, monkeypatch):
    cell = new_code_cell(f'def {EXERCISE}(x):\n    """By {RIGHT}."""\n    return x')
    cell.metadata["nbgrader"] = {"grade_id": EXERCISE}
    nbformat.write(new_notebook(cells=[cell]), tmp_path / f"{UNIT}.ipynb")
    for folder in ("SOLUTIONS", "NOTEBOOKS"):
        monkeypatch.setattr(failing_check, folder, tmp_path)
    with pytest.raises(CourseError, match="no longer has"):
        failing_check.run()
