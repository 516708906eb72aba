"""A learner's code is called on copies, and what stopped it is said in the learner's words."""

import numpy as np
import pytest

from grader.kit.call import CheckFailed, call, copied, frames, why_not_finite, why_stopped
from grader.kit.observe import observe

A = np.arange(6.0).reshape(2, 3) + 1


def stopped(target, *args, stubs=None, who="f") -> str:
    """What is said of a target that raises."""
    value, outcome, error = call(target, args, {}, "c")
    assert value is None and outcome["raised"][0] == type(error).__name__
    return why_stopped(error, who, stubs or {})


def test_a_value_is_observed_and_not_called():
    assert call(3.0, (1, 2), {}, "c") == (3.0, {"value": observe(3.0, "c")}, None)


@pytest.mark.parametrize(
    "view", [np.zeros((4, 6))[:, ::2], np.zeros((4, 6)).T, np.zeros((4, 6))], ids=["cut", "F", "C"]
)
def test_copies_keep_their_layout(view):
    copy = copied([view])[0]
    assert copy is not view and not np.shares_memory(copy, view) and np.array_equal(copy, view)
    same = ("c_contiguous", "f_contiguous")
    assert [getattr(copy.flags, name) for name in same] == [getattr(view.flags, name) for name in same]


def test_what_cannot_be_copied_is_used_as_it_is():
    generator = (i for i in range(3))
    assert call(list, (generator,), {}, "c")[0] == [0, 1, 2]
    assert copied((generator, [np]))[1] == [np]


def test_the_arguments_stay_as_they_were_and_a_change_is_noted_by_name():
    def centre(values, *more, factor):
        values -= 1
        more[1][:] = [0]
        factor["k"] = 0

    kept, rest, factor = A.copy(), [1], {"k": 1}
    _, outcome, _ = call(centre, (kept, 2, rest), {"factor": factor}, "c")
    assert outcome["changed"] == ["values", "argument 3", "factor"]
    assert np.array_equal(kept, A) and rest == [1] and factor == {"k": 1}


def test_numbers_in_an_error_are_left_out_of_its_outcome():
    """The same mistake stops with other numbers on other inputs."""
    _, outcome, error = call(lambda: [][12], (), {}, "c")
    assert "12" not in outcome["raised"][1] and isinstance(error, IndexError)
    _, outcome, _ = call(A.reshape, (5, 7), {}, "c")
    assert outcome["raised"] == ["ValueError", "cannot reshape array of size # into shape (#,#)"]


def test_a_check_inside_a_check_is_not_caught():
    def nested():
        raise CheckFailed("inner")

    with pytest.raises(CheckFailed, match="inner"):
        call(nested, (), {}, "c")


def test_a_failed_check_is_shown_without_a_traceback_in_lines_of_a_page():
    error = CheckFailed("word " * 40 + "\nLikely cause: b", "x_hat", ("b",))
    lines = "\n".join(error._render_traceback_()).splitlines()
    assert lines[0].startswith("CheckFailed: word word") and lines[-1] == "Likely cause: b"
    assert max(map(len, lines)) <= 96
    assert (error.name, error.causes, error.unwritten) == ("x_hat", ["b"], False)


NOT_FINITE = {
    "overflow": (lambda x: np.exp(x * 1000), "exp of a large number is more than a float can hold"),
    "log": (lambda x: np.log(x * 0), "log of 0 is −∞"),
    "division": (lambda x: x / (x - x), "something was divided by 0"),
    "root": (lambda x: np.sqrt(-x), "the root of a negative number"),
    "0/0": (lambda x: (x - x) / (x - x), "0 was divided by 0"),
    "mean": (lambda x: np.mean(x[:0]), "the mean of no numbers was taken"),
}


@pytest.mark.parametrize("case", NOT_FINITE)
def test_where_nan_is_from(case, recwarn):
    function, words = NOT_FINITE[case]
    _, outcome, error = call(function, (A,), {}, "c")
    assert error is None and words in why_not_finite(outcome)
    assert not recwarn.list, "a warning is noted, and not shown"


@pytest.mark.parametrize("outcome", [{}, {"warned": "a warning of the learner's own"}])
def test_of_nan_that_nobody_explains_nothing_is_said(outcome):
    assert why_not_finite(outcome) == ""


def f(x):
    return None


def forward(x):
    y = f(x)
    return y[0]


class Layer:
    cache = None

    def backward(self, dy):
        return dy * self.cache[0]


def in_place(layers):
    return [layer for layer in layers.reverse()]


def test_what_is_none_is_told():
    message = stopped(forward, A)
    assert "f stopped with TypeError: 'NoneType' object is not subscriptable. In line" in message
    assert message.endswith("of the cell of forward:  return y[0]\ny is None there.")
    assert stopped(Layer().backward, A).endswith(
        "of Layer.backward:  return dy * self.cache[0]\nself.cache is None there."
    )
    assert stopped(in_place, [1]).endswith("`.reverse(…)` changes the object itself and returns None.")
    assert stopped(lambda x: None + x, A).endswith("Something that is called in this line returns None.")


def each(x):
    return [row.nope for row in x]


def test_a_comprehension_is_its_function_s():
    assert "of the cell of each:  return [row.nope for row in x]" in stopped(each, A)


def test_an_exception_is_placed_and_ends_in_one_full_stop():
    def normalize(x):
        return x / {}["var"]

    def empty(x):
        raise ValueError

    assert "f stopped with KeyError: 'var'. In line" in stopped(normalize, A)
    assert 'of the cell of normalize:  return x / {}["var"]' in stopped(normalize, A)
    assert stopped(empty, A).startswith("f stopped with ValueError. In line")


def test_an_exception_in_a_library_alone_has_no_place():
    message = stopped(A.reshape, 5, 7, who="reshape")
    assert message == "reshape stopped with ValueError: cannot reshape array of size 6 into shape (5,7)."


def test_the_frames_of_libraries_are_not_the_learner_s():
    def averaged(x):
        return np.mean(x, axis=7)

    assert [text for _, text, _ in frames(call(averaged, (A,), {}, "c")[2])] == ["return np.mean(x, axis=7)"]


def test_what_is_not_written_is_named_also_behind_a_lambda():
    def normalize(x):
        raise NotImplementedError()

    for target in (normalize, lambda x: normalize(x)[0]):
        assert stopped(target, A).startswith("normalize is not written yet: replace the line")


def test_what_torch_has_not_written_is_no_stub():
    layers = pytest.importorskip("torch").nn.ModuleList()
    assert "forward" in (message := stopped(layers, A)) and "not written yet" not in message


def test_a_raise_below_an_answer():
    def normalize(x):
        """Normalize."""
        x = x - 1
        raise NotImplementedError()

    assert "normalize reaches the line `raise NotImplementedError()` below your code" in stopped(normalize, A)
    assert "normalize is not written yet" in stopped(normalize, A, stubs={"normalize": 1})
