"""Whose a file is, among all that an instructor was given: by its name, and by whom the roster knows."""

import os
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import PurePosixPath

from nbgrader.plugins import FileNameCollectorPlugin
from nbgrader.utils import parse_utc
from traitlets.config import Config

from grader.classroom.archives import Entry
from grader.classroom.collectors import CanvasCollectorPlugin, MoodleCollectorPlugin
from grader.classroom.people import People, bare


@dataclass(frozen=True)
class Handed:
    """A file that a student handed in."""

    student: str
    path: str  # within what the student handed in
    entry: Entry
    given: int  # in which of the files that the instructor gave
    layout: str  # "moodle", "canvas", "pattern" (the class's own) or "folders"
    attachment: int | None = None  # Canvas's number of the file: a later one is newer
    late: bool = False  # by Canvas's mark
    when: datetime | None = None  # handed in, in UTC
    number: str = ""  # of the person: Moodle's, in this assignment, or Canvas's


@dataclass(frozen=True)
class Around:
    """What lies around an entry: the given file's name, how many folders all its entries lie in, and what is in there.

    beside: the folders in there; notebooks: those that lie in none of them.
    """

    name: str
    above: int = 0
    beside: frozenset[str] = frozenset()
    notebooks: frozenset[str] = frozenset()

    @cached_property
    def begin(self) -> str:
        """What all those folders begin with that have a "-"."""
        names = [name for name in self.beside if "-" in name]
        return os.path.commonprefix(names)  # noqa: RUF071  by characters, as it is meant


@dataclass(frozen=True)
class Nobodys:
    """A file of nobody on the roster, or of nobody in particular: under which name, and who of them may be meant."""

    name: str
    maybe: tuple[str, ...] = ()


class Whose:
    """Tells whose an entry is. units: those of the class, whose names are no student's."""

    def __init__(self, people: People, units: list[str], config: Config) -> None:
        self.people, self.units = people, units
        self.moodle, self.canvas = MoodleCollectorPlugin(config=Config()), CanvasCollectorPlugin(config=Config())
        own = FileNameCollectorPlugin(config=config)
        self.own = own if own.named_regexp else None
        self._of_several: dict[Around, bool] = {}

    def of(self, entry: Entry, given: int, around: Around) -> Handed | Nobodys:
        """Whose an entry is, by the outermost name that says so: what a student wrote below it says nothing.

        given: which of the instructor's files it is in; around: what else is known of that.
        """
        above = around.above
        parts = PurePosixPath(entry.path).parts
        if self.own and (match := self.own._match(entry.path)):
            found = self._by_pattern(match)
            if len(found) == 1:
                when = _parsed(match.get("timestamp"))
                path = PurePosixPath(match.get("file_id") or parts[-1])
                path = path if path.suffix else path.with_suffix(PurePosixPath(parts[-1]).suffix)  # as nbgrader does
                return Handed(*found, path.as_posix(), entry, given, "pattern", when=when)
            return _nobodys(match.get("student_id") or match.get("name") or entry.path, found)
        for at in range(min(above, len(parts) - 1) + 1):
            named = re.search(r"_\d+_", parts[at])  # else the whole path would be gone through
            if named and (found := self._by_system("/".join(parts[at:]), entry, given)):
                return found
        return self._by_folders(parts, entry, given, around)

    def number(self, system: str, named: str) -> str:
        """The person's number in what Moodle's or Canvas's archive called a submission; "" for none."""
        # Moodle's name ends where the student's own file begins
        match = self.moodle._match(f"{named}-") if system == "moodle" else self.canvas._match(named)
        return match["student_id"] if match else ""

    def has(self, student: str, system: str, number: str) -> bool:
        """Whether the roster says that a student has this number, by Moodle's worksheet or in Canvas."""
        people = self.people
        return {student} == (people.called(f"Participant {number}") if system == "moodle" else people.numbered(number))

    def _by_folders(self, parts: tuple[str, ...], entry: Entry, given: int, around: Around) -> Handed | Nobodys:
        """By the given file's name, by those of the folders that all lie in, or by the folder or file in there.

        The outermost one counts, unless a folder below it, as far as there, is somebody else's: then it is nobody's.
        """
        above = min(around.above, len(parts) - 1)
        student, path = self._outer(around.name, around), entry.path
        for at in range(above + 1):
            if at == len(parts) - 1:
                found = set() if student else self._file(parts[at])  # below a student's name it says nothing
            elif at < above:
                found = self._outer(parts[at], around)
            else:
                found = self._folder(parts[at], around.begin)
            if student and found and not student & found:
                return _nobodys("/".join((around.name, *parts[: at + 1])), student | found)
            if found and not student:
                student, path = found, "/".join(parts[at + 1 :] or parts[at:])
        if len(student) == 1:
            return Handed(*student, path, entry, given, "folders")
        return _nobodys("/".join(parts[: above + 1]) if above < len(parts) - 1 else entry.path, student)

    def _outer(self, name: str, around: Around) -> set[str]:
        """By the name of a given file, or of a folder that all of it lies in.

        Its end, ASSIGNMENT-STUDENT, counts only where all of it may be one student's: GitHub Classroom's
        ASSIGNMENT-submissions is no student called submissions.
        """
        return self._called(name) if self._is_of_several(around) else self._folder(name)

    def _is_of_several(self, around: Around) -> bool:
        """Whether folders or notebooks that lie beside each other are several students'."""
        if around not in self._of_several:
            found = [self._folder(name, around.begin) for name in around.beside]
            found += [self._file(name) for name in around.notebooks]
            self._of_several[around] = len(set().union(*(students for students in found if len(students) == 1))) > 1
        return self._of_several[around]

    def _by_system(self, path: str, entry: Entry, given: int) -> Handed | Nobodys | None:
        """By a name that Moodle or Canvas gave, at the beginning of this path; None where it is none."""
        moodle = "_assignsubmission_" in path.partition("/")[0] and self.moodle._match(path)
        if moodle and path.startswith(f"{moodle['name']}_"):
            found = self._by_moodle(moodle["name"], moodle["student_id"])
            if len(found) == 1:
                number = moodle["student_id"]
                return Handed(*found, moodle["file_id"], entry, given, "moodle", when=entry.when, number=number)
            return _nobodys(f"{moodle['name']}_{moodle['student_id']}", found)
        if (match := self.canvas._match(path)) and path.startswith(f"{match['name']}_"):
            number, attachment = match["student_id"], match["attachment"]
            if match["name"] == "anon":  # an assignment that is marked without names: this is no number of Canvas's
                return _nobodys(f"{match['name']}_{number}", set())
            found, maybe = self._by_canvas(match["name"], number)
            if len(found) == 1:
                attachment = int(attachment) if attachment and len(attachment) < 20 else None
                late = bool(match["late"])
                return Handed(*found, match["file_id"], entry, given, "canvas", attachment, late, number=number)
            if maybe or attachment:
                return _nobodys(f"{match['name']}_{number}", maybe)
        return None

    def _by_pattern(self, match: dict) -> set[str]:
        name = match.get("name") or f"{match.get('first_name') or ''} {match.get('last_name') or ''}"
        for text, ask in ((match.get("student_id"), self.people.anyhow), (match.get("email"), self.people.called)):
            if text and (found := ask(text)):
                return found
        return self.people.named(name)

    def _by_canvas(self, name: str, number: str) -> tuple[set[str], set[str]]:
        """Whose, and who may be meant: by Canvas's number where the roster has it, else by the name.

        An id that is this number may be another student's: it counts where it is not against the name.
        """
        if numbered := self.people.numbered(number):
            return numbered, numbered
        named, called = self.people.named(name), self.people.called(number)
        if named and called:
            found = named & called
        else:
            found = named or {id for id in called if self.people.nameless(id)}
        # Of whom the roster has another of Canvas's numbers, somebody else has taken the name.
        return {id for id in found if not self.people.by_id[id].lms_user_id.strip().isdigit()}, named | called

    def _by_moodle(self, name: str, number: str) -> set[str]:
        """By the name; where several have it, or it is hidden, by the number that a grading worksheet gave.

        Never by the number against a name: it is no number of Moodle's users, and may be another student's there. One
        that a grading worksheet gave to somebody else says that the name is taken: then both may be meant.
        """
        name = name.replace("_", " ")
        participant = self.people.called(f"Participant {number}")
        numbered = participant | self.people.numbered(number)
        candidates = [name]
        while "-" in candidates[-1]:  # the name of a group may stand before it
            candidates.append(candidates[-1].partition("-")[2])
        for candidate in candidates:
            if found := self.people.named(candidate) or self.people.called(candidate):
                if participant and not found & participant:
                    return found | participant
                return found & numbered if len(found) > 1 and len(found & numbered) == 1 else found
        anonymous = not bare(name) or bool(re.fullmatch(r"Participant", name.strip(), re.I))
        return {id for id in numbered if anonymous or self.people.nameless(id)}

    def _folder(self, name: str, begin: str | None = None) -> set[str]:
        """By a folder's name, or by its end. begin: what all folders beside it begin with, None for none there."""
        if found := self._called(name):
            return found
        if self._unit(name):
            return set()
        name = re.sub(r"\.zip$", "", name, flags=re.I)
        # GitHub Classroom: ASSIGNMENT-STUDENT, with one assignment for all; else maria-lee would be taken for a lee.
        for at in (match.end() for match in re.finditer("-", name)):
            common = begin is None or begin.startswith(name[:at])
            if common and (found := self.people.called(name[at:])):
                return found
        return set()

    def _called(self, name: str) -> set[str]:
        """By a name that is all a student's."""
        return set() if self._unit(name) else self.people.anyhow(re.sub(r"\.zip$", "", name, flags=re.I))

    def _file(self, name: str) -> set[str]:
        """By ada.ipynb, ada_UNIT.ipynb, UNIT-ada.ipynb."""
        stem = name.partition(".")[0]
        if found := self.people.anyhow(stem) if not self._unit(stem) else set():
            return found
        for unit in self.units:
            for text in (unit, unit.partition("_")[0]):
                for rest in (re.sub(rf"^{text}[-_ ]", "", stem, flags=re.I), re.sub(rf"[-_ ]{text}$", "", stem)):
                    if rest != stem and (found := self.people.anyhow(rest)):
                        return found
        return set()

    def _unit(self, name: str) -> bool:
        return any(name.casefold() in (unit.casefold(), unit.partition("_")[0]) for unit in self.units)


def _nobodys(name: str, found: set[str]) -> Nobodys:
    return Nobodys(name, tuple(sorted(found)))


def _parsed(text: str | None) -> datetime | None:
    try:
        return parse_utc(text) if text else None
    except Exception:  # dateutil's own errors, OverflowError, TypeError …
        return None
