"""Questions that a person grades, claims and helpers in a lesson, and what may be wrong with them."""

import pytest

from grader.authoring.lesson import read_lesson
from grader.errors import SourceError

ESSAY = '# %% manual="essay" points=3\n### BEGIN SOLUTION\nwords = "because"\n### END SOLUTION\n'
CLAIM = '# %% claim="the loss falls, in each seed" data="mnist"\n# (with ε, too)\n(\n    1 < 2\n    and True\n)\n'
HELPER = (
    "# %% helper=true\nimport numpy as np\nfrom math import pi\n\nN = M = 3\nNAMES = ('a', -1.5, {'b': None})\n\n\n"
    "def double(x):\n    return 2 * x\n\n\nclass Box:\n    pass\n"
)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (ESSAY, ("code", "manual", "essay", 3, "")),
        (
            '# %% [markdown] manual="essay" points=0.5\n# Why?\n#\n# ### BEGIN SOLUTION\n# So.\n# ### END SOLUTION\n',
            ("markdown", "manual", "essay", 0.5, ""),
        ),
        (CLAIM, ("code", "claim", "the loss falls, in each seed", 0, "mnist")),
        ('# %% claim="1. Numbers: they grow"\n1 < 2\n', ("code", "claim", "1. Numbers: they grow", 0, "")),
        (HELPER, ("code", "helper", "", 0, "")),
    ],
)
def test_roles_beside_exercises(tiny, text, wanted):
    cell = read_lesson(with_cell(tiny, text))[1][-1]
    assert (cell.kind, cell.role, cell.id, cell.points, cell.data) == wanted


def test_code_that_nobody_has_to_read(tiny):
    text = '# %% tags=["demo"] folded="The stored numbers"\nNUMBERS = [1]\n\n# %% folded="By hand" kit="by_hand"\n'
    stored, pasted = read_lesson(with_cell(tiny, text))[1][-2:]
    assert (stored.role, stored.folded, stored.source) == ("demo", "The stored numbers", "NUMBERS = [1]")
    assert (pasted.role, pasted.folded) == ("", "By hand") and "def by_hand" in pasted.source


def with_cell(path, text):
    """The lesson with one more cell at its end."""
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    return path


WRONG_CELLS = {
    "a manual question without points": (
        ESSAY.replace(" points=3", ""), 0, "the manual 'essay' has no points. Add points=1 (0 is allowed)."
    ),
    "points that are true": (ESSAY.replace("=3", "=true"), 0, "points=True is not a number of points. Write points=2."),
    "a manual question's id": (
        ESSAY.replace("essay", "an essay"),
        0,
        "'an essay' is not an id of the form exercise. Use lower-case letters, digits and _.",
    ),
    "a manual question's id that is taken": (
        ESSAY.replace("essay", "q_epsilon"),
        0,
        "the id 'q_epsilon' is used twice, first in line 32. Give each cell an id of its own.",
    ),
    "a check of a manual question": (
        f'{ESSAY}# %% check="essay.words" points=1\ncheck("words", words)\n',
        4,
        "check of 'essay', which is no exercise above it. Check the id, or add the exercise.",
    ),
    "a manual question without answer": (
        '# %% [markdown] manual="essay" points=3\n# Why?\n',
        0,
        "the manual 'essay' has no answer. Put it between '### BEGIN SOLUTION' and '### END SOLUTION'.",
    ),
    "a manual question's answer that Python cannot read": (
        ESSAY.replace('"because"', "because of"), 2, "Python cannot read this: invalid syntax. Mend the cell."
    ),
    "a claim without a sentence": (
        '# %% claim=""\n1 < 2\n',
        0,
        "this claim has no sentence. Write claim=\"the sentence that the expression carries\".",
    ),
    "a claim of two expressions": (
        '# %% claim="so it is"\n1 < 2\n3 < 4\n',
        0,
        "the claim 'so it is' is not one expression. "
        "Write one expression that is true where the sentence is, in parentheses if it takes several lines.",
    ),
    "a claim that Python cannot read": (
        '# %% claim="so it is"\n1 <\n', 1, "Python cannot read this: invalid syntax. Mend the cell."
    ),
    "a claim in markdown": (
        '# %% [markdown] claim="so it is"\n# 1 < 2\n',
        0,
        "a cell with claim= holds code, not markdown. Take [markdown] off its line.",
    ),
    "a claim about other data": (
        CLAIM.replace('"mnist"', '"cifar"'),
        0,
        "data='cifar' is no data set of the course. Write data=\"mnist\", or leave it out.",
    ),
    "a title that is none": (
        "# %% folded=true\nN = 3\n",
        0,
        'folded= is the title of a code cell. Write folded="The stored numbers".',
    ),
    "text that is folded": (
        '# %% [markdown] folded="More"\n# N\n',
        0,
        'folded= is the title of a code cell. Write folded="The stored numbers".',
    ),
    "a folded check": (
        '# %% helper=true folded="More"\nN = 3\n',
        0,
        "folded belongs on a plain or demo cell. Move or remove folded.",
    ),
    "a cell of the kit's with code of its own": (
        '# %% kit="by_hand"\nN = 3\n', 0, "a cell with kit= is an empty code cell. Move what stands in it."
    ),
    "a file that the kit has not": (
        '# %% kit="nothing"\n', 0, "there is no grader/kit/nothing.py. Name a file of the kit."
    ),
    "a helper that is none": ("# %% helper=false\nN = 3\n", 0, "helper=False says nothing. Write helper=true."),
    "a helper that computes": (
        "# %% helper=true\nN = 3\nM = N + 1\n",
        2,
        "a helper cell does more than define names. "
        "Keep imports, functions, classes and constants; move the rest to the cells that need it.",
    ),
    "a helper with an answer": (
        "# %% helper=true\n### BEGIN SOLUTION\nN = 3\n### END SOLUTION\n",
        0,
        "'### BEGIN SOLUTION' outside a cell marked exercise=\"…\" or manual=\"…\". "
        "Mark the cell, or drop the markers.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG_CELLS)
def test_errors_in_one_more_cell(case, tiny):
    text, below, message = WRONG_CELLS[case]
    line = tiny.read_text(encoding="utf-8").count("\n") + 2 + below
    with pytest.raises(SourceError) as caught:
        read_lesson(with_cell(tiny, text))
    assert str(caught.value) == f"90_tiny.py:{line}: {message}"
