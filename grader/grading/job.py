"""The jobs of a grading run: grade one submission, or run a unit's own answers. They work on values, not on files."""

import errno
import json
import secrets
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import CourseError
from grader.grading.by_hand import marks_of
from grader.grading.copies import SOLVED, answers_of, is_solved
from grader.grading.given import code_below
from grader.grading.jail import JailError, Jails
from grader.grading.limits import Limits
from grader.grading.marking import flags_of, graded_cell, say_what_stopped, score_check
from grader.grading.outputs import line
from grader.grading.plan import Expected, Plan, Second
from grader.grading.reaching import reaching
from grader.grading.rebuild import Piece, rebuild
from grader.grading.recognise import other_unit
from grader.grading.release import Release
from grader.grading.result import Result
from grader.grading.run import Notebook, run_notebook, run_once, where
from grader.grading.second import other_numbers
from grader.grading.submission import Submission, Unreadable, parse

OWN_SHARE = 0.9  # of the time until a limit: who had the processor for so much of it would not get further alone
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENFILE)


@dataclass
class Job:
    """Something to do in a jail, here or on another machine."""

    release: Release
    limits: Limits
    jailed: bool
    mnist: Path | None
    begun: int = field(default=0, init=False)  # so often
    shared: bool = field(default=False, init=False)  # others ran at the same time


@dataclass
class GradeJob(Job):
    """Grade a submission. Whatever is in it, a Result comes of it."""

    plan: Plan = None
    submission: Submission = None
    key: str = ""  # under which the result is kept: of the bytes that are graded, whatever becomes of the file

    def run(self, jails: Jails) -> Result:
        """Raises JailError where the jail itself fails."""
        try:
            result = grade(self.submission, self.release, self.plan, self.limits, jails)
        except JailError:
            raise
        except Exception as error:  # a fault of ours must not keep the others from being graded
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise JailError(str(error)) from None
            at = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__}: {error} ({at.name}, line {at.lineno})"
            result = self.failed(f"internal error, please report it: {what}")
        result.key = self.key
        return result

    def failed(self, reason: str) -> Result:
        """What comes of it where it could not be done."""
        who = self.submission
        return Result(who.student, who.unit, who.path, "internal", f"{who.path}: {reason}")


@dataclass
class PlanJob(Job):
    """Run a unit's own answers. A Plan comes of it."""

    def run(self, jails: Jails) -> Plan:
        """Raises CourseError where the answers do not pass, JailError where the jail itself fails."""
        return make_plan(self.release, self.limits, jails)

    def failed(self, reason: str) -> CourseError:
        """What comes of it where it could not be done."""
        return CourseError(f"{self.release.unit}: {reason}.")


def grade(submission: Submission, release: Release, plan: Plan, limits: Limits, jails: Jails) -> Result:
    """Grade a submission. Never raises for anything that is in it; JailError where the jail itself fails."""
    started, cpu = time.perf_counter(), time.process_time()
    result = Result(submission.student, submission.unit, submission.path, repairs=list(submission.notes))
    try:
        cells, notes = parse(submission.notebook, submission.path)
    except Unreadable as error:
        result.status, result.reason = "failed", str(error)
        return result
    if other := other_unit(release, cells):
        result.status = "failed"
        what = f"is the notebook of {other}, handed in as {release.unit}: ask for the right one"
        result.reason = f"{line(submission.path)} {what}."
        return result
    pieces, repairs = rebuild(release, cells)
    result.unanswered = [p.key for p in pieces if p.role in ("solution", "manual") and not p.changed]
    run = run_notebook(pieces, submission, release, plan, limits, jails)
    result.repairs += notes + repairs + run.repairs
    result.limits = run.limits
    result.starved = run.timed and run.cpu < OWN_SHARE * limits.cell_seconds
    marked = [graded_cell(number, piece, run, release, plan) for number, piece in enumerate(pieces)]
    result.cells = [one.score for one in marked if one.score]
    say_what_stopped(marked, pieces, run)
    result.flags = flags_of(marked) + [SOLVED] * is_solved(cells)
    result.answers, result.by_hand = answers_of(pieces), marks_of(pieces)
    result.reaches = reaching(pieces)
    metadata = {**release.metadata, "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    # A cell a line: indented, as nbformat writes notebooks, it takes Python's slow encoder.
    lines = ",\n".join(json.dumps(one.cell, ensure_ascii=False) for one in marked)
    rest = json.dumps(metadata, ensure_ascii=False)
    result.notebook = f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {rest}, "cells": [\n{lines}\n]}}\n'
    result.cpu = round(time.process_time() - cpu + run.cpu, 3)
    result.seconds = round(time.perf_counter() - started, 3)
    return result


def make_plan(release: Release, limits: Limits, jails: Jails) -> Plan:
    """Run the unit's own answers in the jail: which checks run in which cell, and that they earn everything here.

    Raises CourseError where the answers do not pass.
    """
    pieces = [Piece(cell, cell.kind, cell.full) for cell in release.cells]
    skip = {n for n, piece in enumerate(pieces) if piece.role == "demo"}
    codes, shift = {}, 1 + secrets.randbelow(10**6)
    for piece in pieces:
        if piece.role != "check" or any(hidden for _, hidden in piece.cell.parts):
            continue
        if code := other_numbers(piece.cell.parts[0][0], shift, code_below(release, piece.cell)):
            codes[piece.key] = code
    notebook = Notebook(pieces, release.files, 0, release, codes, limits)
    run = run_once(notebook, jails.get(release.torch), skip)
    if run.killed:
        raise JailError("a process of the jail was killed")
    if run.stopped:
        raise CourseError(
            f"The answers of {release.unit} do not run here: {run.stopped[1]} ({where(pieces, run.stopped[0])})."
        )
    expected: dict[str, list[Expected]] = {}
    second: dict[str, Second] = {}
    for number, parts in run.parts.items():
        key = pieces[number].key
        noted = [sent for part in parts if part.label in ("visible", "hidden") for sent in part.noted]
        expected[key] = [_expected(sent) for sent in noted]
        other = next((part for part in parts if part.label == "second" and not part.error), None)
        if other:  # a property of the published numbers alone is not asked for
            seen = [_expected(sent)._replace(value=sent["outcome"].get("value")) for sent in other.noted]
            if [s.name for s in seen] == [e.name for e in expected[key]] and all(s.value for s in seen):
                second[key] = Second(codes[key], seen)
    plan = Plan(expected, second)
    for number, piece in enumerate(pieces):
        if piece.role == "check":
            score = score_check(number, piece, run, release, plan).score
            if score.points != score.max_points:
                raise CourseError(
                    f"The answers of {release.unit} do not pass here, in cell {piece.key}: "
                    f"{score.message.splitlines()[0]} Is the environment the one of this course (make lab makes it), "
                    "or was the check edited without a build?"
                )
    return plan


def _expected(sent: dict) -> Expected:
    return Expected(sent["name"], sent["rtol"], sent["atol"], sent["dtype"])
