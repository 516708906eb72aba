"""Formulas become MathML, and nothing that is typed becomes markup of another kind."""

import re

import pytest

from grader.classroom.feedback_math import html_of, mathml
from grader.paths import NOTEBOOKS


def test_formulas_in_markdown():
    html = html_of(
        "Let $x_i < 1$ and\n\n$$\\hat x = \\frac{x}{\\sigma}$$\n\n\\begin{equation}y\\end{equation}\n\n`$z$`"
    )
    assert html.count("<math") == 3 and html.count('display="block"') == 2
    assert "<mfrac>" in html and "<mover" in html and "&#x0003C;</mo>" in html and "<code>$z$</code>" in html


@pytest.mark.parametrize("bad", [r"\frac{", r"x^", r"\begin{matrix}", "{{{", r"\left("])
def test_what_is_no_formula_is_shown_as_it_was_typed(bad):
    assert mathml(bad) == f"<code>{bad}</code>" or mathml(bad).startswith("<math")


def test_a_formula_is_no_markup():
    for formula in ("<script>alert(1)</script>", r"\text{<img src=x onerror=alert(1)>}", r"\frac{<script>}"):
        assert not re.search(r"<(script|img)", html_of(f"${formula}$"))


@pytest.mark.slow
def test_every_formula_of_the_course_can_be_set():
    import nbformat

    unset, formulas = [], 0
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                html = html_of(cell.source)
                formulas += html.count("<math")
                math = "".join(re.findall(r"<math.*?</math>", html, re.S))
                # What latex2mathml does not know it leaves as it is: a backslash, or an element for an error.
                unset += [f"{path.stem}: {m}" for m in re.findall(r"\\[A-Za-z]+|<merror", math)]
    assert formulas > 500 and unset == []
