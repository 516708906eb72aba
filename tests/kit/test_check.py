"""`check`, the scoreboard and check cells. What is said of a wrong value is tested at compare, judge and call."""

import copy

import numpy as np
import pytest

from grader.authoring.tables import Entry, pack
from grader.kit import check as kit
from grader.kit.compare import fingerprint
from grader.kit.observe import observe
from grader.kit.table import Table

RULE = {"rtol": 1e-6, "atol": 1e-9, "dtype": False, "parts": [], "hidden": False}


@pytest.fixture
def check(monkeypatch):
    """`check` with a table made here: check(got, expected=…, mistakes=[(hint, value)], …) raises or returns."""
    monkeypatch.setattr(kit, "TABLE", Table())

    def run(target, *args, expected, mistakes=(), parts=(), hidden=False, otherwise=(), stubs=None, **kwargs):
        want, rule = observe(expected, "c"), {**RULE, **{k: v for k, v in kwargs.items() if k in RULE}}
        outcomes = [(hint, m if isinstance(m, dict) else {"value": observe(m, "c")}) for hint, m in mistakes]
        known = [(hint, fingerprint(want, outcome, rule)) for hint, outcome in outcomes]
        entry = Entry(want, rule["rtol"], list(parts), hidden, list(otherwise), known)
        kit.TABLE.load(pack({"c": entry}, unit="", cells=[], stubs=stubs or {}))
        return kit.check("c", target, *args, **kwargs)

    return run


def says(check, target, *args, **kwargs) -> str:
    with pytest.raises(kit.CheckFailed) as caught:
        check(target, *args, **kwargs)
    return str(caught.value)


A = np.arange(6.0).reshape(2, 3) + 1


def test_right(check):
    assert check(lambda x: x + 1, A, expected=A + 1) is not None
    assert check(3.0, expected=3) == 3.0
    assert check(np.float64(3), expected=3) == 3
    assert check(" B ", expected="b") == " B " and check("(b)", expected="b")
    assert check([A, {"k": True}], expected=(A, {"k": True}))


def test_tensors(check):
    torch = pytest.importorskip("torch")
    assert check(lambda: torch.ones(2, requires_grad=True), expected=torch.ones(2)) is not None
    assert "is a NumPy array of shape (2,), but a torch tensor" in says(check, np.ones(2), expected=torch.ones(2))
    assert "a torch tensor of shape (2,)" in says(check, torch.ones(2), expected=np.ones(2))
    assert "its dtype is float64" in says(check, torch.ones(2).double(), expected=torch.ones(2), dtype=True)
    x = torch.ones(2)
    assert "changes its input x" in says(check, lambda x: x.add_(1), x, expected=torch.ones(2) + 1)
    assert x.sum() == 2


def test_what_the_table_says_of_a_check_counts(check):
    """Its parts, whether it is hidden, the one cause for whatever else is wrong, and what stubs hold."""
    pair = {"expected": (A, A), "parts": ["dx", "db"]}
    assert "your code: db has the right shape (2, 3), but wrong values: at [0, 0] expected 1, got 2" in says(
        check, lambda: (A, A + 1), **pair
    )
    assert "at [0, 0] 2 is not right" in says(check, lambda: (A, A + 1), **pair, hidden=True)
    assert says(check, 2.0, expected=1.0, otherwise=["it cancels"]).endswith("Likely cause: it cancels")

    def normalize(x):
        x = x - 1
        raise NotImplementedError()

    assert "delete that line" in says(check, normalize, A, expected=A)
    assert "normalize is not written yet" in says(check, normalize, A, expected=A, stubs={"normalize": 1})


def test_a_changed_input(check):
    def centre(values):
        values -= 1
        return values

    assert "gives the right result, but changes its input values" in says(check, centre, A.copy(), expected=A - 1)


def test_hints(check):
    mistakes = [("divide by N", A * 2), ("it raises", {"raised": ["KeyError", "'var'"]})]
    assert "Likely cause: divide by N" in says(check, A * 2, expected=A, mistakes=mistakes)
    assert "Likely cause" not in says(check, A * 3, expected=A, mistakes=mistakes)
    assert "Likely cause: it raises" in says(check, lambda: {}["var"], expected=A, mistakes=mistakes)


def test_an_unfinished_answer_gets_no_hint(check):
    def nothing(x):
        raise NotImplementedError

    mistakes = [("wrong", {"raised": ["NotImplementedError", ""]})]
    assert "Likely cause" not in says(check, nothing, A, expected=A, mistakes=mistakes)


def test_an_unknown_check(check):
    with pytest.raises(kit.CheckFailed, match=r"no check called 'nope'. Run the setup cell"):
        kit.check("nope", 1)


def test_scoreboard_in_plain_python(capsys, monkeypatch):
    cells = [
        {"id": "a-x", "exercise": "a", "points": 2, "checks": ["c"]},
        {"id": "a-y", "exercise": "a", "points": 1, "checks": ["d"]},
        {"id": "essay", "exercise": "essay", "points": 3, "checks": [], "manual": True},
    ]
    table = Table()
    table.cells = cells
    monkeypatch.setattr(kit, "TABLE", table)
    monkeypatch.setattr(kit, "_earned", {"a-x"})
    kit.scoreboard()
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["· a       2 of 3", "· total   2 of 3", "3 more points are graded by a person."]
    assert lines[3].startswith("Hidden tests are not included")


def test_a_check_cell_leaves_no_name_behind(check):
    names = {"x": 1, "list": [1], "check": None}
    monkey = copy.copy(names)
    kit.run_check_cell(compile("y = list((1, 2)); x = 5; assert callable(check)", "<cell>", "exec"), names)
    assert names == monkey
