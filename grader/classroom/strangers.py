"""Who has a folder in submitted/ and is not on the roster: an id typed wrong, in other letters, or a late joiner."""

from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from grader.classroom.people import People, read_more, same
from grader.grading.outputs import shown
from grader.report.scores import Person


def not_on_roster(
    directory: Path, known: list[Person], graded: set[str], submissions: Iterable[tuple[str, str]]
) -> dict[str, str]:
    """By student of whom the gradebook knows nothing, why nothing is graded and what to do.

    known: who is in the gradebook. graded: who of them has a submission there. Nobody is a stranger to a class without
    a roster: the gradebook then knows only those whom grading has put there, ours or nbgrader's own.
    """
    more = read_more(directory)
    if not any(_about(person) or person.id in more or person.id not in graded for person in known):
        return {}
    people = People(known, more)
    students = dict.fromkeys(student for student, _ in submissions)
    return {student: _stranger(student, people, students) for student in students if student not in people.by_id}


def alike(students: Iterable[str]) -> list[str]:
    """A line for each two ids that are one in other letters: composed or not, with capitals or not."""
    spelt: dict[str, set[str]] = defaultdict(set)
    for student in students:
        spelt[same(student)].add(student)
    pairs = [" and ".join(map(shown, sorted(ids))) for ids in spelt.values() if len(ids) > 1]
    words = "are two students here. Are they one, in other letters? Then keep one (bncourse forget)."
    return [f"{pair} {words}" for pair in pairs]


def _about(person: Person) -> str:
    """What a roster says of a person, and grading does not."""
    return person.first_name + person.last_name + person.email + person.lms_user_id


def _stranger(student: str, people: People, there: Iterable[str]) -> str:
    folder = f"submitted/{shown(student)}"
    found = people.anyhow(student)
    if len(found) == 1:
        (id,) = found
        if id in there:
            remedy = f"submitted/{shown(id)} is there, too: keep the right one, under that name."
        else:
            remedy = f"Rename the folder to {shown(id)}."
        return f"{folder}: the roster has this as {shown(people.label(id))}. {remedy}"
    close = get_close_matches(student, list(people.by_id), n=1, cutoff=0.8)
    guess = f" Is it {shown(people.label(close[0]))}? Then rename the folder." if close else ""
    return (
        f"{folder}: nobody on the roster has this id.{guess} Who is new has to be put there first: bncourse roster, or "
        "nbgrader db student add."
    )
