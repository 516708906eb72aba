"""The report's figures: well-formed, with bars as high as their counts, the same for the same counts."""

from xml.etree import ElementTree

import pytest

from grader.report.figures import HEIGHT, NAMES, Step, histogram_svg, progress_svg, small_histogram_svg
from grader.report.statistics import BINS

NONE = [0] * BINS
SOME = [3, 0, 0, 0, 0, 6, 0, 0, 0, 1, 12]


def parts(svg: str, tag: str, kind: str = "") -> list[dict]:
    """The attributes of all elements of a kind in a figure, in order, with their text."""
    found = ElementTree.fromstring(svg).iter(tag)
    return [{**e.attrib, "text": e.text} for e in found if not kind or e.get("class") == kind]


def test_a_bar_is_as_high_as_its_count_and_the_highest_fills_the_figure():
    bars = [*parts(histogram_svg(SOME, 0.5), "rect", "bar"), *parts(histogram_svg(SOME, 0.5), "rect", "full")]
    assert [float(bar["height"]) for bar in bars] == [HEIGHT / 4, HEIGHT / 2, HEIGHT / 12, HEIGHT]
    bottoms = {float(bar["y"]) + float(bar["height"]) for bar in bars}
    assert len(bottoms) == 1 and min(float(bar["y"]) for bar in bars) > 0
    assert [count["text"] for count in parts(histogram_svg(SOME, 0.5), "text", "count")] == ["3", "6", "1", "12"]


def test_full_marks_have_a_bar_of_their_own():
    for figure in (histogram_svg([*NONE[1:], 1], 1.0), small_histogram_svg([*NONE[1:], 1])):
        assert [bar["class"] for bar in parts(figure, "rect")] == ["full"]
    for figure in (histogram_svg([1, *NONE[1:]], 0.0), small_histogram_svg([1, *NONE[1:]])):
        assert [bar["class"] for bar in parts(figure, "rect")] == ["bar"]


def test_nothing_at_all_is_an_empty_figure():
    for figure in (histogram_svg(NONE, 0.0), small_histogram_svg(NONE), small_histogram_svg([])):
        assert parts(figure, "rect") == [] and len(parts(figure, "line", "axis")) == 1


@pytest.mark.parametrize("counts", [SOME, [10**6] * BINS, [1, *NONE[1:]]])
def test_nothing_stands_outside_of_the_figure(counts):
    for figure in (histogram_svg(counts, 0.99), small_histogram_svg(counts)):
        _, _, width, height = map(float, ElementTree.fromstring(figure).get("viewBox").split())
        for bar in parts(figure, "rect"):
            assert 0 <= float(bar["x"]) <= float(bar["x"]) + float(bar["width"]) <= width
            assert 0 <= float(bar["y"]) <= float(bar["y"]) + float(bar["height"]) <= height


def test_who_cannot_see_it_is_told_the_counts():
    assert len(NAMES) == BINS
    told = "0–9 %: 3, 50–59 %: 6, 90–99 %: 1, full marks: 12"
    assert ElementTree.fromstring(histogram_svg(SOME, 0.5)).get("aria-label") == f"Submissions by score. {told}"
    assert ElementTree.fromstring(small_histogram_svg(SOME)).get("aria-label") == told


def places(median: float) -> tuple[float, str]:
    """Where the median's line stands, and on which side of it its word."""
    figure = histogram_svg(SOME, median)
    ((line,), (word,)) = parts(figure, "line", "median"), parts(figure, "text", "note")
    assert line["x1"] == line["x2"] and word["text"] == "median"
    side = "right" if float(word["x"]) > float(line["x1"]) else "left"
    assert word["text-anchor"] == {"right": "start", "left": "end"}[side]
    return float(line["x1"]), side


def test_the_median_stands_where_its_share_is():
    xs = [places(share)[0] for share in (0, 0.25, 0.5, 0.75, 0.99, 1)]
    assert xs == sorted(set(xs))
    assert xs[4] - xs[0] == pytest.approx(0.99 * 4 * (xs[1] - xs[0]), abs=1)
    bars = parts(histogram_svg([5] * BINS, 0.5), "rect")
    assert float(bars[-1]["x"]) < xs[5] < float(bars[-1]["x"]) + float(bars[-1]["width"])  # within that of full marks


def test_a_median_beyond_the_ends_stands_at_them_and_its_word_within():
    assert places(1.5) == places(1.0) == places(1 - 1e-12) and places(1.0)[1] == "left"
    assert places(-0.5) == places(0) and places(0)[1] == "right"


def test_the_same_counts_give_the_same_bytes():
    assert histogram_svg(SOME, 1 / 3) == histogram_svg(tuple(SOME), 1 / 3)
    assert small_histogram_svg(SOME) == small_histogram_svg(tuple(SOME))


def test_progress_stands_where_its_shares_are():
    steps = [Step("01", 0.2, 0.5, 0.9, 1.0), Step("02", -0.5, 0.25, 1.5, 0.6), Step("<3", 0, 0, 0, 0)]
    figure = progress_svg(steps)
    (band,), (median, handed) = parts(figure, "polygon"), parts(figure, "polyline")
    points = [[tuple(map(float, p.split(","))) for p in e["points"].split()] for e in (median, handed, band)]
    base = points[1][2][1]  # nobody handed in
    height = base - points[1][0][1]  # everybody did
    assert [base - y for _, y in points[0]] == pytest.approx([0.5 * height, 0.25 * height, 0], abs=0.1)
    beyond = [base - y for _, y in points[2]]  # what is beyond the ends stands at them: upper side there, lower back
    assert beyond == pytest.approx([0.9 * height, height, 0, 0, 0, 0.2 * height], abs=0.1)
    dots = parts(figure, "circle")
    assert [(float(d["cx"]), float(d["cy"])) for d in dots] == points[0]
    told = ElementTree.fromstring(figure).get("aria-label")
    assert "01: median 50\u00a0%, 100\u00a0% handed in; 02: median 25\u00a0%" in told and "<3" in told
