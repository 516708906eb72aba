"""Answers that students share to the letter are shown in groups, with everybody's name."""

from helpers.made_up_class import write

from grader.grading.copies import Group, groups
from grader.grading.release import ReleaseCell
from grader.grading.result import Result
from report.reading import UNIT, full, read

LONG, LONGER, SHORT = "normalize 400 aaa", "backward 250 bbb", "q_epsilon 3 ccc"


class _Release:
    """A unit whose own answer is `code`."""

    def __init__(self, code: str) -> None:
        self.cells = [ReleaseCell("normalize", "code", "solution", "", code, {})]


def marked(student: str, *marks: str) -> Result:
    return Result(student, UNIT, "", answers=list(marks))


def test_groups():
    both = "forward 200 ddd"
    results = [marked(s, LONG, SHORT) for s in ("ada", "bob", "cem")]
    results += [marked("dan", LONGER, both, LONG[:-1]), marked("eve", LONGER, both), marked("fay", SHORT)]
    found = groups(results, None)
    assert found[0] == Group(("ada", "bob", "cem"), "normalize, q_epsilon")
    assert found[1] == Group(("dan", "eve"), "backward, forward")  # 250 and 200 characters are enough together
    assert len(found) == 2  # three characters alone are alike by chance
    assert groups([marked("ada", LONG)], None) == []


def test_the_courses_own_answer():
    from grader.grading.copies import _mark

    code = "x = 1\n" * 100
    release = _Release(code)
    own = _mark(release.cells[0], code)
    found = groups([marked("ada", own), marked("bob", own, LONG), marked("cem", LONG)], release)
    assert found == [Group(("ada", "bob"), "normalize", solved=True)]


def test_the_page_names_everybody(tmp_path):
    results = [full(f"s{n:02}", answers=[LONG]) for n in range(30)] + [full("t", answers=[SHORT])]
    text = read(write(tmp_path / "bn", results)).text
    start = text.index("Answers that students share")
    text = text[start : text.index(f"{UNIT}\n", start)]
    assert "normalize: the same among 30 students" in text and all(f"s{n:02}" in text for n in range(30))
    assert "Answers that students share" not in read(write(tmp_path / "none", [full("ada", answers=[LONG])])).text
