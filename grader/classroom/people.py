"""Who is on a class's roster: nbgrader's students, with their sections and other ids, found by whatever names them.

nbgrader's table of students has no column for sections, nor for a second id: these are in DIR/.bncourse/roster.json.
"""

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import CourseError
from grader.grading.store import FOLDER, write_whole
from grader.report.scores import Person

FILE = "roster.json"


@dataclass
class More:
    """What nbgrader's table has no column for."""

    sections: list[str] = field(default_factory=list)  # Canvas's sections, Moodle's groups
    aliases: list[str] = field(default_factory=list)  # other ids: a login, a number, a name on GitHub


def read_more(directory: Path) -> dict[str, More]:
    """By student's id, what was kept of a class's roster files. Raises CourseError where that file is spoilt."""
    path = directory / FOLDER / FILE
    try:
        students = json.loads(path.read_text(encoding="utf-8"))["students"]
        return {id: More([*map(str, d["sections"])], [*map(str, d["aliases"])]) for id, d in students.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CourseError(f"{path} cannot be read: delete it, and run `bncourse roster` again.") from None


def write_more(directory: Path, more: dict[str, More]) -> None:
    """Keep it. For the holder of the class's lock. Raises OSError."""
    students = {id: {"sections": m.sections, "aliases": m.aliases} for id, m in sorted(more.items())}
    write_whole(directory / FOLDER / FILE, json.dumps({"students": students}, ensure_ascii=False, indent=1) + "\n")


def same(text: str) -> str:
    """What is equal for two spellings of one id or address: composed or not, capitals or not, spaces at its ends."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).strip().casefold())


def bare(name: str) -> str:
    """A name's letters and digits alone: learning management systems drop what stands between them from file names."""
    return "".join(c for c in same(name) if c.isalnum() or unicodedata.category(c).startswith("M"))


class People:
    """The students of a class, by all that they are called."""

    def __init__(self, people: Iterable[Person], more: dict[str, More] | None = None) -> None:
        self.by_id = {person.id: person for person in people}
        self.more = more or {}
        self._ids, self._others = defaultdict(set), defaultdict(set)
        self._lms, self._names = defaultdict(set), defaultdict(set)
        for person in self.by_id.values():
            if person.id.strip():
                self._ids[same(person.id)].add(person.id)
            for key in (person.email, *self.more.get(person.id, More()).aliases):
                if key.strip():
                    self._others[same(key)].add(person.id)
            if person.lms_user_id.strip():
                self._lms[same(person.lms_user_id)].add(person.id)
            for name in (
                f"{person.first_name} {person.last_name}",
                f"{person.last_name} {person.first_name}",
            ):
                if bare(name):
                    self._names[bare(name)].add(person.id)

    def __len__(self) -> int:
        return len(self.by_id)

    def called(self, text: str) -> set[str]:
        """The ids of those whose id, e-mail address or other id this is.

        An id to the letter comes before one in other letters, and not before another's e-mail address or other id:
        who chooses a name on GitHub may choose somebody's id.
        """
        ids = {text} if text in self.by_id else self._ids.get(same(text), set())
        return ids | self._others.get(same(text), set())

    def numbered(self, number: str) -> set[str]:
        """The ids of those whose number in the learning management system this is."""
        return self._lms.get(same(number), set())

    def named(self, name: str) -> set[str]:
        """The ids of those who have this name, in either order, with or without what stands between its letters."""
        return self._names.get(bare(name), set()) if bare(name) else set()

    def nameless(self, id: str) -> bool:
        """Whether no name of this student is known."""
        person = self.by_id[id]
        return not bare(person.first_name + person.last_name)

    def anyhow(self, text: str) -> set[str]:
        """The ids of those who may be meant, by the first of id, LMS number and name that somebody has."""
        return self.called(text) or self.numbered(text) or self.named(text)

    def label(self, id: str) -> str:
        """An id, with the name where there is one: ada (Ada King)."""
        name = self.by_id[id].name
        return f"{id} ({name})" if name else id
