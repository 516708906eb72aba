"""Feedback shows a student their notebook without the setup's code, and no hidden test."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.converters import GenerateFeedback

from grader.classroom.feedback import ShortenForFeedback, feedback_preprocessors

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


def test_it_is_the_first_of_nbgrader_s_own_steps():
    first, *others = feedback_preprocessors()
    assert first is ShortenForFeedback and others == GenerateFeedback.preprocessors.default()
    feedback_preprocessors().clear()
    assert GenerateFeedback.preprocessors.default() == others
