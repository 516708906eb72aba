"""What check cells stand on is found in the release, whatever a student has made of it."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.grading.given import code_below, given_code, given_names
from grader.grading.notebook import SubmittedCell
from grader.grading.rebuild import rebuild
from grader.grading.release import release_of
from grader.grading.script import check_parts

SETUP = "_kit.load_helpers(r'''\ndef drawn(seed):\n    return RandomState(seed)\n''')\n_kit.load_table('x')"
GIVEN = """\
import math
from math import floor as down

SIZE, data = 3, load()
ROWS = 4

@keep
class Witness:
    def __init__(self):
        self.size = down(ROWS)

def unused():
    return 1

def show(x):
    return Witness(), answer(x)
"""
CHECK = "check('a', lambda: show(drawn(3)))\n### BEGIN HIDDEN TESTS\ncheck('b', answer, ROWS)\n### END HIDDEN TESTS"


def made(*cells: tuple[str, str, dict]) -> nbformat.NotebookNode:
    notebook = new_notebook()
    for key, source, meta in cells:
        cell = new_code_cell(source, id=key)
        if meta:
            cell.metadata["nbgrader"] = {"grade_id": key, "grade": False, "solution": False, "locked": True, **meta}
        notebook.cells.append(cell)
    return notebook


@pytest.fixture
def release():
    answer = {"solution": True, "locked": False}
    notebook = made(
        ("setup", SETUP, {"schema_version": 3}),
        ("given", GIVEN, {}),
        ("answer", "def answer(x):\n    return x", answer),
        ("answer-values", CHECK, {"grade": True, "points": 1}),
        ("later", "def show(x):\n    return 'too late'", {}),
    )
    return release_of("90_tiny", notebook, notebook)


def test_what_a_check_uses(release):
    code = given_code(release, release.by_key["answer-values"])
    assert "class Witness" in code and "@keep" in code and "def show" in code and "ROWS = 4" in code
    assert "from math import floor as down" in code and "import math\n" not in code
    for absent in ("unused", "SIZE", "drawn", "def answer", "too late"):
        assert absent not in code
    assert code.index("down") < code.index("class Witness") < code.index("def show")
    assert "def drawn" in code_below(release, release.by_key["answer-values"])
    assert given_names(release) == {"Witness", "show"}
    labels = [label for label, _ in check_parts(release.by_key["answer-values"], None, code)]
    assert labels == ["given", "canary", "visible", "hidden"]


@pytest.mark.parametrize(
    "sources",
    [{"given": GIVEN.replace("down(ROWS)", "5")}, {"added": "class Witness:\n    pass"}, {"answer": "show = 5"}],
)
def test_what_was_defined_anew_is_told(release, sources):
    cells = [SubmittedCell("code", sources.get(c.key, c.released), c.key, c.key) for c in release.cells]
    cells += [SubmittedCell("code", sources["added"])] if "added" in sources else []
    _, repairs = rebuild(release, cells)
    assert [r for r in repairs if "checks use what was released" in r]


def test_an_untouched_notebook_is_not_spoken_of(release):
    cells = [SubmittedCell("code", c.released, c.key, c.key) for c in release.cells]
    assert rebuild(release, cells)[1] == []
