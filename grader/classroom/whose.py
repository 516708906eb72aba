"""Whose a file is, among all that an instructor was given: by its name, and by whom the roster knows."""

import re
from dataclasses import dataclass
from datetime import datetime
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
    number: str = ""  # Moodle's, of the person in this assignment


@dataclass(frozen=True)
class Around:
    """What lies around an entry: the given file's name, how many folders all its entries lie in, and those in there."""

    name: str
    above: int = 0
    beside: frozenset[str] = frozenset()


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

    def of(self, entry: Entry, given: int, around: Around) -> Handed | Nobodys:
        """Whose an entry is, by the outermost name that says so: what a student wrote below it says nothing.

        given: which of the instructor's files it is in; around: what else is known of that.
        """
        above, beside = around.above, around.beside
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
        if len(found := self._folder(around.name)) == 1:
            return Handed(*found, entry.path, entry, given, "folders")
        for at in range(min(above, len(parts) - 1) + 1):
            last = at == len(parts) - 1
            found = self._file(parts[at]) if last else self._folder(parts[at], beside)
            if len(found) == 1:
                return Handed(*found, "/".join(parts[at if last else at + 1 :]), entry, given, "folders")
        return _nobodys("/".join(parts[: above + 1]) if above < len(parts) - 1 else entry.path, found)

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
            found = self.people.numbered(number) or self.people.called(number) or self.people.named(match["name"])
            if match["name"] == "anon":  # an assignment that is marked without names: this is no number of Canvas's
                return _nobodys(f"{match['name']}_{number}", set())
            if len(found) == 1:
                attachment = int(attachment) if attachment and len(attachment) < 20 else None
                return Handed(*found, match["file_id"], entry, given, "canvas", attachment, bool(match["late"]))
            if found or attachment:
                return _nobodys(f"{match['name']}_{number}", found)
        return None

    def _by_pattern(self, match: dict) -> set[str]:
        name = match.get("name") or f"{match.get('first_name') or ''} {match.get('last_name') or ''}"
        for text, ask in ((match.get("student_id"), self.people.anyhow), (match.get("email"), self.people.called)):
            if text and (found := ask(text)):
                return found
        return self.people.named(name)

    def _by_moodle(self, name: str, number: str) -> set[str]:
        """By the name; where several have it, or it is hidden, by the number that a grading worksheet gave.

        Never by the number against a name: it is no number of Moodle's users, and may be another student's there.
        """
        name = name.replace("_", " ")
        numbered = self.people.called(f"Participant {number}") | self.people.numbered(number)
        candidates = [name]
        while "-" in candidates[-1]:  # the name of a group may stand before it
            candidates.append(candidates[-1].partition("-")[2])
        for candidate in candidates:
            if found := self.people.named(candidate) or self.people.called(candidate):
                return found & numbered if len(found) > 1 and len(found & numbered) == 1 else found
        anonymous = not bare(name) or bool(re.fullmatch(r"Participant", name.strip(), re.I))
        return {id for id in numbered if anonymous or self.people.nameless(id)}

    def _folder(self, name: str, beside: frozenset[str] = frozenset()) -> set[str]:
        if self._unit(name):
            return set()
        name = re.sub(r"\.zip$", "", name, flags=re.I)
        if found := self.people.anyhow(name):
            return found
        # GitHub Classroom: ASSIGNMENT-STUDENT, with one assignment for all; else maria-lee would be taken for a lee.
        for at in (match.end() for match in re.finditer("-", name)):
            common = all(other.startswith(name[:at]) for other in beside if "-" in other)
            if common and (found := self.people.called(name[at:])):
                return found
        return set()

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
