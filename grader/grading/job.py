"""Grade one submission: rebuild it, run it in the jail, decide outside. All of it works on values, not on files."""

import asyncio
import json
import re
import secrets
import time
from dataclasses import dataclass, field

import nbformat
from nbgrader.utils import compute_checksum, determine_grade

from grader.errors import CourseError
from grader.grading import outputs
from grader.grading.execute import Kernel, Ran, Stopped
from grader.grading.jail import Jail
from grader.grading.limits import Limits
from grader.grading.rebuild import Piece, names, rebuild
from grader.grading.release import Release
from grader.grading.script import check_script, part_outputs
from grader.grading.second import other_numbers
from grader.grading.submission import Submission, Unreadable, parse
from grader.grading.verdict import judge, read_sent

_UNREADABLE = (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError)
RUNS = 5  # so often a notebook is begun again without a cell that ended its kernel
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


@dataclass
class CellScore:
    """What a check cell earned. `message` and `hints` say why not."""

    id: str
    exercise: str
    points: float | None  # None: a person grades it
    max_points: float
    message: str = ""
    hints: list[str] = field(default_factory=list)


@dataclass
class Result:
    """What came of one submission; see `as_dict` for the form in which it is kept."""

    student: str
    unit: str
    file: str
    status: str = "graded"  # or "failed": it could not be read
    reason: str = ""
    repairs: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    cells: list[CellScore] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)  # solution cells left as they were released
    seconds: float = 0.0
    cpu: float = 0.0
    notebook: str = ""  # the graded notebook, as JSON; not kept with the result

    def as_dict(self) -> dict:
        kept = {key: value for key, value in vars(self).items() if key not in ("cells", "notebook")}
        return kept | {"cells": [vars(cell) for cell in self.cells]}


class Jails:
    """The jails of one worker, started when first needed: one without torch, one with it."""

    def __init__(self, jailed: bool, mnist=None) -> None:
        self.jailed, self.mnist = jailed, mnist
        self._jails: dict[bool, Jail] = {}

    def get(self, torch: bool) -> Jail:
        jail = self._jails.get(torch)
        if jail is None or jail.process.poll() is not None:
            if jail is not None:
                jail.close()
            jail = self._jails[torch] = Jail(torch, self.jailed, self.mnist)
        return jail

    def close(self) -> None:
        for jail in self._jails.values():
            jail.close()
        self._jails.clear()


@dataclass
class _Run:
    """One run of a rebuilt notebook: by the number of a piece, what it gave, and the word of its marks."""

    ran: dict[int, Ran] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    stopped: tuple[int, str] | None = None  # the piece at which the kernel went, and the limit, if one was reached
    cpu: float = 0.0


def grade(submission: Submission, release: Release, limits: Limits, jails: Jails) -> Result:
    """Grade a submission. Never raises for anything that is in it; JailError where the jail itself fails."""
    started, cpu = time.perf_counter(), time.process_time()
    result = Result(submission.student, submission.unit, submission.path, repairs=list(submission.notes))
    try:
        cells, notes = parse(submission.notebook, submission.path)
    except Unreadable as error:
        result.status, result.reason = "failed", str(error)
        return result
    pieces, repairs = rebuild(release, cells)
    result.repairs += notes + repairs
    result.unanswered = [p.key for p in pieces if p.role == "solution" and not p.changed]
    run = _run_to_the_end(pieces, submission, release, limits, jails, result)
    graded = []
    for number, piece in enumerate(pieces):
        graded.append(_graded_cell(number, piece, run, release, result))
    result.flags = _merged(result.flags)
    metadata = {**release.metadata, "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = {"cells": graded, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    result.notebook = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    result.cpu = round(time.process_time() - cpu + run.cpu, 3)
    result.seconds = round(time.perf_counter() - started, 3)
    return result


def _run_to_the_end(pieces, submission, release: Release, limits: Limits, jails: Jails, result: Result) -> _Run:
    """Run the notebook; again without a cell that ends the kernel, with the demos where they are needed."""
    skip: set[int] = {n for n, piece in enumerate(pieces) if piece.role == "demo" and not piece.changed}
    stub, killers = False, set()
    jail, files = jails.get(release.torch), _files(submission, release, result)
    deadline = time.monotonic() + limits.notebook_seconds
    for attempt in range(RUNS):
        run = _attempt(
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
            killers.add(run.stopped[0])
            where = _where(pieces, run.stopped[0])
            result.repairs.append(f"{where} ended the kernel; the notebook was run again without it")
            if attempt + 1 < RUNS:
                continue
        break
    if run.stopped and run.stopped[1]:
        result.limits.append(f"{run.stopped[1]}, in {_where(pieces, run.stopped[0])}; stopped there")
    for number in killers:
        run.ran.setdefault(number, Ran([outputs.error("KernelEnded", "This cell ended the kernel.")]))
    return run


def _where(pieces: list[Piece], number: int) -> str:
    piece = pieces[number]
    code = [n for n, p in enumerate(pieces) if p.kind == "code"]
    return f"cell {piece.key}" if piece.key else f"code cell {code.index(number) + 1}, which the student added"


def _said(run: _Run) -> str:
    """The messages of all errors of a run, those inside checks included."""
    texts = [str(ran.error.get("evalue")) for ran in run.ran.values() if ran.error]
    texts += [str(sent.get("said")) for ran in run.ran.values() for sent in _sent(ran.outputs)]
    return "\n".join(text[:2000] for text in texts)


def _sent(shown: list[dict]) -> list[dict]:
    return [sent for sent in read_sent(shown) if isinstance(sent, dict)]


def _files(submission: Submission, release: Release, result: Result) -> dict[str, bytes]:
    """What lies beside the notebook: the student's files, and the instructor's in the place of those in their way."""
    files = dict(release.files)
    for name, content in submission.files.items():
        if any(name == other or f"{name}/".startswith(f"{other}/") or other.startswith(f"{name}/") for other in files):
            if release.files.get(name) != content:
                result.repairs.append(f"{name} is in the way of a file of the course's: left out")
        else:
            files[name] = content
    return files


def _attempt(pieces, files, seed, release: Release, limits: Limits, deadline, jail: Jail, skip: set[int], stub=False):
    async def run_all() -> _Run:
        run = _Run()
        setup = next(cell.code for cell in release.cells if cell.role == "setup")
        async with Kernel(jail, limits, deadline, seed, files, setup) as kernel:
            if stub:
                await kernel.run(STUB_TORCH, history=False)
            for number, piece in enumerate(pieces):
                if piece.kind != "code" or number in skip or not piece.source.strip():
                    continue
                try:
                    await _run_piece(kernel, number, piece, release, run)
                except Stopped as stop:
                    run.stopped = (number, stop.limit)
                    break
        return run

    before = jail.cpu
    run = asyncio.run(run_all())
    run.cpu = jail.cpu - before
    return run


async def _run_piece(kernel: Kernel, number: int, piece: Piece, release: Release, run: _Run) -> None:
    if piece.role == "setup":
        run.ran[number] = await kernel.run(RUN_SETUP, history=False)
    elif piece.role != "check":
        run.ran[number] = await kernel.run(piece.source)
    else:
        second = release.second.get(piece.key)
        script, run.words[number] = check_script(piece.cell, second and second["code"])
        run.ran[number] = await kernel.run(script, history=False)


def _graded_cell(number: int, piece: Piece, run: _Run, release: Release, result: Result) -> dict:
    """The cell of the graded notebook; a check cell's score goes into the result."""
    cell = {"cell_type": piece.kind, "metadata": _metadata(piece), "source": piece.source}
    cell["id"] = piece.key[:64] if piece.key else f"added-{number}"
    ran = run.ran.get(number)
    if piece.kind == "code":
        cell |= {"outputs": [], "execution_count": ran.count if ran else None}
    else:
        cell["source"] = piece.source if not piece.changed else as_typed(piece.source)
    if piece.role == "check":
        score, cell["outputs"] = _score_check(number, piece, run, release, result)
        result.cells.append(score)
    elif piece.role == "manual":
        points, most = determine_grade(nbformat.from_dict({**cell, "metadata": {**piece.cell.metadata}}))
        result.cells.append(CellScore(piece.key, piece.cell.exercise, points, most))
    elif ran:
        cell["outputs"] = outputs.cleaned(ran.outputs)
    elif run.stopped and number == run.stopped[0]:
        cell["outputs"] = [outputs.error("Stopped", run.stopped[1])]
    return cell


def as_typed(source: str) -> str:
    """A student's text as they typed it: the graded notebook is opened in instructors' browsers, which obey markup."""
    fence = "`" * (3 + max(map(len, re.findall("`+", source)), default=0))
    return f"{fence}text\n{source}\n{fence}"


def _metadata(piece: Piece) -> dict:
    if piece.cell is None:
        return {}
    metadata = {**piece.cell.metadata}
    if piece.cell.locked:
        node = nbformat.from_dict({"cell_type": piece.kind, "source": piece.source, "metadata": metadata})
        metadata["nbgrader"] = {**metadata["nbgrader"], "checksum": compute_checksum(node)}
    return metadata


def _score_check(
    number: int, piece: Piece, run: _Run, release: Release, result: Result
) -> tuple[CellScore, list[dict]]:
    score = CellScore(piece.key, piece.cell.exercise, 0.0, piece.cell.points)
    ran = run.ran.get(number)
    if ran is None:
        limit = run.stopped[1] if run.stopped else ""
        score.message = f"This check was not run: {limit or 'the kernel ended'}."
        return score, [outputs.error("NotRun", score.message)]
    parts = part_outputs(ran.outputs, run.words.get(number, ""))
    shown, flag = _verdict(piece, parts, release, score)
    if ran.error and ran.error.get("ename") in ("SyntaxError", "IndentationError", "TabError") and len(parts) == 1:
        flag = "its code was changed before it ran"  # ours has no such error
    if not flag and not score.message and "canary" not in (name for name, _ in parts):
        flag = "an assert that must fail did not"
    if not flag and not score.message and "end" not in (name for name, _ in parts):
        flag = "it did not run to its end, and gave no error"
    if not flag and not score.message and piece.key in release.second:
        flag = _second_verdict(piece, dict(parts).get("second", []), release)
    if flag:
        result.flags.append(f"cell {piece.key}: {flag}")
        score.message = f"No points: {flag}. Please speak to your instructor."
        shown.append(outputs.error("CheckFailed", score.message))
    if not score.message:
        score.points = piece.cell.points
    return score, shown


def _verdict(piece: Piece, parts: list, release: Release, score: CellScore) -> tuple[list[dict], str]:
    """The outputs to show, and the reason to flag the cell, if any; what is wrong goes into the score."""
    expected = iter(release.expected[piece.key])
    shown: list[dict] = []
    for part, output in [(part, output) for part, some in parts if part != "second" for output in some]:
        sent = (read_sent([output]) or [None])[0]
        if output["output_type"] == "error":
            kind, text = outputs.line(output.get("ename")), outputs.plain(output.get("evalue"))
            score.message = text if kind == "CheckFailed" else f"{kind}: {text}".rstrip(": ")
            return [*shown, outputs.error(kind, text)], ""  # its traceback would show lines of the hidden tests
        if sent is None:
            if part != "hidden":  # what hidden tests print would tell of them
                shown += outputs.cleaned([output])
            continue
        name, rtol, atol = next(expected, ("", 0.0, 0.0))
        if not isinstance(sent, dict) or sent.get("name") != name:
            return shown, "a check reported that was not run"
        try:
            score.message, score.hints = judge(release.kit, sent, rtol, atol)
        except _UNREADABLE:
            return shown, "what a check reported is no observation"
        shown.append(outputs.check_line(name, not score.message))
        if score.message:
            score.message = "\n".join([score.message, *(f"Likely cause: {hint}" for hint in score.hints)])
            return [*shown, outputs.error("CheckFailed", score.message)], ""
    silent = next(expected, None)
    return shown, "a check did not report" if silent else ""


def _second_verdict(piece: Piece, shown: list[dict], release: Release) -> str:
    """Why an answer that gave the published values is doubted; "" where it is not."""
    wanted, sent = release.second[piece.key]["observations"], _sent(shown)
    right = [got.get("name") for got in sent] == [name for name, *_ in wanted]
    for (_, value, rtol, atol), got in zip(wanted, sent):
        try:
            # A hundredfold tolerance: copied values are far off, and a right answer in another order is not.
            right = right and not judge(release.kit, got, 100 * rtol, 100 * atol, expected=value)[0]
        except _UNREADABLE:
            right = False
    return "" if right else "the answer fits the published numbers only; with others it is wrong"


def _merged(flags: list[str]) -> list[str]:
    """One line for each reason, naming the first cell and how many more."""
    by_reason: dict[str, list[str]] = {}
    for flag in flags:
        where, _, reason = flag.partition(": ")
        by_reason.setdefault(reason, []).append(where)
    return [f"{w[0]}{f' and {len(w) - 1} more' if len(w) > 1 else ''}: {reason}" for reason, w in by_reason.items()]


def reference(release: Release, limits: Limits, jails: Jails) -> dict:
    """Run the unit's own answers in the jail: which checks run in which cell, and that they earn everything here.

    Returns {"expected": …, "second": …} for `Release`. Raises CourseError where the answers do not pass.
    """
    pieces = [Piece(cell, cell.kind, cell.full) for cell in release.cells]
    skip = {n for n, piece in enumerate(pieces) if piece.role == "demo"}
    release.second = {}
    shift = 1 + secrets.randbelow(10**6)
    for piece in pieces:
        if piece.role == "check" and not any(hidden for _, hidden in piece.cell.parts):
            code = other_numbers(piece.cell.parts[0][0], shift)
            if code:
                release.second[piece.key] = {"code": code, "observations": []}
    deadline = time.monotonic() + limits.notebook_seconds
    run = _attempt(pieces, release.files, 0, release, limits, deadline, jails.get(release.torch), skip)
    if run.stopped:
        raise CourseError(
            f"The answers of {release.unit} do not run here: {run.stopped[1]} ({_where(pieces, run.stopped[0])})."
        )
    expected: dict[str, list] = {}
    second: dict[str, dict] = {}
    for number, word in run.words.items():
        key, ran = pieces[number].key, run.ran[number]
        parts = part_outputs(ran.outputs, word)
        expected[key] = [(s["name"], s["rtol"], s["atol"]) for part, o in parts if part != "second" for s in _sent(o)]
        other = dict(parts).get("second")
        if other is not None and not ran.error:  # a property of the published numbers alone is not asked for
            seen = [(s["name"], s["outcome"].get("value"), s["rtol"], s["atol"]) for s in _sent(other)]
            if [s[0] for s in seen] == [name for name, _, _ in expected[key]] and all(s[1] for s in seen):
                second[key] = {"code": release.second[key]["code"], "observations": seen}
    release.expected, release.second = expected, second
    result = Result("reference", release.unit, "")
    for number, piece in enumerate(pieces):
        if piece.role == "check":
            score, _ = _score_check(number, piece, run, release, result)
            if score.points != score.max_points:
                raise CourseError(
                    f"The answers of {release.unit} do not pass here, in cell {piece.key}: "
                    f"{score.message.splitlines()[0]} Is the environment the one of this course? (make lab makes it)"
                )
    return {"expected": expected, "second": second}
