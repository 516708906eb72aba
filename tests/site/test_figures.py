"""Each figure gets a number, and the sentence below it as its caption and alt text."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grader.site.figures import Figure, caption_figures, has_figure, readable


def plotted(png: str = "AAAA"):
    return new_code_cell("plt.show()", outputs=[new_output("display_data", {"image/png": png})])


def captions(*below: str, between=()) -> tuple[str, str]:
    """The caption of a figure with some prose below it, and what is left of the prose."""
    cells = [plotted(), *between, *map(new_markdown_cell, below)]
    caption_figures(cells, 3)
    return cells[0].metadata["mystnb"]["figure"]["caption"], "|".join(c.source for c in cells[1:] if c.source)


@pytest.mark.parametrize(
    ("prose", "caption", "rest"),
    [
        ("*The figure:* loss\nby step, $x^2$.\n\nMore.", "**Figure 3.1.** Loss by step, $x^2$.", "More."),
        ("*In the figure:* it falls.", "**Figure 3.1.** It falls.", ""),
        ("Text.\n\n*The figure:* it falls.\n\nMore.", "**Figure 3.1.** It falls.", "Text.\n\nMore."),
        ("The loss falls. And more.", "**Figure 3.1.** The loss falls. And more.", ""),
        ("*The figure shows* a line.", "**Figure 3.1.** *The figure shows* a line.", ""),
        ("## Next\n\nMore.", "**Figure 3.1.**", "## Next\n\nMore."),
        ("- a list", "**Figure 3.1.**", "- a list"),
        ("| a | b |\n|---|---|", "**Figure 3.1.**", "| a | b |\n|---|---|"),
        ("It shows two things:\n\n- a", "**Figure 3.1.** It shows two things:", "It shows two things:\n\n- a"),
    ],
)  # fmt: skip
def test_the_sentence_below_becomes_the_caption(prose, caption, rest):
    assert captions(prose) == (caption, rest)


def test_a_sentence_behind_other_code_stays_where_it_is():
    said = "*The figure:* it falls *by* a_b. More of it."
    assert captions(said, between=[new_code_cell("x = 1")]) == (r"**Figure 3.1.** It falls by a\_b.", f"x = 1|{said}")


def test_a_figure_that_nothing_follows_is_named_by_its_number():
    assert captions()[0].startswith("**Figure 3.1.**")
    assert Figure("3.1", "figure-3-1", "", "").alt == "Figure 3.1"


def test_numbers_and_targets_count_within_a_unit():
    cells = [plotted("A"), new_code_cell("x"), new_markdown_cell("One."), plotted("B"), plotted("C")]
    figures = caption_figures(cells, 11)
    assert [(f.number, f.anchor, f.png) for f in figures] == [
        ("11.1", "figure-11-1", "A"), ("11.2", "figure-11-2", "B"), ("11.3", "figure-11-3", "C")
    ]  # fmt: skip
    assert cells[3].metadata["mystnb"]["figure"]["name"] == "figure-11-2" and "mystnb" not in cells[1].metadata


def test_the_alt_text_is_the_caption_as_plain_text():
    cells = [plotted(), new_markdown_cell(r"*The figure:* $\gamma$ of **each** [layer](x.md).")]
    (figure,) = caption_figures(cells, 3)
    assert figure.alt == cells[0].metadata["mystnb"]["image"]["alt"] == "γ of each layer."


def test_what_is_no_figure():
    assert (
        has_figure(plotted()) and not has_figure(new_markdown_cell("![x](y.png)")) and not has_figure(new_code_cell(""))
    )
    assert caption_figures([new_markdown_cell("*The figure:* none.")], 3) == []


@pytest.mark.parametrize(("ok", "kind"), [(True, "check passed"), (False, "check failed")])
def test_outputs_of_checks_are_in_the_page_s_own_colours(ok, kind):
    mime, shown = "application/vnd.bncourse.check+json", '<div style="color:#1b6e3c;font-weight:600">✓ x</div>'
    output = new_output("display_data", {"text/html": shown, mime: {"name": "x", "ok": ok}})
    other = new_output("display_data", {"text/html": shown})
    book = new_notebook(cells=[new_code_cell("check()", outputs=[output, other]), new_markdown_cell("text")])
    readable(book)
    assert book.cells[0].outputs[0].data == {"text/html": f'<div class="{kind}">✓ x</div>'}
    assert book.cells[0].outputs[1].data == {"text/html": shown}, "only outputs of checks are dressed"


def test_a_figure_without_prose_says_its_number_once():
    cell = new_code_cell("plt.show()", outputs=[new_output("display_data", {"image/png": "AAAA"})])
    caption_figures([cell], 3)
    assert cell.metadata["mystnb"]["figure"]["caption"].strip() == "**Figure 3.1.**"  # "… Figure 3.1"
