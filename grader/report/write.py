"""`bncourse report`: one HTML file on a class, in the order in which an instructor in a hurry needs it."""

import os
import statistics
from pathlib import Path

from grader.errors import CourseError
from grader.report.attention import attention, who
from grader.report.collect import ClassData, UnitData, collect
from grader.report.figures import histogram_svg, small_histogram_svg
from grader.report.page import bullets, count, details, duration, esc, label, name, number, page, path, percent, table
from grader.report.statistics import FEWEST, Item, histogram, items

TOP = 5  # mistakes of an exercise that are shown at once
SLOWEST = 3
LOW = 0.1  # discrimination that asks for another look at the exercise

MEANING = f"""<h2 id="meaning">What the numbers mean</h2>
<p><b>Scores</b> are the gradebook's, with manual scores and extra credit, less late penalties. Exercises are counted
before late penalties. Submissions without a score are left out.</p>
<p><b>Mean share of the points</b> is an exercise's difficulty: 100 % is easy, 0 % is hard.</p>
<p><b>Discrimination</b> is the correlation between the points in an exercise and those in the rest of the unit. From
about 0.3 it separates those who know from those who don't; near 0, or below, read the exercise again: it may be
unclear, or too easy or too hard to tell. It is not given for fewer than {FEWEST} submissions, where chance decides it,
nor where everybody earned the same.</p>
<p><b>Not done</b> is the share who left the stub as it was. <b>Mistakes</b> are those that a check recognised; one
student can make several.</p>
"""


def write_report(directory: Path) -> Path:
    """Write DIR/report.html from the results and the gradebook of a class, and return its path.

    The same results give the same bytes. Raises CourseError when DIR is no class or its gradebook cannot be read,
    OSError when the file cannot be written.
    """
    text = render(collect(directory))
    target = directory / "report.html"
    partial = directory / "report.html.part"
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, target)
    except IsADirectoryError:
        raise CourseError(f"{target} is a directory; move it away.") from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def render(data: ClassData) -> str:
    """The report as HTML."""
    units = [unit for unit in data.units if unit.submissions]
    submissions = [s for unit in units for s in unit.submissions]
    body = [f"<h1>Class report: {name(data.name)}</h1>\n"]
    if units:
        students = count(len({s.student for s in submissions}), "student")
        text = f"{count(len(submissions), 'submission')} from {students} in {count(len(units), 'unit')}"
        body.append(f'<p class="soft">{text}</p>\n')
    body.append(attention(data))
    if units:
        found = {unit.name: items(unit) for unit in units}
        body.append(_glance(units, found))
        body += [_unit(n, unit, found[unit.name], data) for n, unit in enumerate(units, 1)]
        body.append(MEANING)
    return page(f"Class report: {data.name}", "".join(body))


def _glance(units: list[UnitData], found: dict[str, list[Item]]) -> str:
    rows = []
    for n, unit in enumerate(units, 1):
        points = _points(unit)
        median = _out_of(statistics.median(points), unit.out_of) if points else "–"
        figure = small_histogram_svg(histogram(_shares(unit))) if _shares(unit) else "–"
        tried = [i for i in found[unit.name] if i.mean is not None]
        hardest = min(tried, key=lambda i: i.mean, default=None)
        common = max((m for i in tried for m in i.mistakes), key=lambda m: m.students, default=None)
        mistake = f"{common.students} × {esc(common.hint)}" if common else "–"
        rows.append(
            f'<tr><th scope="row"><a href="#unit-{n}">{label(unit.name)}</a></th>'
            f'<td class="n" data-label="Submissions">{len(unit.submissions)}</td>'
            f'<td class="n" data-label="Median">{median}</td>'
            f'<td data-label="Scores">{figure}</td>'
            f'<td data-label="Hardest">{f"{label(hardest.exercise)}, {percent(hardest.mean)}" if hardest else "–"}</td>'
            f'<td data-label="Most common mistake">{mistake}</td></tr>\n'
        )
    heads = ("Unit", "#Submis&shy;sions", "#Median", "Scores, 0 to full", "Hardest exercise", "Most common mistake")
    return '<h2 id="units">Units at a glance</h2>\n' + table(heads, rows)


def _unit(position: int, unit: UnitData, found: list[Item], data: ClassData) -> str:
    points, shares = _points(unit), _shares(unit)
    parts = [f'<h2 id="unit-{position}">{label(unit.name)}</h2>\n', _facts(unit, points, data)]
    if shares:
        parts.append(f"<figure>{histogram_svg(histogram(shares), statistics.median(shares))}</figure>\n")
    elif points:
        parts.append("<p>Its checks carry no points.</p>\n")
    else:
        parts.append("<p>No submission has a score.</p>\n")
    if points and found:
        heads = ("Exercise", "#Points", "#Mean share<br>of the points", "#Discrimi&shy;nation", "#Not done", "Mistakes")
        parts.append("<h3>Exercises</h3>\n" + table(heads, [_item(i) for i in found]))
    parts += [_repaired(unit, data), _time(unit)]
    return "".join(parts)


def _facts(unit: UnitData, points: list[float], data: ClassData) -> str:
    facts = {"Submissions": str(len(unit.submissions))}
    if len(points) != len(unit.submissions):
        facts["With a score"] = str(len(points))
    absent = len(data.people.keys() - {s.student for s in unit.submissions})
    if absent:
        facts["On the roster, not here"] = str(absent)
    if points:
        facts["Median"] = _out_of(statistics.median(points), unit.out_of)
    if len(points) >= 4:
        low, _, high = statistics.quantiles(points, method="inclusive")
        facts["Middle half"] = f"{number(low)} to {number(high)}"
    late = [s.penalty for s in unit.submissions if s.penalty > 0]
    if late:
        facts["Late penalties"] = f"{len(late)} (−{number(sum(late))} points)"
    stock = sum(s.result is None for s in unit.submissions)
    if stock:
        facts["Graded by other tools"] = f"{stock} (mistakes not known)"
    entries = "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in facts.items())
    return f'<dl class="facts">{entries}</dl>\n'


def _item(item: Item) -> str:
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
        f"<td>{_mistakes(item)}</td></tr>\n"
    )


def _mistakes(item: Item) -> str:
    lines = []
    for mistake in item.mistakes:
        checks = f" in {mistake.checks} checks" if mistake.checks != mistake.students else ""
        lines.append(f"<b>{count(mistake.students, 'student')}</b>{checks}: {esc(mistake.hint)}")
    first, rest = lines[:TOP], lines[TOP:]
    if item.unnamed:
        often = f", most often “{esc(item.unnamed_message)}”" if item.unnamed_message else ""
        first.append(f'<span class="soft">{count(item.unnamed, "student")} without a known cause{often}</span>')
    if not first:
        return ""
    return bullets(first) + (details(f"{len(rest)} rarer", bullets(rest)) if rest else "")


def _repaired(unit: UnitData, data: ClassData) -> str:
    repaired = [s for s in unit.submissions if s.result and s.result.repairs]
    if not repaired:
        return ""
    rows = [
        f'<tr><th scope="row">{who(s, data)}</th><td>{bullets(esc(r) for r in s.result.repairs)}'
        f"{path(s.file)}</td></tr>\n"
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


def _points(unit: UnitData) -> list[float]:
    return [s.points for s in unit.submissions if s.points is not None]


def _shares(unit: UnitData) -> list[float]:
    return [points / unit.out_of for points in _points(unit)] if unit.out_of else []


def _out_of(points: float, most: float) -> str:
    return f"{number(points)} of {number(most)}"
