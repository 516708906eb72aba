"""A page of HTML that needs nothing but itself, and the escaping of everything that goes into it."""

import html
import re
from collections.abc import Iterable

# Nothing is loaded and no script runs, even if something hostile should get past `esc`.
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
LONGEST = 500  # characters of a name or a reason that are shown
# Not allowed in HTML or UTF-8: control characters and lone surrogates.
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

STYLE = """
:root { --ink: #1a1d21; --soft: #5a626b; --line: #cfd5db; --shade: #f3f5f7; --bar: #4a6a8a; --full: #1f3a55; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 68rem; color: var(--ink); background: #fff;
  font: 1rem/1.45 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK KR", "Malgun Gothic", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 2px solid var(--ink); }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
p { margin: .4rem 0; max-width: 48rem; }
a { color: inherit; text-underline-offset: .2em; }
.soft { color: var(--soft); font-size: .875rem; }
.note { font-size: .8125rem; color: var(--soft); }
.lead { font-size: 1.05rem; }
code { font: .8125rem/1.4 ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
bdi { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; overflow-wrap: anywhere; vertical-align: top;
  padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); }
thead th { font-size: .8125rem; font-weight: 600; color: var(--soft); border-bottom: 1px solid var(--ink);
  vertical-align: bottom; overflow-wrap: normal; }
tbody th { font-weight: 600; min-width: 9.5rem; }
td.unit { min-width: 9rem; } td code { display: block; color: var(--soft); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.n .note { white-space: normal; display: block; max-width: 8rem; margin-left: auto; }
td ul, td ol { margin: 0; padding-left: 1.1rem; }
ul.plain { list-style: none; padding-left: 0; }
.tag { display: inline-block; padding: 0 .45rem; border: 1px solid var(--ink); border-radius: .2rem;
  font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.tag.failed, .tag.flagged { background: var(--ink); color: #fff; }
dl.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: .75rem 0; }
dl.facts div { min-width: 5rem; }
dl.facts dt { color: var(--soft); font-size: .8125rem; }
dl.facts dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
figure { margin: .75rem 0; max-width: 40rem; }
svg { display: block; }
svg.histogram { width: 100%; height: auto; }
svg.small { width: 6.5rem; height: 1.8rem; }
svg text { fill: var(--ink); font-size: 13px; text-anchor: middle; paint-order: stroke; stroke: #fff;
  stroke-width: 3px; }
svg text.note { font-size: 12px; text-anchor: inherit; }
svg text.note[text-anchor=start] { text-anchor: start; } svg text.note[text-anchor=end] { text-anchor: end; }
svg text.tick { fill: var(--soft); font-size: 12px; }
svg .bar { fill: var(--bar); } svg .full { fill: var(--full); }
svg .axis { stroke: var(--ink); } svg .median { stroke: var(--ink); stroke-dasharray: 4 3; }
.meter { display: block; width: 5rem; height: .4rem; margin: .25rem 0 0 auto; background: var(--line); }
.meter i { display: block; height: 100%; background: var(--bar); }
details { margin: .75rem 0; } summary { cursor: pointer; font-weight: 600; }
td details { margin: .25rem 0 0; } td summary { font-weight: 400; font-size: .875rem; color: var(--soft); }
details.who { margin: 0; } details.who > summary, td details.who > summary { font-weight: inherit; font-size: inherit;
  color: inherit; }
details.who > p { margin: .1rem 0 .4rem; padding-left: 1rem; font-size: .875rem; font-weight: 400; }
.low { font-weight: 700; text-decoration: underline; text-underline-offset: .2em; }
svg .band { fill: var(--line); } svg .line { fill: none; stroke: var(--full); stroke-width: 2; }
svg .dot { fill: var(--full); } svg .handed { fill: none; stroke: var(--ink); stroke-dasharray: 2 4; }
.scroll { overflow-x: auto; }
@media (max-width: 44rem) {
  table.cards, .cards tbody, .cards tr, .cards td, .cards tbody th { display: block; width: 100%; }
  .cards thead { display: block; position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border-bottom: 1px solid var(--ink); padding: .5rem 0; }
  .cards td, .cards tbody th { border: 0; min-width: 0; padding: .1rem 0; text-align: left; }
  .cards td:empty { display: none; }
  .cards td[data-label]::before { content: attr(data-label) ": "; color: var(--soft); font-size: .875rem; }
  .n { white-space: normal; } .n .note { display: inline; } .meter { margin-left: 0; }
  .cards svg.small { display: inline-block; vertical-align: middle; }
}
@media print {
  @page { margin: 15mm; }
  html { font-size: 9.5pt; } body { padding: 0; max-width: none; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tr, figure, dl { break-inside: avoid; } h2, h3, summary { break-after: avoid; } thead { display: table-header-group; }
  details::details-content { content-visibility: visible; display: block; }
}
"""


def esc(text: object) -> str:
    """Text as HTML, safe between tags and in a quoted attribute; what no page may hold is shown as �."""
    shown = str(text)
    if len(shown) > LONGEST:
        shown = shown[: LONGEST - 1] + "…"
    return html.escape(FORBIDDEN.sub("\ufffd", shown))


def name(text: object) -> str:
    """A name that somebody else chose: its writing direction stays inside it."""
    return f"<bdi>{esc(text)}</bdi>"


def label(text: object) -> str:
    """The id of a unit or an exercise; a narrow column breaks it after an underscore."""
    return name(text).replace("_", "_<wbr>")


def path(text: object) -> str:
    """A file's path, which may break after a slash."""
    return f"<code><bdi>{esc(text).replace('/', '/<wbr>')}</bdi></code>"


def table(heads: Iterable[str], rows: Iterable[str]) -> str:
    """A table of rows that are HTML already. heads: HTML; one that begins with '#' stands over numbers.

    In a narrow window each row becomes a block, its cells labelled by their data-label.
    """
    cells = "".join(
        f'<th scope="col" class="n">{h[1:]}</th>' if h.startswith("#") else f'<th scope="col">{h}</th>' for h in heads
    )
    return f'<table class="cards"><thead><tr>{cells}</tr></thead>\n<tbody>{"".join(rows)}</tbody></table>\n'


def bullets(entries: Iterable[str]) -> str:
    """A list of what is HTML already, without marks; one entry alone needs no list."""
    entries = list(entries)
    if len(entries) == 1:
        return entries[0]
    return '<ul class="plain">' + "".join(f"<li>{entry}</li>" for entry in entries) + "</ul>"


def details(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n{body}</details>\n"


def fold(summary: str, body: str) -> str:
    """What opens to names: in a cell or a list, smaller than `details`."""
    return f'<details class="who"><summary>{summary}</summary><p>{body}</p></details>'


def page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{esc(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )


def count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def number(value: float) -> str:
    return f"{round(value, 2):.10g}"


def percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"  # no line break before the sign


def duration(seconds: float) -> str:
    """3.1 s, 45 s, 12 min 5 s, 2 h 4 min."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
