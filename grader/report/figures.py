"""The report's figures, as inline SVG written by hand: the same counts give the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass

from grader.report.page import esc, percent
from grader.report.statistics import BINS

NAMES = [*(f"{10 * i}–{10 * i + 9} %" for i in range(BINS - 1)), "full marks"]
LEFT, STEP, GAP, TOP, HEIGHT = 8, 52, 6, 34, 120  # in the figure's own units


def histogram_svg(counts: Sequence[int], median: float) -> str:
    """Bars of how many submissions earned which share of the points; a dashed line marks the median share."""
    width, base, most = 2 * LEFT + BINS * STEP, TOP + HEIGHT, max([*counts, 1])
    told = ", ".join(f"{name}: {count}" for name, count in zip(NAMES, counts) if count)
    parts = [
        f'<svg class="histogram" role="img" viewBox="0 0 {width} {base + 42}" '
        f'aria-label="Submissions by score. {told}">'
    ]
    x = LEFT + STEP * (BINS - 0.5 if median >= 1 - 1e-9 else max(0, median) * (BINS - 1))
    anchor, shift = ("start", 5) if x < width / 2 else ("end", -5)
    parts.append(
        f'<line class="median" x1="{x:.1f}" y1="4" x2="{x:.1f}" y2="{base}"/>'
        f'<text class="note" x="{x + shift:.1f}" y="13" text-anchor="{anchor}">median</text>'
    )
    for i, count in enumerate(counts):
        x, height = LEFT + i * STEP, HEIGHT * count / most
        if count:
            kind = "full" if i == BINS - 1 else "bar"
            parts.append(
                f'<rect class="{kind}" x="{x + GAP / 2:g}" y="{base - height:.1f}" width="{STEP - GAP}" '
                f'height="{height:.1f}"/>'
                f'<text class="count" x="{x + STEP / 2:g}" y="{base - height - 4:.1f}">{count}</text>'
            )
        if i < BINS - 1:
            parts.append(f'<text class="tick" x="{x}" y="{base + 16}">{10 * i}</text>')
    parts.append(f'<text class="tick" x="{LEFT + (BINS - 0.5) * STEP:g}" y="{base + 16}">full</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" y1="{base}" x2="{width - LEFT}" y2="{base}"/>')
    parts.append(f'<text class="tick" x="{width / 2:g}" y="{base + 36}">submissions by share of the points, %</text>')
    return "".join([*parts, "</svg>"])


def small_histogram_svg(counts: Sequence[int]) -> str:
    """The same bars without words, for a table."""
    most = max([*counts, 1])
    bars = "".join(
        f'<rect class="{"full" if i == BINS - 1 else "bar"}" x="{10 * i + 1}" y="{29 - 28 * n / most:.1f}" width="8" '
        f'height="{28 * n / most:.1f}"/>'
        for i, n in enumerate(counts)
        if n
    )
    told = ", ".join(f"{name}: {count}" for name, count in zip(NAMES, counts) if count)
    return (
        f'<svg class="small" role="img" viewBox="0 0 {10 * BINS} 30" aria-label="{told}">{bars}'
        f'<line class="axis" x1="0" y1="29.5" x2="{10 * BINS}" y2="29.5"/></svg>'
    )


@dataclass
class Step:
    """A unit's place in the progress of a class. Shares of its points, and of the class that handed it in: 0 to 1."""

    name: str
    low: float  # first quartile
    middle: float  # median
    high: float  # third quartile
    handed_in: float


def progress_svg(steps: Sequence[Step]) -> str:
    """The median and the middle half of the points from unit to unit, and how many handed in; two units or more."""
    left, right, top, height, width = 46, 20, 30, 130, 572
    gap = (width - left - right) / (len(steps) - 1)
    base, xs = top + height, [left + gap * n for n in range(len(steps))]

    def y(share: float) -> float:
        return base - height * max(0.0, min(1.0, share))

    def points(shares: Sequence[float]) -> str:
        return " ".join(f"{x:.1f},{y(share):.1f}" for x, share in zip(xs, shares))

    upper = points([s.high for s in steps])
    lower = " ".join(reversed(points([s.low for s in steps]).split()))
    told = "; ".join(f"{s.name}: median {percent(s.middle)}, {percent(s.handed_in)} handed in" for s in steps)
    parts = [
        f'<svg class="histogram" role="img" viewBox="0 0 {width} {base + 42}" '
        f'aria-label="Points from unit to unit. {esc(told)}">',
        f'<polygon class="band" points="{upper} {lower}"/>',
        f'<polyline class="line" points="{points([s.middle for s in steps])}"/>',
        f'<polyline class="handed" points="{points([s.handed_in for s in steps])}"/>',
    ]
    parts += [f'<circle class="dot" cx="{x:.1f}" cy="{y(s.middle):.1f}" r="3.5"/>' for x, s in zip(xs, steps)]
    parts += [f'<text class="tick" x="22" y="{y(share) + 4:.1f}">{percent(share)}</text>' for share in (0, 0.5, 1)]
    parts += [f'<text class="tick" x="{x:.1f}" y="{base + 16}">{esc(s.name)}</text>' for x, s in zip(xs, steps)]
    parts.append(f'<line class="axis" x1="{left}" y1="{base}" x2="{width - right}" y2="{base}"/>')
    parts.append(
        f'<text class="note" x="{left}" y="13" text-anchor="start">'
        "● median of the points, shaded: the middle half; dotted: handed in</text>"
    )
    parts.append(f'<text class="tick" x="{(left + width - right) / 2:g}" y="{base + 36}">unit</text>')
    return "".join([*parts, "</svg>"])
