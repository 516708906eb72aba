"""A file in Jupytext's percent format is read cell by cell, each with its lines and their numbers."""

import pytest

from grader.authoring.percent import COLUMNS, read_percent
from grader.errors import SourceError

HEADER = "# ---\n# title: T\n# ---\n\n"


@pytest.fixture
def read(tmp_path):
    """Reads a text as a file called a.py."""

    def read(text: str):
        path = tmp_path / "a.py"
        path.write_text(text, encoding="utf-8", newline="")
        return read_percent(path)

    return read


def test_cells_have_their_options_source_and_lines(read):
    header, blocks = read(HEADER + '# %% check="a.b" points=2\nx = 1\n\n# %% [markdown] word\n# hi\n#\n# ho\n')
    assert header == "---\ntitle: T\n---"
    assert [vars(block) for block in blocks] == [
        {"kind": "code", "options": {"check": "a.b", "points": 2}, "source": "x = 1", "text": ["x = 1", ""], "line": 5},
        {
            "kind": "markdown",
            "options": {"title": "word"},
            "source": "hi\n\nho",
            "text": ["# hi", "#", "# ho"],
            "line": 8,
        },
    ]


@pytest.mark.parametrize(
    ("text", "header", "count"),
    [
        ("", None, 0),
        ("\n\n", None, 0),
        (HEADER, "---\ntitle: T\n---", 0),
        ("# %%\nx = 1\n", None, 1),
        ("# %%\n\n# %%\n", None, 2),
        (HEADER.replace("\n", "\r\n") + "# %%\r\nx = 1\r\n", "---\ntitle: T\n---", 1),
        (HEADER + "# %% [raw]\n# x\n", "---\ntitle: T\n---", 1),
        ("# %% [markdown]\n# # %% is how a cell begins\n", None, 1),
    ],
)
def test_what_a_file_may_lack(text, header, count, read):
    found, blocks = read(text)
    assert found == header and len(blocks) == count


def test_blank_lines_above_count_in_the_numbers_of_lines(read):
    _, (block,) = read("\n\n# %%\nx = 1\n\n\n")
    assert (block.line, block.text, block.source.rstrip()) == (3, ["x = 1", "", ""], "x = 1")


def test_blank_lines_between_cells_are_no_option(read):
    _, blocks = read("# %%\nx = 1\n\n\n\n# %%\nimport os\n\n\n# %%\ny = 1\n")
    assert [block.options for block in blocks] == [{}, {}, {}]


@pytest.mark.parametrize("letter", ["x", "é"])
def test_columns_are_counted_and_not_bytes(letter, read):
    read(f"# %%\n{letter * COLUMNS}\n")
    with pytest.raises(SourceError, match=r"^a.py:2: the line has 121 columns. Break it at 120.$"):
        read(f"# %%\n{letter * (COLUMNS + 1)}\n")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEADER + "\nx = 1\n# %%\n", 6),
        ("\n\nx = 1\n# %%\ny = 1\n", 3),
        ("x = 1\n", 1),
        (HEADER + "#%%\nx = 1\n", 5),
    ],
)
def test_text_above_the_first_cell_is_named(text, line, read):
    with pytest.raises(SourceError) as caught:
        read(text)
    assert str(caught.value) == f"a.py:{line}: text stands above the first cell. Begin every cell with '# %%'."


@pytest.mark.parametrize("options", ['check="a b" 5 =', "key=[1", "key=word"])
def test_options_that_cannot_be_read_are_shown(options, read):
    with pytest.raises(SourceError) as caught:
        read(f"# %%\nx = 1\n# %% {options}\ny = 1\n")
    assert str(caught.value).startswith(f"a.py:3: the options {options!r} cannot be read. Write [markdown], if any")


@pytest.mark.parametrize("body", ['x = """\n# %% no cell\n"""\n', "if x:\n    # %% y\n    z\n"])
def test_the_line_that_is_wrong_is_named(body, tmp_path):
    (tmp_path / "a.py").write_text("# ---\n# title: T\n# ---\n\n# %%\n" + body)
    with pytest.raises(SourceError) as caught:
        read_percent(tmp_path / "a.py")
    assert caught.value.line == 7 and "above the first cell" not in str(caught.value)


def test_a_file_that_is_not_utf_8(tmp_path):
    (tmp_path / "a.py").write_bytes(b"# %%\n\xe9\n")
    with pytest.raises(SourceError):
        read_percent(tmp_path / "a.py")
