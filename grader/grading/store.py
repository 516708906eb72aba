"""What `bncourse grade` keeps in DIR/.bncourse: a result for each submission, the plan of each unit, a lock.

Files are written under another name and renamed, so that what is there is whole, whenever the machine goes off.
"""

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from grader.authoring.setup import KIT
from grader.errors import CourseError
from grader.grading.plan import Plan
from grader.grading.result import Result

FOLDER = ".bncourse"


@cache
def grader_version() -> str:
    """A hash of the code that grades, and of what it runs on: results of another version are not used."""
    digest = hashlib.sha256()
    for path in sorted([*Path(__file__).parent.rglob("*.py"), *KIT]):
        digest.update(path.name.encode() + path.read_bytes())
    for package in ("numpy", "torch", "ipykernel", "ipython", "nbgrader"):
        try:
            installed = version(package)
        except PackageNotFoundError:  # torch, where nothing but NumPy's units is graded
            installed = "none"
        digest.update(f"{package} {installed}".encode())
    return digest.hexdigest()


def result_key(submission_hash: str, release_hash: str, limits: object) -> str:
    """The hash under which a result is kept."""
    return hashlib.sha256(f"{submission_hash} {release_hash} {limits} {grader_version()}".encode()).hexdigest()


def write_whole(path: Path, text: str, safely: bool = True) -> int:
    """Write a file so that it is either whole or as it was. Returns its size. Raises OSError, naming the file.

    `safely`: also where the machine goes off. For the holder of the lock only; what a killed one left, the next
    overwrites.
    """
    content = text.encode(errors="replace")  # a student's text may hold what no encoding has
    temporary = path.with_name(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            if safely:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):  # one of writing names no file
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    return len(content)


class Store:
    """The results and plans of one class directory."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.folder = directory, directory / FOLDER

    def result_path(self, unit: str, student: str) -> Path:
        raw = os.fsencode(student)
        # A hash takes 250 bytes, too: so many no id has that names its file itself, be it another's hash.
        name = student if len(raw) < 250 else hashlib.sha256(raw).hexdigest().ljust(250, "_")
        return self.folder / "results" / unit / f"{name}.json"

    def result(self, unit: str, student: str) -> Result | None:
        """The kept result of a submission, of whatever version; None where there is none that can be read."""
        return _result(self.result_path(unit, student))

    def keep(self, result: Result, safely: bool = True) -> None:
        path = self.result_path(result.unit, result.student)
        write_whole(path, json.dumps(result.as_dict(), ensure_ascii=False, indent=1), safely)

    def results(self, unit: str = "*") -> Iterator[tuple[Path, Result | None]]:
        """Each file of kept results, of one unit or of all, with what it holds; None where that is no result."""
        for path in sorted((self.folder / "results").glob(f"{unit}/*.json")):
            yield path, _result(path)

    def plan(self, unit: str, release_hash: str) -> Plan | None:
        """What running a unit's answers showed, if this release and grader were asked before."""
        raw = _read(self.folder / "plans" / f"{unit}.json")
        try:
            return Plan.read(raw) if raw and raw.get("key") == self._plan_key(release_hash) else None
        except (KeyError, TypeError, AttributeError):
            return None

    def keep_plan(self, unit: str, release_hash: str, plan: Plan) -> None:
        text = json.dumps({**plan.as_dict(), "key": self._plan_key(release_hash)})
        write_whole(self.folder / "plans" / f"{unit}.json", text)

    def _plan_key(self, release_hash: str) -> str:
        return hashlib.sha256(f"{release_hash} {grader_version()}".encode()).hexdigest()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second `bncourse grade` off this class. The lock goes with the process, however it ends."""
        self.folder.mkdir(exist_ok=True)
        with open(self.folder / "lock", "a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise CourseError(
                    f"Another `bncourse` command is at work on {self.directory} (process {file.read().strip() or '?'})."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def _result(path: Path) -> Result | None:
    try:
        return Result.read(_read(path))
    except ValueError:
        return None


def _read(path: Path) -> dict | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
