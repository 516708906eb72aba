"""Late penalties: what the class's plugin says, within what was earned."""

from types import SimpleNamespace

import pytest
from nbgrader.plugins import LateSubmissionPlugin
from traitlets.config import Config

from grader.errors import CourseError
from grader.grading.late import Late


class AsTold(LateSubmissionPlugin):
    told = None

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return self.told(student_id, score, total_seconds_late)


@pytest.fixture
def penalty(monkeypatch):
    """A function that gives the penalty on 4 points of ada's, by a plugin that says what it is told to."""

    def penalty(told, seconds: float = 60.0) -> float | None:
        monkeypatch.setattr(AsTold, "told", staticmethod(told))
        notebook = SimpleNamespace(score=4.0, late_submission_penalty=9.0)
        Late(Config({"AssignLatePenalties": {"plugin_class": AsTold}})).penalize(notebook, "ada", seconds)
        return notebook.late_submission_penalty

    return penalty


def test_the_plugin_is_asked_with_student_score_and_seconds(penalty):
    asked = []
    assert penalty(lambda *about: asked.append(about) or 1.5) == 1.5 and asked == [("ada", 4.0, 60.0)]


@pytest.mark.parametrize(("says", "is_"), [(None, None), (0, 0), (-1, 0), (3, 3), (5, 4), ("2.5", 2.5)])
def test_a_penalty_is_no_more_than_the_score_and_no_less_than_nothing(penalty, says, is_):
    assert penalty(lambda *about: says) == is_


@pytest.mark.parametrize("seconds", [0.0, -60.0])
def test_who_was_in_time_loses_nothing_and_the_plugin_is_not_asked(penalty, seconds):
    assert penalty(lambda *about: pytest.fail("asked"), seconds) is None


@pytest.mark.parametrize("says", [lambda *about: 1 / 0, lambda *about: "much", lambda *about: [1]])
def test_a_plugin_that_stops_or_gives_no_number_is_named_with_the_student(penalty, says):
    with pytest.raises(CourseError, match="plugin for late penalties stopped at 'ada': "):
        penalty(says)


def test_without_a_plugin_of_its_own_a_class_takes_nothing():
    notebook = SimpleNamespace(score=4.0, late_submission_penalty=9.0)
    Late(Config()).penalize(notebook, "ada", 60.0)
    assert notebook.late_submission_penalty is None


@pytest.mark.parametrize("plugin", ["no_such_module.Late", "builtins.int"])
def test_a_plugin_that_cannot_be_had_is_named_with_where_it_has_to_be(plugin):
    with pytest.raises(CourseError, match=rf"plugin_class = '{plugin}' cannot be used .*lies beside nbgrader_config"):
        Late(Config({"AssignLatePenalties": {"plugin_class": plugin}}))
