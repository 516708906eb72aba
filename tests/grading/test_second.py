"""A check's code with other random numbers: every seed is shifted, and nothing else is changed."""

import ast

import pytest

from grader.grading.second import other_numbers


@pytest.mark.parametrize(
    ("code", "seeds"),
    [
        ("use(RandomState(1), RandomState(seed=2))", [101, 102]),
        ("use(np.random.RandomState(5 + 1))", [106]),
        ("é = '한글'; use(\n  torch.Generator().manual_seed(\n    3))", [103]),
        ("use(RandomState(RandomState(4) - 1))", [104, 203]),
        ("use(RandomState(None), RandomState(7), RandomState())", [None, 107, None]),
        ("def case(seed):\n    return RandomState(seed)\nuse(case(8))", [108]),
        ("random.seed(1); use(1)", [101]),
    ],
)
def test_seeds_are_shifted_wherever_they_stand(code, seeds):
    seen = []

    class Module:
        @staticmethod
        def RandomState(seed=None):
            seen.append(seed)
            return seed

        seed = manual_seed = RandomState
        random = Generator = None

    Module.random, Module.Generator = Module, lambda: Module
    names = {
        "RandomState": Module.RandomState,
        "np": Module,
        "torch": Module,
        "random": Module,
        "use": lambda *_: None,
        "x": 1,
    }
    second = other_numbers(code, 100)
    exec(second, names)
    assert seen == seeds


@pytest.mark.parametrize("code", ["x = 1", "RandomState()", "RandomState(None)", "f(RandomState(*a))", "x = (", ""])
def test_without_a_seed_there_is_no_second_run(code):
    assert other_numbers(code, 100) is None


def test_what_a_check_stands_on_has_other_seeds_too():
    below = "def drawn(seed, *shape):\n    return [RandomState(seed), RandomState(3), RandomState([1, 2])]"
    second = other_numbers("found = drawn(5)", 100, below)
    names = {"RandomState": lambda seed: seed}
    exec(second, names)
    assert names["found"] == [105, 103, [1, 2, 100]]
    assert other_numbers("found = drawn(5)", 100, "def drawn(x):\n    return x") is None
    assert other_numbers("f(1)", 100, "not python") is None


@pytest.mark.parametrize(
    "code",
    [
        "x = 1 + 'RandomState(1)'",
        "RandomState('a')",
        "RandomState(True)",
        "RandomState(1.5)",
        "draw(1)",
        "f(seed=None)",
    ],
)
def test_what_is_no_whole_number_or_no_seed_is_not_shifted(code):
    assert other_numbers(code, 100) is None


def test_nothing_but_the_seed_is_changed():
    code = "# 한글, a remark\r\nx = RandomState(  1  ).normal(0, 1, (7, 3))  # 1\ncheck('é', f, x, rtol=1e-3)\n"
    before, after = code.split("1", 1)
    second = other_numbers(code, 5)
    assert before in second and second.endswith(after) and second.count("\n") < code.count("\n") + 10


def test_what_it_stands_on_comes_first():
    second = other_numbers("a = helper(2)", 100, "def helper(seed):\n    return RandomState(seed)")
    *_, helper, last = ast.parse(second).body
    assert helper.name == "helper" and last.targets[0].id == "a"


def test_a_check_s_own_names_are_left_to_it():
    """What is added to the code cannot be mistaken for a name of a check's, nor of a student's."""
    names = {}
    exec(other_numbers("x = seed(1)", 5), {"seed": int}, names)
    assert names["x"] == 6 and all(name.startswith("_") for name in names if name != "x")
