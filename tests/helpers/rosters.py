"""Class lists as Canvas, Moodle and GitHub Classroom export them, and who is in a gradebook."""

from pathlib import Path

from grader.report.scores import grades_at

CANVAS = """Student,ID,SIS User ID,SIS Login ID,Root Account,Section,Unit 3 (77),Current Score
    Points Possible,,,,,,15,(read only)
"King, Ada",101,u1,ada,school.example,Monday,12,
"김, 서연",102,u2,seoyeon,school.example,Tuesday,,
"O'Neil, Bob",103,u3,bob,school.example,Monday and Tuesday,,
"Rees, Analysis and",104,u4,rees,school.example,Salt and Pepper,,
"Student, Test",999,,a94a8fe5ccb19ba61c4c0873d391e987982fbbd3,school.example,Monday,,
"""
PARTICIPANTS = """First name,Last name,Email address,Groups
Ada,King,ada@example.org,"Monday, Evening"
서연,김,seoyeon@example.org,
"""
GRADES = """First name,Last name,ID number,Institution,Department,Email address,Assignment: Unit 3 (Real)
Ada,King,4711,,,ada@example.org,12.00
Bob,O'Neil,,,,bob@example.org,-
"""
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed
Participant 31,Ada King,ada@example.org,Submitted for grading,,15.00,Yes
Participant 32,서연 김,seoyeon@example.org,No submission,,15.00,Yes
"""
GITHUB = """identifier,github_username,github_id,name
ada,ada-k,1,Ada King
bob,,,
"""


def people(directory: Path) -> dict[str, tuple]:
    """By id: first name, last name, e-mail address, number in the learning management system."""
    students = grades_at(f"sqlite:///{directory / 'gradebook.db'}").students
    return {p.id: (p.first_name, p.last_name, p.email, p.lms_user_id) for p in students}
