"""What `check` says. Each message is read by a beginner: it names the thing that is wrong, in words."""

import copy

import numpy as np
import pytest

from grader.authoring.tables import Entry, pack
from grader.kit import check as kit
from grader.kit.compare import fingerprint, wrong_parts
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


def differs(want, got) -> list:
    return wrong_parts(observe(want, ""), observe(got, ""), RULE)


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


def f(x):
    return None


WORDS = {
    "shape": (A.T, A, "has shape (3, 2), but (2, 3) is expected"),
    "a column for a row": (np.ones((3, 1)), np.ones(3), "has shape (3, 1), but (3,) is expected"),
    "value": (A + np.eye(2, 3), A, "at [0, 0] expected 1, got 2 (2 of 6 elements differ)"),
    "NaN": (A * np.nan, A, "6 of 6 elements of the result are NaN."),
    "NaN, number": (float("nan"), 1.0, "the result is NaN"),
    "infinite": (float("inf"), 1.0, "the result is infinite"),
    "list for array": (A.tolist(), A, "is a list of 2 values, but a NumPy array of shape (2, 3) is expected"),
    "array for number": (A, 1.0, "is a NumPy array of shape (2, 3), but the number 1 is expected"),
    "number for array": (1.0, A, "is the number 1, but a NumPy array"),
    "tuple too short": ((A,), (A, A), "holds 1 value, but 2 are expected"),
    "inside a tuple": ((A, A), (A, A + 1), "wrong values: at [0, 0] expected 2, got 1"),
    "place in a tuple": ((A, A), (A, A + 1), "the result[1] has the right shape (2, 3), but wrong values: at"),
    "dict key": ({"x": A, "mu": A}, {"x": A, "mean": A}, "lacks the key 'mean'; it has 'x', 'mu'"),
    "dict value": ({"x": A}, {"x": -A}, "the result['x'] has the right shape (2, 3)"),
    "None": (None, A, "is None, but a NumPy array of shape (2, 3) is expected. Is a return statement missing?"),
    "string": ("a", "b", "not the right answer"),
    "number for string": (2, "b", 'the answer is the number 2, but one letter in quotes is expected, such as "a".'),
    "number for text": (2, "two", 'the answer is the number 2, but a text in quotes is expected, such as "a".'),
    "sentence for a letter": ("b) the second", "b", 'the answer is one letter in quotes, such as "a", and no more.'),
    "string for number": ("a", 1.0, "is a text, but the number 1 is expected"),
    "bool": (True, False, "is True, but False is expected"),
    "None for a string": (None, "b", "the answer is None, but one letter in quotes is expected"),
    "unanswered": (..., "b", "no answer yet"),
    "empty string": ("", "b", "no answer yet"),
    "object": (object(), A, "is an object of type object"),
    "a method not called": (A.mean, A, "a function that was not called (are its parentheses missing?)"),
    "objects in an array": (np.array([None, 1]), A, "of type ndarray of dtype object"),
    "large": (np.where(np.arange(999) == 500, 9.0, 1.0), np.ones(999), "wrong values, between those sampled"),
    "large, all": (np.zeros((99, 9)), np.ones((99, 9)), "32 of 32 sampled elements differ"),
}


@pytest.mark.parametrize("case", WORDS)
def test_words(case, check):
    got, expected, words = WORDS[case]
    if callable(got):
        assert words in says(check, lambda: got, expected=expected)
        return
    assert words.lower() in says(check, got, expected=expected).lower()
    assert words in says(check, lambda: got, expected=expected)


def test_tensors(check):
    torch = pytest.importorskip("torch")
    assert check(lambda: torch.ones(2, requires_grad=True), expected=torch.ones(2)) is not None
    assert "is a NumPy array of shape (2,), but a torch tensor" in says(check, np.ones(2), expected=torch.ones(2))
    assert "a torch tensor of shape (2,)" in says(check, torch.ones(2), expected=np.ones(2))
    assert "its dtype is float64" in says(check, torch.ones(2).double(), expected=torch.ones(2), dtype=True)
    x = torch.ones(2)
    assert "changes its input x" in says(check, lambda x: x.add_(1), x, expected=torch.ones(2) + 1)
    assert x.sum() == 2


def test_not_written(check):
    def normalize(x):
        raise NotImplementedError()

    assert "normalize is not written yet" in says(check, normalize, A, expected=A)
    assert "normalize is not written yet" in says(check, lambda: normalize(A)[0], expected=A)


def forward(x):
    y = f(x)
    return y[0]


def in_place(layers):
    return [layer for layer in layers.reverse()]


def test_what_is_none_is_told(check):
    message = says(check, forward, A, expected=A)
    assert "forward stopped with TypeError: 'NoneType' object is not subscriptable" in message
    assert "In line 3 of the cell of forward" not in message  # lines are counted in this file
    assert message.endswith("y is None there.")
    assert says(check, in_place, [1], expected=A).endswith("`.reverse(…)` changes the object itself and returns None.")
    assert says(check, lambda x: None + x, A, expected=A).endswith(
        "Something that is called in this line returns None."
    )


def test_dtype_counts_where_it_is_asked_for(check):
    check(A.astype("f4"), expected=A)
    check(A.astype(int), expected=A)
    message = says(check, A.astype("f4"), expected=A, dtype=True, mistakes=[("all zeros", A * 0)])
    assert message == "The values of the result are right, but its dtype is float32, not float64."


def test_a_raise_below_an_answer(check):
    def normalize(x):
        """Normalize."""
        x = x - 1
        raise NotImplementedError()

    assert "delete that line" in says(check, normalize, A, expected=A)
    assert "normalize is not written yet" in says(check, normalize, A, expected=A, stubs={"normalize": 1})


def test_parts_are_named(check):
    message = says(check, f_pair, A, expected=(A, A + 1), parts=["dx", "dgamma"])
    assert message.startswith(
        "f_pair: dgamma has the right shape (2, 3), but wrong values: at [0, 0] expected 2, got 1"
    )
    message = says(check, lambda x: (x,), A, expected=(A, A + 1), parts=["dx", "dgamma"])
    assert "holds 1 value, but 2 are expected: dx, dgamma." in message
    message = says(check, lambda x: (x, {"x": x}), A, expected=(A, {"x": A + 1}), parts=["y", "cache"])
    assert "your code: cache['x'] has the right shape" in message


def f_pair(x):
    return x, x


def test_what_is_made_from_a_tuple_a_list_or_a_dict(check):
    class Pair(tuple):
        pass

    class Rows(list):
        pass

    class Cache(dict):
        pass

    check(Pair((A, A)), expected=(A, A))
    check(Rows([1.0]), expected=[1.0])
    check(Cache(x=A), expected={"x": A})


def test_a_hidden_check_tells_no_number(check):
    pairs = [(A + 1, A), (2.5, 1.25), (True, False), (None, 1.25), ("b", 1.25), (A, False), (None, [1.25, A])]
    for got, want in [*pairs, *(([got, got], [want, want]) for got, want in pairs)]:
        message = says(check, got, expected=want, hidden=True)
        assert "expected 1" not in message and "1.25" not in message and "but False" not in message, message
    assert "at [0, 0] 2 is not right" in says(check, A + 1, expected=A, hidden=True)


NOT_FINITE = {
    "overflow": (lambda x: np.exp(x * 1000), "exp of a large number is more than a float can hold"),
    "log": (lambda x: np.log(x * 0), "log of 0 is −∞"),
    "division": (lambda x: x / (x - x), "something was divided by 0"),
    "root": (lambda x: np.sqrt(-x), "the root of a negative number"),
    "0/0": (lambda x: (x - x) / (x - x), "0 was divided by 0"),
}


@pytest.mark.parametrize("case", NOT_FINITE)
def test_where_nan_is_from(case, check):
    function, words = NOT_FINITE[case]
    assert words in says(check, function, A, expected=A)


def test_of_nan_that_nobody_warned_of_nothing_is_said(check):
    assert says(check, A * np.nan, expected=A) == "6 of 6 elements of the result are NaN."


def test_an_exception_is_placed(check):
    def normalize(x):
        return x / {}["var"]

    message = says(check, normalize, A, expected=A)
    assert "normalize stopped with KeyError: 'var'." in message
    assert 'return x / {}["var"]' in message


def test_a_changed_input(check):
    def centre(values):
        values -= 1
        return values

    assert "gives the right result, but changes its input values" in says(check, centre, A.copy(), expected=A - 1)


def test_copies_keep_their_layout(check):
    seen = []
    view = np.zeros((4, 6))[:, ::2]
    check(lambda x: seen.append(x) or x, view, expected=view)
    assert not seen[0].flags.c_contiguous and seen[0] is not view


def test_a_warning_is_no_failure(check, recwarn):
    check(lambda x: np.where(x > 0, 1 / (x - 1), 0)[1], A, expected=(1 / (A - 1 + 1e-300))[1])
    assert not recwarn.list


def test_hints(check):
    mistakes = [("divide by N", A * 2), ("it raises", {"raised": ["KeyError", "'var'"]})]
    assert "Likely cause: divide by N" in says(check, A * 2, expected=A, mistakes=mistakes)
    assert "Likely cause" not in says(check, A * 3, expected=A, mistakes=mistakes)
    assert "Likely cause: it raises" in says(check, lambda: {}["var"], expected=A, mistakes=mistakes)


def test_two_causes_at_most(check):
    mistakes = [("one", A * 2), ("two", A * 2), ("three", A * 3), ("four", A * 3), ("five", A * 3)]
    message = says(check, A * 2, expected=A, mistakes=mistakes)
    assert message.splitlines()[1:] == ["It looks like one of these:", "• one", "• two"]
    assert len(says(check, A * 3, expected=A, mistakes=mistakes).splitlines()) == 1


def test_the_nearest_mistake_wins(check):
    mistakes = [("near", A * 1.01), ("far", A * 1.0101)]
    assert "cause: near" in says(check, A * 1.01, expected=A, mistakes=mistakes, rtol=1e-4)


def test_a_mistake_beside_another_is_named(check):
    """dgamma is a known mistake's; dx is wrong in a way of its own, further on."""
    mistakes = [("sum, do not average", (A / 2, A))]
    assert "Likely cause: sum" in says(check, (A / 2, A * 7), expected=(A, A), mistakes=mistakes)


def test_a_large_array_is_recognised(check):
    want = np.random.RandomState(0).normal(5, 2, (40, 7))
    mistakes = [("variance", want**2), ("not centred", want - want.mean(0)), ("transposed", want.T.copy())]
    for hint, value in mistakes:
        assert f"cause: {hint}" in says(check, value * (1 + 1e-12), expected=want, mistakes=mistakes)
    assert "cause" not in says(check, want * 1.1, expected=want, mistakes=mistakes)


def test_a_mistake_of_another_kind_is_no_obstacle(check):
    """The place of what is wrong need not exist in a known mistake's outcome."""
    mistakes = [
        ("only one was returned", A),
        ("a list of numbers", [1.0]),
        ("a dict", {"value": observe({"x": A}, "c")}),
        ("it raises", {"raised": ["KeyError", ""]}),
    ]
    message = says(check, (A, A * 7), expected=(A, A), mistakes=mistakes)
    assert "The result[1] has the right shape" in message and "cause" not in message
    for hint, got in (("only one", A), ("a list", [1.0]), ("a dict", {"x": A})):
        assert f"cause: {hint}" in says(check, got, expected=(A, A), mistakes=mistakes)


def test_what_else_is_wrong_at_a_check_of_one_mistake(check):
    """Where what a mistake gives is rounding, the check itself tells: whatever is wrong there is that mistake."""
    assert "cause: it cancels" in says(check, A + 1e-3, expected=A, otherwise=["it cancels"])
    raises = {}.__getitem__
    assert "cause" not in says(check, raises, "var", expected=A, otherwise=["it cancels"])


def test_numbers_are_printed_until_they_differ(check):
    message = says(check, 10.57805123, expected=10.57805124, rtol=1e-12, atol=0)
    assert message == "The result is 10.57805123, but 10.57805124 is expected."


def test_an_unfinished_answer_gets_no_hint(check):
    def nothing(x):
        raise NotImplementedError

    mistakes = [("wrong", {"raised": ["NotImplementedError", ""]})]
    assert "Likely cause" not in says(check, nothing, A, expected=A, mistakes=mistakes)


def test_an_unknown_check(check):
    with pytest.raises(kit.CheckFailed, match=r"no check called 'nope'. Run the setup cell"):
        kit.check("nope", 1)


@pytest.mark.parametrize("shape", [(3,), (20, 20)])
def test_tolerance(shape):
    want = np.random.RandomState(0).normal(5, 2, shape)
    close, far = want * (1 + 1e-8), want * (1 + 1e-4)
    assert differs(want, close) == []
    assert differs(want, far)


def test_an_infinite_value_equals_only_itself():
    infinite, finite = np.array([np.inf, 1]), np.array([2.0, 1])
    assert not differs(infinite, infinite)
    assert differs(infinite, finite) and differs(finite, infinite)


def test_a_broadcast_that_agrees_is_still_wrong():
    """The compare helper of a well-known course lets this pass."""
    assert differs(np.ones((3, 3)), np.ones((3, 1)))


def test_an_always_equal_object(check):
    class Equal:
        def __eq__(self, other):
            return True

        def __array__(self, dtype=None, copy=None):
            return A

    assert "an object of type Equal" in says(check, Equal(), expected=A)


def test_answers_are_hashed_with_the_name():
    a, b = observe("b", "one"), observe("b", "two")
    assert a["v"] != b["v"] and a["v"] != "b"


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


def each(x):
    return [row.nope for row in x]


def test_a_comprehension_is_its_function_s(check):
    assert "of the cell of each:  return [row.nope for row in x]" in says(check, each, A, expected=A)


def test_sums_that_are_no_numbers_are_no_agreement():
    want = np.ones(999)
    got = want.copy()
    got[500:503] = [1.7e308, -1.7e308, 1.7e308]
    assert differs(want, got)
