"""Tables hold on every backend, or there are none."""

import copy

import pytest

from grader.authoring import record
from grader.authoring.backends import available
from grader.authoring.build import build
from grader.authoring.observing import observe_under, observe_unit
from grader.authoring.unit import read_unit
from grader.errors import CourseError
from grader.kit.table import Table

ROUNDING = """\
    # - x_hat = (  =>  x_hat = np.random.normal(size=x.shape) + 0 * (
"""


@pytest.fixture
def observed(tiny):
    """What the tiny unit gives, once as it is and once more as another backend's."""
    one = observe_unit(read_unit(tiny))
    return {"native": one, "other": copy.deepcopy(one)}


def tables(tiny, observed):
    return record.make_tables(read_unit(tiny), observed)


def loaded(text: str) -> Table:
    table = Table()
    table.load(text)
    return table


def test_the_visible_table_holds_no_hidden_check(tiny, observed):
    made = tables(tiny, observed)
    assert set(loaded(made.visible).checks) == {"x_hat", "q_epsilon"}
    assert set(made.hidden) == {"normalize.values"}
    hidden = loaded(made.hidden["normalize.values"]).checks
    assert set(hidden) == {"x_hat, float32"} and hidden["x_hat, float32"]["hidden"]


def test_a_table_is_read_as_it_was_packed(tiny, observed):
    made = loaded(tables(tiny, observed).visible)
    assert made.unit == "90_tiny" and [cell["points"] for cell in made.cells] == [2, 1]
    hints = {hint for hint, _ in made.checks["x_hat"]["mistakes"]}
    assert {"eps stands inside the square root.", "In place!", "You forgot to return."} <= hints
    ((hint, rows),) = made.checks["q_epsilon"]["mistakes"]
    assert hint == "eps does not scale the output." and len(rows) == 1


def test_an_answer_that_depends_on_the_machine_stops_the_build(tiny, observed):
    seen = observed["other"].reference["x_hat"]
    value = seen.outcome["value"]
    from grader.kit.observe import numbers, packed

    value["v"] = packed(numbers(value["v"]) * (1 + 5e-7))  # within the tolerance, but not within a tenth of it
    with pytest.raises(CourseError, match=r"check 'x_hat' depends on the machine \(backend other"):
        tables(tiny, observed)


def test_a_mistake_that_is_rounding_is_not_recognised_by_it(tiny, observed):
    """One of its outcomes moves from backend to backend, and there is nothing else to know it by."""
    unit = read_unit(tiny)
    number = len(unit.rights) + next(n for n, m in enumerate(unit.mistakes) if "centred" in m.hint)
    for rows in observed["other"].answers[number].values():
        for row in rows:
            row[2] = [x * 1.5 for x in row[2]]
    with pytest.raises(CourseError, match=r"mistakes/90_tiny.py:\d+: at check 'x_hat' this mistake is told nothing"):
        record.make_tables(unit, observed)


def test_what_is_told_where_an_outcome_is_rounding(tiny, observed, edited):
    path = edited(
        "# %% mistake\n# The result is not centred", '# %% mistake otherwise="x_hat"\n# The result is not centred'
    )
    unit = read_unit(path)
    number = len(unit.rights) + next(n for n, m in enumerate(unit.mistakes) if "centred" in m.hint)
    for name in list(observed["other"].answers[number]):
        for row in observed["other"].answers[number][name]:
            row[2] = [x * 1.5 for x in row[2]]
    made = loaded(record.make_tables(unit, observed).visible)
    assert made.checks["x_hat"]["otherwise"] == ["The result is not centred: subtract the mean first."]


def test_otherwise_names_a_check(edited):
    path = edited(
        "# %% mistake\n# The result is not centred", '# %% mistake otherwise="y"\n# The result is not centred'
    )
    with pytest.raises(CourseError, match="there is no check called 'y'"):
        build(path, run=False)


@pytest.mark.slow
def test_two_mistakes_with_one_outcome_are_told_both_hints(edited):
    path = edited("# You forgot to return.", "# Another.\n# - return x_hat  =>  return None\n# You forgot to return.")
    build(path, run=False)


@pytest.mark.slow
def test_three_mistakes_with_one_outcome_stop_the_build(edited):
    more = "# One.\n# - return x_hat  =>  return None\n# Two.\n# - return x_hat  =>  return (None)  # two\n"
    path = edited("# You forgot to return.", more.replace("  # two", " or None") + "# You forgot to return.")
    with pytest.raises(CourseError, match=r"cannot be told from 2 others \(lines \d+, \d+\). Put them under one hint"):
        build(path, run=False)


@pytest.mark.slow
def test_a_mistake_that_is_right_stops_the_build(edited):
    path = edited("(np.sqrt(var) + eps)", "(eps + var) ** 0.5")
    with pytest.raises(CourseError, match="no check fails: add one that tells it from the answer"):
        build(path, run=False)


def test_a_right_answer_that_is_refused_stops_the_build(edited):
    path = edited("    return centred / np.sqrt(var + eps)", "    return centred / np.sqrt(var + 2 * eps)")
    with pytest.raises(CourseError, match=r"'in two steps' fails 'x_hat' \(on every backend\). Mend the answer"):
        build(path, run=False)


@pytest.mark.slow
@pytest.mark.backends
def test_every_backend_is_one_process(tiny):
    unit = read_unit(tiny)
    for backend in available():
        observed = observe_under(unit, backend)
        assert set(observed.reference) == {"x_hat", "x_hat, float32", "q_epsilon"}
        assert len(observed.answers) == len(unit.rights) + len(unit.mistakes)


def test_given_statements_of_a_stub():
    written = 'def f(x):\n    """Doc."""\n    y = x\n    raise NotImplementedError()\n\n\n'
    assert record.given_statements(written + "def g():\n    raise NotImplementedError()\n") == {"f": 1}
