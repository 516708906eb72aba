"""`bncourse report`: one HTML file on a class, in the order in which an instructor in a hurry needs it."""

import os
import statistics
from pathlib import Path

from grader.errors import CourseError
from grader.report.attention import attention
from grader.report.collect import ClassData, UnitData, collect
from grader.report.figures import small_histogram_svg
from grader.report.hidden import under_pseudonyms
from grader.report.page import count, esc, label, name, page, percent, table
from grader.report.shared import shared
from grader.report.statistics import FEWEST, Item, histogram, items
from grader.report.students import students
from grader.report.unit import out_of, points_of, shares_of, unit_part

NAMED, HIDDEN = "report.html", "report-pseudonyms.html"
MEANING = f"""<h2 id="meaning">What the numbers mean</h2>
<p><b>Scores</b> are the gradebook's, with manual scores and extra credit, less late penalties. Exercises are counted
before late penalties. Submissions without a score are left out. As long as an answer waits for a person's points, its
cell counts for nobody.</p>
<p><b>Not handed in</b> counts in the table of students once half of the class has handed a unit in.</p>
<p><b>Mean share of the points</b> is an exercise's difficulty: 100 % is easy, 0 % is hard.</p>
<p><b>Discrimination</b> is the correlation between the points in an exercise and those in the rest of the unit. From
about 0.3 it separates those who know from those who don't; near 0, or below, read the exercise again: it may be
unclear, or too easy or too hard to tell. It is not given for fewer than {FEWEST} submissions, where chance decides it,
nor where everybody earned the same.</p>
<p><b>Not done</b> is the share who left the stub as it was. <b>Mistakes</b> are those that a check recognised; one
student can make several.</p>
"""


def write_report(directory: Path, enough: float = 50, hidden: bool = False) -> Path:
    """Write DIR/report.html from the results and the gradebook of a class, and return its path.

    enough: the per cent of a unit's points under which somebody is low. hidden: under made-up names, as
    DIR/report-pseudonyms.html. The same results give the same bytes. Raises CourseError when DIR is no class, its
    gradebook cannot be read, or the file cannot be written.
    """
    data = collect(directory)
    if hidden:
        data = under_pseudonyms(data, directory.resolve())
    text = render(data, enough)
    target = directory / (HIDDEN if hidden else NAMED)
    partial = target.with_name(f"{target.name}.part")
    try:
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, target)
    except IsADirectoryError:
        raise CourseError(f"{target} is a directory; move it away.") from None
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        partial.unlink(missing_ok=True)
    return target


def render(data: ClassData, enough: float = 50) -> str:
    """The report as HTML. enough: the per cent of a unit's points under which somebody is low."""
    units = [unit for unit in data.units if unit.submissions]
    submissions = [s for unit in units for s in unit.submissions]
    body = [f"<h1>Class report: {name(data.name)}</h1>\n"]
    if units:
        people = count(len({s.student for s in submissions}), "student")
        text = f"{count(len(submissions), 'submission')} from {people} in {count(len(units), 'unit')}"
        body.append(f'<p class="soft">{text}</p>\n')
    body.append(attention(data))
    if units:
        found = {unit.name: items(unit) for unit in units}
        body += [_glance(units, found, len(data.people)), students(data, enough), shared(data)]
        body += [unit_part(n, unit, found[unit.name], data) for n, unit in enumerate(units, 1)]
        body.append(MEANING)
    return page(f"Class report: {data.name}", "".join(body))


def _glance(units: list[UnitData], found: dict[str, list[Item]], roster: int) -> str:
    rows = []
    for n, unit in enumerate(units, 1):
        points = points_of(unit)
        median = out_of(statistics.median(points), unit.out_of) if points and unit.out_of else "–"
        figure = small_histogram_svg(histogram(shares_of(unit))) if shares_of(unit) else "–"
        tried = [i for i in found[unit.name] if i.mean is not None]
        hardest = min(tried, key=lambda i: i.mean, default=None)
        common = max((m for i in tried for m in i.mistakes), key=lambda m: len(m.students), default=None)
        mistake = f"{len(common.students)} × {esc(common.hint)}" if common else "–"
        handed_in = str(len(unit.submissions)) + (f'<span class="note"> of {roster}</span>' if roster else "")
        rows.append(
            f'<tr><th scope="row"><a href="#unit-{n}">{label(unit.name)}</a></th>'
            f'<td class="n" data-label="Submissions">{handed_in}</td>'
            f'<td class="n" data-label="Median">{median}</td>'
            f'<td data-label="Scores">{figure}</td>'
            f'<td data-label="Hardest">{f"{label(hardest.exercise)}, {percent(hardest.mean)}" if hardest else "–"}</td>'
            f'<td data-label="Most common mistake">{mistake}</td></tr>\n'
        )
    heads = ("Unit", "#Submis&shy;sions", "#Median", "Scores, 0 to full", "Hardest exercise", "Most common mistake")
    return '<h2 id="units">Units at a glance</h2>\n' + table(heads, rows)
