"""A unit's page is its solved notebook, less what only runs, its exercises as boxes."""

import copy

import nbformat
import pytest

from grader.site.addresses import Addresses
from grader.site.unit_page import unit_page


def page(books, where=None) -> tuple[nbformat.NotebookNode, str]:
    """The page, and all its text."""
    made, _ = unit_page("90_tiny", *books, where or Addresses())
    return made, "\n\n".join(cell.source for cell in made.cells)


def test_page_of_a_unit(books):
    made, text = page(books)
    for secret in ("bncourse_kit", "HIDDEN", "secret", "BEGIN SOLUTION", "scoreboard()", "colab"):
        assert secret not in text, secret
    assert text.count(":::::{exercise}") == text.count("{fold} Show an answer") == 3
    assert "```python\ndef normalize(x):\n    raise NotImplementedError()\n```" in text
    assert "return x - x.mean(0)" in text and "Because it is." in text
    nbformat.validate(made)


def test_a_task_moves_from_the_prose_above_into_its_box(books):
    made, text = page(books)
    assert "### Exercise: `normalize`\n\n:::::{exercise}\nDo it.\n" in text
    assert text.count("Do it.") == text.count("**Concept question.** Which?") == 1
    assert "More." in [cell.source for cell in made.cells], "the prose stays, without the figure's sentence"


def test_points_are_those_of_the_checks_or_of_a_person(books):
    _, text = page(books)
    assert [line.strip("{:} ") for line in text.splitlines() if line.startswith(":::{checked")] == [
        "checked} Checked in the notebook · 2 points", "checked} Checked in the notebook · 1 point",
        "checked} Graded by a person · 4 points",
    ]  # fmt: skip


def test_a_check_apart_from_its_exercise_is_left_out_and_code_stays(books):
    solved, student = copy.deepcopy(books)
    solved.cells[6:6] = [nbformat.v4.new_code_cell("given = 1")]
    made, text = page((solved, student))
    assert "given = 1" in [c.source for c in made.cells if c.cell_type == "code"] and 'check("x_hat"' not in text


def test_code_that_is_folded_has_its_title(books):
    solved, student = copy.deepcopy(books)
    metadata = {"jupyter": {"source_hidden": True}, "tags": ["demo", "hide-input"]}
    solved.cells[6:6] = [nbformat.v4.new_code_cell("#@title The stored numbers\nNUMBERS = [1]", metadata=metadata)]
    made, _ = page((solved, student))
    cell = next(c for c in made.cells if "NUMBERS" in c.source)
    assert cell.source == "NUMBERS = [1]"
    assert cell.metadata.mystnb["code_prompt_show"] == "Code: The stored numbers"


def test_only_the_last_scoreboard_is_left_out(books):
    solved, student = copy.deepcopy(books)
    solved.cells.insert(3, nbformat.v4.new_code_cell("scoreboard()"))
    assert page((solved, student))[1].count("scoreboard()") == 1


@pytest.mark.parametrize("where", [Addresses(), Addresses("a/b")])
def test_the_bar_has_the_download_and_the_buttons_that_there_are(where, books):
    bar = page(books, where)[0].cells[1].source
    assert "{download}`Download this unit </downloads/90_tiny.ipynb>`" in bar
    assert ("[Open in Colab](https://colab" in bar) == bool(where.repository)


def test_figures_are_captioned_and_returned(books):
    made, figures = unit_page("90_tiny", *books, Addresses())
    assert [(f.number, f.caption) for f in figures] == [("90.1", "What $x$ does.")]
    (shown,) = [c for c in made.cells if c.cell_type == "code" and c.outputs]
    assert shown.metadata["mystnb"]["image"]["alt"] == "What x does."


def test_the_same_notebooks_give_the_same_page_and_are_not_changed(books):
    before = [nbformat.writes(book) for book in books]
    assert nbformat.writes(page(books)[0]) == nbformat.writes(page(books)[0])
    assert [nbformat.writes(book) for book in books] == before


def test_a_unit_without_exercises(books):
    solved, student = books
    for book in (solved, student):
        book.cells = book.cells[:4]
    made, text = page((solved, student))
    assert "{exercise}" not in text and len(made.cells) == 4
