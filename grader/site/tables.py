"""Tables that a unit writes as HTML, where cells are long: as the theme's own, with their formulas set."""

import html
import re

TABLE = re.compile(r"^<table>.*?</table>", re.M | re.S)
FORMULA = re.compile(r"\$([^$\n]+)\$")


def dressed(markdown: str) -> str:
    """Markdown whose HTML tables scroll on a phone; Sphinx looks for no formulas in HTML, so they are marked here."""
    return TABLE.sub(lambda table: _dressed(table[0]), markdown)


def _dressed(table: str) -> str:
    text = FORMULA.sub(lambda m: f'<span class="math notranslate nohighlight">\\({_escaped(m[1])}\\)</span>', table)
    text = text.replace("<table>", '<table class="table">', 1)
    return f'<div class="pst-scrollable-table-container">{text}</div>'


def _escaped(tex: str) -> str:
    return html.escape(html.unescape(tex), quote=False)
