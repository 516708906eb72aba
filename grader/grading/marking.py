"""What a run of a notebook is worth, cell by cell, and the graded notebook that shows it."""

import re
from dataclasses import dataclass

import nbformat
from nbgrader.utils import determine_grade

from grader.grading import outputs
from grader.grading.given import given_code
from grader.grading.plan import Expected, Plan, Second
from grader.grading.rebuild import Piece, names
from grader.grading.release import Release
from grader.grading.result import CellScore
from grader.grading.run import Run
from grader.grading.script import Part, check_parts
from grader.grading.verdict import SAYS, in_its_own_words, judge, name_of
from grader.kit.judge import is_unwritten, with_causes

PUBLISHED_ONLY = "the answer fits the published numbers only; with others it is wrong"
SLIP = (
    "No points: with the numbers of this check your answer gives the right values, with other random numbers it does "
    "not. Does it use a variable from outside the function, or something that an earlier call left behind?"
)

# What judging something that is no observation may raise.
UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)


@dataclass
class Marked:
    """A cell of the graded notebook, and for one that is graded its score and why a person should look at it."""

    cell: dict
    score: CellScore | None = None
    flag: str = ""


def graded_cell(number: int, piece: Piece, run: Run, release: Release, plan: Plan) -> Marked:
    """The cell of the graded notebook, with its score where it is graded."""
    cell = {
        "cell_type": piece.kind,
        "metadata": piece.cell.graded_metadata if piece.cell else {},
        "source": outputs.readable(piece.source) if piece.changed else piece.source,
    }
    cell["id"] = piece.key[:64] if piece.key else f"added-{number}"
    ran = run.ran.get(number)
    if piece.kind == "code":
        cell |= {"outputs": [], "execution_count": ran.count if ran else None}
    else:
        cell["source"] = piece.source if not piece.changed else as_typed(cell["source"])
    if piece.role == "check":
        scored = score_check(number, piece, run, release, plan)
        return Marked({**cell, "outputs": scored.outputs}, scored.score, scored.flag)
    if piece.role == "task":
        return Marked(cell, CellScore(piece.key, piece.cell.exercise, None, piece.cell.points, kind="by hand"))
    if piece.role == "manual":
        points, most = determine_grade(nbformat.from_dict({**cell, "metadata": {**piece.cell.metadata}}))
        return Marked(cell, CellScore(piece.key, piece.cell.exercise, points, most, kind="by hand"))
    if ran:
        cell["outputs"] = outputs.cleaned(ran.outputs)
    elif run.stopped and number == run.stopped[0]:
        cell["outputs"] = [outputs.error("Stopped", run.stopped[1])]
    return Marked(cell)


def as_typed(source: str) -> str:
    """A student's text as they typed it: the graded notebook is opened in instructors' browsers, which obey markup."""
    fence = "`" * (3 + max(map(len, re.findall("`+", source)), default=0))
    return f"{fence}text\n{source}\n{fence}"


@dataclass
class Scored:
    """What a check cell earned, what is shown below it, and why a person should look at it."""

    score: CellScore
    outputs: list[dict]
    flag: str = ""


def score_check(number: int, piece: Piece, run: Run, release: Release, plan: Plan) -> Scored:
    """Judge a check cell by what it said."""
    score = CellScore(piece.key, piece.cell.exercise, 0.0, piece.cell.points, kind="wrong")
    ran = run.ran.get(number)
    if ran is None:
        limit = run.stopped[1] if run.stopped else ""
        score.message, score.kind = f"This check was not run: {limit or 'the kernel ended'}.", "not run"
        return Scored(score, [outputs.error("NotRun", score.message)])
    parts, second = run.parts.get(number, []), plan.second.get(piece.key)
    given = given_code(release, piece.cell)
    wanted = [label for label, _ in check_parts(piece.cell, second and second.code, given)]
    shown, flag = _verdict(parts, plan.expected[piece.key], piece.cell.full, release, score)
    if ran.error and not score.message:  # not in the check, which reports its errors: the cell itself could not run
        what = outputs.plain(f"{ran.error.get('ename')}: {ran.error.get('evalue')}")
        score.message, flag = in_its_own_words(what), ""
        shown.append(outputs.error("Stopped", score.message))
    if not flag and not score.message:
        flag = _doubt(parts, wanted, second, release)
    if flag:
        score.kind = "doubted"
        score.message = SLIP if flag == PUBLISHED_ONLY else f"No points: {flag}. Please speak to your instructor."
        shown.append(outputs.error("CheckFailed", score.message))
    if not score.message:
        score.points, score.kind = piece.cell.points, "right"
    return Scored(score, shown, flag and f"cell {piece.key}: {flag}")


def _doubt(parts: list[Part], wanted: list[str], second: Second | None, release: Release) -> str:
    """Why a check cell that reported the right values is not believed; "" where it is."""
    if [part.label for part in parts][: len(wanted)] != wanted:
        return "it did not run to its end, and gave no error"
    if parts[wanted.index("canary")].error != ["AssertionError", ""]:
        return "an assert that must fail did not"
    if second and not _second_holds(second.expected, parts[len(wanted) - 1].noted, release):
        return PUBLISHED_ONLY
    return ""


def _verdict(
    parts: list[Part], calls: list[Expected], source: str, release: Release, score: CellScore
) -> tuple[list[dict], str]:
    """The outputs to show, and the reason to flag the cell, if any; what is wrong goes into the score."""
    expected = iter(calls)
    shown: list[dict] = []
    for part in parts:
        if part.label in ("canary", "second"):
            continue
        if part.label == "visible":  # what hidden tests print would tell of them
            shown += printed([output for output in part.outputs if output["output_type"] != "error"])
        for sent in part.noted:
            name, rtol, atol, dtype, _ = next(expected, Expected("", 0.0, 0.0, False))
            if not isinstance(sent, dict) or sent.get("name") != name:
                return shown, "a check reported that was not run"
            try:
                score.message, score.hints = judge(release.table, sent, rtol, atol, dtype)
            except UNREADABLE:
                return shown, "what a check reported is no observation"
            shown.append(outputs.check_line(name, not score.message))
            if score.message:
                score.kind = "unwritten" if is_unwritten(sent["outcome"]) else "wrong"
                score.message = with_causes(score.message, score.hints)
                return [*shown, outputs.error("CheckFailed", score.message)], ""
        if part.error:
            kind, text = name_of(part.error[0], "Exception"), outputs.plain(part.error[1])
            score.kind = "unwritten" if kind == "NotImplementedError" and not text else "wrong"
            score.message = text if kind == "CheckFailed" else f"{kind}: {text}".rstrip(": ")
            score.message = score.message or "An exception without a message ended it."  # an empty one would pass
            if kind != "AssertionError" or not text or repr(text)[1:-1] not in source:  # an assert of the check's own
                score.message = in_its_own_words(score.message)
            return [*shown, outputs.error("CheckFailed", score.message)], ""
    silent = next(expected, None)
    return shown, "a check did not report" if silent else ""


def _second_holds(wanted: list[Expected], noted: list, release: Release) -> bool:
    """Whether an answer that gave the published values gives the right ones for other numbers too."""
    right = len(noted) == len(wanted)
    for (name, rtol, atol, dtype, value), sent in zip(wanted, noted):
        try:
            # A hundredfold tolerance: copied values are far off, and a right answer in another order is not.
            right = right and sent["name"] == name
            right = right and not judge(release.table, sent, 100 * rtol, 100 * atol, dtype, value)[0]
        except UNREADABLE:
            right = False
    return right


def printed(shown: list[dict]) -> list[dict]:
    """What a student's code printed or drew while it was checked, marked as its own."""
    marked = []
    for output in outputs.cleaned(shown):
        if output["output_type"] == "stream":
            marked.append({**output, "text": f"{in_its_own_words(output['text'].rstrip())}\n"})
        else:
            text = in_its_own_words(output["data"].get("text/plain", "(a picture)"))
            marked.append({**output, "data": {**output["data"], "text/plain": text}})
            if set(output["data"]) != {"text/plain"}:  # a picture is shown in the place of its text
                marked.insert(-1, {"output_type": "stream", "name": "stdout", "text": f"{SAYS}(a picture)\n"})
    return marked


def say_what_stopped(marked: list[Marked], pieces: list[Piece], run: Run) -> None:
    """Add to a failed check's message what stopped the cell of an answer that it uses: else a name is missing, no more.

    marked and pieces are of the same cells.
    """
    stopped = {}
    for number, piece in enumerate(pieces):
        ran = run.ran.get(number)
        if piece.role == "solution" and ran and ran.error:
            what = outputs.line(f"{ran.error.get('ename')}: {ran.error.get('evalue')}")
            stopped[piece.key] = names(piece.source), in_its_own_words(what)
    for one in marked if stopped else []:
        if one.score and one.score.kind == "wrong":
            missing = set(re.findall(r"name '(\w+)' is not defined", one.score.message))
            for key, (defined, said) in stopped.items():
                if key == one.score.exercise or missing & defined:
                    one.score.message += f"\nThe answer's cell, {key}, stopped before its end. {said}"


def flags_of(marked: list[Marked]) -> list[str]:
    """Why a person should look at a submission, a line for each reason.

    Where an answer fits the published numbers only, and another check of its exercise failed openly, nothing is
    suspicious: a variable from outside, or what an earlier call left behind, is a slip.
    """
    slips = {one.score.exercise for one in marked if one.score and one.score.kind in ("wrong", "unwritten")}
    flagged = [one for one in marked if one.flag]
    return merged([o.flag for o in flagged if o.score.message != SLIP or o.score.exercise not in slips])


def merged(flags: list[str]) -> list[str]:
    """One line for each reason, naming the first cell and how many more."""
    by_reason: dict[str, list[str]] = {}
    for flag in flags:
        where, _, reason = flag.partition(": ")
        by_reason.setdefault(reason, []).append(where)
    return [f"{w[0]}{f' and {len(w) - 1} more' if len(w) > 1 else ''}: {reason}" for reason, w in by_reason.items()]
