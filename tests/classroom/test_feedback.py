"""Feedback: a page that shows a student what they handed in and what it earned, and nothing that is hidden."""

import re
import shutil
import time

import nbformat
import pytest
from bs4 import BeautifulSoup
from helpers.graded_class import UNIT, gradebook, write_graded
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.converters import GenerateFeedback

from grader.classroom.course import opened, quiet
from grader.classroom.feedback import (
    NOT_RUN,
    SHOWN,
    DropMissingFigures,
    FeedbackExporter,
    ShortenForFeedback,
    feedback_preprocessors,
)
from grader.classroom.feedback_pages import make_pages

BEGIN, END = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"


def shown(source: str, grade_id: str = "f-values", kind=new_code_cell) -> str:
    """What feedback shows of a cell; an empty id is that of a cell which nbgrader knows nothing of."""
    cell = kind(source, metadata={"nbgrader": {"grade_id": grade_id}} if grade_id else {})
    resources = {"x": 1}
    found, same = ShortenForFeedback().preprocess_cell(cell, resources, 3)
    assert same is resources
    return found.source


def test_of_the_setup_cell_the_title_is_left():
    assert shown("#@title Setup: run this cell first\nimport numpy\nload_table('…')", "setup") == (
        "#@title Setup: run this cell first"
    )
    assert shown("", "setup") == ""


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (f"check(1)\n{BEGIN}\ncheck('secret')\n{END}", "check(1)\n# (hidden tests)"),
        (f"{BEGIN}\ncheck('secret')\n{END}\ncheck(2)", "# (hidden tests)\ncheck(2)"),
        (f"a\n{BEGIN}\nsecret\n{END}\nb\n{BEGIN}\nsecret\n{END}\nc", "a\n# (hidden tests)\nb\n# (hidden tests)\nc"),
        (f"with x:\n    a\n    {BEGIN}\n    secret\n    {END}\n    b", "with x:\n    a\n    # (hidden tests)\n    b"),
        (f"if x:\n\t{BEGIN}\n\tsecret\n\t{END}", "if x:\n\t# (hidden tests)"),
        (f"a\n{BEGIN}\n{END}", "a\n# (hidden tests)"),
        (f"a\n{BEGIN}\nsecret, without an end", "a\n# (hidden tests)"),
    ],
)
def test_hidden_tests_are_named_and_not_shown(source, left):
    assert shown(source) == left
    assert shown(source, "") == left  # a student may have copied it


@pytest.mark.parametrize("source", ["", "check('a', a)  # setup\n", "\n\nx = 1\n\n", "# (hidden tests)\r\nx"])
@pytest.mark.parametrize("kind", [new_code_cell, new_markdown_cell])
def test_any_other_cell_is_shown_as_it_is(source, kind):
    assert shown(source, kind=kind) == shown(source, "", kind) == source


def test_of_code_without_end_the_beginning_is_shown():
    code = "x = 1\n" * 100_000
    assert shown(code, "") == f"{code[:SHOWN]}\n... 400,000 more characters are left out here"


@pytest.mark.slow
@pytest.mark.parametrize("source", ["x = 1" + "\n" * 20_000 + "y = 2", "x = 1" + " \n" * 5000, "import a;" * 10_000])
def test_code_that_takes_long_to_colour_is_text(source):
    """By IPython's rules, 20,000 blank lines would take minutes."""
    exporter = FeedbackExporter()
    began = time.process_time()
    exporter.from_notebook_node(new_notebook(cells=[]))
    page = exporter._code(source)
    assert time.process_time() - began < 5
    assert "<span" not in page.replace("<span></span>", "") and len(page) < len(source) + 500
    assert 'class="k' in exporter._code("import a")


def test_nbgrader_s_own_steps_are_among_ours():
    steps = feedback_preprocessors()
    assert steps[0] is ShortenForFeedback
    assert [step for step in steps if step.__module__ != ShortenForFeedback.__module__] == (
        GenerateFeedback.preprocessors.default()
    )


# ---- figures that were not drawn ----

SKIPPED = {"tags": ["demo"]}


def left(*cells) -> list[str]:
    """What DropMissingFigures leaves of some cells."""
    notebook, _ = DropMissingFigures().preprocess(new_notebook(cells=list(cells)), {})
    return [cell.source + cell.metadata.get("bncourse_note", "") for cell in notebook.cells]


def demo(*outputs):
    return new_code_cell("plt.show()", metadata=SKIPPED, outputs=list(outputs))


@pytest.mark.parametrize("words", ["*In the figure:* a line.", "*The figure:* a line.", "*The figure shows* a line."])
def test_of_a_demonstration_that_was_not_run_it_is_said_and_its_figure_is_left_out(words):
    text = new_markdown_cell(f"Before.\n\n{words}\n\nAfter: see the figure.")
    assert left(demo(), text) == [f"plt.show(){NOT_RUN}", "Before.\n\nAfter: see the figure."]
    assert left(demo(), new_markdown_cell(words)) == [f"plt.show(){NOT_RUN}"]


def test_a_figure_that_is_shown_keeps_its_words():
    picture = new_output("display_data", {"image/png": "iVBORw0KGgo="})
    words = new_markdown_cell("*The figure:* a line.")
    assert left(demo(picture), words) == ["plt.show()", words.source]
    assert left(demo(), demo(picture), words)[1:] == ["plt.show()", words.source]
    ran = new_code_cell("x = 1", metadata=SKIPPED, execution_count=3)  # it prints nothing
    assert left(ran, words) == ["x = 1", words.source]
    own = new_markdown_cell("```text\n\n*The figure:* of mine\n\n```")
    assert left(demo(), own)[1] == own.source


# ---- the page ----


@pytest.fixture(scope="module")
def klass(graded_class, tmp_path_factory):
    """A class in which bob has lost points and has a comment, and jürgen's are not final."""
    directory = shutil.copytree(graded_class, tmp_path_factory.mktemp("class") / "bn-2026")
    write_graded(directory, "bob", failing=("normalize-values",), answer='return "</pre><script>alert(1)</script>"')
    empty = directory / "autograded" / "jürgen" / UNIT / f"{UNIT}.ipynb"
    notebook = nbformat.read(empty, as_version=4)
    next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "normalize").source = ""
    notebook.cells.append(
        new_code_cell("print('✓ all right')", outputs=[new_output("display_data", {"text/plain": "✓ all right"})])
    )
    nbformat.write(notebook, empty)
    with gradebook(directory) as book:
        student, grade = book.find_student("bob"), book.find_grade("normalize-values", UNIT, UNIT, "bob")
        student.first_name, student.last_name = "Bob <b>", "& Co"
        grade.auto_score, grade.extra_credit = 0.0, 0.25
        book.find_submission_notebook(UNIT, UNIT, "bob").late_submission_penalty = 0.125
        book.find_comment("normalize", UNIT, UNIT, "bob").manual_comment = "Look at $\\varepsilon$ **again**."
        book.find_grade("q_epsilon-answer", UNIT, UNIT, "jürgen").needs_manual_grade = True
        book.find_submission_notebook(UNIT, UNIT, "jürgen").late_submission_penalty = 50
        book.db.commit()
    return directory


@pytest.fixture(scope="module")
def pages(klass) -> dict[str, str]:
    return {student: page.read_text(encoding="utf-8") for student, page in make_pages(klass, "90").pages.items()}


def rows(page: str) -> list[list[str]]:
    """The table of points, cell by cell."""
    soup = BeautifulSoup(page, "html.parser")
    return [[" ".join(c.get_text().split()) for c in row.find_all(["th", "td"])] for row in soup.select("#points tr")]


def test_points_are_named_by_exercise(pages):
    assert rows(pages["ada"]) == [
        ["Part", "Points", "of"],
        ["normalize: check", "2", "2"],
        ["q_epsilon: check", "1", "1"],
    ]
    assert "<strong>3 of 3 points</strong>" in pages["ada"] and "Ada King (ada)" in pages["ada"]
    assert rows(pages["bob"])[1:] == [
        ["normalize: your answer (with a comment)", "", ""],
        ["normalize: check", "0.25", "2"],
        ["q_epsilon: check", "1", "1"],
        ["Handed in late", "−0.12", ""],
    ]
    assert "<strong>1.12 of 3 points</strong>" in pages["bob"] and "Not final" not in pages["bob"]


def test_every_link_leads_somewhere_in_the_page(pages):
    for page in pages.values():
        soup = BeautifulSoup(page, "html.parser")
        ids = [element["id"] for element in soup.select("[id]")]
        inside = [a["href"][1:] for a in soup.select("a[href^='#']")]
        assert len(ids) == len(set(ids)) and inside and set(inside) <= set(ids)


def test_what_is_not_final_says_so(pages):
    assert "Not final: 1 part still waits for a person's points." in pages["jürgen"]
    assert "<strong>0 of 3 points</strong>" in pages["jürgen"]  # a penalty takes no more than there is


def test_an_answer_left_empty_is_there(pages):
    soup = BeautifulSoup(pages["jürgen"], "html.parser")
    assert soup.select_one(".answer h3").get_text() == "normalize: your answer"
    assert soup.select_one(".answer .note").get_text() == "Left empty."
    green = [e.get_text() for e in soup.select(".check .passed")]
    assert green == ["✓ x_hat", "✓ x_hat"] and "✓ all right" in soup.main.get_text()  # the latter is the student's own


def test_a_page_needs_no_network_and_runs_nothing(pages):
    for page in pages.values():
        soup = BeautifulSoup(page, "html.parser")
        assert not soup.select("script, link, iframe, object, embed, form, base")
        assert not [e for e in soup.select("[src]") if not e["src"].startswith("data:")]
        assert "default-src 'none'" in soup.select_one("meta[http-equiv]")["content"]
        assert not re.search(r"url\(|@import|\bon\w+=", page)


def test_formulas_are_set_also_in_comments(pages):
    assert "$" not in BeautifulSoup(pages["ada"], "html.parser").main.get_text()
    comment = BeautifulSoup(pages["bob"], "html.parser").select_one(".comment")
    assert comment.math and comment.strong and "\\varepsilon" not in comment.get_text()


def test_code_is_coloured(pages):
    soup = BeautifulSoup(pages["ada"], "html.parser")
    assert ".highlight .k {" in soup.style.string and soup.select_one(".answer .highlight .k").get_text() == "def"


def test_what_people_write_is_text(pages):
    soup = BeautifulSoup(pages["bob"], "html.parser")
    assert "Bob <b> & Co (bob)" in soup.header.get_text() and not soup.header.b
    assert "</pre><script>alert(1)</script>" in soup.main.get_text()
    assert "wrong <b>values</b>" in soup.select_one("pre.error").get_text()


def test_nothing_that_is_hidden_is_on_it(pages, klass):
    source = (klass / "source" / UNIT / f"{UNIT}.ipynb").read_text(encoding="utf-8")
    for secret in ("x_hat, float32", "load_table"):
        assert secret in source and secret not in pages["ada"]
    assert "# (hidden tests)" in BeautifulSoup(pages["ada"], "html.parser").get_text()
    setup = BeautifulSoup(pages["ada"], "html.parser").select_one(".setup")
    assert setup.details and "Ready" in setup.get_text() and len(setup.get_text()) < 200


def test_nbgrader_s_own_command_makes_the_same_page(klass, pages):
    """With the lines that `bncourse class` writes into nbgrader_config.py."""
    with quiet(), opened(klass) as api:
        assert api.generate_feedback(UNIT, "ada", force=True)["success"]
    page = klass / "feedback" / "ada" / UNIT / f"{UNIT}.html"
    assert page.read_text(encoding="utf-8") == pages["ada"]
