"""Markdown as plain text: formulas as they are read, without marks."""

import pytest

from grader.site.plain import first_sentence, literal, plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        (r"The mean of $\hat x$ is $\beta$; $|z| \le 1$, `dx`, *so*", "The mean of x̂ is β; |z| ≤ 1, dx, so"),
        (r"$10^{-6}$ and $x^2$", "10⁻⁶ and x²"),
        (r"$\hat{\gamma}$, $\tilde\sigma$", "γ̂, σ̃"),
        (r"$\frac{1}{m}$, $\dfrac12$, $\frac{\partial L}{\partial x}$", "1/m, 1/2, ∂L/∂x"),
        (r"$\lVert w\rVert$ and $\|g\|$", "‖w‖ and ‖g‖"),
        (r"$\mathrm{Var}[x] \ne 0$, $\unknown x$", "Var[x] ≠ 0, unknownx"),
        ("see [the *unit*](03.ipynb#x) and ![a plot](p.png)", "see the unit and a plot"),
        ("two\nlines\n\nof  text ", "two lines of text"),
        ("it costs $5", "it costs $5"),
        ("", ""),
    ],
)
def test_plain_text(markdown, text):
    assert plain(markdown) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("One. Two.", "One."),
        ("Is it? Yes.", "Is it?"),
        ("No end", "No end"),
        ("eps = 1e-5, or 0.1 at most. So.", "eps = 1e-5, or 0.1 at most."),
        ("", ""),
    ],
)
def test_the_first_sentence(text, sentence):
    assert first_sentence(text) == sentence


def test_a_long_sentence_is_cut_at_a_word_without_its_comma():
    assert first_sentence("one, two, three", 11) == "one, two …"
    assert first_sentence("one, two, three", 15) == "one, two, three"


@pytest.mark.parametrize("text", ["a*b_c [d](e) `f` <g>", "# $i$ |j| {k} \\l", "plain, text."])
def test_nothing_in_literal_text_is_a_mark(text):
    made = literal(text)
    assert made.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == text
    assert all(made[at - 1] == "\\" for at, c in enumerate(made) if c in "*_[]`<>#$|{}")


@pytest.mark.parametrize(
    ("tex", "read"), [(r"\frac{x_{i}}{2}", "x_i/2"), (r"x^{-1/2}", "x⁻¹/²"), (r"a \ne b", "a ≠ b"), (r"\bar x", "x̄")]
)
def test_formulas_as_they_are_read(tex, read):
    assert plain(f"${tex}$") in (read, read.replace("⁻¹/²", "^(-1/2)"))


def test_one_long_word_is_not_cut_to_nothing():
    assert first_sentence("x" * 200).startswith("x")
