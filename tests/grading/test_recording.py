"""The recording `check`, run in a kit as in the jail: it notes what was seen, judges nothing, and puts things back."""

import builtins
import gc
import sys
import types

import numpy as np
import pytest
import torch

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
    made.asked = 0  # what was put out
    return made


def only(sent: list[list[dict]]) -> dict:
    """The report of the one part that was run."""
    ((report,),) = sent
    return report


@pytest.fixture
def run(kit):
    """A function that runs parts of a check cell, given by label, on a learner's names. Returns the messages sent."""

    def run_parts(names: dict | None = None, **parts: str) -> list[list[dict]]:
        sent = []
        kernel = types.SimpleNamespace(put_out=lambda: kit.asked, report=lambda reports, last: sent.append(reports))
        compiled = [(label, compile(code, "<check f-values>", "exec")) for label, code in parts.items()]
        kit._run_check(compiled, "the word", {"f": np.sqrt} if names is None else names, kernel)
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


@pytest.fixture
def own(monkeypatch):
    """Has what an answer exchanges here back in its place when a test ends, should it have failed."""
    for name in ("mean", "std", "median"):
        monkeypatch.setattr(np, name, getattr(np, name))
    for name in ("len", "all", "delattr", "map", "setattr", "vars"):
        monkeypatch.setattr(builtins, name, getattr(builtins, name))
    monkeypatch.setattr(torch.Tensor, "norm", torch.Tensor.norm)


@pytest.fixture(params=["states", "no states"])
def any_python(request, kit, monkeypatch):
    """With a Python that numbers the states of a dict, and with one that does not."""
    for place in kit._places:
        assert place.state is not None
        if request.param == "no states":
            monkeypatch.setattr(place, "state", None)


def test_what_an_answer_exchanges_is_put_back_before_anything_else_runs(kit, run, own, any_python):
    mean, length = np.mean, len

    def f():
        np.mean = builtins.len = lambda *_: 42
        del np.std
        kit.HELPERS["np"] = kit.HELPERS["drawn"] = None
        return 1

    below = "assert np.mean([1.0]) == 1 and len('ab') == 2 and np.std([1.0]) == 0\n"
    report = only(run({"f": f}, visible=f"check('f', f)\n{below}" * 2))
    assert report["error"] is None and len(report["noted"]) == 2
    assert np.mean is mean and len is length and "drawn" not in kit.HELPERS


def wrong(*_):
    return 42


@pytest.mark.parametrize(
    "exchange",
    [
        lambda: setattr(np, "median", wrong),
        lambda: vars(np).update(median=wrong),
        lambda: vars(np).pop("median"),
        lambda: np.__dict__.__setitem__("median", wrong),
        lambda: setattr(torch.Tensor, "norm", wrong),
        lambda: gc.get_referents(vars(torch.Tensor))[0].update(norm=wrong),
        lambda: setattr(torch.Tensor, "sum", wrong),  # which it has from another class
        lambda: setattr(torch.Tensor, "__len__", wrong),
    ],
    ids=["attribute", "names", "taken out", "item", "method", "methods", "new method", "operator"],
)
def test_however_it_is_exchanged_it_is_put_back(run, own, any_python, exchange):
    def seen():
        return np.median, *(getattr(torch.Tensor, name) for name in ("norm", "sum", "__len__"))

    right = seen()
    assert only(run({"f": exchange}, visible="check('f', f)\ncheck('f', f)"))["error"] is None
    assert seen() == right and "sum" not in vars(torch.Tensor)


@pytest.mark.parametrize("name", ["all", "delattr", "map", "setattr", "vars"])
def test_nor_does_it_help_to_exchange_what_puts_it_back(run, own, any_python, name):
    right = np.mean, getattr(builtins, name)

    def f():
        np.mean = wrong
        setattr(builtins, name, lambda *_: [])

    assert only(run({"f": f}, visible="check('f', f)"))["error"] is None
    assert (np.mean, getattr(builtins, name)) == right


def test_what_a_notebook_adds_it_keeps(run, own):
    """A method of one's own is no trick; one in front of PyTorch's would be."""
    torch.Tensor.my_norm = lambda self: 1.0
    try:
        report = only(run({"f": lambda: torch.ones(1).my_norm()}, visible="check('f', f)\ncheck('f', f)"))
    finally:
        del torch.Tensor.my_norm
    assert report["error"] is None and len(report["noted"]) == 2


def test_what_has_not_changed_is_not_looked_through(kit, run, monkeypatch):
    """Each look would touch, and so copy, memory that all submissions share."""
    kit._put_back()
    for place in kit._places:
        monkeypatch.setattr(place, "names", None)  # to look it through would fail
    assert only(run(visible="check('a', 1)"))["error"] is None


def test_while_it_is_checked_an_answer_starts_no_other_program(kit, run):
    for event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        report = only(run({"f": lambda event=event: kit.hook(event, ())}, visible="check('f', f)"))
        assert report["noted"][0]["outcome"]["raised"][0] == "RuntimeError" and "starts no other program" in str(report)
        kit.hook(event, ())  # before and after, it may
    assert run({"f": lambda: kit.hook("open", ())}, visible="check('f', f)")[0][0]["error"] is None
