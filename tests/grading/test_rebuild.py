"""Rebuilding: the released notebook, with the student's code in the places that are theirs."""

import random
from dataclasses import replace

import pytest

from grader.grading.notebook import SubmittedCell
from grader.grading.rebuild import MAX_PARSED, names, rebuild
from grader.grading.release import Release, ReleaseCell, mark_of

STUB = "def f(x):\n    raise NotImplementedError()"
STUB_G = "def g(x):\n    raise NotImplementedError()"
CELLS = [
    ("intro", "markdown", "given", "# Title", "# Title"),
    ("setup", "code", "setup", "kit = 1", "kit = 1\n_kit.load_table('hidden')"),
    ("show", "code", "demo", "plt.plot([1])", "plt.plot([1])"),
    ("helper", "code", "given", "def helper():\n    return 1", "def helper():\n    return 1"),
    ("f", "code", "solution", STUB, "def f(x):\n    return x"),
    ("f-values", "code", "check", "check('f', f)", "check('f', f)\n### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"),
    ("between", "markdown", "given", "Now g.", "Now g."),
    ("g", "code", "solution", STUB_G, "def g(x):\n    return 2 * x"),
    ("g-values", "code", "check", "check('g', g)", "check('g', g)"),
    ("g-more", "code", "check", "check('g again', g)", "check('g again', g)"),
]


@pytest.fixture
def release():
    return Release(
        "90_tiny", [ReleaseCell(k, kind, role, stub, full, {}) for k, kind, role, stub, full in CELLS], {}, False
    )


@pytest.fixture
def student():
    """The cells as released, with answers."""
    answers = {"f": "def f(x):\n    return 'mine'", "g": "def g(x):\n    return 'mine too'"}
    graded = {"solution", "check", "setup"}
    return [
        SubmittedCell(kind, answers.get(key, stub), key if role in graded else "", key)
        for key, kind, role, stub, _ in CELLS
    ]


def put_together(release, student):
    """The keys and sources of the pieces, and the repairs. What holds of every rebuilt notebook is asserted."""
    pieces, repairs = rebuild(release, student)
    assert [p.key for p in pieces if p.cell] == [cell.key for cell in release.cells]
    assert all(p.source == p.cell.full and not p.changed for p in pieces if p.cell and p.cell.locked)
    assert all(p.role == "added" and p.changed for p in pieces if p.cell is None)
    assert all(repair.isprintable() for repair in repairs)
    return [(p.key, p.source) for p in pieces], repairs


def answers(pieces):
    return {key: source for key, source in pieces if key in ("f", "g")}


def test_an_ordinary_submission(release, student):
    pieces, repairs = put_together(release, student)
    assert not repairs
    assert answers(pieces) == {"f": student[4].source, "g": student[7].source}
    assert len(pieces) == len(CELLS)


def test_what_was_not_answered_is_unchanged(release, student):
    student[4].source = f"\n{STUB}  \n"
    pieces, _ = rebuild(release, student)
    assert {p.key: p.changed for p in pieces if p.role == "solution"} == {"f": False, "g": True}


def test_own_cells_stay_in_their_places(release, student):
    for place, source in ((8, "after g"), (5, "after f"), (0, "first")):
        student.insert(place, SubmittedCell("code", source))
    student.insert(3, SubmittedCell("code", " \n"))
    pieces, repairs = put_together(release, student)
    keys = [key or source for key, source in pieces]
    assert keys[0] == "first" and not repairs
    assert keys[keys.index("after f") - 1] == "f" and keys[keys.index("after g") - 1] == "g"
    assert " \n" not in keys


def test_changed_locked_cells_are_put_back(release, student):
    student[1].source = "kit = None"
    student[5].source = "print('passed')"
    student[8].source += "  \n\n"
    _, repairs = put_together(release, student)
    assert repairs == [
        "cell setup was changed: put back as released",
        "cell f-values was changed: put back as released",
    ]


@pytest.mark.parametrize("number", range(len(CELLS)))
def test_a_missing_cell(release, student, number):
    key, kind, role, stub, full = CELLS[number]
    del student[number]
    pieces, repairs = put_together(release, student)
    source = dict(pieces)[key]
    assert source == (full if role in ("setup", "check") else stub)
    if kind == "markdown" or role == "demo":
        assert not repairs
    else:
        what = "it earns nothing" if role == "solution" else "put back"
        assert repairs == [f"cell {key} is missing: {what}"]


def test_everything_missing(release):
    pieces, repairs = put_together(release, [SubmittedCell("markdown", "I was ill.")])
    assert answers(pieces) == {"f": STUB, "g": STUB_G}
    assert pieces[0] == ("", "I was ill.") and len(repairs) == 8


@pytest.mark.parametrize("ids", [True, False])
def test_stripped_metadata(release, student, ids):
    for number, cell in enumerate(student):
        cell.grade_id, cell.id = "", f"new{number}" if ids else ""
    pieces, repairs = put_together(release, student)
    assert answers(pieces) == {"f": "def f(x):\n    return 'mine'", "g": "def g(x):\n    return 'mine too'"}
    assert len(repairs) == 1 and "metadata is missing" in repairs[0] and len(pieces) == len(CELLS)


def test_ids_given_anew_do_not_mislead(release, student):
    """Without grade_ids, an id of ours may have come to another cell."""
    for cell in student:
        cell.grade_id = ""
    student[4].id, student[7].id = "g", "f"
    pieces, _ = put_together(release, student)
    assert answers(pieces)["f"].startswith("def f") and answers(pieces)["g"].startswith("def g")


def test_the_opposite_order(release, student):
    pieces, repairs = put_together(release, student[::-1])
    assert repairs == ["cells stand in another order; they were put back"]
    assert answers(pieces) == {"f": student[4].source, "g": student[7].source} and len(pieces) == len(CELLS)


def copy_of(cell, source):
    return SubmittedCell(cell.kind, source, cell.grade_id, cell.id)


def test_of_copies_the_last_before_its_check_counts(release, student):
    early, late = "def f(x):\n    return 'early'", "def f(x):\n    return 'late'"
    student.insert(4, copy_of(student[4], early))
    student.append(copy_of(student[5], late))
    pieces, repairs = put_together(release, student)
    assert answers(pieces)["f"] == "def f(x):\n    return 'mine'"
    assert [source for key, source in pieces if not key] == [early, late]
    assert repairs == ["cell f stands 3 times: the last one before its check counts"]


def test_an_answered_copy_wins_over_the_stub_wherever_it_stands(release, student):
    """The answer went into a copy, above or below; or all cells are there twice, as when two wrote at once."""
    for place in (5, 4, len(student)):
        cells = [copy_of(cell, cell.source) for cell in student]
        cells[4].source = STUB
        cells.insert(place, copy_of(student[4], student[4].source))
        pieces, repairs = put_together(release, cells)
        assert answers(pieces)["f"] == student[4].source and STUB not in [source for key, source in pieces if not key]
        last = "the last one before its check counts" if place == 5 else "the one with an answer counts"
        assert repairs[0] == f"cell f stands 2 times: {last}"
    untouched = [SubmittedCell(cell.kind, cell.released, c.grade_id, c.id) for cell, c in zip(release.cells, student)]
    pieces, repairs = put_together(release, [*untouched, *student])
    assert answers(pieces) == {"f": student[4].source, "g": student[7].source}


def test_what_was_handed_in_on_an_earlier_release_is_said_so(release, student):
    release = replace(release, earlier={"setup": {mark_of("kit = 0")}, "f-values": {mark_of("check('f', f, 1)")}})
    student[1].source, student[5].source, student[8].source = "kit = 0 ", "check('f', f, 1)", "mine"
    _, repairs = put_together(release, student)
    assert repairs == [
        "cell g-values was changed: put back as released",
        "handed in on an earlier release: its checks are now those of the latest",
    ]


# What a person grades

ESSAY = "**Why does it help?** Five lines.\n\nYOUR ANSWER HERE"
ANSWERED = "**Why does it help?** Five lines.\n\nSo."
TASK = "**Draw it**, in cells below."


@pytest.fixture
def essays(release):
    """A release with a question and a task, and a function that makes a submission of it."""
    more = [("essay", "manual", ESSAY), ("task", "task", TASK)]
    cells = [*release.cells, *(ReleaseCell(key, "markdown", role, text, text, {}, 3.0) for key, role, text in more)]

    def hand_in(student, essay=ANSWERED, task=TASK, **changes):
        own = [SubmittedCell("markdown", text, key, key) for key, text in (("essay", essay), ("task", task)) if text]
        for cell in own:
            for name, value in changes.items():
                setattr(cell, name, value)
        return rebuild(replace(release, cells=cells), [*student, *own])

    return hand_in


def test_an_essay_is_found_by_its_metadata_or_by_its_question(essays, student):
    for changes in ({}, {"grade_id": "", "id": "1"}):
        pieces, repairs = essays(student, **changes)
        essay = next(p for p in pieces if p.key == "essay")
        assert essay.source.endswith("So.") and essay.changed and not repairs


def test_a_deleted_essay_is_named(essays, student):
    pieces, repairs = essays(student, essay="")
    assert repairs == ["cell essay is missing: it earns nothing"]
    assert not next(p for p in pieces if p.key == "essay").changed


def test_what_was_written_into_a_task_is_not_lost(essays, student):
    pieces, repairs = essays(student, task=f"{TASK}\n\nMy drawing.")
    assert repairs == ["cell task was changed: put back as released, what was written stands below it"]
    assert [(p.key, p.source) for p in pieces[-2:]] == [("task", TASK), ("", f"{TASK}\n\nMy drawing.")]
    assert essays(student)[1] == []


def test_copies_of_checks_are_cells_of_the_student_s(release, student):
    student.insert(6, copy_of(student[5], "check = print"))
    pieces, repairs = put_together(release, student)
    assert ("", "check('f', f)") in pieces or ("", "check = print") in pieces
    assert "cell f-values stands 2 times" in repairs[0]


def test_an_answer_in_a_text_cell_is_code(release, student):
    student[4].kind = "markdown"
    pieces, repairs = rebuild(release, student)
    assert next(p for p in pieces if p.key == "f").kind == "code"
    assert repairs == ["cell f was made a text cell: run as code"]


def test_names_of_students_cells(release, student):
    student.insert(4, SubmittedCell("code", "x = 1", "no-such-cell", "f-values"))
    pieces, _ = put_together(release, student)
    assert ("", "x = 1") in pieces or "x = 1" not in dict(pieces).values()
    assert dict(pieces)["f-values"] == CELLS[5][4]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f():\n    x = 1", {"f"}),
        ("class A: pass\nasync def g(): pass", {"A", "g"}),
        ("a = b = 1\nc, (d, *e) = z\nf: int = 3\ng += 1\nfor h in i: j = 1", set("abcdefghj")),
        ("import os.path as p, sys\nfrom a.b import c as d", {"p", "sys", "d"}),
        ("def f(:\n  x\nclass B\ny = 1\n  z = 2", {"f", "B", "y"}),
        ("x = '\0'", {"x"}),
        ("%matplotlib inline\nx = 1", {"x"}),
        ("'\\d'\nx = 1 is 1", {"x"}),
        ("", set()),
        ("x = 1\n" + "#" * MAX_PARSED, {"x"}),
        ("x = " + "(" * 500, {"x"}),
        ("x = " + "-" * 50_000 + "1", {"x"}),
        ("x = a" + ".b" * 50_000, {"x"}),
    ],
)
def test_names_of_a_cell(source, expected, recwarn):
    assert names(source) == expected
    assert not recwarn.list


def test_large_cells_are_not_parsed(release, student):
    """Parsing takes a hundred times a cell's size: 4 MB of numbers would take half a gigabyte."""
    student[4].source = f"def f(x):\n    return 1\nz = [{'1,' * 2_000_000}]"
    student[4].grade_id = student[4].id = ""
    pieces, _ = put_together(release, student)
    assert answers(pieces)["f"] == student[4].source


def test_any_cells_give_a_notebook(release, student):
    """Cells copied, lost, moved, renamed and exchanged at random."""
    rng = random.Random(4)
    keys = [cell.key for cell in release.cells] + ["", "other"]
    sources = [stub for *_, stub, _ in CELLS] + ["f = g = 1", "def f(", "", "x", "\x0c\n#", "def f(x): return 'new'"]
    for _ in range(1500):
        cells = [SubmittedCell(c.kind, c.source, c.grade_id, c.id) for c in student]
        for _ in range(rng.randrange(6)):
            act, place = rng.randrange(6), rng.randrange(len(cells))
            if act == 0 and len(cells) > 1:
                del cells[place]
            elif act == 1:
                cells.insert(rng.randrange(len(cells) + 1), copy_of(cells[place], rng.choice(sources)))
            elif act == 2:
                rng.shuffle(cells)
            elif act == 3:
                cells[place].grade_id = rng.choice(keys)
            elif act == 4:
                cells[place].id = rng.choice(keys)
            else:
                cells[place].source, cells[place].kind = rng.choice(sources), rng.choice(["code", "markdown"])
        pieces, _ = put_together(release, cells)
        own = {c.source for c in cells}
        known = {stub for *_, stub, _ in CELLS} | {full for *_, full in CELLS}
        assert all(source in own | known for _, source in pieces)
        assert sum(not key for key, _ in pieces) <= len(cells)
