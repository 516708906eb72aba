"""Run a rebuilt notebook in the jail, as often as it takes to get to its end."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from grader.grading import outputs
from grader.grading.batch import SETUP_CELL, Unclear, batches, requested, run_group, singly
from grader.grading.execute import Kernel, Ran, Stopped
from grader.grading.given import given_code
from grader.grading.jail import Jail, Jails
from grader.grading.limits import Limits
from grader.grading.plan import Plan
from grader.grading.rebuild import Piece, names
from grader.grading.release import Release, ReleaseCell
from grader.grading.script import Part, check_parts, packed
from grader.grading.submission import Submission

RUNS = 8  # so often a notebook is begun again without a cell that ended its kernel
NO_TORCH = "torch is not at hand here"
STUB_TORCH = Path(__file__).with_name("inside") / "no_torch.py"  # where a student imports torch in a NumPy unit


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

    def common(self, skip: set[int]) -> list[int]:
        """The numbers of the pieces from the setup cell to the first that is not the same for everybody.

        Only the setup cell where that is above another one than in the release: programs are few.
        """
        code = [n for n, p in enumerate(self.pieces) if p.kind == "code" and p.source.strip() and n not in skip]
        setup = next(n for n in code if self.pieces[n].role == "setup")
        given = []
        for number in code[code.index(setup) + 1 :] if code[0] == setup else []:
            if self.pieces[number].role != "given" or self.pieces[number].changed:
                break
            given.append(number)
        keys = [self.pieces[n].key for n in given]
        return [setup, *given] if keys == first_given(self.release) and not self.release.files else [setup]

    def program(self, common: list[int]) -> dict:
        """The release's own code that many kernels of the unit run, which students have, too."""
        return {
            "setup": self.pieces[common[0]].cell.code,
            "given": [self.pieces[n].cell.full for n in common[1:]],
        }

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


def first_given(release: Release) -> list[str]:
    """The keys of the given cells that stand between the setup cell and the first exercise; demos do not count."""
    code = [c for c in release.cells if c.kind == "code" and c.role != "demo" and c.released.strip()]
    return [c.key for c in takewhile(lambda cell: cell.role == "given", code[1:])]


def run_once(notebook: Notebook, jail: Jail, skip: set[int], stub: bool = False) -> Run:
    """Run the pieces but those skipped, in a kernel of their own, to the end or until it goes.

    stub: torch can be imported, and is empty. Raises JailError.
    """
    began = time.monotonic()
    try:
        return asyncio.run(_run(notebook, jail, skip, stub, batches))
    except Unclear:
        notebook.deadline += time.monotonic() - began
        return asyncio.run(_run(notebook, jail, skip, stub, singly))


async def _run(notebook: Notebook, jail: Jail, skip: set[int], stub: bool, grouped) -> Run:
    """Run the pieces in a new kernel, in groups. Raises Unclear where it cannot be told which of a group was it."""
    n, run, before = notebook, Run(), jail.cpu
    common = n.common(skip)
    async with Kernel(jail, n.limits, n.deadline, n.seed, n.files, n.program(common)) as kernel:
        done = common if kernel.begun else []
        for count, (number, put_out) in enumerate(zip(done, kernel.begun or ()), 1):
            run.ran[number] = Ran(put_out, count)
        if stub:
            await kernel.run(STUB_TORCH.read_text(encoding="utf-8"), history=False)
        if n.begins_early:
            await kernel.run(requested([SETUP_CELL]), history=False)
            done = []
        left = [i for i, p in enumerate(n.pieces) if p.kind == "code" and p.source.strip() and i not in {*skip, *done}]
        for group in grouped(n.pieces, left):
            try:
                await run_group(kernel, group, n, run)
            except Stopped as stop:
                run.stopped, run.killed, run.timed = (group[0], stop.limit), stop.killed, stop.timed
                break
    run.cpu = jail.cpu - before
    return run
