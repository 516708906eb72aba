"""What of a cell is hidden, and whether its marks pair up."""

import pytest

from grader.authoring.regions import HIDDEN, SOLUTION, hidden_parts, region_problem, visible

CHECK = """\
check("a", f)
### BEGIN HIDDEN TESTS
check("b", f)
### END HIDDEN TESTS
assert True
if True:
    ### BEGIN HIDDEN TESTS
    check("c", f)
    check("d", f)
    ### END HIDDEN TESTS"""


def test_visible_and_hidden_parts():
    assert visible(CHECK) == 'check("a", f)\nassert True\nif True:'
    assert hidden_parts(CHECK) == ['check("b", f)', '    check("c", f)\n    check("d", f)']
    assert (visible("x = 1\n\ny = 2\n"), hidden_parts("x = 1")) == ("x = 1\n\ny = 2", [])


@pytest.mark.parametrize(
    "marks", ["BEGIN", "END", "END BEGIN", "BEGIN BEGIN", "BEGIN BEGIN END END", "BEGIN END END", "BEGIN END BEGIN"]
)
def test_marks_that_do_not_pair_up(marks):
    source = "\n".join(f"### {mark} SOLUTION" for mark in marks.split())
    assert region_problem(source, SOLUTION) == "'### BEGIN SOLUTION' and '### END SOLUTION' do not pair up"
    assert region_problem(source, HIDDEN) is None


@pytest.mark.parametrize("marks", ["", "BEGIN END", "BEGIN END BEGIN END"])
def test_marks_that_pair_up(marks):
    assert region_problem("\n".join(f"### {mark} SOLUTION" for mark in marks.split()), SOLUTION) is None
