"""Run a rebuilt notebook in the jail, as often as it takes to get to its end."""

import asyncio
import re
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field

from grader.grading import outputs
from grader.grading.execute import Kernel, Ran, Stopped
from grader.grading.jail import Jail, Jails
from grader.grading.limits import Limits
from grader.grading.rebuild import Piece, names
from grader.grading.release import Release
from grader.grading.result import Result
from grader.grading.script import check_parts, read_parts
from grader.grading.submission import Submission

RUNS = 8  # so often a notebook is begun again without a cell that ended its kernel
NO_TORCH = "torch is not at hand here"
# Where a student imports torch in a unit about NumPy: a torch that can be imported, and no more.
STUB_TORCH = f"""\
def _stub_torch():
    import importlib.machinery, sys, types

    class NotAtHand(AttributeError):
        pass

    class Stub(types.ModuleType):
        def __getattr__(self, name):
            raise NotAtHand("{NO_TORCH}: this unit's answers are written in NumPy")

    class Finder:
        def find_spec(self, name, path=None, target=None):
            if name.split(".")[0] == "torch":
                return importlib.machinery.ModuleSpec(name, self, is_package=True)

        def create_module(self, spec):
            return Stub(spec.name)

        def exec_module(self, module):
            pass

    sys.meta_path.insert(0, Finder())


_stub_torch()
del _stub_torch"""
RUN_SETUP = "get_ipython().run_setup()"
RUN_CHECK = "get_ipython().run_check({key!r}, {word!r})"


@dataclass
class Run:
    """One run of a rebuilt notebook: by the number of a piece, what it gave, and the word of its marks."""

    ran: dict[int, Ran] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    stopped: tuple[int, str] | None = None  # the piece at which the kernel went, and the limit, if one was reached
    killed: bool = False  # it was killed there, perhaps from outside
    cpu: float = 0.0  # seconds of processor time of the kernel
    spent: Counter = field(default_factory=Counter)  # seconds by what they were spent on: start, setup, cells, …


def run_notebook(pieces, submission, release: Release, limits: Limits, jails: Jails, result: Result) -> Run:
    """Run the notebook; again without a cell that ends the kernel, with the demos where they are needed."""
    skip: set[int] = {n for n, piece in enumerate(pieces) if piece.role == "demo" and not piece.changed}
    stub, killed, killers = False, set(), set()
    jail, files = jails.get(release.torch), _files(submission, release, result)
    deadline = time.monotonic() + limits.notebook_seconds
    for attempt in range(RUNS):
        run = run_once(
            pieces, files, int(submission.hash[:8], 16), release, limits, deadline, jail, skip | killers, stub
        )
        said = _said(run)
        if not stub and not release.torch and NO_TORCH in said:
            stub = True
            result.repairs.append("it imports torch, which this unit's answers do without: the import was made empty")
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
            result.repairs.append(f"{place} ended the kernel; the notebook was run again without it")
            if attempt + 1 < RUNS:
                continue
        break
    if run.stopped and run.stopped[1]:
        result.limits.append(f"{run.stopped[1]}, in {where(pieces, run.stopped[0])}; stopped there")
    for number in killers:
        run.ran.setdefault(number, Ran([outputs.error("KernelEnded", "This cell ended the kernel.")]))
    return run


def where(pieces: list[Piece], number: int) -> str:
    piece = pieces[number]
    code = [n for n, p in enumerate(pieces) if p.kind == "code"]
    return f"cell {piece.key}" if piece.key else f"code cell {code.index(number) + 1}, which the student added"


def _said(run: Run) -> str:
    """The messages of all errors of a run, those inside checks included."""
    texts = [str(ran.error.get("evalue")) for ran in run.ran.values() if ran.error]
    for number, word in run.words.items():
        for part in read_parts(run.ran[number].outputs if number in run.ran else [], word):
            texts += [str(sent.get("said")) for sent in part.noted if isinstance(sent, dict)]
            texts += part.error[1:] if part.error else []
    return "\n".join(text[:2000] for text in texts)


def _files(submission: Submission, release: Release, result: Result) -> dict[str, bytes]:
    """What lies beside the notebook: the student's files, and the instructor's in the place of those in their way."""
    files = dict(release.files)
    for name, content in submission.files.items():
        if any(name == other or f"{name}/".startswith(f"{other}/") or other.startswith(f"{name}/") for other in files):
            if release.files.get(name) != content:
                result.repairs.append(f"{outputs.line(name)} is in the way of a file of the course's: left out")
        else:
            files[name] = content
    return files


def run_once(pieces, files, seed, release: Release, limits: Limits, deadline, jail: Jail, skip: set[int], stub=False):
    run, before, last = Run(), jail.cpu, time.perf_counter()

    def spent_on(what: str) -> None:
        nonlocal last
        now = time.perf_counter()
        run.spent[what] += now - last
        last = now

    async def run_all() -> None:
        async with Kernel(jail, limits, deadline, seed, files, _program(release)) as kernel:
            spent_on("start")
            if stub:
                await kernel.run(STUB_TORCH, history=False)
            for number, piece in enumerate(pieces):
                if piece.kind != "code" or number in skip or not piece.source.strip():
                    continue
                try:
                    await _run_piece(kernel, number, piece, release, run)
                except Stopped as stop:
                    run.stopped, run.killed = (number, stop.limit), stop.killed
                    break
                finally:
                    spent_on({"setup": "setup", "check": "checks"}.get(piece.role, "cells"))

    asyncio.run(run_all())
    spent_on("end")
    run.cpu = jail.cpu - before
    return run


async def _run_piece(kernel: Kernel, number: int, piece: Piece, release: Release, run: Run) -> None:
    if piece.role == "setup":
        run.ran[number] = await kernel.run(RUN_SETUP, history=False)
    elif piece.role != "check":
        run.ran[number] = await kernel.run(piece.source)
    else:
        run.words[number] = secrets.token_hex(8)
        ran = await kernel.run(RUN_CHECK.format(key=piece.key, word=run.words[number]), history=False)
        run.ran[number] = ran
        for part in read_parts(ran.outputs, run.words[number]):
            if part.error and part.label in ("visible", "hidden"):
                kernel.look_for_limit(*part.error)


def _program(release: Release) -> dict:
    """The release's own code, to be compiled once for all kernels: the setup cell's, the check cells' by key."""
    checks = {}
    for cell in release.cells:
        if cell.role == "check":
            second = release.second.get(cell.key)
            checks[cell.key] = check_parts(cell, second and second["code"])
    return {"setup": next(cell.code for cell in release.cells if cell.role == "setup"), "checks": checks}
