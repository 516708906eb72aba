"""Which submissions hold the same answers to the letter: of two students, or of the course's own solved notebook.

Short answers are alike by chance, and a class talks to each other: what is said here is for a person to look at.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from grader.authoring.regions import HIDDEN, SOLUTION
from grader.grading.notebook import SubmittedCell
from grader.grading.outputs import some
from grader.grading.rebuild import Piece
from grader.grading.release import Release, ReleaseCell
from grader.grading.result import Result

ENOUGH = 300  # characters of own code, white space aside: so much is not the same by chance
MARKERS = f"### BEGIN {HIDDEN}", f"### END {HIDDEN}"
BORDERS = f"### BEGIN {SOLUTION}", f"### END {SOLUTION}"
SHOWN = 3  # students that are named

SOLVED = "it holds the hidden tests: is it the course's own solved notebook?"


def own_code(cell: ReleaseCell, source: str) -> str:
    """What an answer's cell holds beyond its stub, line by line, without white space."""
    stub = {line.strip() for line in cell.released.splitlines()}
    lines = (line.strip() for line in source.splitlines())
    return "".join("".join(line.split()) for line in lines if line not in stub and not line.startswith(BORDERS))


def answers_of(pieces: Iterable[Piece]) -> list[str]:
    """A rebuilt notebook's answers, for `Result.answers`: "exercise length digest", by which two are compared."""
    return [_mark(piece.cell, piece.source) for piece in pieces if piece.role == "solution"]


def _mark(cell: ReleaseCell, source: str) -> str:
    code = own_code(cell, source)
    return f"{cell.key} {len(code)} {hashlib.sha256(code.encode(errors='replace')).hexdigest()[:24]}"


def is_solved(cells: Iterable[SubmittedCell]) -> bool:
    """Whether a notebook as it was handed in holds hidden tests, with the marks that only the course's sources have."""
    marked = (cell.source for cell in cells if any(marker in cell.source for marker in MARKERS))
    return any(line.strip().startswith(MARKERS) for source in marked for line in source.splitlines())


def same_answers(results: Iterable[Result], releases: dict[str, Release]) -> dict[tuple[str, str], list[str]]:
    """By (student, unit), a line for each reason to look at a submission beside others. All results, new or kept."""
    found: dict[tuple[str, str], list[str]] = {}
    by_unit: dict[str, dict[str, set[str]]] = defaultdict(dict)
    for result in results:
        by_unit[result.unit][result.student] = set(result.answers)
    for unit, marks in by_unit.items():
        if unit not in releases:
            continue
        theirs = _solutions(releases[unit])
        solved = {student for student, own in marks.items() if _is_much(own & theirs)}
        for student in solved:
            which = _exercises(marks[student] & theirs)
            found.setdefault((student, unit), []).append(f"{which}: to the letter as in the course's solved notebook")
        for student, (others, shared) in _twins({s: own for s, own in marks.items() if s not in solved}).items():
            who = some(sorted(others), SHOWN)
            text = f"{_exercises(shared)}: the same code, white space aside, as {who}. Did they work together?"
            found.setdefault((student, unit), []).append(text)
    return found


@dataclass(frozen=True)
class Group:
    """Students of one unit whose answers are in good part the same to the letter."""

    students: tuple[str, ...]
    exercises: str  # in which, between commas
    solved: bool = False  # the same as in the course's solved notebook


def groups(results: Iterable[Result], release: Release | None) -> list[Group]:
    """The students of one unit who share answers, in groups, the largest first; first those who have the course's.

    release: None where it is not at hand; the course's own answers are then not known.
    """
    marks = {result.student: set(result.answers) for result in results}
    theirs = _solutions(release) if release else set()
    solved = sorted(student for student, own in marks.items() if _is_much(own & theirs))
    found = []
    if solved:
        found.append(Group(tuple(solved), _exercises(set().union(*(marks[s] & theirs for s in solved))), True))
    twins, seen = _twins({s: own for s, own in marks.items() if s not in solved}), set()
    rest = []
    for student in sorted(twins):
        members, shared, left = set(), set(), [student]
        while left:  # whoever shares with one of them is of the group
            if (one := left.pop()) not in seen:
                seen.add(one)
                members.add(one)
                shared |= twins[one][1]
                left += twins[one][0]
        if members:
            rest.append(Group(tuple(sorted(members)), _exercises(shared)))
    return found + sorted(rest, key=lambda group: -len(group.students))


def _solutions(release: Release) -> set[str]:
    """The marks of the course's own answers."""
    return {_mark(cell, cell.full) for cell in release.cells if cell.role == "solution"}


def _twins(marks: dict[str, set[str]]) -> dict[str, tuple[set[str], set[str]]]:
    """By student, those whose answers are in good part the same, and the marks of these answers."""
    # Everybody shares those that are not written: they would make every two of a class a pair to look at.
    marks = {student: {mark for mark in own if _length(mark)} for student, own in marks.items()}
    sharing = defaultdict(set)
    for student, own in marks.items():
        for mark in own:
            sharing[mark].add(student)
    pairs = {pair for students in sharing.values() for pair in combinations(sorted(students), 2)}
    found: dict[str, tuple[set[str], set[str]]] = {}
    for pair in pairs:
        shared = marks[pair[0]] & marks[pair[1]]
        if _is_much(shared):
            for one, other in (pair, pair[::-1]):
                others, known = found.setdefault(one, (set(), set()))
                others.add(other)
                known |= shared
    return found


def _is_much(marks: set[str]) -> bool:
    return sum(map(_length, marks)) >= ENOUGH


def _length(mark: str) -> int:
    return int(mark.split()[1])


def _exercises(marks: set[str]) -> str:
    return ", ".join(sorted(mark.split()[0] for mark in marks if _length(mark)))
