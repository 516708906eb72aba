"""Tables that a unit writes as HTML scroll on a phone, with their formulas set."""

import pytest

from grader.site.tables import dressed

BEFORE, AFTER = '<div class="pst-scrollable-table-container"><table class="table">', "</table></div>"
MATH = '<span class="math notranslate nohighlight">\\({}\\)</span>'


def test_formulas_in_html_tables_are_marked_and_only_there():
    made = dressed("a\n\n<table>\n<tr><td>$a &lt; b$ &amp; c</td></tr>\n</table>\n\n$d$")
    assert made == f"a\n\n{BEFORE}\n<tr><td>{MATH.format('a &lt; b')} &amp; c</td></tr>\n{AFTER}\n\n$d$"


@pytest.mark.parametrize(("tex", "escaped"), [("a < b", "a &lt; b"), ("x & y", "x &amp; y"), (r"x'_\text{\"u}", None)])
def test_a_formula_is_html_once(tex, escaped):
    assert MATH.format(escaped or tex) in dressed(f"<table><tr><td>${tex}$</td></tr></table>")


def test_each_table_is_dressed():
    table = "<table>\n<tr><td>$x$ and $y$</td></tr>\n</table>"
    made = dressed(f"{table}\n\ntext\n\n{table}")
    assert made.count(BEFORE) == made.count(AFTER) == 2 and made.count("math notranslate") == 4
    assert "\n\ntext\n\n" in made


@pytest.mark.parametrize("text", ["", "| a | $b$ |\n|---|---|", "write `<table>` and </table>", "<table>\nno end $x$"])
def test_what_is_no_html_table_stays(text):
    assert dressed(text) == text
