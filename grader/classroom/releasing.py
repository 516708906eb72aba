"""Put a unit into a class: its source, and of it the release that students get.

nbgrader makes the release beside the old one, of a copy of the source. Only when it is whole do the two take their
places, so that whatever fails, a class has what it had. What somebody edited is told by hashes of what was put there.
"""

import copy
import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from sqlalchemy.exc import SQLAlchemyError
from traitlets.config import Config

from grader.classroom.backup import Backup
from grader.errors import CourseError, said_by_database
from grader.grading.earlier import remember
from grader.grading.empty_gradebook import make_tables
from grader.grading.outputs import line, some
from grader.grading.store import FOLDER, write_whole

RECORD = "made.json"
OLD = "old"
OLD_GRADEBOOK = "Is formgrader at work on it? Was it made by an earlier nbgrader (nbgrader db upgrade)?"
NAMED = 5  # cells that are named in a line


@dataclass
class Releasing:
    """What is needed to put units into a class directory, which is the current one. `said`: what came of it."""

    directory: Path
    config: Config
    backup: Backup
    force: bool = False
    said: list[str] = field(default_factory=list)

    def put(self, unit: str, content: bytes) -> None:
        """Put a unit's solved notebook into the class, and release it. What somebody edited stays, unless `force`.

        Raises CourseError where nbgrader refuses it; the class is then as it was.
        """
        self._put_back()
        made = self._made(unit)
        source = self.directory / "source" / unit / f"{unit}.ipynb"
        now = source.read_bytes() if source.exists() else None
        edited = now is not None and now != content and _hash(now) != made.get("source")
        if edited and not self.force:
            self.said.append(
                f"{unit}: source/{unit} was edited in this class, and stays; it is what is released. --force puts the "
                "course's own in its place, and keeps a copy of yours."
            )
            content = now
        self._check_cells(unit, content)
        new = self._generated(unit, content)
        release = self.directory / "release" / unit
        if edited and self.force:
            self.said.append(f"{unit}: your source/{unit} is kept in {self.backup.copy(source)}.")
        if release.exists() and _hash_of(release) not in (made.get("release"), _hash_of(new)):
            self.said.append(f"{unit}: release/{unit} was another; it is kept in {self.backup.copy(release)}.")
        source.parent.mkdir(parents=True, exist_ok=True)
        if content != now:
            partial = source.with_name(f".{unit}.part")
            partial.write_bytes(content)
            os.replace(partial, source)
        self._exchange(new, release)
        stays = edited and not self.force
        hashes = {"source": made.get("source", "") if stays else _hash(content), "release": _hash_of(release)}
        self._keep(unit, hashes)
        shutil.rmtree(self._beside, ignore_errors=True)

    @property
    def _beside(self) -> Path:
        return self.directory / FOLDER / "new"

    def _generated(self, unit: str, content: bytes) -> Path:
        """The folder of a release that nbgrader makes of this notebook, and of what lies beside it in source/."""
        shutil.rmtree(self._beside, ignore_errors=True)  # of a run that was killed
        folders = {name: (self._beside / name).relative_to(self.directory) for name in ("source", "release")}
        source = self.directory / folders["source"] / unit
        if (old := self.directory / "source" / unit).exists():
            shutil.copytree(old, source, symlinks=True)
        else:
            source.mkdir(parents=True)
        (source / f"{unit}.ipynb").write_bytes(content)
        config = Config({"CourseDirectory": {f"{name}_directory": str(path) for name, path in folders.items()}})
        result = NbGraderAPI(config=_merged(self.config, config)).generate_assignment(unit)
        if not result["success"]:
            why = last_error(result).rstrip(".")
            raise CourseError(f"nbgrader could not release {unit}: {why}. Its source and its release are as they were.")
        return self.directory / folders["release"] / unit

    def _check_cells(self, unit: str, content: bytes) -> None:
        """Raise CourseError where the gradebook cannot take a notebook's cells, since it was handed in with others."""
        try:
            notebook = nbformat.reads(content.decode(), as_version=4)
        except Exception as error:
            why = line(str(error).partition("\n")[0])
            force = "--force puts the course's own there, and keeps a copy of this."
            raise CourseError(f"source/{unit}/{unit}.ipynb is no notebook that can be read: {why}. {force}") from None
        before = self._in_gradebook(unit)
        if before is None:
            return
        after = _names(notebook)
        lost = sorted(set().union(*(before[kind] - after[kind] for kind in before)))
        gained = sorted(set().union(*(after[kind] - before[kind] for kind in before)))
        if lost or gained:
            raise CourseError(_cannot(unit, lost, gained))

    def _in_gradebook(self, unit: str) -> dict[str, set[str]] | None:
        """The cells of a unit that somebody has handed in, by what they are; None where nobody has."""
        coursedir = NbGraderAPI(config=self.config).coursedir
        try:
            make_tables(coursedir.db_url)
            with Gradebook(coursedir.db_url, coursedir.course_id) as gradebook:
                known = gradebook.find_notebook(unit, unit)
                if not known.submissions:
                    return None
                kinds = ("grade", "solution", "task", "source")
                return {kind: {cell.name for cell in getattr(known, f"{kind}_cells")} for kind in kinds}
        except MissingEntry:
            return None
        except SQLAlchemyError as error:
            raise CourseError(f"gradebook.db cannot be used: {said_by_database(error)}. {OLD_GRADEBOOK}") from None

    def _exchange(self, new: Path, release: Path) -> None:
        """Put the new release into the old one's place."""
        if release.exists():
            remember(self.directory, release.name, _locked(release / f"{release.name}.ipynb"))
            (self._beside / OLD).mkdir()
            os.replace(release, self._beside / OLD / release.name)
        release.parent.mkdir(exist_ok=True)
        os.replace(new, release)

    def _put_back(self) -> None:
        """Where a run was killed between two moves, the release that it had taken away."""
        for old in (self._beside / OLD).glob("*"):
            if not (self.directory / "release" / old.name).exists():
                os.replace(old, self.directory / "release" / old.name)

    def _made(self, unit: str) -> dict[str, str]:
        """The hashes of what this command put into the class for a unit; {} where it did not, or nothing is known."""
        return self._records().get(unit, {})

    def _records(self) -> dict[str, dict[str, str]]:
        try:
            units = json.loads((self.directory / FOLDER / RECORD).read_text(encoding="utf-8"))["units"]
            return {unit: {key: str(value) for key, value in made.items()} for unit, made in units.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}  # then all that is there counts as edited

    def _keep(self, unit: str, made: dict[str, str]) -> None:
        units = self._records() | {unit: made}
        write_whole(self.directory / FOLDER / RECORD, json.dumps({"units": units}, indent=1) + "\n")


def last_error(result: dict) -> str:
    """The line that matters of a failed result of nbgrader's API: that of the first exception in its log."""
    for text in (result.get("log") or "", result.get("error") or ""):
        found = re.search(r"^ *((?:\w+\.)*\w*(?:Error|Exception|Entry)\b.*)$", text, flags=re.M)
        if found:
            return found[1].strip()
    return "unknown error"


def _names(notebook: nbformat.NotebookNode) -> dict[str, set[str]]:
    """The cells that nbgrader keeps of a notebook, by what they are."""
    found: dict[str, set[str]] = {"grade": set(), "solution": set(), "task": set(), "source": set()}
    kinds = {"grade": utils.is_grade, "solution": utils.is_solution, "task": utils.is_task, "source": utils.is_locked}
    for cell in notebook.cells:
        if isinstance(cell.metadata.get("nbgrader"), dict):
            of = {kind for kind, is_one in kinds.items() if is_one(cell)}
            for kind in of | ({"source"} if of else set()):
                found[kind].add(str(cell.metadata["nbgrader"].get("grade_id")))
    return found


def _locked(path: Path) -> list[tuple[str, str]]:
    """The cells of a release that students may not change, by name; none where it cannot be read."""
    try:
        cells = nbformat.read(path, as_version=4).cells
    except Exception:  # what is there is replaced all the same
        return []
    return [(cell.metadata.nbgrader.get("grade_id", ""), cell.source) for cell in cells if utils.is_locked(cell)]


def _cannot(unit: str, lost: list[str], gained: list[str]) -> str:
    """Why a notebook cannot be released any more, and the ways out."""
    words = [f"{unit} is not released anew: students have handed it in, and nbgrader then takes no other cells."]
    if lost:
        words.append(
            f"Gone: {_some(lost)}. Put {_it(lost)} back, in source/{unit}/{unit}.ipynb; with points=0 "
            f"{'it counts' if len(lost) == 1 else 'they count'} nothing."
        )
    if gained:
        words.append(
            f"New: {_some(gained)}. Put the tests into an earlier check cell, or keep {_it(gained)} for a new class."
        )
    return f"{' '.join(words)} Its source and its release are as they were."


def _it(names: list[str]) -> str:
    return "it" if len(names) == 1 else "them"


def _some(names: list[str]) -> str:
    return some([line(name, 80) for name in names], NAMED)


def _merged(config: Config, more: Config) -> Config:
    merged = copy.deepcopy(config)
    merged.merge(more)
    return merged


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(folder: Path) -> str:
    """Of the files in a folder, without what Jupyter leaves there."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and ".ipynb_checkpoints" not in path.parts:
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode(errors="surrogateescape"))
            digest.update(_hash(path.read_bytes()).encode())
    return digest.hexdigest()
