"""Grade one submission: rebuild it, run it in the jail, decide outside. All of it works on values, not on files."""

import json
import secrets
import time

from grader.errors import CourseError
from grader.grading.jail import JailError, Jails
from grader.grading.limits import Limits
from grader.grading.marking import graded_cell, merged, score_check
from grader.grading.rebuild import Piece, rebuild
from grader.grading.release import Release
from grader.grading.result import Result
from grader.grading.run import run_notebook, run_once, where
from grader.grading.script import read_parts
from grader.grading.second import other_numbers
from grader.grading.submission import Submission, Unreadable, parse


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
    run = run_notebook(pieces, submission, release, limits, jails, result)
    graded = []
    for number, piece in enumerate(pieces):
        graded.append(graded_cell(number, piece, run, release, result))
    result.flags = merged(result.flags)
    metadata = {**release.metadata, "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    # A cell a line: indented, as nbformat writes notebooks, it takes Python's slow encoder.
    lines = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in graded)
    rest = json.dumps(metadata, ensure_ascii=False)
    result.notebook = f'{{"nbformat": 4, "nbformat_minor": 5, "metadata": {rest}, "cells": [\n{lines}\n]}}\n'
    result.cpu = round(time.process_time() - cpu + run.cpu, 3)
    result.cpu_kernel = round(run.cpu, 3)
    result.seconds = round(time.perf_counter() - started, 3)
    spent = {**run.spent, "outside": result.seconds - sum(run.spent.values())}
    result.spent = {what: round(seconds, 4) for what, seconds in spent.items()}
    return result


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
    run = run_once(pieces, release.files, 0, release, limits, deadline, jails.get(release.torch), skip)
    if run.killed:
        raise JailError("a process of the jail was killed")
    if run.stopped:
        raise CourseError(
            f"The answers of {release.unit} do not run here: {run.stopped[1]} ({where(pieces, run.stopped[0])})."
        )
    expected: dict[str, list] = {}
    second: dict[str, dict] = {}
    for number, word in run.words.items():
        key, parts = pieces[number].key, read_parts(run.ran[number].outputs, word)
        noted = [sent for part in parts if part.label in ("visible", "hidden") for sent in part.noted]
        expected[key] = [(sent["name"], sent["rtol"], sent["atol"], sent["dtype"]) for sent in noted]
        other = next((part for part in parts if part.label == "second" and not part.error), None)
        if other:  # a property of the published numbers alone is not asked for
            seen = [(s["name"], s["outcome"].get("value"), s["rtol"], s["atol"], s["dtype"]) for s in other.noted]
            if [s[0] for s in seen] == [name for name, *_ in expected[key]] and all(s[1] for s in seen):
                second[key] = {"code": release.second[key]["code"], "observations": seen}
    release.expected, release.second = expected, second
    result = Result("reference", release.unit, "")
    for number, piece in enumerate(pieces):
        if piece.role == "check":
            score, _ = score_check(number, piece, run, release, result)
            if score.points != score.max_points:
                raise CourseError(
                    f"The answers of {release.unit} do not pass here, in cell {piece.key}: "
                    f"{score.message.splitlines()[0]} Is the environment the one of this course? (make lab makes it)"
                )
    return {"expected": expected, "second": second}
