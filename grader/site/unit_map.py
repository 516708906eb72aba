"""The map of the units as a drawing: minutes, and arrows from each to those that build on it."""

import html
import textwrap

from grader.authoring.minutes import minutes_of
from grader.authoring.unit import Unit

WIDTH = 980  # of the drawing, in its own units; the page scales it
HIGH, GAP_X, GAP_Y, LINE = 68, 20, 12, 14  # of a box, between boxes, between lines of a title


def needs(units: list[Unit]) -> dict[str, set[str]]:
    """What each unit builds on directly: without what is needed for something that it needs."""
    above = {u.name: set(u.builds_on) for u in units}

    def everything(name: str) -> set[str]:
        return above[name].union(*(everything(n) for n in above[name])) if above[name] else set()

    return {
        name: {n for n in direct if not any(n in everything(other) for other in direct - {n})}
        for name, direct in above.items()
    }


def depths(direct: dict[str, set[str]]) -> dict[str, int]:
    """How many units come before each, at least, one after the other."""

    def depth(name: str) -> int:
        return 1 + max(map(depth, direct[name])) if direct[name] else 0

    return {name: depth(name) for name in direct}


def drawing(units: list[Unit], link: str = "notebooks/{}.html") -> str:
    """The map as SVG, in colours of the page, from left to right; each box leads to its unit."""
    depth = depths(needs(units))
    columns = {d: [u for u in units if depth[u.name] == d] for d in sorted(set(depth.values()))}
    wide = (WIDTH - 4 + GAP_X) / len(columns) - GAP_X
    high = max(map(len, columns.values())) * (HIGH + GAP_Y) - GAP_Y + 4
    corner = {}
    for at, (_, column) in enumerate(columns.items()):
        top = (high - len(column) * (HIGH + GAP_Y) + GAP_Y) / 2
        for row, unit in enumerate(column):
            corner[unit.name] = (2 + at * (wide + GAP_X), top + row * (HIGH + GAP_Y))
    arrows = [
        _arrow(corner[below], corner[name], wide) for name, direct in needs(units).items() for below in sorted(direct)
    ]
    boxes = [_box(unit, *corner[unit.name], wide, link.format(unit.name)) for unit in units]
    tip = (
        '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z"/></marker>'
    )
    return (
        f'<svg class="unit-map" viewBox="0 0 {WIDTH} {high:g}" role="group" aria-label="Map of the units">'
        f"<defs>{tip}</defs>{''.join(arrows)}{''.join(boxes)}</svg>"
    )


def _arrow(start: tuple[float, float], end: tuple[float, float], wide: float) -> str:
    x0, y0, x1, y1 = start[0] + wide, start[1] + HIGH / 2, end[0] - 2, end[1] + HIGH / 2
    bend = f"C{x0 + GAP_X / 2:g} {y0:g} {x1 - GAP_X / 2:g} {y1:g} {x1:g} {y1:g}"
    return f'<path class="arrow" d="M{x0:g} {y0:g} {bend}" marker-end="url(#tip)"/>'


def _box(unit: Unit, x: float, y: float, wide: float, link: str) -> str:
    lines = textwrap.wrap(unit.title, int((wide - 12) / 5.6), break_long_words=False)[:3]
    minutes = minutes_of(unit).core
    title = "".join(
        f'<tspan x="{x + 7:g}" y="{y + 31 + LINE * i:g}">{html.escape(line)}</tspan>' for i, line in enumerate(lines)
    )
    return (
        f'<a href="{link}">'
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{HIGH}" rx="6"/>'
        f'<text class="number" x="{x + 7:g}" y="{y + 15:g}">{unit.name[:2]}</text>'
        f"<text>{title}</text>"
        f'<text class="minutes" x="{x + wide - 6:g}" y="{y + 15:g}">{minutes} min</text></a>'
    )


def as_table(units: list[Unit]) -> str:
    """The same as Markdown: for a list of the units, and for what does not draw."""
    lines = ["| unit | the question | minutes | points | builds on |", "|---|---|---|---|---|"]
    for unit in units:
        on = ", ".join(f"[{n[:2]}](notebooks/{n}.ipynb)" for n in unit.builds_on)
        link = f"[**{unit.name[:2]}** {unit.title}](notebooks/{unit.name}.ipynb)"
        question = unit.question.replace("|", "\\|")
        lines.append(f"| {link} | {question} | {minutes_of(unit).core} | {unit.points:g} | {on} |")
    return "\n".join(lines)
