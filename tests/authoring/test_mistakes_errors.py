"""Something wrong in a mistakes file is reported with file, line and what to do."""

import pytest

from authoring.test_mistakes import FILE, read
from grader.errors import SourceError

ROLES = 'Use exercise="id", right="name", mistakes, mistake, variant; with mistakes also hidden, of, otherwise'
ONE = 'Write one of exercise="id", right="name", mistakes, mistake, variant'
FORM = "Write '# - old  =>  new', or '# - old' and below it '# + new'"

# What is replaced in the file above, by what; a text whose first line is the one that is named; the message.
WRONG = {
    "unknown exercise": (
        'exercise="last"',
        'exercise="lost"',
        'exercise="lost"',
        "the lesson has no exercise 'lost'. The lesson has double, q_why, last.",
    ),
    "the wrong order": (
        'exercise="last"',
        'exercise="last"\n\n# %% exercise="q_why"',
        'exercise="q_why"',
        "the section of 'q_why' stands below that of 'last'. Put the sections in the lesson's order.",
    ),
    "a second section": (
        'exercise="last"',
        'exercise="q_why"\n# %% exercise="double"',
        'exercise="double"\n# %% mistakes',
        "the exercise 'double' has a section above. Put the two together.",
    ),
    "text below an exercise": (
        'exercise="last"\n',
        'exercise="last"\n\n# Less.\n',
        "# Less.",
        "text below the line that names the exercise. Begin a cell for it.",
    ),
    "no exercise": (
        '# %% exercise="double"\n',
        "",
        '# %% right="a sum"',
        "right of no exercise. Write '# %% exercise=\"…\"' above it.",
    ),
    "text above": (
        '# %% exercise="double"\n', '# Text.\n# %% exercise="double"\n', "# Text.",
        "text stands above the first cell. Begin every cell with '# %%'.",
    ),
    "a header": (
        '# %% exercise="double"\n', '# ---\n# title: Double\n# ---\n\n# %% exercise="double"\n', "# ---",
        "a mistakes file has no header. Leave title and question to the lesson.",
    ),
    "unknown word": ("# %% variant", "# %% variants", "# %% variants", f"unknown role or option 'variants'. {ROLES}."),
    "unknown option": ("hidden=true", "secret=true", "secret", f"unknown role or option 'secret'. {ROLES}."),
    "an old mistake": (
        "# %% variant", '# %% mistake="double"', '# %% mistake="', f"unknown role or option 'mistake'. {ROLES}."
    ),
    "an option elsewhere": (
        "# %% variant", "# %% variant hidden=true", "# %% variant", f"hidden belongs to mistakes. {ROLES}."
    ),
    "two roles": (
        '# %% right="a sum"',
        '# %% right="a sum" exercise="last"',
        '# %% right="a sum"',
        f"a cell has one role, not exercise and right. {ONE}.",
    ),
    "no role": ("# %% variant", "# %%", "# %%\n", f"this cell has no role. {ONE}."),
    "markdown": (
        "# %% variant", "# %% variant [markdown]", "# %% variant",
        "a variant cell holds code, not markdown. Take [markdown] off its line.",
    ),
    "hidden is not true": (
        "hidden=true", 'hidden="yes"', "hidden", "hidden='yes' is neither true nor false. Write hidden=true."
    ),
    "otherwise is no name": (
        'otherwise="double, negative"',
        "otherwise=3",
        "otherwise",
        "otherwise=3 is not the name of a check. Write otherwise=\"the name\".",
    ),
    "a right answer without a name": (
        '"a sum"', '" "', 'right=" "', 'this right answer has no name. Write right="what is special about it".'
    ),
    "one name twice": (
        '# %% right="Ann\'s"',
        '# %% right="a sum"',
        'right="a sum"\ndef double(x):\n    return 1',
        "the name 'a sum' is used twice. Give the answer a name of its own.",
    ),
    "an empty right answer": (
        '# %% right="a sum"',
        '# %% right="empty"\n\n# %% right="a sum"',
        '# %% right="empty"',
        "this cell has no answer. Write the whole answer below.",
    ),
    "an unknown right answer": (
        'of="Ann\'s"',
        'of="Bob\'s"',
        'of="Bob',
        "'double' has no right answer \"Bob's\" above. Above stand 'a sum', \"Ann's\".",
    ),
    "no right answers at all": (
        "# %% mistakes\n# Less",
        '# %% mistakes of="a sum"\n# Less',
        '# %% mistakes of="a sum"',
        "'last' has no right answer 'a sum' above. Above stand none.",
    ),
    "no text at all": (
        "# Less.\n# - 3  =>  2\n", "# %% variant\nlast = 1", "# %% mistakes\n# %% variant",
        "'# %% mistakes' without a hint. Write what the learner is told: '# …'.",
    ),
    "a whole answer without a hint": (
        "# %% variant", "# %% mistake", "# %% mistake\ndef",
        "'# %% mistake' without a hint. Write what the learner is told: '# …'.",
    ),
    "a hint without a mistake": (
        "# - 3  =>  2\n", "", "# Less.",
        "a hint without a mistake. Add '# - old  =>  new', or make it a cell '# %% mistake'.",
    ),
    "a mistake without an answer": (
        "# %% mistakes\n# Less", "# %% mistake\n# Less", "# %% mistake\n# Less",
        "this cell has no answer. Write the whole answer below.",
    ),
    "a second hint in one mistake": (
        "y = 2 * x\ndef double",
        "y = 2 * x\n# Three calls.\ndef double",
        "# Three calls.",
        "a second hint in one mistake. Begin a cell '# %% mistake' for it.",
    ),
    "code below mistakes": (
        "# - 3  =>  2", "last = 2", "last = 2",
        "code below '# %% mistakes'. Begin a cell '# %% mistake' for a whole answer.",
    ),
    "a hint twice": (
        "# Nothing comes back.",
        "# Three times, not two.",
        "# Three times, not two.",
        "this hint stands in line 12 too. Put the variants together; '# %% variant' adds a whole answer.",
    ),
    "a hint twice, the second time above a whole answer": (
        "# Two calls.",
        "# Nothing comes back.",
        "# Nothing comes back.\n# - y = 2",
        "this hint stands in line 17 too. Put the variants together; '# %% variant' adds a whole answer.",
    ),
    "a variant of nothing": (
        "# %% mistakes\n# Less.\n# - 3  =>  2",
        "# %% variant\nlast = 2",
        "# %% variant\nlast",
        "a variant of no mistake. Write a mistake with its hint above it.",
    ),
    "no replacement": ("# - 3  =>  2", "# - 3", "# - 3", f"the edit of '3' has no replacement. {FORM}."),
    "text that an edit has replaced": (
        "# - 3  =>  2",
        "# - 3  =>  2\n# & 3  =>  1",
        "# & 3",
        "the text to replace, '3', stands 0 times in the answer. Give a piece of text that occurs exactly once.",
    ),
    "an edit that Python cannot read": (
        "# - 3  =>  2", "# - 3  =>  (", "# - 3  =>  (",
        "Python cannot read this answer: '(' was never closed. Mend it.",
    ),
    "an answer that Python cannot read": (
        "return 4 * x", "return 4 * * x", "    return 4 *",
        "Python cannot read this answer: invalid syntax. Mend it.",
    ),
    "the reference": (
        "# - 3  =>  2", "# - 3  =>  (3)", "# - 3",
        "this is the reference answer. Remove it, or change what it does.",
    ),
    "a right answer as a mistake": (
        "return 4 * x", "return x + x", "def double(x):\n    return x + x\n\n# %% exercise",
        "this is the answer of line 4. Remove it, or change what it does.",
    ),
    "a variant twice": (
        "# - 3  =>  2",
        "# - 3  =>  2\n# - last = 3  =>  last = 2  # less",
        "# - last",
        "this is the answer of line 43. Remove it, or change what it does.",
    ),
    "a long line": ("# Less.", "# L" + 120 * "e", "# Le", "the line has 123 columns. Break it at 120."),
}  # fmt: skip


def error(tmp_path, text: str) -> str:
    with pytest.raises(SourceError) as caught:
        read(tmp_path, text)
    assert caught.value.path == tmp_path / "mistakes" / "91_double.py"
    return str(caught.value).removeprefix("mistakes/91_double.py:")


@pytest.mark.parametrize("case", WRONG)
def test_errors(case, tmp_path):
    old, new, at, message = WRONG[case]
    assert FILE.count(old) == 1, old
    text = FILE.replace(old, new)
    assert error(tmp_path, text) == f"{text[: text.index(at)].count(chr(10)) + 1}: {message}"
