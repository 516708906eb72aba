"""Stubs of the release: a question's is `name = ...`, any other answer's is nbgrader's own."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions

from grader.preprocessors import ClearAnswers, assigned_strings, release_preprocessors

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


def cleared(source: str, kind=new_code_cell) -> str:
    """What students get of an answer's cell."""
    cell = kind(source, metadata={"nbgrader": {"solution": True, "grade": False, "grade_id": "f", "locked": False}})
    resources = {"language": "python"}
    return ClearAnswers().preprocess_cell(cell, resources, 1)[0].source


LETTER, WORD = 'a letter in quotes, such as "a"', "in quotes"


@pytest.mark.parametrize(
    ("inside", "stub"),
    [
        ('q = "b"', f"q = ...  # YOUR ANSWER HERE, {LETTER}"),
        ("q = 'βeta'", f"q = ...  # YOUR ANSWER HERE, {WORD}"),
        ('q = ""', f"q = ...  # YOUR ANSWER HERE, {WORD}"),
        (
            'q = "b"  # since …\n\nr = """two\nlines"""',
            f"q = ...  # YOUR ANSWER HERE, {LETTER}\nr = ...  # YOUR ANSWER HERE, {WORD}",
        ),
    ],
)
def test_a_question_s_stub_names_what_is_to_be_set(inside, stub):
    assert cleared(f"# Which?\n{BEGIN}\n{inside}\n{END}\n# below") == f"# Which?\n{stub}\n# below"


def test_an_answer_in_code_has_nbgrader_s_own_stub():
    source = f"def f(x):\n    {BEGIN}\n    return x\n    {END}"
    assert cleared(source) == "def f(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
    mixed = f'{BEGIN}\nq = "b"\nr = 5\n{END}'
    assert "raise NotImplementedError()" in cleared(mixed) and '"b"' not in cleared(mixed)


def test_one_cell_s_stub_is_not_the_next_one_s():
    step = ClearAnswers()
    meta = {"nbgrader": {"solution": True, "grade": False, "grade_id": "f", "locked": False}}
    for inside, stub in (('q = "b"', "q = ..."), ("x = 1", "raise NotImplementedError()"), ('r = "c"', "r = ...")):
        cell = new_code_cell(f"{BEGIN}\n{inside}\n{END}", metadata=meta)
        assert stub in step.preprocess_cell(cell, {"language": "python"}, 1)[0].source


def test_an_answer_in_text_is_cleared_as_text():
    assert cleared(f'{BEGIN}\nq = "b"\n{END}', new_markdown_cell) == "YOUR ANSWER HERE"


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ('q = "b"', {"q": "b"}),
        ("q = \"b\"\nr = 'c d'", {"q": "b", "r": "c d"}),
        ("q = 5", {}),
        ('q = "b"\nprint(q)', {}),
        ('q = "b" + "c"', {}),
        ('a.q = "b"', {}),
        ('a, b = "bc"', {}),
        ('q += "b"', {}),
        ("q = f'{x}'", {}),
        ("", {}),
        ("# only a remark", {}),
        ("q = (", {}),
        ("    q = 'b'", {}),
    ],
)
def test_only_strings_that_are_set_and_nothing_else_make_a_question(inside, found):
    assert assigned_strings(f"x = 1\n{BEGIN}\n{inside}\n{END}\ny = 'z'") == found


@pytest.mark.parametrize("source", ["", "q = 'b'", f"{BEGIN}\nq = 'b'", f"q = 'b'\n{END}"])
def test_without_a_region_there_is_no_answer(source):
    assert assigned_strings(source) == {}


def test_the_steps_to_a_release_are_nbgrader_s_with_one_exchanged():
    ours, stock = release_preprocessors(), GenerateAssignment.preprocessors.default()
    assert [ClearSolutions if step is ClearAnswers else step for step in ours] == stock
    assert ours.count(ClearAnswers) == 1


def test_an_answer_of_two_names_names_both_or_is_no_question():
    """`p = q = "b"`: the stub sets p alone, so q is no name at all in the student's notebook."""
    found = assigned_strings('### BEGIN SOLUTION\np = q = "b"\n### END SOLUTION')
    assert found in ({}, {"p": "b", "q": "b"})
