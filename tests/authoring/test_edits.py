"""Hints and edits are read from comments, and made on an answer; what is wrong is named with its line."""

from pathlib import Path

import pytest

from grader.authoring.edits import Edit, apply, read_hints
from grader.errors import SourceError

PATH = Path("mistakes/91_double.py")
FORM = "Write '# - old  =>  new', or '# - old' and below it '# + new'."
ONCE = "Give a piece of text that occurs exactly once."


def read(text: str) -> list[tuple]:
    """The hints in the lines of a text, the first of which has the number 1."""
    hints = read_hints(PATH, enumerate(text.splitlines(), 1))
    return [(h.line, h.text, [[(e.line, e.old, e.new) for e in variant] for variant in h.variants]) for h in hints]


@pytest.mark.parametrize(
    ("comments", "hints"),
    [
        ("", []),
        ("#\n#\n", []),
        ("# A hint\n# of two lines.", [(1, "A hint of two lines.", [])]),
        ("# One.\n# - a  =>  b\n# Two.\n# - c  =>  d", [
            (1, "One.", [[(2, "a", ["b"])]]), (3, "Two.", [[(4, "c", ["d"])]])
        ]),
        ("# One.\n# - a  =>  b\n#\n# - a  =>  c", [(1, "One.", [[(2, "a", ["b"])], [(4, "a", ["c"])]])]),
        ("# One.\n# - a  =>  b\n# & c  =>  d", [(1, "One.", [[(2, "a", ["b"]), (3, "c", ["d"])]])]),
        ("# One.\n# - a\n# + b\n# +     c\n# & d\n# + e", [(1, "One.", [[(2, "a", ["b", "    c"]), (5, "d", ["e"])]])]),
        ("# One.\n# - a  =>", [(1, "One.", [[(2, "a", [""])]])]),
        ("# One.\n# -     a  =>      b", [(1, "One.", [[(2, "    a", ["    b"])]])]),
        ("# One.\n# - a  =>  b  =>  c", [(1, "One.", [[(2, "a", ["b  =>  c"])]])]),
        ("# One.\n# - a => b\n# + c", [(1, "One.", [[(2, "a => b", ["c"])]])]),
        ("# x = -1, β & +2.", [(1, "x = -1, β & +2.", [])]),
    ],
)  # fmt: skip
def test_hints_and_their_edits(comments, hints):
    assert read(comments) == hints


@pytest.mark.parametrize(
    ("comments", "message"),
    [
        ("# - 3  =>  2", "1: an edit without a hint. Write the hint above it: '# …'."),
        ("# + 2", "1: an edit without a hint. Write the hint above it: '# …'."),
        ("# Less: 3  =>  2", f"1: '=>' in the text of a hint. {FORM}"),
        ("# Less.\n# - 3", f"2: the edit of '3' has no replacement. {FORM}"),
        ("# Less.\n# - 3  =>  2\n# - 4\n# More.\n# - 5  =>  6", f"3: the edit of '4' has no replacement. {FORM}"),
        ("# Less.\n# - 3  =>  2\n# + 1", f"3: '# +' below an edit that has its replacement. {FORM}"),
        ("# Less.\n# + 2", f"2: '# +' goes on with no edit above it. {FORM}"),
        ("# Less.\n# & 3  =>  2", f"2: '# &' goes on with no edit above it. {FORM}"),
        ("# Less.\n# - 3  =>  2\n# More.\n# & 3  =>  4", f"4: '# &' goes on with no edit above it. {FORM}"),
    ],
)
def test_what_is_wrong_with_comments(comments, message):
    with pytest.raises(SourceError) as caught:
        read(comments)
    assert str(caught.value) == f"mistakes/91_double.py:{message}"
    assert (caught.value.path, f"{caught.value.line}:") == (PATH, message[:2])


def edit(old: str, *new: str) -> Edit:
    return Edit(7, old, list(new), False)


@pytest.mark.parametrize(
    ("edits", "answer"),
    [
        ([], "y = 2 * x\nreturn y"),
        ([edit("2 * x", "3 * x")], "y = 3 * x\nreturn y"),
        ([edit("return y", "")], "y = 2 * x\n"),
        ([edit("y = 2 * x", "y = x", "y += 0")], "y = x\ny += 0\nreturn y"),
        ([edit("2 * x", "3 * x"), edit("3 * x", "4 * x")], "y = 4 * x\nreturn y"),
        ([edit("2 * x", r"\1 * x"), edit(r"\1", ".*")], "y = .* * x\nreturn y"),
    ],
)
def test_edits_are_made_one_after_the_other(edits, answer):
    assert apply(PATH, "y = 2 * x\nreturn y", edits) == answer


@pytest.mark.parametrize(
    ("edits", "problem"),
    [
        ([edit("4", "2")], "the text to replace, '4', stands 0 times in the answer"),
        ([edit("x", "y")], "the text to replace, 'x', stands 2 times in the answer"),
        ([edit("2", "3"), edit("2", "4")], "the text to replace, '2', stands 0 times in the answer"),
    ],
)
def test_the_text_to_replace_stands_exactly_once(edits, problem):
    with pytest.raises(SourceError) as caught:
        apply(PATH, "x = 2 * x", edits)
    assert str(caught.value) == f"mistakes/91_double.py:7: {problem}. {ONCE}"
