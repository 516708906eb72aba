"""The first part of the report: what a person must look at."""

from collections import Counter
from collections.abc import Iterator

from grader.report.collect import ClassData, Standing, UnitData
from grader.report.names import FEW, listed, named, who
from grader.report.page import bullets, count, details, esc, fold, label, path, table

AT_ONCE = 25  # rows that are shown; the others are one click away
TAGS = {
    "failed": "failed",
    "flagged": "flagged",
    "limit": "limit reached",
    "look": "to be read",
    "waiting": "needs a score",
}


def attention(data: ClassData) -> str:
    """As HTML: who waits for points; each submission that failed, was flagged, reached a limit or is to be read."""
    entries = [(kind, reasons, s) for u in data.units for s in u.submissions for kind, reasons in [_look_at(s)] if kind]
    entries.sort(key=lambda e: list(TAGS).index(e[0]))  # stable: then by unit and student
    waiting = {(s.unit, s.student) for u in data.units for s in u.submissions if s.waiting}
    graded = sum(s.scored for u in data.units for s in u.submissions)
    parts = ['<h2 id="look">What a person must look at</h2>\n']
    if entries or waiting:
        kinds = Counter(kind for kind, _, _ in entries)
        kinds["waiting"] = len(waiting)
        total = ", ".join(f"{kinds[kind]} {TAGS[kind]}" for kind in TAGS if kinds[kind])
        submissions = waiting | {(s.unit, s.student) for _, _, s in entries}
        parts.append(f'<p class="lead"><b>{count(len(submissions), "submission")}</b>: {total}.</p>\n')
        rows = [_waiting(unit, data) for unit in data.units if unit.waiting]
        rows += [_row(*entry, data) for entry in entries]
        heads = ("What", "Student", "Unit", "Why, and the file")
        parts.append(table(heads, rows[:AT_ONCE]))
        if rows[AT_ONCE:]:
            parts.append(details(f"{len(rows) - AT_ONCE} more", table(heads, rows[AT_ONCE:])))
    elif graded:
        what = "The one submission is" if graded == 1 else f"All {graded} submissions are"
        parts.append(f'<p class="lead">Nothing. {what} graded, none flagged.</p>\n')
    else:
        parts.append('<p class="lead">There are no results yet.</p>\n')
    parts += _not_graded(data)
    if data.unreadable:
        files = bullets(path(file) for file in data.unreadable)
        remedy = "delete them and run <code>bncourse grade</code> again"
        parts.append(f"<p><b>Stored results that cannot be read</b>; {remedy}: {files}</p>\n")
    return "".join(parts)


def _look_at(submission: Standing) -> tuple[str, list[str]]:
    """The most serious thing about a submission, and all reasons to look at it; ("", []) where there is none."""
    result, reasons, kinds = submission.result, [], []
    if result and result.failed:
        kinds.append("failed")
        reasons.append(result.reason or "no reason was stored")
        if submission.in_gradebook:
            reasons.append("The gradebook still has the score of an earlier file.")
    if result and result.flags:
        kinds.append("flagged")
        reasons += result.flags
    elif submission.flagged:
        kinds.append("flagged")
        reasons.append("flagged in formgrader")
    if result and result.limits:
        kinds.append("limit")
        reasons += result.limits
    if result and result.reaches:
        kinds.append("look")
        reasons += result.reaches
    return (kinds[0], reasons) if kinds else ("", [])


def _row(kind: str, reasons: list[str], submission: Standing, data: ClassData) -> str:
    said = not submission.file or any(submission.file in reason for reason in reasons)
    file = "" if said else path(submission.file)
    return (
        f'<tr><td><span class="tag {kind}">{TAGS[kind]}</span></td><th scope="row">{who(submission.student, data)}</th>'
        f'<td class="unit">{label(submission.unit)}</td>'
        f"<td>{bullets(esc(reason) for reason in reasons)}{file}</td></tr>\n"
    )


def _waiting(unit: UnitData, data: ClassData) -> str:
    """One row for all submissions of a unit in which a person has to give points."""
    students = [s.student for s in unit.submissions if s.waiting]
    cells = Counter(cell for s in unit.submissions for cell in s.waiting)
    what = ", ".join(f"{label(cell)} ({cells[cell]})" for cell in sorted(cells))
    why = f"{count(sum(cells.values()), 'answer')} without points: {what}. Give them in formgrader, “Manual Grading”."
    few = len(students) <= FEW
    if not few:
        why += fold("Who they are", listed(students, data))
    return (
        f'<tr><td><span class="tag waiting">{TAGS["waiting"]}</span></td>'
        f'<th scope="row">{listed(students, data) if few else count(len(students), "student")}</th>'
        f'<td class="unit">{label(unit.name)}</td><td>{why}</td></tr>\n'
    )


def _not_graded(data: ClassData) -> Iterator[str]:
    """A paragraph for each unit in which something was submitted that has no result."""
    for unit in data.units:
        if unit.ungraded:
            text = f"{count(len(unit.ungraded), 'submission')} of {label(unit.name)} not graded yet"
            yield f"<div><b>{text}</b>: {named(unit.ungraded, data)}</div>\n"
