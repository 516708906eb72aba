"""`bncourse check`: run a student's notebook and say what it earns, on the checks that a student can see."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from grader.errors import CourseError
from grader.kernel import QUIET_KERNEL

CELL_TIMEOUT = 600  # seconds


@dataclass
class ExerciseScore:
    exercise: str
    points: float = 0
    out_of: float = 0
    message: str = ""  # of the first failing check


@dataclass
class Score:
    file: str
    exercises: list[ExerciseScore] = field(default_factory=list)

    @property
    def points(self) -> float:
        return sum(e.points for e in self.exercises)

    @property
    def out_of(self) -> float:
        return sum(e.out_of for e in self.exercises)

    @property
    def full(self) -> bool:
        return not any(e.message for e in self.exercises)


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """A notebook file, or one clear line on why it is none."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise CourseError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise CourseError(f"{path} is a directory; name a notebook in it.") from None
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise CourseError(f"{path} is not a notebook that can be read: {reason}") from None


def score(path: Path) -> Score:
    """Run a notebook in a kernel of this interpreter, in its own directory, and score its check cells.

    It runs with your rights: for notebooks of people you trust.
    """
    notebook = read_notebook(path)
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    if not graded:
        raise CourseError(f"{path} holds no check cells. Is it a notebook of this course, with its metadata?")
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        allow_errors=True,
        kernel_name="python3",
        extra_arguments=QUIET_KERNEL,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    stopped = ""
    try:
        client.execute(env={**os.environ, "TQDM_DISABLE": "1"})
    except CellTimeoutError:
        stopped = f"A cell ran for more than {CELL_TIMEOUT} s; the notebook was stopped there."
    except DeadKernelError:
        stopped = "The kernel died while this notebook ran."
    result, by_id = Score(str(path)), {}
    for cell in graded:
        meta = cell.metadata.nbgrader
        exercise = meta.grade_id.partition("-")[0]
        if exercise not in by_id:
            by_id[exercise] = ExerciseScore(exercise)
            result.exercises.append(by_id[exercise])
        entry = by_id[exercise]
        entry.out_of += meta.points
        message = _failure(cell) or ("" if cell.execution_count else stopped or "This cell did not run.")
        entry.message = entry.message or message
        entry.points += 0 if message else meta.points
    return result


def _failure(cell: nbformat.NotebookNode) -> str:
    errors = [o for o in cell.outputs if o.output_type == "error"]
    if not errors:
        return ""
    name, text = errors[0].ename, errors[0].evalue
    return text if name == "CheckFailed" else f"{name}: {text}"


def print_score(result: Score, as_json: bool = False) -> int:
    """Print a score. Returns 0 only for full marks."""
    if as_json:
        body = {"file": result.file, "points": result.points, "out_of": result.out_of}
        print(json.dumps({**body, "exercises": [asdict(e) for e in result.exercises]}, indent=2, ensure_ascii=False))
        return int(not result.full)
    width = max(len(e.exercise) for e in result.exercises)
    for e in result.exercises:
        print(f"{'·' if e.message else '✓'} {e.exercise:<{width}}  {e.points:g} of {e.out_of:g}")
        for line in e.message.splitlines():
            print(f"    {line}")
    print(f"{result.points:g} of {result.out_of:g} points")
    return int(not result.full)
