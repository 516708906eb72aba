"""How learning management systems name the files in their "download all submissions", as plugins of nbgrader.

`nbgrader zip_collect --collector=grader.classroom.collectors.MoodleCollectorPlugin` takes them, too; `bncourse collect`
asks them for every file, and before them the pattern that the class's own nbgrader_config.py has, if any:
c.FileNameCollectorPlugin.named_regexp, whose groups may be student_id, name, first_name, last_name, email, timestamp.
"""

from nbgrader.plugins import FileNameCollectorPlugin
from traitlets import default

MOODLE = r"(?:.*?/)??(?P<name>[^/]+?)_(?P<student_id>\d+)_assignsubmission_(?P<kind>[a-z]+)(?:_?/|_)(?P<file_id>.+)"
CANVAS = r"(?:.*?/)??(?P<name>[^/_]+)_(?P<late>LATE_)?(?P<student_id>\d+)_(?:(?P<attachment>\d+)_)?(?P<file_id>[^_].*)"


class MoodleCollectorPlugin(FileNameCollectorPlugin):
    """Ada King_31_assignsubmission_file/UNIT.ipynb, also with _ or another _ in the place of the slash.

    The number is that of the person in this one assignment, not in Moodle; the name may have a group's before it.
    """

    @default("named_regexp")
    def _named_regexp_default(self) -> str:
        return MOODLE


class CanvasCollectorPlugin(FileNameCollectorPlugin):
    """kingada_LATE_101_5566_UNIT-1.ipynb: name, mark, Canvas's number of the person, of the file, the file's name."""

    @default("named_regexp")
    def _named_regexp_default(self) -> str:
        return CANVAS
