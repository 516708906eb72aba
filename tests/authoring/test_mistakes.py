"""Hints, edits and whole answers are read from a mistakes file."""

from grader.authoring.mistakes import read_mistakes

REFERENCES = {
    "double": """\
def double(x):
    '''Twice x.'''
    ### BEGIN SOLUTION
    y = 2 * x
    return y
    ### END SOLUTION""",
    "q_why": '### BEGIN SOLUTION\nq_why = "b"\n### END SOLUTION',
    "last": "### BEGIN SOLUTION\nlast = 3\n### END SOLUTION",
}
FILE = """\
# %% exercise="double"

# %% right="a sum"
def double(x):
    return x + x


# %% right="Ann's"
def double(x):
    return 1 * x + x
# %% mistakes
# Three times,
# not two.
# - 2 * x  =>  3 * x
# -     return y  =>      return 3 * x
#
# Nothing comes back.
# - return y  =>
# The sum is missing, and so is the return value.
# - y = 2 * x
# + y = x
# +     y += 0
# & return y
# + pass
# %% mistakes hidden=true of="Ann's" otherwise="double, negative"
# A difference.
# - + x  =>  - x

# %% mistake
# Two calls.
# - y = 2 * x  =>  x *= 1; y = 2 * x
def double(x):
    # Not a hint.

    return double(double(x))
# %% variant
def double(x):
    return 4 * x

# %% exercise="last"
# %% mistakes
# Less.
# - 3  =>  2
"""


def read(tmp_path, text: str):
    path = tmp_path / "mistakes" / "91_double.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_mistakes(path, REFERENCES)


def body(source: str) -> str:
    """What stands between the marks of the solution."""
    return source.partition("BEGIN SOLUTION\n")[2].partition("    ### END")[0]


def test_right_answers(tmp_path):
    rights, _ = read(tmp_path, FILE)
    assert [(r.exercise, r.name, r.line) for r in rights] == [("double", "a sum", 4), ("double", "Ann's", 9)]
    assert rights[0].source == "def double(x):\n    return x + x"
    assert {r.path.name for r in rights} == {"91_double.py"}


def test_edits(tmp_path):
    mistakes = [m for m in read(tmp_path, FILE)[1] if m.exercise == "double"]
    assert [(m.line, m.hint) for m in mistakes] == [
        (14, "Three times, not two."),
        (15, "Three times, not two."),
        (18, "Nothing comes back."),
        (20, "The sum is missing, and so is the return value."),
        (27, "A difference."),
        (31, "Two calls."),
        (32, "Two calls."),
        (37, "Two calls."),
    ]
    assert [body(m.source) for m in mistakes[:4]] == [
        "    y = 3 * x\n    return y\n",
        "    y = 2 * x\n    return 3 * x\n",
        "    y = 2 * x\n    \n",
        "    y = x\n    y += 0\n    pass\n",
    ]
    assert "'''Twice x.'''" in mistakes[0].source
    assert mistakes[4].source == "def double(x):\n    return 1 * x - x"


def test_whole_answers(tmp_path):
    edited, whole, variant = read(tmp_path, FILE)[1][5:8]
    assert "x *= 1; y = 2 * x" in edited.source
    assert whole.source == "def double(x):\n    # Not a hint.\n\n    return double(double(x))"
    assert variant.source == "def double(x):\n    return 4 * x"


def test_options(tmp_path):
    mistakes = read(tmp_path, FILE)[1]
    assert [m.hidden for m in mistakes] == [False] * 4 + [True] + [False] * 4
    assert [m.otherwise for m in mistakes if m.otherwise] == ["double, negative"]


def test_a_blank_line_ends_the_hint_of_a_whole_answer(tmp_path):
    text = '# %% exercise="last"\n# %% mistake\n# Too many.\n\n# A comment of the answer.\nlast = 4\n'
    (mistake,) = read(tmp_path, text)[1]
    assert (mistake.hint, mistake.source) == ("Too many.", "# A comment of the answer.\nlast = 4")


def test_a_hint_may_stand_once_more_where_its_options_differ(tmp_path):
    more = "# %% mistakes hidden=true\n# Less.\n# - 3  =>  1\n"
    assert [m.hidden for m in read(tmp_path, FILE + more)[1][-2:]] == [False, True]


def test_an_empty_file(tmp_path):
    assert read(tmp_path, "") == ([], [])
