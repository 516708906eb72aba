"""Moodle's grading worksheet says when each was handed in; a file that is none is refused, with the reason."""

import pytest
from helpers.lms_class import FILE, notebook, said, there, zipped

from grader.classroom.collecting import collect
from grader.errors import CourseError

WORKSHEET = """Identifier,Full name,Status,"Last modified (submission)",Grade
Participant 31,Ada King,Submitted,"Thursday, 1 October 2026, 11:30 PM",
Participant 33,Bob O'Neil,Submitted,"Friday, 2 October 2026, 9:05",
Participant 32,Ann Lee,No submission,-,
"""


def test_moodles_grading_worksheet_says_when(lms_class, tmp_path, capsys):
    sheet = tmp_path / "Grades.csv"
    sheet.write_text(WORKSHEET, encoding="utf-8-sig")
    names = ("Ada King_31", "Bob ONeil_33", "김서연_34")
    zipped({f"{name}_assignsubmission_file/{FILE}": notebook() for name in names}, tmp_path / "all.zip")
    assert "within an hour" not in said(collect(lms_class, "03", [sheet, tmp_path / "all.zip"]), capsys, 0)
    stamps = {name.split("/")[0]: text for name, text in there(lms_class).items() if name.endswith("txt")}
    assert stamps == {"ada": b"2026-10-01 23:30:00 UTC", "bob": b"2026-10-02 09:05:00 UTC"}


@pytest.mark.parametrize(
    "old, new, why",
    [
        ("Identifier", "ID", 'no column "Identifier"'),
        ("Thursday, 1 October 2026, 11:30 PM", "1/10/2026, 11:30", "is no time as Moodle writes it"),
        ("Thursday, 1 October 2026, 11:30 PM", "Thursday, 41 October 2026, 11:30", "is no time as Moodle writes it"),
    ],
)
def test_worksheets_that_are_none(lms_class, tmp_path, old, new, why):
    (tmp_path / "w.csv").write_text(WORKSHEET.replace(old, new))
    with pytest.raises(CourseError, match=why):
        collect(lms_class, "03", [tmp_path / "w.csv"])
