"""A unit as two notebooks: the solved one, and what a student gets of it."""

import ast

import nbformat
import pytest

from grader import paths
from grader.authoring import notebook
from grader.authoring.notebook import solved_notebook, student_notebook
from grader.authoring.record import Tables
from grader.authoring.unit import read_unit
from grader.errors import SourceError

LAST = 'check("q_epsilon", q_epsilon)\n'
ESSAYS = (
    '\n# %% [markdown] manual="essay" points=2.5\n# ### BEGIN SOLUTION\n# Because.\n# ### END SOLUTION\n'
    '\n# %% manual="essay_code" points=1\n### BEGIN SOLUTION\ny = 7\n### END SOLUTION\n'
)


def made(path) -> nbformat.NotebookNode:
    """The solved notebook; its tables, which take a run of the unit, are stand-ins."""
    return solved_notebook(read_unit(path), Tables("", {"normalize.values": "hidden0table"}))


@pytest.fixture(autouse=True)
def short_setup(monkeypatch):
    """The setup cell is another module's, and takes half a second."""
    monkeypatch.setattr(notebook, "setup_source", lambda unit, table: f"# setup of {unit.name}")


def by_id(book) -> dict:
    return {c.metadata.nbgrader.grade_id: c for c in book.cells if "nbgrader" in c.metadata}


@pytest.fixture
def solved(tiny) -> nbformat.NotebookNode:
    return made(tiny)


def test_cells_stand_in_the_unit_s_order_below_title_and_setup(solved):
    kinds = [(c.cell_type, c.metadata.get("nbgrader", {}).get("grade_id", "")) for c in solved.cells]
    assert kinds == [
        ("markdown", ""), ("code", "setup"), ("markdown", ""), ("code", ""), ("code", "normalize"),
        ("code", "normalize-values"), ("code", "q_epsilon"), ("code", "q_epsilon-answer"), ("code", ""),
    ]  # fmt: skip
    assert solved.cells[0].source.startswith("# Tiny\n\n**What is it?**\n\n*About ")
    assert solved.cells[3].metadata.tags == ["demo"] and "· 3 points.*" in solved.cells[0].source
    nbformat.validate(solved)


def test_the_title_names_what_the_unit_builds_on(edited):
    path = edited("# seconds: 5\n", "# seconds: 5\n# builds_on: [01_one, 12_two]\n")
    assert made(path).cells[0].source.endswith("*Builds on 01, 12.*")


def test_helpers_and_claims_are_no_cells(edited):
    more = '# %% helper=true\ndef drawn():\n    return 1\n\n\n# %% claim="So it is."\n1 < 2\n\n'
    book = made(edited('# %% check="normalize.values"', f'{more}# %% check="normalize.values"'))
    assert len(book.cells) == 9
    assert not any("So it is" in c.source or "def drawn" in c.source for c in book.cells)


def test_roles_of_cells_are_locked_where_they_should_be(solved):
    cells = by_id(student_notebook(solved))
    assert {name: cell.metadata.nbgrader.locked for name, cell in cells.items()} == {
        "setup": True, "normalize": False, "normalize-values": True, "q_epsilon": False, "q_epsilon-answer": True
    }  # fmt: skip
    assert cells["normalize-values"].metadata.nbgrader.points == 2
    assert all(c.metadata.nbgrader.schema_version == 3 and c.metadata.nbgrader.checksum for c in cells.values())
    assert cells["setup"].metadata.jupyter.source_hidden


def test_a_folded_cell_shows_its_title(edited):
    more = '# %% tags=["demo"] folded="The stored numbers"\nNUMBERS = [1]\n\n'
    book = made(edited('# %% check="normalize.values"', f'{more}# %% check="normalize.values"'))
    for made_one in (book, student_notebook(book)):
        cell = next(c for c in made_one.cells if "NUMBERS" in c.source)
        assert cell.source == "#@title The stored numbers\nNUMBERS = [1]"
        assert cell.metadata.jupyter.source_hidden and cell.metadata.cellView == "form"
        assert cell.metadata.tags == ["demo", "hide-input"]


def test_a_question_for_a_person_is_answered_and_graded_in_one_cell(tiny):
    tiny.write_text(tiny.read_text(encoding="utf-8") + ESSAYS, encoding="utf-8")
    book = made(tiny)
    assert "6.5 points, 3.5 of them graded by a person" in book.cells[0].source
    for name, kind in (("essay", "markdown"), ("essay_code", "code")):
        cell, asked = by_id(book)[name], by_id(student_notebook(book))[name]
        assert cell.cell_type == kind and cell.metadata.nbgrader.grade and cell.metadata.nbgrader.solution
        assert "Because" not in asked.source and "y = 7" not in asked.source


def test_hidden_tests_bring_their_table_and_both_are_the_grader_s_alone(solved):
    student = student_notebook(solved)
    assert '### BEGIN HIDDEN TESTS\nload_table(\n"hidden0table"\n)\ncheck(' in by_id(solved)["normalize-values"].source
    assert "hidden0table" not in nbformat.writes(student) and "HIDDEN" not in nbformat.writes(student)
    assert by_id(solved)["normalize-values"].source.count("BEGIN HIDDEN") == 1, "the solved notebook is not changed"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (LAST, 'check("q_epsilon", q_epsilon);'),
        ('check("q_epsilon", q_epsilon);\n', 'check("q_epsilon", q_epsilon);'),
        ('check("q_epsilon", q_epsilon)  # β\n', 'check("q_epsilon", q_epsilon);  # β'),
        ('"β"; check("q_epsilon", q_epsilon)\n', '"β"; check("q_epsilon", q_epsilon);'),
        ('check(\n    "q_epsilon", q_epsilon\n)  # two\n', 'check(\n    "q_epsilon", q_epsilon\n);  # two'),
        ('y = check("q_epsilon", q_epsilon)\n', 'y = check("q_epsilon", q_epsilon)'),
    ],
)
def test_a_check_cell_ends_in_a_semicolon(written, kept, edited):
    """A number that is displayed would be read by stock nbgrader as partial credit."""
    assert by_id(made(edited(LAST, written)))["q_epsilon-answer"].source == kept


def test_what_is_left_of_a_check_cell_without_hidden_tests_ends_in_one_too(solved):
    for book in (solved, student_notebook(solved)):
        source = by_id(book)["normalize-values"].source
        assert 'check("x_hat", normalize, x, x.mean(0), x.var(0), eps=0.1);\n' in source + "\n"
        assert isinstance(ast.parse(source).body[-1], ast.Expr)


def test_ids_of_cells_are_unique_and_those_of_others_stay_when_one_is_edited(edited, solved):
    before = [cell.id for cell in solved.cells]
    after = [cell.id for cell in made(edited("By the end you can do it.", "By the end you know it.")).cells]
    assert len(set(before)) == len(before)
    assert [a == b for a, b in zip(before, after)].count(False) == 1


def test_cells_of_one_text_get_ids_of_their_own(edited):
    book = made(edited("# %%\nscoreboard()", "# %%\nscoreboard()\n\n# %%\nscoreboard()"))
    assert book.cells[-1].id == f"{book.cells[-2].id}-2"


@pytest.mark.parametrize(
    ("urls", "slug"),
    [
        ("", ""),
        ('[project.urls]\nRepository = ""', ""),
        ('[project.urls]\nRepository = "https://github.com/a/b.git"', "a/b"),
        ('[project.urls]\nRepository = "https://github.com/a/b/"', "a/b"),
        ('[project.urls]\nRepository = "https://example.org/a/b"', ""),
    ],
)
def test_the_repository_is_one_on_github(urls, slug, tmp_path, monkeypatch, tiny):
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "x"\n{urls}\n')
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    assert paths.repository() == slug
    link = f"https://colab.research.google.com/github/{slug}/blob/main/notebooks/90_tiny.ipynb"
    assert (link in made(tiny).cells[0].source) == bool(slug) == ("colab" in made(tiny).cells[0].source)


HIDDEN = '### BEGIN HIDDEN TESTS\n{}check("{}", q_epsilon)\n{}### END HIDDEN TESTS\n'
OLD = 'check("q_epsilon", q_epsilon)\n'
CELLS = {
    "hidden tests first": HIDDEN.format("", "h", "") + OLD,  # IndexError in notebook._check_source
    "two hidden regions": OLD + HIDDEN.format("", "h", "") + 'check("again", q_epsilon)\n' + HIDDEN.format("", "i", ""),
}


@pytest.mark.parametrize("case", CELLS)
def test_what_is_left_for_the_student_shows_no_value(case, edited):
    unit = read_unit(edited(OLD, CELLS[case]))
    student = student_notebook(solved_notebook(unit, Tables("", {"q_epsilon.answer": "abc"})))
    source = next(c.source for c in student.cells if c.get("id") == "q_epsilon-answer")
    assert not isinstance(ast.parse(source).body[-1], ast.Expr) or source.rstrip().endswith(";")


def test_a_block_of_hidden_tests_alone_is_refused_with_its_line(edited):
    """Without them, the block would be empty."""
    body = HIDDEN.format("    ", "h", "    ").replace("###", "    ###", 1)
    with pytest.raises(SourceError):
        read_unit(edited(OLD, OLD + "for i in range(2):\n" + body))
