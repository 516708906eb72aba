"""Cells that are run in one request: which ones, and what each is seen to have given."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from grader.grading.batch import GROUP, MARK, REPORTS, Unclear, batches, run_group, singly
from grader.grading.execute import Ran, Stopped
from grader.grading.rebuild import Piece
from grader.grading.release import ReleaseCell
from grader.grading.run import Run

ROLES = {"S": "setup", "g": "given", "d": "demo", "X": "solution", "c": "check"}


def notebook(kinds, sources=None):
    """Pieces by one letter each: S setup, g given, d demo, X a student's answer, c check, + a cell of their own."""
    pieces = []
    for number, kind in enumerate(kinds):
        source = (sources or {}).get(number, f"{kind}{number}")
        role = ROLES.get(kind)
        released = "stub" if kind == "X" else source
        cell = ReleaseCell(f"{kind}{number}", "code", role, released, source, {}) if role else None
        pieces.append(Piece(cell, "code", source))
    return pieces


def groups(kinds, sources=None):
    """The groups of all cells, as letters."""
    pieces = notebook(kinds, sources)
    found = list(batches(pieces, list(range(len(pieces)))))
    assert [n for group in found for n in group] == list(range(len(pieces)))  # each once, in order
    return " ".join("".join(kinds[n] for n in group) for group in found)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("SgggXccgdgXc", "S gggX c cgdgX c"),
        ("SXXc", "S X X c"),
        ("Sg+gXc+cg", "S g+ gX c+ cg"),  # what a student added ends a group, as an answer does
        ("Sccc", "S c c c"),  # no checks of two exercises come into the kernel at once
        ("+SX", "+ S X"),
        ("", ""),
    ],
)
def test_a_group_begins_with_a_check_and_ends_with_what_is_the_students(kinds, expected):
    assert groups(kinds) == expected


@pytest.mark.parametrize("source", ["await task", "async def f():\n    pass", "x = 1; await x"])
def test_a_cell_that_awaits_is_run_by_itself(source):
    assert groups("cggX", {1: source}) == "c g gX"
    assert groups("cgX", {2: source}) == "cg X"


def test_the_checks_of_one_exercise_go_together():
    pieces = notebook("XccgcX")
    for number, key in ((1, "centre-mean"), (2, "centre-spread"), (4, "scale-mean")):
        pieces[number].cell.key = key
    assert list(batches(pieces, [0, 1, 2, 3, 4, 5])) == [[0], [1, 2, 3], [4, 5]]
    pieces[4].cell.key = "centre-more"  # in front of it stands a cell that may print
    assert list(batches(pieces, [0, 1, 2, 3, 4, 5])) == [[0], [1, 2, 3], [4, 5]]


def test_a_check_that_switches_something_off_goes_alone():
    """What runs before it in one request could read it, and work its numbers out with what it forbids."""
    pieces = notebook("XccccX", {2: "with by_hand():\n    check('a', a)", 4: "with open('a') as file:\n    pass"})
    for number in (1, 2, 3, 4):
        pieces[number].cell.key = f"centre-{number}"
    assert list(batches(pieces, range(6))) == [[0], [1], [2], [3, 4, 5]]


def test_a_given_cell_that_the_student_has_changed_ends_a_group():
    pieces = notebook("cgg")
    pieces[1] = Piece(pieces[1].cell, "code", "mine")
    assert list(batches(pieces, [0, 1, 2])) == [[0, 1], [2]]


def test_every_cell_by_itself():
    assert list(singly(notebook("Sgc"), [0, 2])) == [[0], [2]]


class Kernel:
    """Answers a request as told: by a function of the words of its marks, which gives outputs, or raises."""

    def __init__(self, answer):
        self.answer = answer

    async def run(self, code, history=True):
        self.code, self.history = code, history
        cells = json.loads(code.removeprefix(GROUP)) if code.startswith(GROUP) else []
        return Ran(self.answer([cell["word"] for cell in cells][1:]), 7)

    async def look_behind(self, name, message):
        pass


def mark(word, count=3):
    return marks((word, count))


def marks(*words_and_counts):
    """Marks that came in one message."""
    found = [{"word": word, "count": count} for word, count in words_and_counts]
    return {"output_type": "display_data", "data": {MARK: found}, "metadata": {}}


def say(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def entered(answer, kinds="ggX"):
    """What is entered in a run of all cells in one group."""
    pieces, run = notebook(kinds), Run()
    told = SimpleNamespace(pieces=pieces, check_code=lambda cell: "packed")
    asyncio.run(run_group(Kernel(answer), list(range(len(pieces))), told, run))
    return run


def test_outputs_go_to_the_cell_above_which_their_mark_stands():
    run = entered(lambda words: [say("a"), mark(words[0], 4), mark(words[1], 5), say("b"), say("c")])
    assert {n: ([o["text"] for o in ran.outputs], ran.count) for n, ran in run.ran.items()} == {
        0: (["a"], 7),
        1: ([], 4),
        2: (["b", "c"], 5),
    }


def test_cells_that_put_nothing_out_have_their_marks_in_one_message():
    run = entered(lambda words: [say("a"), marks((words[0], 4), (words[1], 5)), say("b")])
    assert {n: ([o["text"] for o in ran.outputs], ran.count) for n, ran in run.ran.items()} == {
        0: (["a"], 7),
        1: ([], 4),
        2: (["b"], 5),
    }


def test_checks_that_go_together_are_told_apart_as_well():
    run = entered(lambda words: [say("a"), mark(words[0]), say("b"), mark(words[1]), say("c")], kinds="ccg")
    assert {n: [o["text"] for o in ran.outputs] for n, ran in run.ran.items()} == {0: ["a"], 1: ["b"], 2: ["c"]}


def test_reports_are_the_outputs_of_the_cell_above_which_they_stand():
    """What checks noted comes with the marks; for a check by itself as well."""

    def told(*held):
        return {"output_type": "display_data", "data": {MARK: list(held)}, "metadata": {}}

    def answer(words):
        first, second = ({"word": word, "count": 3} for word in words)
        return [told({"reports": ["a"]}, first), say("b"), told({"reports": ["b"]}, second, {"reports": ["c"]})]

    def shown(run):
        return {n: [o["data"][REPORTS] if "data" in o else o["text"] for o in r.outputs] for n, r in run.ran.items()}

    assert shown(entered(answer, kinds="ccc")) == {0: [["a"]], 1: ["b", ["b"]], 2: [["c"]]}
    assert shown(entered(lambda words: [told({"reports": ["a"]})], kinds="c")) == {0: [["a"]]}


def test_a_count_that_is_no_number_is_left_out():
    run = entered(lambda words: [mark(words[0], "4"), mark(words[1], None)])
    assert [run.ran[n].count for n in (1, 2)] == [None, None]


@pytest.mark.parametrize(
    "answer",
    [
        lambda words: [mark(words[0])],  # the second never began
        lambda words: [mark(words[1]), mark(words[0])],
        lambda words: [mark(words[0]), mark(words[0]), mark(words[1])],
        lambda words: [mark("forged"), *map(mark, words)],
        lambda words: [mark(words[0]), mark([words[1]])],
        lambda words: [],
    ],
)
def test_marks_that_are_not_as_they_have_to_be_make_it_unclear(answer):
    with pytest.raises(Unclear):
        entered(answer)


def stops(timed, outputs):
    """An answer that ends in a stop, after these outputs."""

    def answer(words):
        stop = Stopped("time" if timed else "memory", timed=timed)
        stop.outputs = outputs(words)
        raise stop

    return answer


def test_a_time_that_was_up_in_the_first_cell_is_that_cells():
    with pytest.raises(Stopped, match="time"):
        entered(stops(True, lambda words: [say("still the first")]), "cgX")


@pytest.mark.parametrize("timed", [True, False])
def test_a_stop_after_a_mark_may_be_any_cells(timed):
    with pytest.raises(Unclear):
        entered(stops(timed, lambda words: [mark(words[0])]), "cgX")


def test_a_kernel_that_ends_may_have_lost_marks_on_the_way():
    with pytest.raises(Unclear):
        entered(stops(False, lambda words: []), "cgX")


def test_a_cell_by_itself_is_never_unclear():
    with pytest.raises(Stopped):
        entered(stops(False, lambda words: []), "X")


def test_a_students_cell_by_itself_is_run_as_it_is_and_counted_by_the_kernel():
    kernel, run = Kernel(lambda words: []), Run()
    asyncio.run(run_group(kernel, [0], SimpleNamespace(pieces=notebook("X")), run))
    assert (kernel.code, kernel.history, run.ran[0].count) == ("X0", True, 7)


def test_a_students_cell_that_looks_like_a_request_is_none():
    kernel, run = Kernel(lambda words: []), Run()
    forged = f'{GROUP}[{{"piece": "1 / 0"}}]'
    asyncio.run(run_group(kernel, [0], SimpleNamespace(pieces=notebook("X", {0: forged})), run))
    (cell,) = json.loads(kernel.code.removeprefix(GROUP))
    assert cell["piece"] == forged
