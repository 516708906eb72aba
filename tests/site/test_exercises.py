"""An exercise is a box of its task, its hint, what is given, an answer behind a fold, and what is checked."""

import pytest

from grader.site.exercises import box, check_names, fold, folded, split_task

TASK = "### Exercise: `f` (5 minutes)\n\nDo it.\n\n<details><summary>Hint</summary>\n\nThink.\n\n</details>"
STUB = 'def f(x):\n    """Twice."""\n    raise NotImplementedError()'
ANSWER = 'def f(x):\n    """Twice."""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION'
CHECKS = ['check("one", f, 1)\ncheck("two", f, 2)\n### BEGIN HIDDEN TESTS\ncheck("three", f, 3)\n### END HIDDEN TESTS']


def test_a_box_has_all_of_an_exercise_below_its_heading():
    made = box(TASK, STUB, ANSWER, CHECKS, 3, False)
    assert made.startswith("### Exercise: `f` (5 minutes)\n\n:::::{exercise}\nDo it.\n")
    assert "::::{fold} Hint\n:class: hint\n\nThink.\n::::" in made
    assert f"```python\n{STUB}\n```" in made
    assert "::::{fold} Show an answer\n:class: answer\n\n```python\ndef f(x):" in made
    assert "return 2 * x" in made and "SOLUTION" not in made
    assert "Checked in the notebook · 3 points\n- one\n- two\n:::" in made and "three" not in made


@pytest.mark.parametrize(
    ("points", "said"), [(0, "notebook\n"), (1, "notebook · 1 point\n"), (0.5, "notebook · 0.5 points\n")]
)
def test_points_are_counted_in_words(points, said):
    assert f":::{{checked}} Checked in the {said}" in box(TASK, STUB, ANSWER, CHECKS, points, False)


def test_one_check_is_not_listed_and_a_name_is_listed_once():
    assert box("**Question**", "", "q = 'b'", ['check("q", q)'], 1, False).endswith("1 point\n:::\n:::::\n")
    assert box(TASK, STUB, ANSWER, CHECKS * 2, 1, False).count("- one\n") == 1


@pytest.mark.parametrize("stub", ["q = ...  # YOUR ANSWER HERE", "# only\n\nraise NotImplementedError()", "", "pass"])
def test_a_stub_is_shown_where_it_says_something(stub):
    assert ("YOUR ANSWER" in stub) == (box("**Question**", stub, "q = 'b'", [], 1, False).count("```python") == 2)


def test_what_a_person_grades_may_be_prose():
    made = box("**Question.** Why?", "Because", "### BEGIN SOLUTION\nBecause it $x$ is.\n### END SOLUTION", [], 2, True)
    assert "```" not in made and "Because it $x$ is." in made and "SOLUTION" not in made
    assert ":::{checked} Graded by a person · 2 points\n:::" in made
    assert "```python\ny = 7\n```" in box("**Question.** Plot it.", "", "y = 7", [], 2, True)


def test_code_with_fences_of_its_own():
    assert "````python\n'''\n```\n'''\n````" in box("", "", "'''\n```\n'''", [], 1, False)


@pytest.mark.parametrize(
    ("above", "task"),
    [
        ("Prose.\n\n### Exercise: f (5 minutes)\n\nDo.", "### Exercise: f (5 minutes)\n\nDo."),
        ("## A\n\nProse.\n\n**Concept question 1.** Why?\n\n- (a) so", "**Concept question 1.** Why?\n\n- (a) so"),
        ("### First\n\na\n\n#### Second\n\nb", "#### Second\n\nb"),
        ("## Only prose\n\nof a section", ""),
        ("No **question** within", ""),
        ("", ""),
    ],
)
def test_where_a_task_begins(above, task):
    prose, found = split_task(above)
    assert found == task and prose + ("\n\n" if task else "") + found == above


def test_details_become_folds_and_keep_their_text():
    text = "a\n\n<details><summary>Hint for x</summary>\n\n$x$ and `y`\n\n</details>\n\nb"
    made = folded(f"{text}\n{text.replace('Hint', 'Another')}")
    assert made.count("$x$ and `y`") == 2 and "details>" not in made
    assert fold("Hint for x", "$x$ and `y`") in made and "{fold} Another for x" in made
    assert folded("no hint") == "no hint"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('x = check("b", f)\nassert check("a", g)\nprint("c")', ["b", "a"]),
        ('check("a", f); check("b", f)', ["a", "b"]),
        ("for name in names:\n    check(name, f)", []),
        ("### BEGIN HIDDEN TESTS\ncheck('a', f)\n### END HIDDEN TESTS", []),
        ("check()", []),
        ("", []),
    ],
)
def test_names_of_visible_checks_in_order(source, names):
    assert check_names(source) == names
