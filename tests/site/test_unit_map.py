"""The map of the units: minutes, and arrows from each to those that build on it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from grader.authoring.unit import Unit
from grader.site.unit_map import WIDTH, as_table, depths, drawing, needs

BUILDS_ON = {"00_a": [], "01_b": ["00_a"], "02_c": ["00_a", "01_b"], "03_d": ["00_a"], "04_e": ["02_c", "03_d"]}


def unit(name: str, builds_on: list[str], title: str = "A title") -> Unit:
    return Unit(Path(f"{name}.py"), title, "What is it?", builds_on, 600)


UNITS = [unit(name, builds_on) for name, builds_on in BUILDS_ON.items()]


def tags(svg: str, name: str) -> list[ET.Element]:
    return [element for element in ET.fromstring(svg).iter() if element.tag == name]


def test_what_is_needed_for_something_needed_is_no_direct_need():
    direct = needs(UNITS)
    assert direct == {"00_a": set(), "01_b": {"00_a"}, "02_c": {"01_b"}, "03_d": {"00_a"}, "04_e": {"02_c", "03_d"}}
    assert depths(direct) == {"00_a": 0, "01_b": 1, "02_c": 2, "03_d": 1, "04_e": 3}


@pytest.mark.parametrize("units", [UNITS, UNITS[:1], [unit("00_a", []), unit("01_b", [])]])
def test_the_map_has_every_unit_and_an_arrow_for_each_direct_need(units):
    svg = drawing(units)
    assert [a.get("href") for a in tags(svg, "a")] == [f"notebooks/{u.name}.html" for u in units]
    arrows = [path for path in tags(svg, "path") if path.get("class") == "arrow"]
    assert len(arrows) == sum(map(len, needs(units).values()))


def test_boxes_stand_within_the_drawing_and_apart():
    svg = drawing(UNITS)
    boxes = [[float(r.get(key)) for key in ("x", "y", "width", "height")] for r in tags(svg, "rect")]
    high = float(ET.fromstring(svg).get("viewBox").split()[3])
    assert all(min(x, y) >= 0 and x + w <= WIDTH and y + h <= high for x, y, w, h in boxes)
    for at, (x, y, w, h) in enumerate(boxes):
        assert all(x + w < a or a + w < x or y + h < b or b + h < y for a, b, _, _ in boxes[at + 1 :])


def test_titles_are_text_on_three_lines_at_most():
    svg = drawing([unit("00_a", [], "Why <b> & γ " + "is " * 200)])
    lines = tags(svg, "tspan")
    assert len(lines) == 3 and lines[0].text.startswith("Why <b> & γ")


def test_the_link_of_a_box_is_the_caller_s():
    assert 'href="x/00_a/y"' in drawing(UNITS, "x/{}/y")


def test_the_table_says_the_same():
    assert as_table(UNITS[1:2]).splitlines()[-1] == (
        "| [**01** A title](notebooks/01_b.ipynb) | What is it? | 10 | 0 | [00](notebooks/00_a.ipynb) |"
    )
    assert len(as_table(UNITS).splitlines()) == 2 + len(UNITS) and len(as_table([]).splitlines()) == 2


def test_a_need_that_is_no_unit_is_not_passed_over():
    with pytest.raises(KeyError, match="09_gone"):
        drawing([unit("00_a", ["09_gone"]), unit("01_b", ["00_a", "09_gone"])])
