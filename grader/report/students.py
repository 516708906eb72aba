"""The report's part on students over the units: how the class goes on, who is low or missing in several, everybody."""

import math
import statistics
from dataclasses import dataclass, field

from grader.report.collect import ClassData, UnitData
from grader.report.figures import Step, progress_svg
from grader.report.names import in_order, listed, who
from grader.report.page import count, details, esc, label, percent, table

SEVERAL = 2  # units in which somebody is low or missing, to be named
DUE = 0.5  # share of the class that has handed a unit in, before others are missing there
AT_ONCE = 25  # rows that are shown; the others are one click away


@dataclass
class Course:
    """A student over the units. shares: of the points, by unit; None where there is no score."""

    student: str
    shares: dict[str, float | None] = field(default_factory=dict)
    low: list[str] = field(default_factory=list)  # units with less than enough
    missing: list[str] = field(default_factory=list)  # units not handed in, of those that most have
    absent: bool = True  # has handed in nothing at all


def courses(data: ClassData, enough: float) -> list[Course]:
    """Every student, on the roster or not, over the units that give points. enough: per cent of a unit's points."""
    units = [unit for unit in data.units if unit.out_of]
    everybody = data.everybody
    found = {student: Course(student) for student in in_order(everybody, data)}
    for unit in data.units:
        for student in unit.handed_in:
            found[student].absent = False
    for unit in units:
        points, handed_in = {s.student: unit.earned(s) for s in unit.submissions}, unit.handed_in
        due = len(handed_in) >= DUE * len(everybody)
        for student, course in found.items():
            earned = points.get(student)
            share = course.shares[unit.name] = None if earned is None else earned / unit.out_of
            if share is not None and share < enough / 100 - 1e-9:
                course.low.append(unit.name)
            elif student not in handed_in and due:
                course.missing.append(unit.name)
    return list(found.values())


def students(data: ClassData, enough: float) -> str:
    """As HTML: the class over the units, who handed in nothing, who is low or missing in several, a table of all."""
    found, units = courses(data, enough), [unit for unit in data.units if unit.out_of]
    if not found or not units:
        return ""
    short = _short(units)
    parts = ['<h2 id="students">Students over the units</h2>\n', _progress(units, short, len(found))]
    absent = [c.student for c in found if c.absent]
    if absent:
        parts.append(f"<p><b>{count(len(absent), 'student')} handed in nothing</b>: {listed(absent, data)}.</p>\n")
    if len(units) >= SEVERAL:
        behind = [c for c in found if not c.absent and len(c.low) + len(c.missing) >= SEVERAL]
        behind.sort(key=lambda c: -len(c.low) - len(c.missing))  # stable: then as on the roster
        what = f"Under {enough:g} % or not handed in, in two units or more"
        parts.append(f"<h3>{what}</h3>\n")
        if behind:
            rows = [_behind(c, short, data) for c in behind]
            heads = ("Student", f"Under {enough:g} %", "Not handed in")
            parts.append(f"<p>{count(len(behind), 'student')}.</p>\n" + table(heads, rows[:AT_ONCE]))
            if rows[AT_ONCE:]:
                parts.append(details(f"{len(rows) - AT_ONCE} more", table(heads, rows[AT_ONCE:])))
        else:
            parts.append("<p>Nobody.</p>\n")
    heads = ("Student", *(f"#{label(short[unit.name])}" for unit in units))
    handed = {unit.name: unit.handed_in for unit in units}
    rows = [_everywhere(c, short, handed, data) for c in found]
    key = f"Per cent of the points; underlined: under {enough:g} %; “–”: not handed in; “?”: no score."
    body = f'<p class="soft">{key}</p>\n{table(heads, rows)}'
    parts.append(details(f"All {count(len(found), 'student')}, unit by unit", body))
    return "".join(parts)


def _short(units: list[UnitData]) -> dict[str, str]:
    """Units by their numbers, where these tell them apart."""
    numbers = {unit.name: unit.name.partition("_")[0] for unit in units}
    return numbers if len(set(numbers.values())) == len(numbers) else {unit.name: unit.name for unit in units}


def _progress(units: list[UnitData], short: dict[str, str], everybody: int) -> str:
    steps = []
    for unit in units:
        earned = [unit.earned(s) for s in unit.submissions]
        shares = [points / unit.out_of for points in earned if points is not None]
        if shares:
            low, middle, high = _quartiles(shares)
            steps.append(Step(short[unit.name], low, middle, high, len(unit.handed_in) / everybody))
    if len(steps) < 2:
        return ""
    return f"<figure>{progress_svg(steps)}</figure>\n"


def _quartiles(shares: list[float]) -> tuple[float, float, float]:
    if len(shares) == 1:
        return (shares[0],) * 3
    return tuple(statistics.quantiles(shares, method="inclusive"))


def _behind(course: Course, short: dict[str, str], data: ClassData) -> str:
    low = ", ".join(f"{label(short[unit])} ({_down(course.shares[unit])})" for unit in course.low)
    missing = ", ".join(label(short[unit]) for unit in course.missing)
    return (
        f'<tr><th scope="row">{who(course.student, data)}</th><td data-label="Low">{low or "–"}</td>'
        f'<td data-label="Not handed in">{missing or "–"}</td></tr>\n'
    )


def _everywhere(course: Course, short: dict[str, str], handed: dict[str, set[str]], data: ClassData) -> str:
    cells = []
    for unit, share in course.shares.items():
        if share is None:
            text = "?" if course.student in handed[unit] else "–"
        else:
            text = f'<span class="low">{_down(share)}</span>' if unit in course.low else _down(share)
        cells.append(f'<td class="n" data-label="{esc(short[unit])}">{text}</td>')
    return f'<tr><th scope="row">{who(course.student, data)}</th>{"".join(cells)}</tr>\n'


def _down(share: float) -> str:
    """Rounded down, so that nobody who is under a mark seems to have reached it."""
    return percent(math.floor(100 * share + 1e-6) / 100)
