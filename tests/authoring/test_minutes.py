"""Minutes follow from what there is to do, to read and to run."""

import pytest

from grader.authoring.minutes import minutes_of
from grader.authoring.unit import read_unit
from grader.errors import SourceError

PROSE = "# By the end you can do it. $x$"


def minutes(path):
    return minutes_of(read_unit(path))


def test_to_the_next_five(tiny):
    assert minutes(tiny).core == 5 and minutes(tiny).further == 0


def test_words_are_read(edited):
    assert minutes(edited(PROSE, "# " + "word " * 15 + "\n#\n" + ("# " + "word " * 20 + "\n") * 200)).core == 25


def test_a_hint_that_is_folded_is_not_counted(edited):
    path = edited(PROSE, "# <details>\n" + ("# " + "word " * 20 + "\n") * 200 + "# </details>")
    assert minutes(path).core == 5


def test_code_that_is_folded_is_not_counted(edited):
    code = "x = 1\n" * 500
    path = edited("# %%\nscoreboard()", f"# %%\n{code}\n# %%\nscoreboard()")
    assert minutes(path).core == 25
    path.write_text(path.read_text().replace("# %%\nx = 1", '# %% folded="The stored numbers"\nx = 1'))
    assert minutes(path).core == 5


def test_what_goes_further_is_counted_apart(edited):
    words = ("# " + "word " * 20 + "\n") * 100
    path = edited("# %%\nscoreboard()", f"# %% [markdown]\n# ## Going further: more\n#\n{words}\n# %%\nscoreboard()")
    assert (minutes(path).core, minutes(path).further) == (5, 10)
    path.write_text(path.read_text().replace("# %%\nscoreboard()", f"# %% [markdown]\n# ## The end\n#\n{words}"))
    assert (minutes(path).core, minutes(path).further) == (15, 10)


def test_an_exercise_says_its_minutes(edited):
    path = edited("About 5 minutes.", "")
    with pytest.raises(SourceError, match="the exercise 'normalize' does not say its minutes"):
        minutes(path)
