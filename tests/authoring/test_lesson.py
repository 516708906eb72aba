"""Something wrong in a lesson is reported with file, line and what to do."""

import pytest

from grader.authoring.lesson import read_lesson
from grader.errors import SourceError


def test_roles(tiny):
    header, cells = read_lesson(tiny)
    assert header == {"title": "Tiny", "question": "What is it?", "builds_on": [], "seconds": 5}
    assert [(c.kind, c.role, c.id, c.exercise, c.points) for c in cells] == [
        ("markdown", "", "", "", 0),
        ("code", "demo", "", "", 0),
        ("code", "exercise", "normalize", "normalize", 0),
        ("code", "check", "normalize.values", "normalize", 2),
        ("code", "exercise", "q_epsilon", "q_epsilon", 0),
        ("code", "check", "q_epsilon.answer", "q_epsilon", 1),
        ("code", "", "", "", 0),
    ]
    lines = tiny.read_text(encoding="utf-8").splitlines()
    assert all(lines[c.line - 1].startswith("# %%") for c in cells)
    assert cells[3].grade_id == "normalize-values"


def test_no_blank_line_is_needed_between_cells(tiny):
    before = [(c.kind, c.role, c.source) for c in read_lesson(tiny)[1]]
    lines = tiny.read_text(encoding="utf-8").splitlines()
    tiny.write_text("\n".join(line for line in lines if line.strip()), encoding="utf-8")
    assert [(c.kind, c.role, c.source) for c in read_lesson(tiny)[1]] == before


def test_a_translation_is_passed_by(tiny):
    before = len(read_lesson(tiny)[1])
    text = tiny.read_text(encoding="utf-8") + '\n# %% [markdown] lang="ko"\n# 배치 정규화\n'
    tiny.write_text(text, encoding="utf-8")
    assert len(read_lesson(tiny)[1]) == before


def error(path) -> str:
    with pytest.raises(SourceError) as caught:
        read_lesson(path)
    assert caught.value.path == path
    return str(caught.value)


OPTIONS = 'Use one of exercise, check, manual, claim, helper, tags=["demo"], points, data, folded, kit, lang'
REGION = "Each BEGIN needs one END below it, in the same cell"
IDS = "Use lower-case letters, digits and _"

# What is replaced in the tiny unit, by what; a text whose last line is the one that is named; the message.
WRONG = {
    "unknown role": ('tags=["demo"]', 'demo="yes"', 'demo="yes"', f"unknown role or option 'demo'. {OPTIONS}."),
    "a title": ("# %%\nscore", "# %% The score\nscore", "The score", f"unknown role or option 'title'. {OPTIONS}."),
    "a mistake": (
        "# %%\nscore",
        '# %% mistake="normalize"\nscore',
        "mistake=",
        "unknown role or option 'mistake'. What learners write instead stands in solutions/mistakes/90_tiny.py.",
    ),
    "unreadable options": (
        'tags=["demo"]',
        'points=1 [markdown]',
        "[markdown]\nplt",
        "the options 'points=1 [markdown]' cannot be read. "
        'Write [markdown], if any, then key="text" or key=1, with spaces between.',
    ),
    "unknown tag": (
        'tags=["demo"]', 'tags=["figure"]', "figure", "unknown tag in ['figure']. The one tag is tags=[\"demo\"]."
    ),
    "two roles": (
        'tags=["demo"]',
        'tags=["demo"] exercise="x"',
        "demo",
        "a cell has one role, not exercise and demo. Split it into several cells.",
    ),
    "check of no exercise": (
        'check="q_epsilon.answer"',
        'check="q_other.answer"',
        "q_other",
        "check of 'q_other', which is no exercise above it. Check the id, or add the exercise.",
    ),
    "exercise without check": (
        'check="q_epsilon.answer"',
        'check="normalize.answer"',
        'exercise="q_epsilon"',
        "the exercise 'q_epsilon' has no check. Add a cell check=\"q_epsilon.…\" points=1.",
    ),
    "check id without part": (
        'check="q_epsilon.answer"',
        'check="q_epsilon"',
        'check="q_epsilon"',
        f"'q_epsilon' is not an id of the form exercise.part. {IDS}.",
    ),
    "exercise id with part": (
        'exercise="normalize"', 'exercise="n.a"', '"n.a"', f"'n.a' is not an id of the form exercise. {IDS}."
    ),
    "duplicate id": (
        'exercise="q_epsilon"',
        'exercise="normalize"',
        'exercise="normalize"',
        "the id 'normalize' is used twice, first in line 15. Give each cell an id of its own.",
    ),
    "the setup cell's id": (
        'exercise="q_epsilon"',
        'exercise="setup"',
        "setup",
        "the id 'setup' is the setup cell's. Give the cell another id.",
    ),
    "no points": (
        'q_epsilon.answer" points=1',
        'q_epsilon.answer"',
        "q_epsilon.answer",
        "the check 'q_epsilon.answer' has no points. Add points=1 (0 is allowed).",
    ),
    "points that are none": (
        "points=2", 'points="many"', "many", "points='many' is not a number of points. Write points=2."
    ),
    "negative points": ("points=2", "points=-2", "=-2", "points=-2 is not a number of points. Write points=2."),
    "points elsewhere": (
        'exercise="q_epsilon"',
        'exercise="q_epsilon" points=1',
        'exercise="q_epsilon"',
        "points belongs on a check or manual cell. Move or remove points.",
    ),
    "data elsewhere": (
        'tags=["demo"]', 'tags=["demo"] data="mnist"', "demo", "data belongs on a claim cell. Move or remove data."
    ),
    "no end": (
        "    ### END SOLUTION\n",
        "",
        'exercise="normalize"',
        f"'### BEGIN SOLUTION' and '### END SOLUTION' do not pair up. {REGION}.",
    ),
    "no begin": (
        "### BEGIN HIDDEN TESTS\n",
        "",
        'check="normalize.values"',
        f"'### BEGIN HIDDEN TESTS' and '### END HIDDEN TESTS' do not pair up. {REGION}.",
    ),
    "half a region in prose": (
        "# By the end",
        "# ### BEGIN SOLUTION\n# By the end",
        "# %% [markdown]",
        f"'### BEGIN SOLUTION' and '### END SOLUTION' do not pair up. {REGION}.",
    ),
    "a region elsewhere": (
        "scoreboard()",
        "### BEGIN SOLUTION\nscoreboard()\n### END SOLUTION",
        "# %%\n",
        "'### BEGIN SOLUTION' outside a cell marked exercise=\"…\" or manual=\"…\". "
        "Mark the cell, or drop the markers.",
    ),
    "hidden tests elsewhere": (
        "scoreboard()",
        "### BEGIN HIDDEN TESTS\nscoreboard()\n### END HIDDEN TESTS",
        "# %%\n",
        "'### BEGIN HIDDEN TESTS' outside a cell marked check=\"…\". Mark the cell, or drop the markers.",
    ),
    "no answer": (
        '### BEGIN SOLUTION\nq_epsilon = "b"\n### END SOLUTION',
        'q_epsilon = "b"',
        'exercise="q_epsilon"',
        "the exercise 'q_epsilon' has no answer. Put it between '### BEGIN SOLUTION' and '### END SOLUTION'.",
    ),
    "only hidden": (
        'check("q_epsilon", q_epsilon)',
        "pass",
        "q_epsilon.answer",
        "the check 'q_epsilon.answer' calls check() only in hidden tests, or never. Add a visible check(…).",
    ),
    "syntax": (
        "plt.plot([1, 2])",
        "plt.plot([1, 2)",
        "plt.plot",
        "Python cannot read this: closing parenthesis ')' does not match opening parenthesis '['. Mend the cell.",
    ),
    "unstable numbers": (
        "np.random.RandomState(1)",
        "np.random.default_rng(1)",
        "default_rng",
        "a check cell draws from default_rng, whose numbers may change with NumPy's version. "
        "Use np.random.RandomState(seed).",
    ),
    "question in markdown": (
        '# %% exercise="q_epsilon"',
        '# %% [markdown] exercise="q_epsilon"',
        "[markdown] exercise",
        "a cell with exercise= holds code, not markdown. Take [markdown] off its line.",
    ),
    "a raw cell": (
        "# %%\nscore", "# %% [raw]\nscore", "[raw]", "a notebook has no raw cells. Take [raw] off its line."
    ),
    "no title": (
        "# title: Tiny\n",
        "",
        "# ---\n# question",
        "the header has no title. Add a line '# title: …' between the '# ---' lines.",
    ),
    "seconds that are none": (
        "seconds: 5",
        "seconds: soon",
        "soon",
        "seconds: 'soon' is not a number of seconds. Write how many whole seconds running the unit takes on two cores.",
    ),
    "an empty question": (
        ' "What is it?"',
        "",
        "# question:",
        "the header has no question. Add a line '# question: …' between the '# ---' lines.",
    ),
    "a header of words": (
        '# title: Tiny\n# question: "What is it?"\n# seconds: 5\n',
        "# A title\n",
        "# ---\n# A",
        "the YAML header cannot be read. Write lines '# key: value'.",
    ),
    "unknown key": (
        "seconds: 5",
        "minutes: 5\n# seconds: 5",
        "# minutes",
        "the header has an unknown key 'minutes'. Use title, question, seconds, builds_on.",
    ),
    "header not YAML": (
        '# question: "What is it?"',
        "# question: What: is it?",
        "question",
        "the YAML header cannot be read. Quote texts with a colon.",
    ),
    "text above the first cell": (
        "# %% [markdown]\n# By", "import this\n# %% [markdown]\n# By", "import this",
        "text stands above the first cell. Begin every cell with '# %%'.",
    ),
    "a long line": (
        "# By the end you", "# By" + 30 * " the end", "By", "the line has 259 columns. Break it at 120."
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_errors(case, tiny):
    old, new, at, message = WRONG[case]
    text = tiny.read_text(encoding="utf-8")
    assert text.count(old) == 1
    text = text.replace(old, new)
    tiny.write_text(text, encoding="utf-8")
    assert error(tiny) == f"90_tiny.py:{text[: text.rindex(at)].count(chr(10)) + 1}: {message}"


def test_a_header_is_needed(tiny):
    tiny.write_text("# %%\nprint(1)\n")
    remedy = "Begin with '# ---', title, question, seconds, '# ---'"
    assert error(tiny) == f"90_tiny.py:1: the YAML header is missing. {remedy}."
    tiny.write_text("")
    assert error(tiny) == f"90_tiny.py:1: the YAML header is missing. {remedy}."
