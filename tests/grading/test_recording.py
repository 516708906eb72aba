"""The recording `check`, run in a kit as in the jail: it notes what was seen, judges nothing, and puts things back."""

import builtins
import sys
import types

import numpy as np
import pytest

from grader.authoring.carried import bare
from grader.authoring.setup import KIT
from grader.grading.release import RECORDING


@pytest.fixture(scope="module")
def kit():
    """A notebook's kit with the recording in it. `hook`: its audit hook, which could never be taken off again."""
    made = types.ModuleType("bncourse_kit")
    code = "\n\n".join(bare(path.read_text(encoding="utf-8")) for path in KIT)
    exec(compile(code, "<bncourse_kit>", "exec"), vars(made))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "addaudithook", lambda hook: setattr(made, "hook", hook))
        exec(compile(RECORDING.read_text(encoding="utf-8"), "<bncourse recording>", "exec"), vars(made))
    made.TABLE.stubs["f"] = 0
    made._put_out = lambda: made.asked  # of a kernel
    made.asked = 0
    return made


def only(sent: list[list[dict]]) -> dict:
    """The report of the one part that was run."""
    ((report,),) = sent
    return report


@pytest.fixture
def run(kit, monkeypatch):
    """A function that runs parts of a check cell, given by label, on a learner's names. Returns the messages sent."""

    def run_parts(names: dict | None = None, **parts: str) -> list[list[dict]]:
        sent = []
        monkeypatch.setattr(kit, "show", lambda line, bad, data: sent.append(data))
        compiled = [(label, compile(code, "<check f-values>", "exec")) for label, code in parts.items()]
        kit._run_check(compiled, "the word", {"f": np.sqrt} if names is None else names)
        return sent

    return run_parts


def test_what_the_answer_gave_is_noted_and_handed_back(run):
    report = only(run(visible="assert check('root', f, 4.0, rtol=1e-3, dtype=True) == 2.0"))
    (noted,) = report.pop("noted")
    assert report == {"word": "the word", "part": "visible", "error": None}
    assert float(noted["outcome"]["value"]["v"]) == 2.0
    outcome = noted.pop("outcome")
    assert set(outcome) == {"value"}
    assert noted == {"name": "root", "who": "sqrt", "said": "", "rtol": 1e-3, "atol": 1e-9, "dtype": True}


def test_a_check_of_any_name_is_noted_and_not_judged(run):
    """The table of expected values is not there; whether it is right is decided outside."""
    report = only(run(visible="check('no such check', 'wrong')\ncheck('another', f, -1.0)"))
    assert [noted["name"] for noted in report["noted"]] == ["no such check", "another"] and report["error"] is None


def test_an_answer_that_raises_ends_the_part_and_those_below_it(run):
    def f(x):
        return x.no_such

    report = only(run({"f": f}, visible="check('a', f, 1)\ncheck('b', 2)", hidden="check('c', 3)"))
    (noted,) = report["noted"]
    assert noted["outcome"]["raised"][0] == "AttributeError" and noted["who"] == "f"
    assert noted["said"].startswith("f stopped with AttributeError") and report["error"] == [
        "CheckFailed",
        noted["said"],
    ]


def test_a_stub_is_told_as_not_written_yet(run):
    report = only(run({"f": lambda: exec("raise NotImplementedError()")}, visible="check('a', f)"))
    assert (
        "is not written yet" in report["error"][1]
        and report["noted"][0]["outcome"]["raised"][0] == "NotImplementedError"
    )


PARTS = {
    "given": "size = 3",
    "canary": "assert False",
    "visible": "check('size', f(size))",
    "hidden": "check('more', f(size))",
    "second": "check('other', size)",
}


def test_parts_that_put_nothing_out_are_sent_together(run):
    (message,) = run({"f": abs}, **PARTS)
    assert [report["part"] for report in message] == [*PARTS]
    assert [report["error"] for report in message] == [None, ["AssertionError", ""], None, None, None]


def test_a_large_report_goes_by_itself(run):
    sent = run({"f": lambda x: [0.0] * 5000}, **PARTS)
    assert [[report["part"] for report in message] for message in sent] == [
        ["given", "canary", "visible"],
        ["hidden"],
        ["second"],
    ]


def test_what_a_part_puts_out_comes_before_its_report_and_after_those_of_others(kit, run):
    def f(x):
        kit.asked += 1  # as a print in an answer
        return x

    sent = run({"f": f}, **PARTS)
    assert [[report["part"] for report in message] for message in sent] == [
        ["given", "canary", "visible"],
        ["hidden"],
        ["second"],
    ]


def test_what_is_given_and_fails_is_sent_at_once_and_ends_the_cell(run):
    report = only(run(given="1 / 0", canary="assert False", visible="check('a', 1)"))
    assert (report["part"], report["error"]) == ("given", ["ZeroDivisionError", "division by zero"])


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("assert f is None, 'words'", ["AssertionError", "words"]),
        ("raise SystemExit(3)", ["SystemExit", "3"]),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt", ""]),
        ("raise ValueError('x' * 10_000)", ["ValueError", "x" * 4000]),
        ("class Odd(Exception):\n    def __str__(self): raise SystemExit\nraise Odd", ["Odd", ""]),
        ("class Odd(Exception):\n    def __str__(self): return 5\nraise Odd", ["Odd", ""]),
    ],
)
def test_whatever_ends_a_part_is_sent(run, code, error):
    report = only(run(visible=code, hidden="check('never', 1)"))
    assert (report["error"], report["noted"]) == (error, [])


def test_parts_share_their_names_and_leave_none_behind(run):
    names = {"x": 1, "list": "a learner's", "check": print}
    sent = run(names, visible="y = x + 1\nassert list((1,)) == [1]", hidden="check('y', y)")
    ((visible, hidden),) = sent
    assert visible["error"] is hidden["error"] is None and hidden["noted"][0]["name"] == "y"
    assert set(names) == {"x", "list", "check"}


def test_outside_of_a_check_cell_a_check_counts_for_nothing(kit, run, capsys):
    assert kit.check("a", 5) == 5
    assert "(The check 'a' counts in its own cell only.)" in capsys.readouterr().out
    assert run(visible="pass")[0][0]["noted"] == []
    kit.scoreboard()
    assert capsys.readouterr().out == "The points are those of the graded notebook.\n"


def test_check_cells_are_not_looked_for(kit, monkeypatch):
    """The grader runs them itself, and to look through each cell for them takes longer than to run it."""
    names = {}
    monkeypatch.setattr(kit, "shell", lambda: pytest.fail("the shell was asked for"))
    kit.begin(names)
    assert names["check"] is kit.check


def test_what_an_answer_exchanges_is_put_back_before_anything_else_runs(kit, run, monkeypatch):
    mean, length = np.mean, len
    for module, name in ((np, "mean"), (np, "std"), (builtins, "len")):  # should it fail here
        monkeypatch.setattr(module, name, getattr(module, name))

    def f():
        np.mean = builtins.len = lambda *_: 42
        del np.std
        kit.HELPERS["np"] = kit.HELPERS["drawn"] = None
        return 1

    below = "assert np.mean([1.0]) == 1 and len('ab') == 2 and np.std([1.0]) == 0"
    report = only(run({"f": f}, visible=f"check('f', f)\n{below}"))
    assert report["error"] is None
    assert np.mean is mean and len is length and "drawn" not in kit.HELPERS


def test_while_it_is_checked_an_answer_starts_no_other_program(kit, run):
    for event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        report = only(run({"f": lambda event=event: kit.hook(event, ())}, visible="check('f', f)"))
        assert report["noted"][0]["outcome"]["raised"][0] == "RuntimeError" and "starts no other program" in str(report)
        kit.hook(event, ())  # before and after, it may
    assert run({"f": lambda: kit.hook("open", ())}, visible="check('f', f)")[0][0]["error"] is None
