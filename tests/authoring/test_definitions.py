"""Scripts get the very code that learners run: a unit's own definitions, without its demos and checks."""

import numpy as np
import pytest

from grader.authoring.definitions import definitions
from grader.errors import SourceError


def test_the_reference_answers_are_there(tiny):
    names = definitions(tiny)
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    assert np.allclose(names["normalize"](x, x.mean(0), x.var(0), 0), [[-1, -1], [1, 1]])
    assert names["q_epsilon"] == "b" and names["__name__"] == "90_tiny"


def test_demos_and_checks_are_left_out(tiny):
    """Both would stop here: neither `plt` nor `check` is given."""
    assert not {"plt", "check", "r"} & set(definitions(tiny))


def test_given_and_helper_cells_are_run_in_order_and_silently(edited, capsys):
    cells = "# %%\nwidth = 3\nprint(width)\n\n# %% helper=true\ndef wide():\n    return drawn(width)\n\n\n"
    path = edited('# %% check="normalize.values"', f'{cells}# %% check="normalize.values"')
    assert definitions(path, drawn=lambda n: [n] * n)["wide"]() == [3, 3, 3]
    assert capsys.readouterr().out == ""


def test_what_the_caller_gives_is_what_the_cells_see(edited):
    path = edited("# %%\nscoreboard()", '# %%\nmodel_on = device()\nscoreboard("again")')
    shown = []
    assert definitions(path, device=lambda: "cpu", scoreboard=shown.append)["model_on"] == "cpu"
    assert shown == ["again"]


def test_two_units_share_no_names(tiny):
    definitions(tiny)["normalize"] = None
    assert callable(definitions(tiny)["normalize"])


def test_an_error_in_a_cell_is_not_hidden(edited):
    with pytest.raises(NameError, match="device"):
        definitions(edited("# %%\nscoreboard()", "# %%\nmodel_on = device()\nscoreboard()"))


def test_a_unit_that_cannot_be_read(edited):
    with pytest.raises(SourceError, match=r"90_tiny\.py"):
        definitions(edited("# title: Tiny\n", ""))
