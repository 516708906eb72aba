"""What was mended is told in as few lines as it takes: one a kind, with the first cells by name."""

import pytest

from grader.grading.notebook import SubmittedCell
from grader.grading.rebuild import rebuild
from grader.grading.release import Release, ReleaseCell
from grader.grading.repairs import gathered


def test_one_line_for_each_kind_in_the_order_of_the_first():
    changed = [f"cell c{n} was changed: put back as released" for n in range(5)]
    copies = [f"cell {name} stands 2 times: the copies are run as own cells" for name in ("8ea9c841", "0123abcd-2")]
    last = "cell s stands 2 times: the last one before its check counts"
    assert gathered(["a", *changed[:2], last, *copies, *changed[2:]]) == [
        "a",
        "put back as released: 5 cells that were changed or deleted (c0, c1, c2 and 2 more)",
        "counted once: 1 cell that stands more than once, of which the last one before its check counts (s)",
        "not counted: copies of 2 cells",
    ]


def test_nothing_mended_is_nothing_told():
    assert gathered([]) == []


@pytest.mark.parametrize("repair, told", [
    ("cell f is missing: put back", "put back as released: 1 cell that was changed or deleted (f)"),
    ("cell f is missing: it earns nothing", "put back without an answer: 1 cell that was deleted (f)"),
    ("cell f was made a text cell: run as code", "run as code: 1 cell that was made a text cell (f)"),
    ("cell f stands 12 times: the copies are run as own cells", "not counted: copies of 1 cell (f)"),
])  # fmt: skip
def test_one_cell_is_spoken_of_as_one(repair, told):
    assert gathered([repair]) == [told]


def test_several_cells_are_spoken_of_as_several():
    last = "stands 2 times: the last one before its check counts"
    assert gathered([f"cell f {last}", f"cell g {last}"]) == [
        "counted once: 2 cells that stand more than once, of which the last one before its check counts (f, g)"
    ]
    assert gathered([f"cell {name} is missing: it earns nothing" for name in "fghi"]) == [
        "put back without an answer: 4 cells that were deleted (f, g, h and 1 more)"
    ]


@pytest.mark.parametrize("name", ["8ea9c841", "8ea9c841-2"])
def test_an_id_that_no_student_knows_is_counted_but_not_named(name):
    found = gathered([f"cell {name} is missing: put back", "cell f is missing: put back"])
    assert found == ["put back as released: 2 cells that were changed or deleted (f and 1 more)"]


@pytest.mark.parametrize(
    "repair",
    ["", "cell", "cell f", "cell f exploded", "cell a b is missing: put back", "my cell f is missing: put back",
     "cell f is missing: put back {cells} in %s", "the file is in UTF-16"],
)  # fmt: skip
def test_any_other_repair_is_told_as_it_is(repair):
    assert gathered([repair]) == [repair]


def test_the_same_repair_of_another_kind_is_told_once():
    assert gathered(["the file is in UTF-16", "the file is in UTF-16"]) == ["the file is in UTF-16"]


def test_what_rebuilding_says_is_gathered():
    """The words are rebuild's: were they others there, each would have a line of its own here."""
    cells = [ReleaseCell(f"c{n}", "code", "solution", f"def f{n}(): ...", "", {}) for n in range(3)]
    cells += [ReleaseCell(f"c{n}-x", "code", "check", f"check({n})", f"check({n})", {}) for n in range(3)]
    release = Release("90_tiny", cells, {}, False)
    whole = [SubmittedCell("code", c.released, c.key, c.key) for c in cells]
    text = [SubmittedCell("markdown", c.source, c.grade_id, c.id) for c in whole[:3]]
    edited = [SubmittedCell("code", "pass", c.grade_id, c.id) for c in whole[3:]]
    for submitted in (
        whole[:3],
        whole[3:],
        text + whole[3:],
        whole[:3] + edited,
        [*whole[:3], *whole],
        whole + whole[3:],
    ):
        repairs = rebuild(release, submitted)[1]
        assert len(repairs) >= 3 and len(gathered(repairs)) == len(repairs) // 3, repairs
