"""The report's part on one unit: scores, its exercises and their mistakes, what was repaired, the time it took."""

import statistics

from grader.report.collect import ClassData, UnitData
from grader.report.figures import histogram_svg
from grader.report.names import listed, named, who
from grader.report.page import bullets, count, details, duration, esc, fold, label, name, number, path, percent, table
from grader.report.statistics import Item, histogram

TOP = 5  # mistakes of an exercise that are shown at once
SLOWEST = 3
LOW = 0.1  # discrimination that asks for another look at the exercise


def unit_part(position: int, unit: UnitData, found: list[Item], data: ClassData) -> str:
    """As HTML. position: of the unit in the report, from 1; found: its exercises' statistics."""
    points, shares = points_of(unit), shares_of(unit)
    parts = [f'<h2 id="unit-{position}">{label(unit.name)}</h2>\n', _facts(unit, points), _missing(unit, data)]
    if shares:
        parts.append(f"<figure>{histogram_svg(histogram(shares), statistics.median(shares))}</figure>\n")
    elif points and unit.left_out:
        parts.append("<p>A person still has to grade it.</p>\n")
    elif points:
        parts.append("<p>Its checks carry no points.</p>\n")
    else:
        parts.append("<p>No submission has a score.</p>\n")
    if points and found:
        heads = ("Exercise", "#Points", "#Mean share<br>of the points", "#Discrimi&shy;nation", "#Not done", "Mistakes")
        parts.append("<h3>Exercises</h3>\n" + table(heads, [_item(i, data) for i in found]))
    parts += [_repaired(unit, data), _time(unit)]
    return "".join(parts)


def _facts(unit: UnitData, points: list[float]) -> str:
    facts = {"Submissions": str(len(unit.submissions))}
    if len(points) != len(unit.submissions):
        facts["With a score"] = str(len(points))
    if points:
        facts["Median"] = out_of(statistics.median(points), unit.out_of)
    if len(points) >= 4:
        low, _, high = statistics.quantiles(points, method="inclusive")
        facts["Middle half"] = f"{number(low)} to {number(high)}"
    if unit.left_out:
        facts["Left out, until a person has graded it"] = f"{number(unit.left_out)} points"
    late = [s.penalty for s in unit.submissions if s.penalty > 0]
    if late:
        facts["Late penalties"] = f"{len(late)} (−{number(sum(late))} points)"
    stock = sum(s.result is None for s in unit.submissions)
    if stock:
        facts["Graded by other tools"] = f"{stock} (mistakes not known)"
    entries = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in facts.items())
    return f'<dl class="facts">{entries}</dl>\n'


def _missing(unit: UnitData, data: ClassData) -> str:
    missing = data.people.keys() - unit.handed_in
    if not missing:
        return ""
    return f"<div><b>Not handed in</b>: {named(missing, data)}</div>\n"


def _item(item: Item, data: ClassData) -> str:
    if item.mean is None:
        mean = "–"
    else:
        filled = f"{100 * max(0, min(1, item.mean)):.0f}"
        mean = f'{percent(item.mean)}<span class="meter"><i style="width:{filled}%"></i></span>'
    if item.discrimination is None:
        separates = f'–<span class="note"> {item.why}</span>'
    else:
        separates = f"{item.discrimination:.2f}".replace("-", "−")
        if item.discrimination < LOW and 0.1 <= item.mean <= 0.9:  # else nearly all agree, and chance decides it
            separates += '<span class="note"> read it again</span>'
    return (
        f'<tr><th scope="row">{label(item.exercise)}</th><td class="n" data-label="Points">{number(item.out_of)}</td>'
        f'<td class="n" data-label="Mean share of the points">{mean}</td>'
        f'<td class="n" data-label="Discrimination">{separates}</td>'
        f'<td class="n" data-label="Not done">{"–" if item.undone is None else percent(item.undone)}</td>'
        f"<td>{_mistakes(item, data)}</td></tr>\n"
    )


def _mistakes(item: Item, data: ClassData) -> str:
    lines = []
    for mistake in item.mistakes:
        checks = f" in {mistake.checks} checks" if mistake.checks != len(mistake.students) else ""
        text = f"<b>{count(len(mistake.students), 'student')}</b>{checks}: {esc(mistake.hint)}"
        lines.append(fold(text, listed(mistake.students, data)))
    first, rest = lines[:TOP], lines[TOP:]
    if item.unnamed:
        often = f", most often “{esc(item.unnamed_message)}”" if item.unnamed_message else ""
        text = f'<span class="soft">{count(len(item.unnamed), "student")} without a known cause{often}</span>'
        first.append(fold(text, listed(item.unnamed, data)))
    if item.undone_by:
        text = f'<span class="soft">{count(len(item.undone_by), "student")} left the stub as it was</span>'
        first.append(fold(text, listed(item.undone_by, data)))
    if not first:
        return ""
    return bullets(first) + (details(f"{len(rest)} rarer", bullets(rest)) if rest else "")


def _repaired(unit: UnitData, data: ClassData) -> str:
    repaired = [s for s in unit.submissions if s.result and s.result.repairs]
    if not repaired:
        return ""
    rows = [
        f'<tr><th scope="row">{who(s.student, data)}</th><td>{bullets(esc(r) for r in s.result.repairs)}'
        f"{path(s.file) if s.file else ''}</td></tr>\n"
        for s in repaired
    ]
    summary = f"{count(len(repaired), 'repaired submission')}, with what was repaired"
    return details(summary, table(("Student", "Repaired, and the file"), rows))


def _time(unit: UnitData) -> str:
    timed = [s for s in unit.submissions if s.result and s.result.seconds > 0]
    if not timed:
        return ""
    seconds = [s.result.seconds for s in timed]
    text = f"Grading took {duration(sum(seconds))} in all ({duration(sum(s.result.cpu for s in timed))} of CPU), "
    text += f"{duration(statistics.median(seconds))} in the median."
    if len(timed) > 1:
        slowest = sorted(timed, key=lambda s: (-s.result.seconds, s.student))[:SLOWEST]
        text += " Slowest: " + ", ".join(f"{name(s.student)} {duration(s.result.seconds)}" for s in slowest) + "."
    return f'<p class="soft">{text}</p>\n'


def points_of(unit: UnitData) -> list[float]:
    """What each submission with a score earned in the cells that are counted."""
    earned = (unit.earned(s) for s in unit.submissions)
    return [points for points in earned if points is not None]


def shares_of(unit: UnitData) -> list[float]:
    """The same as shares of the unit's points; none where it has no points."""
    return [points / unit.out_of for points in points_of(unit)] if unit.out_of else []


def out_of(points: float, most: float) -> str:
    """12 of 15."""
    return f"{number(points)} of {number(most)}"
