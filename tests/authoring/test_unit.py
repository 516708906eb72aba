"""A unit is read from its two files, which must fit each other."""

import pytest

from grader.authoring.unit import read_unit
from grader.errors import SourceError


def test_reads_both_files(tiny):
    unit = read_unit(tiny)
    assert (unit.name, unit.title, unit.question) == ("90_tiny", "Tiny", "What is it?")
    assert (unit.seconds, unit.builds_on, unit.points, unit.manual_points) == (5, [], 3, 0)
    assert unit.exercises == ["normalize", "q_epsilon"]
    assert [len(unit.mistakes_of(e)) for e in unit.exercises] == [5, 1]
    assert [[right.name for right in unit.rights_of(e)] for e in unit.exercises] == [["in two steps"], []]
    assert unit.is_question("q_epsilon") and not unit.is_question("normalize")
    assert unit.mistakes_path == tiny.parent / "mistakes" / "90_tiny.py"


def test_points_of_a_person_are_part_of_all_points(tiny):
    essay = '\n# %% [markdown] manual="essay" points=2.5\n# ### BEGIN SOLUTION\n# Because.\n# ### END SOLUTION\n'
    tiny.write_text(tiny.read_text(encoding="utf-8") + essay, encoding="utf-8")
    unit = read_unit(tiny)
    assert (unit.points, unit.manual_points, unit.exercises) == (5.5, 2.5, ["normalize", "q_epsilon"])


def test_an_exercise_needs_the_mistakes_file(tiny):
    (tiny.parent / "mistakes" / tiny.name).unlink()
    with pytest.raises(SourceError) as caught:
        read_unit(tiny)
    assert str(caught.value) == (
        "mistakes/90_tiny.py:1: the file is missing, and 90_tiny.py has exercises. "
        "Create solutions/mistakes/90_tiny.py, with '# %% exercise=\"normalize\"'."
    )
    assert caught.value.path == tiny.parent / "mistakes" / "90_tiny.py"


def test_a_unit_without_exercises_needs_none(tiny):
    (tiny.parent / "mistakes" / tiny.name).unlink()
    tiny.write_text('# ---\n# title: "1"\n# question: Why?\n# seconds: 1\n# ---\n\n# %%\nscoreboard()\n')
    unit = read_unit(tiny)
    assert (unit.title, unit.exercises, unit.rights, unit.mistakes) == ("1", [], [], [])


def test_builds_on(edited):
    path = edited("# seconds: 5\n", "# seconds: 5\n# builds_on: [01_one, 02_two]\n")
    assert read_unit(path).builds_on == ["01_one", "02_two"]
