"""The first part of the report: what a person must look at."""

from collections import Counter
from collections.abc import Iterator

from grader.report.collect import ClassData, Standing
from grader.report.page import bullets, count, details, esc, label, name, path, table

AT_ONCE = 25  # rows that are shown; the others are one click away
NAMES_AT_ONCE = 12
TAGS = {"failed": "failed", "flagged": "flagged", "limit": "limit reached", "waiting": "needs a score"}


def attention(data: ClassData) -> str:
    """As HTML: each submission that failed, was flagged, reached a limit or waits for a person, and why."""
    entries = [(kind, reasons, s) for u in data.units for s in u.submissions for kind, reasons in [_look_at(s)] if kind]
    entries.sort(key=lambda e: list(TAGS).index(e[0]))  # stable: then by unit and student
    graded = sum(s.points is not None for u in data.units for s in u.submissions)
    parts = ['<h2 id="look">What a person must look at</h2>\n']
    if entries:
        kinds = Counter(kind for kind, _, _ in entries)
        total = ", ".join(f"{kinds[kind]} {TAGS[kind]}" for kind in TAGS if kinds[kind])
        parts.append(f'<p class="lead"><b>{count(len(entries), "submission")}</b>: {total}.</p>\n')
        rows = [_row(*entry, data) for entry in entries]
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


def who(submission: Standing, data: ClassData) -> str:
    """A student's id, with the name that the roster has, as HTML."""
    person = data.people.get(submission.student)
    full = " ".join(f"{person.first_name} {person.last_name}".split()) if person else ""
    return name(submission.student) + (f' <span class="soft">{name(full)}</span>' if full else "")


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
    if submission.waiting:
        kinds.append("waiting")
        reasons.append(f"{count(submission.waiting, 'cell')} without a score; give it in formgrader")
    return (kinds[0], reasons) if kinds else ("", [])


def _row(kind: str, reasons: list[str], submission: Standing, data: ClassData) -> str:
    file = "" if any(submission.file in reason for reason in reasons) else path(submission.file)
    return (
        f'<tr><td><span class="tag {kind}">{TAGS[kind]}</span></td><th scope="row">{who(submission, data)}</th>'
        f'<td class="unit">{label(submission.unit)}</td>'
        f"<td>{bullets(esc(reason) for reason in reasons)}{file}</td></tr>\n"
    )


def _not_graded(data: ClassData) -> Iterator[str]:
    """A paragraph for each unit in which something was submitted that has no result."""
    for unit in data.units:
        if unit.ungraded:
            names = [name(student) for student in unit.ungraded]
            text = f"{count(len(names), 'submission')} of {label(unit.name)} not graded yet"
            shown = ", ".join(names[:NAMES_AT_ONCE])
            yield f"<p><b>{text}</b>: {shown}{'.' if len(names) <= NAMES_AT_ONCE else ' …'}</p>\n"
            if len(names) > NAMES_AT_ONCE:
                yield details("all of them", f"<p>{', '.join(names)}</p>\n")
