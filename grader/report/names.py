"""Students by name, as HTML: one, and many of whom the names are a click away."""

from collections.abc import Iterable

from grader.report.collect import ClassData
from grader.report.page import count, fold, name

FEW = 5  # students who are named at once


def who(student: str, data: ClassData) -> str:
    """A student's id, with the name that the roster has."""
    person = data.people.get(student)
    full = person.name if person else ""
    return name(student) + (f' <span class="soft">{name(full)}</span>' if full else "")


def in_order(students: Iterable[str], data: ClassData) -> list[str]:
    """Students as the roster has them, by last name; then those who are not on it, by id."""
    place = {id: n for n, id in enumerate(data.people)}
    return sorted(students, key=lambda id: (place.get(id, len(place)), id))


def listed(students: Iterable[str], data: ClassData) -> str:
    """All of them, between commas."""
    return ", ".join(who(student, data) for student in in_order(students, data))


def named(students: Iterable[str], data: ClassData, noun: str = "student") -> str:
    """A few by name; of more the number, which opens to their names."""
    students = list(students)
    if len(students) <= FEW:
        return listed(students, data)
    return fold(count(len(students), noun), listed(students, data))
