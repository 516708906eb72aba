"""Grades for a learning management system: plugins for `nbgrader export --exporter=grader.classroom.exporters.…`.

The options below go on that command's line, or as c.CanvasExportPlugin.… into nbgrader_config.py. The rules are those
of Canvas's gradebook_importer.rb and of Moodle's grade/import/csv.

Both write UTF-8 with a byte order mark: without it spreadsheets show 서연 as ì„œì—°, and both systems accept it.
A cell that a spreadsheet would run as a formula (=HYPERLINK(…) as a student's name) gets an apostrophe in front, which
spreadsheets take for "this is text".
"""

import csv
import io
import os
import re
import sys
from collections.abc import Iterable

from nbgrader.api import Gradebook
from nbgrader.plugins import ExportPlugin
from traitlets import Bool, Dict, Enum

from grader.errors import CourseError
from grader.report.scores import Grades, Person, read_comments, read_grades

# What Canvas takes for a column of its own, in whichever title it stands.
TOTALS = re.compile("(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r")  # what spreadsheets read as a formula's beginning


def is_formula(text: str) -> bool:
    """Whether a spreadsheet might run this text."""
    return text.startswith(FORMULA) or text.lstrip().startswith(FORMULA)


def neutral(text: str) -> str:
    """The text, with an apostrophe in front where a spreadsheet might run it."""
    return f"'{text}" if is_formula(text) else text


def number(points: float) -> str:
    """Points with a decimal point and no more digits than needed: 7, 7.5, 0.3333."""
    return f"{round(points, 4):.12g}"


class GradesExportPlugin(ExportPlugin):
    """What the exporters share: which students and units, the scores, and a file that is whole or not there at all.

    A score is nbgrader's: a manual score in the place of the automatic one, extra credit, less the late penalty, not
    below 0. A submission that is not in the gradebook has no score, which is not a 0: it may be excused, late, or a
    file that could not be read, and a 0 would tell the student that it was graded, count in the average at once, and
    overwrite what somebody entered by hand. Whoever wants zeros tells the learning management system so.
    """

    default_name = ""

    titles = Dict(
        help="The name that a unit has in the learning management system, where it is not nbgrader's, "
        'for example --CanvasExportPlugin.titles "03_batchnorm_forward=Unit 3 (1234)", once for each unit.'
    ).tag(config=True)

    def export(self, gradebook: Gradebook) -> None:
        """Write the grades to `self.to`. Ends nbgrader with status 1 and one line where it cannot."""
        grades = read_grades(gradebook.db)
        try:
            grades.check()
        except CourseError as error:
            self._fail(str(error))
        units = self._chosen("assignment", self.assignment, list(grades.units))
        self._check_titles(units, list(grades.units))
        ids = set(self._chosen("student", self.student, [person.id for person in grades.students]))
        people = [person for person in grades.students if person.id in ids]
        for unit in units:
            waiting = sum(bool(g.waiting) for (u, student), g in grades.graded.items() if u == unit and student in ids)
            if waiting:
                self.log.warning("%s: %d submission(s) still wait for a person's score", unit, waiting)
        self._write(self.rows(gradebook, grades, people, units))

    def rows(self, gradebook: Gradebook, grades: Grades, people: list[Person], units: list[str]) -> Iterable[list[str]]:
        """The lines of the file, the header first."""
        raise NotImplementedError

    def title(self, unit: str) -> str:
        return neutral(" ".join(str(self.titles.get(unit, unit)).split()))

    def _check_titles(self, units: list[str], known: list[str]) -> None:
        """A title for a unit that does not exist is a slip; of two columns of one name the second is not read."""
        for unit in self.titles:
            if unit not in known:
                self._fail(f"titles names {unit!r}, which is no assignment in the gradebook.")
        titles = [self.title(unit) for unit in units]
        if twice := next((title for title in titles if titles.count(title) > 1), ""):
            self._fail(f"Two assignments would be called {twice!r}: change titles.")

    def _chosen(self, what: str, asked: list, known: list[str]) -> list[str]:
        """Those asked for, all where none is. One that does not exist is an error, not a file without it."""
        wanted = [str(name) for name in asked] or known
        for name in wanted:
            if name not in known:
                self._fail(f"There is no {what} {name!r} in the gradebook.")
        return [name for name in known if name in wanted]

    def _write(self, rows: Iterable[list[str]]) -> None:
        to = self.to or self.default_name
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        partial = f"{to}.part"
        try:
            with open(partial, "w", encoding="utf-8-sig", newline="") as file:
                file.write(text.getvalue())
            os.replace(partial, to)
        except OSError as error:
            if os.path.exists(partial):
                os.remove(partial)
            self._fail(f"{to} cannot be written: {error.strerror}.")
        self.log.info("Grades are in %s", to)

    def _fail(self, message: str) -> None:
        self.log.error(message)
        sys.exit(1)


class CanvasExportPlugin(GradesExportPlugin):
    """A file for Canvas: Grades › Import. Default name: canvas.csv.

    nbgrader export --exporter=grader.classroom.exporters.CanvasExportPlugin --to canvas.csv

    What must match in Canvas:

    - Students. Canvas looks for its own number (column ID), then the SIS User ID, then the SIS Login ID, then the name,
      and asks about whom it does not find. ID is filled from nbgrader's `lms_user_id`; nbgrader's student id goes
      into the SIS Login ID, or with `c.CanvasExportPlugin.student_id = "SIS User ID"` into that. Never into both: one
      student's login might be another one's number.
    - Assignments, by name: that of the unit, or what `titles` says, best with Canvas's number as in its own export:
      "Unit 3 (1234)". For a name that it does not know, Canvas offers to make a new assignment.
    - Points Possible is the unit's maximum; Canvas takes it for new assignments.

    - Canvas passes over columns of its own totals: a unit must not be called "Final Score" or the like.

    An empty cell means no score; see GradesExportPlugin. Over a score that stands in Canvas already it shows as a
    change before anything is saved: leave out such students with --student.
    """

    default_name = "canvas.csv"

    student_id = Enum(
        ["SIS Login ID", "SIS User ID"],
        default_value="SIS Login ID",
        help="Which of Canvas's columns nbgrader's student ids are.",
    ).tag(config=True)

    def rows(self, gradebook: Gradebook, grades: Grades, people: list[Person], units: list[str]) -> Iterable[list[str]]:
        for title in map(self.title, units):
            if found := TOTALS.search(title):
                self._fail(f"Canvas passes over a column with {found[0]!r} in its title: change titles for {title!r}.")
        head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        yield head + [self.title(unit) for unit in units]
        yield ["    Points Possible", "", "", "", ""] + [number(grades.out_of(unit)) for unit in units]
        for person in people:
            if is_formula(person.id):
                self.log.warning(
                    "Student %r: the id begins like a formula and got an apostrophe; Canvas may ask who it is",
                    person.id,
                )
            number_of_canvas = person.lms_user_id.strip()
            if not re.fullmatch(r"[0-9]*", number_of_canvas):  # Canvas reads 31 of 31a, which is somebody else
                self.log.warning("Student %r: %r is no number of Canvas's; left out", person.id, person.lms_user_id)
                number_of_canvas = ""
            known = {"Student": _canvas_name(person), "ID": number_of_canvas, self.student_id: person.id}
            scores = (grades.graded.get((unit, person.id)) for unit in units)
            yield [neutral(known.get(column, "")) for column in head] + [number(s.score) if s else "" for s in scores]


def _canvas_name(person: Person) -> str:
    """Last, First, as Canvas sorts names, on one line; the id where there is no name."""
    name = ", ".join(" ".join(part.split()) for part in (person.last_name, person.first_name) if part.strip())
    # Canvas takes any line with these words in its first cell for the line of maxima.
    return (name or person.id).replace("Points Possible", "Points\u00a0Possible")


class MoodleExportPlugin(GradesExportPlugin):
    """A file for Moodle: Grades › Import › CSV file. Default name: moodle.csv.

    nbgrader export --exporter=grader.classroom.exporters.MoodleExportPlugin --to moodle.csv

    What must match in Moodle, where the import's second page asks for it:

    - Separator: comma, encoding: UTF-8.
    - "Map from" is the file's first column, "Map to" the field of the same name. nbgrader's student ids are taken for
      usernames; `c.MoodleExportPlugin.identifier = "ID number"` if they are those, "Email address" to use nbgrader's
      emails. Moodle imports nothing at all if one student is not found: leave out the others with --student.
    - Each unit's column is mapped to its grade item, whose maximum must be at least the unit's; names need not match.
    - `c.MoodleExportPlugin.feedback = True` adds a column with each unit's late penalty and manual comments, to be
      mapped to the item's feedback.

    A submission without a score (see GradesExportPlugin) is "-", Moodle's own sign for no grade: an empty cell means
    the same for an item that exists, but becomes a grade where the column is mapped to a new item.

    A student without identifier is left out, with a warning: Moodle gives such a line's grades to the student of the
    line before. So is one whose identifier begins like a formula: with an apostrophe Moodle would not find it.
    """

    default_name = "moodle.csv"

    identifier = Enum(
        ["Username", "ID number", "Email address"],
        default_value="Username",
        help="Moodle's field that tells students apart. The first two are filled with nbgrader's student id.",
    ).tag(config=True)
    feedback = Bool(False, help="Whether to add a column with late penalty and comments for each unit.").tag(
        config=True
    )

    def rows(self, gradebook: Gradebook, grades: Grades, people: list[Person], units: list[str]) -> Iterable[list[str]]:
        comments = read_comments(gradebook.db) if self.feedback else {}
        head = [self.identifier, "First name", "Last name"]
        for unit in units:
            head += [self.title(unit)] + [f"{self.title(unit)} (feedback)"] * self.feedback
        yield [_php_safe(title) for title in head]
        for person in people:
            key = person.email if self.identifier == "Email address" else person.id
            if key.strip() in ("", "0") or is_formula(key):  # "0" is empty to PHP
                self.log.warning(
                    "Student %r left out: %r is no %s that Moodle could find", person.id, key, self.identifier.lower()
                )
                continue
            row = [key, *(neutral(" ".join(part.split())) for part in (person.first_name, person.last_name))]
            for unit in units:
                graded = grades.graded.get((unit, person.id))
                row.append(number(graded.score) if graded else "-")
                if self.feedback:
                    late = [f"Late: {number(graded.penalty)} points off."] if graded and graded.penalty > 0 else []
                    row.append(neutral("\n".join(late + comments.get((unit, person.id), []))))
            yield [_php_safe(cell) for cell in row]


def _php_safe(text: str) -> str:
    """With a space behind a backslash before a quotation mark or at the end: PHP would read on into the next cell."""
    return re.sub(r'\\(?="|$)', r"\\ ", text)
