"""Run a rebuilt notebook in the jail, as often as it takes to get to its end."""

import asyncio
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from grader.grading import outputs
from grader.grading.execute import Kernel, Ran, Stopped
from grader.grading.given import given_code
from grader.grading.jail import Jail, Jails
from grader.grading.limits import Limits
from grader.grading.plan import Plan
from grader.grading.rebuild import Piece, names
from grader.grading.release import Release, ReleaseCell
from grader.grading.script import Part, check_parts, packed, read_parts
from grader.grading.submission import Submission

RUNS = 8  # so often a notebook is begun again without a cell that ended its kernel
NO_TORCH = "torch is not at hand here"
STUB_TORCH = Path(__file__).with_name("inside") / "no_torch.py"  # where a student imports torch in a NumPy unit
RUN_SETUP = "get_ipython().run_setup()"
RUN_CHECK = "get_ipython().run_check({key!r}, {word!r}, {code!r})"


@dataclass
class Notebook:
    """A rebuilt notebook with all that a run of it needs. second: the code of second runs, by the key of the cell."""

    pieces: list[Piece]
    files: dict[str, bytes]
    seed: int
    release: Release
    second: dict[str, str]
    limits: Limits
    deadline: float = 0.0  # as time.monotonic() tells it

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.limits.notebook_seconds

    @property
    def program(self) -> dict:
        """The release's own code that all kernels of the unit run: the setup cell's, which students have too."""
        return {"setup": next(cell.code for cell in self.release.cells if cell.role == "setup")}

    @property
    def begins_early(self) -> bool:
        """Whether code of the student's stands above the setup cell, which has to be run before it all the same."""
        return next(p.role for p in self.pieces if p.kind == "code" and p.source.strip()) != "setup"

    def check_code(self, cell: ReleaseCell) -> str:
        """A check cell's parts, as the kernel takes them."""
        parts = check_parts(cell, self.second.get(cell.key), given_code(self.release, cell))
        return packed(cell.key, tuple(parts))


@dataclass
class Run:
    """One run of a rebuilt notebook: by the number of a piece, what it gave, and of a check cell what it said."""

    ran: dict[int, Ran] = field(default_factory=dict)
    parts: dict[int, list[Part]] = field(default_factory=dict)
    stopped: tuple[int, str] | None = None  # the piece at which the kernel went, and the limit, if one was reached
    killed: bool = False  # it was killed there, perhaps from outside
    timed: bool = False  # that limit is one of time, which others on the machine may have used up
    cpu: float = 0.0  # seconds of processor time of the kernel
    repairs: list[str] = field(default_factory=list)  # what was done so that it runs
    limits: list[str] = field(default_factory=list)  # the limits that were reached


def run_notebook(
    pieces: list[Piece], submission: Submission, release: Release, plan: Plan, limits: Limits, jails: Jails
) -> Run:
    """Run the notebook; again without a cell that ends the kernel, with the demos where they are needed."""
    repairs: list[str] = []
    skip: set[int] = {n for n, piece in enumerate(pieces) if piece.role == "demo" and not piece.changed}
    stub, killed, killers = False, set(), set()
    jail, files = jails.get(release.torch), _files(submission, release, repairs)
    second = {key: one.code for key, one in plan.second.items()}
    notebook = Notebook(pieces, files, int(submission.hash[:8], 16), release, second, limits)
    for attempt in range(RUNS):
        run = run_once(notebook, jail, skip | killers, stub)
        said = _said(run)
        if not stub and not release.torch and NO_TORCH in said:
            stub = True
            repairs.append("it imports torch, which this unit's answers do without: the import was made empty")
            continue
        missing = set(re.findall(r"name '(\w+)' is not defined", said))
        demos = {n for n in skip if missing & names(pieces[n].source)} if missing else set()
        if demos:  # a student's own code uses what a demonstration made
            skip.clear()
            continue
        if run.stopped and not run.stopped[1]:
            if run.killed and run.stopped[0] not in killed:  # by the system, short of memory? Once more as it is
                killed.add(run.stopped[0])
                continue
            killers.add(run.stopped[0])
            place = where(pieces, run.stopped[0])
            repairs.append(f"{place} ended the kernel; the notebook was run again without it")
            if attempt + 1 < RUNS:
                continue
        break
    if run.stopped and run.stopped[1]:
        run.limits.append(f"{run.stopped[1]}, in {where(pieces, run.stopped[0])}; stopped there")
    for number in killers:
        run.ran.setdefault(number, Ran([outputs.error("KernelEnded", "This cell ended the kernel.")]))
    run.repairs = repairs
    return run


def where(pieces: list[Piece], number: int) -> str:
    piece = pieces[number]
    code = [n for n, p in enumerate(pieces) if p.kind == "code"]
    return f"cell {piece.key}" if piece.key else f"code cell {code.index(number) + 1}, which the student added"


def _said(run: Run) -> str:
    """The messages of all errors of a run, those inside checks included."""
    texts = [str(ran.error.get("evalue")) for ran in run.ran.values() if ran.error]
    for part in (part for parts in run.parts.values() for part in parts):
        texts += [str(sent.get("said")) for sent in part.noted if isinstance(sent, dict)]
        texts += part.error[1:] if part.error else []
    return "\n".join(text[:2000] for text in texts)


def _files(submission: Submission, release: Release, repairs: list[str]) -> dict[str, bytes]:
    """What lies beside the notebook: the student's files, and the instructor's in the place of those in their way."""
    files = dict(release.files)
    for name, content in submission.files.items():
        if any(name == other or f"{name}/".startswith(f"{other}/") or other.startswith(f"{name}/") for other in files):
            if release.files.get(name) != content:
                repairs.append(f"{outputs.line(name)} is in the way of a file of the course's: left out")
        else:
            files[name] = content
    return files


def run_once(notebook: Notebook, jail: Jail, skip: set[int], stub: bool = False) -> Run:
    """Run the pieces but those skipped, in a kernel of their own, to the end or until it goes.

    stub: torch can be imported, and is empty. Raises JailError.
    """
    run, before = Run(), jail.cpu

    async def run_all() -> None:
        n = notebook
        async with Kernel(jail, n.limits, n.deadline, n.seed, n.files, n.program) as kernel:
            if stub:
                await kernel.run(STUB_TORCH.read_text(encoding="utf-8"), history=False)
            if n.begins_early:
                await kernel.run(RUN_SETUP, history=False)
            for number, piece in enumerate(n.pieces):
                if piece.kind != "code" or number in skip or not piece.source.strip():
                    continue
                try:
                    await _run_piece(kernel, number, piece, n, run)
                except Stopped as stop:
                    run.stopped, run.killed, run.timed = (number, stop.limit), stop.killed, stop.timed
                    break

    asyncio.run(run_all())
    run.cpu = jail.cpu - before
    return run


async def _run_piece(kernel: Kernel, number: int, piece: Piece, notebook: Notebook, run: Run) -> None:
    if piece.role == "setup":
        run.ran[number] = await kernel.run(RUN_SETUP, history=False)
    elif piece.role != "check":
        run.ran[number] = await kernel.run(piece.source)
    else:
        word, run.parts[number] = secrets.token_hex(8), []
        code = RUN_CHECK.format(key=piece.key, word=word, code=notebook.check_code(piece.cell))
        ran = await kernel.run(code, history=False)
        run.ran[number], run.parts[number] = ran, read_parts(ran.outputs, word)
        for part in run.parts[number]:
            if part.error and part.label in ("visible", "hidden"):
                await kernel.look_behind(*part.error)
