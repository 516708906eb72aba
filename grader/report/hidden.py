"""A class under made-up names, for a report that others may see."""

from dataclasses import replace
from pathlib import Path

from grader.classroom.pseudonyms import pseudonyms
from grader.grading.result import Result
from grader.grading.verdict import GOES_ON, SAYS
from grader.report.collect import ClassData, Standing, UnitData

LEFT_OUT = "(left out)"


def under_pseudonyms(data: ClassData, directory: Path) -> ClassData:
    """The same class with the pseudonyms that `bncourse totals` uses: no ids, names, files, words of students' own.

    Points may still tell who somebody is. Raises CourseError where the class's key cannot be used.
    """
    names = pseudonyms(directory, data.everybody)
    people = {names[id]: replace(person, id=names[id]) for id, person in data.people.items()}
    people = {id: replace(people[id], first_name="", last_name="", email="", lms_user_id="") for id in sorted(people)}
    units = [_unit(unit, names) for unit in data.units]
    unreadable = sorted({f"{file.rpartition('/')[0]}/…" for file in data.unreadable})
    return ClassData(data.name, units, people, unreadable)


def _unit(unit: UnitData, names: dict[str, str]) -> UnitData:
    submissions = sorted((_standing(s, names[s.student]) for s in unit.submissions), key=lambda s: s.student)
    alike = [replace(group, students=tuple(sorted(names[s] for s in group.students))) for group in unit.alike]
    ungraded = sorted(names[student] for student in unit.ungraded)
    return replace(unit, submissions=submissions, ungraded=ungraded, alike=alike)


def _standing(submission: Standing, name: str) -> Standing:
    result = submission.result and _result(submission.result, name)
    return replace(submission, student=name, result=result, file="")


def _result(result: Result, name: str) -> Result:
    def clean(text: str) -> str:
        return _without_quotes(text.replace(f"submitted/{result.student}/", f"submitted/{name}/"))

    cells = [replace(cell, message=clean(cell.message)) for cell in result.cells]
    said = {field: [*map(clean, getattr(result, field))] for field in ("repairs", "flags", "limits", "reaches")}
    return replace(result, student=name, file="", reason=clean(result.reason), cells=cells, **said)


def _without_quotes(text: str) -> str:
    """A message without what a notebook said, which may be a name."""
    lines: list[str] = []
    for line in text.splitlines():
        if SAYS in line:
            lines.append(line.partition(SAYS)[0] + SAYS + LEFT_OUT)
        elif not line.startswith(GOES_ON):
            lines.append(line)
    return "\n".join(lines)
