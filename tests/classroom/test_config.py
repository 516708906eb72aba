"""The settings of a class: a new one's, and what the course's notebooks need in an nbgrader course that is there."""

import sys

import pytest

from grader.classroom.backup import Backup
from grader.classroom.config import FILE, UNGRADED, importable, load, set_up
from grader.errors import CourseError


@pytest.fixture
def given(tmp_path):
    """A function that completes settings that are there, and returns what was said and the steps as loaded."""

    def given(text: str, **options):
        (tmp_path / FILE).write_text(text, encoding="utf-8")
        ungraded, said = set_up(tmp_path, Backup(tmp_path), **options)
        settings = load(tmp_path)
        names = {
            converter: [getattr(s, "__name__", s) for s in settings[converter].get("preprocessors") or []]
            for converter in ("GenerateAssignment", "GenerateFeedback")
        }
        return ungraded, said, names

    return given


QUICKSTART = "c = get_config()\nc.CourseDirectory.course_id = 'ml-101'\nc.NbGrader.logfile = 'x.log'\n"


def test_an_nbgrader_course_gets_what_hides_hidden_tests_and_a_copy_of_its_settings(given, tmp_path):
    _, (said,), steps = given(QUICKSTART)
    assert steps["GenerateFeedback"][0] == "ShortenForFeedback" and "ClearAnswers" in steps["GenerateAssignment"]
    (copy,) = tmp_path.glob(f"backup/*/{FILE}")
    assert copy.read_text() == QUICKSTART and copy.relative_to(tmp_path).as_posix() in said
    text = (tmp_path / FILE).read_text()
    assert text.startswith(QUICKSTART) and load(tmp_path).CourseDirectory.course_id == "ml-101"
    assert set_up(tmp_path, Backup(tmp_path)) == (False, []) and (tmp_path / FILE).read_text() == text


def test_steps_of_the_instructor_s_own_are_left_and_named(given, tmp_path):
    own = "c = get_config()\nc.GenerateFeedback.preprocessors = ['nbgrader.preprocessors.GetGrades']\n"
    _, said, steps = given(own)
    assert steps["GenerateFeedback"] == ["nbgrader.preprocessors.GetGrades"] and "ClearAnswers" in str(steps)
    assert "Put grader.classroom.feedback.ShortenForFeedback into it, as the first: feedback would" in said[0]
    complete = own.replace("[", "['grader.classroom.feedback.ShortenForFeedback', ")
    assert not any("ShortenForFeedback" in text for text in given(complete)[1])
    inserted = "from grader.classroom.feedback import ShortenForFeedback\n"
    inserted += "get_config().GenerateFeedback.preprocessors.insert(0, ShortenForFeedback)\n"
    (tmp_path / FILE).write_text(inserted, encoding="utf-8")
    assert not any("ShortenForFeedback" in text for text in set_up(tmp_path, Backup(tmp_path))[1])


def test_a_new_class_has_all_of_it(tmp_path):
    assert set_up(tmp_path, Backup(tmp_path)) == (False, [])
    assert load(tmp_path).CourseDirectory.course_id == tmp_path.name and not (tmp_path / "backup").exists()


def test_questions_without_points_are_for_good_and_noted_once(given, tmp_path):
    assert given(QUICKSTART, questions_ungraded=True)[0]
    assert set_up(tmp_path, Backup(tmp_path), questions_ungraded=True)[0] and set_up(tmp_path, Backup(tmp_path))[0]
    assert (tmp_path / FILE).read_text().count(UNGRADED) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [("c = get_config(\n", "cannot be run: SyntaxError in line 1"),
     ("import no_such_plugin\n", "cannot be run: ModuleNotFoundError: No module named 'no_such_plugin'"),
     ("import sys\nsys.exit(0)\n", "cannot be run: SystemExit: 0"),
     ("c = get_config()\nc.CourseDirectory.db_url = 5\n", "cannot be used: The 'db_url' trait of a CourseDirectory"),
     ("c = get_config()\nc.CourseDirectory.source_directory = 'src'\n", "source_directory to 'src': bncourse works")],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_told_in_one_line_and_stay(given, tmp_path, text, words):
    with pytest.raises(CourseError, match=words):
        given(text)
    assert (tmp_path / FILE).read_text() == text


def test_modules_beside_the_settings_are_at_hand_for_them(given, tmp_path):
    (tmp_path / "late_rules_of_this_test.py").write_text("DAYS = 3\n")
    given("from late_rules_of_this_test import DAYS\nget_config().Late.days = DAYS\n")
    assert load(tmp_path).Late.days == 3
    with pytest.raises(KeyError), importable(tmp_path):
        raise KeyError
    assert str(tmp_path) not in sys.path


def test_a_class_that_cannot_be_completed_stays_as_it_was(given, tmp_path):
    text = "def get_config():\n    raise SystemError('mine')\n"
    with pytest.raises(CourseError, match=r"could not be added to .*add them yourself:\nfrom grader"):
        given(text)
    assert (tmp_path / FILE).read_text() == text
