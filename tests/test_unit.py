"""A mistake in a unit's source is reported with file, line and what to do."""

import re

import pytest

from grader.errors import SourceError
from grader.authoring.unit import read_unit, visible


def test_reads_roles_and_header(tiny):
    unit = read_unit(tiny)
    assert (unit.title, unit.minutes, unit.points) == ("Tiny", 5, 3)
    assert unit.exercises == ["normalize", "q_epsilon"]
    assert [len(unit.of("mistake", e)) for e in unit.exercises] == [5, 1]
    assert unit.is_question("q_epsilon") and not unit.is_question("normalize")
    assert unit.of("check", "normalize")[0].grade_id == "normalize-values"


def test_a_mistake_is_a_substitution_or_a_cell(tiny):
    unit = read_unit(tiny)
    one, other = unit.of("mistake", "normalize")[:2]
    assert "(np.sqrt(var) + eps)" in unit.answer(one) and "Normalize each column" in unit.answer(one)
    assert unit.answer(other) == other.source


def test_a_translation_is_passed_by(tiny):
    before = len(read_unit(tiny).cells)
    tiny.write_text(tiny.read_text() + '\n# %% [markdown] lang="ko"\n# 배치 정규화\n', encoding="utf-8")
    assert len(read_unit(tiny).cells) == before


def test_visible_leaves_out_the_hidden_tests():
    source = "check('a', f)\n### BEGIN HIDDEN TESTS\ncheck('b', f)\n### END HIDDEN TESTS\nassert True"
    assert visible(source) == "check('a', f)\nassert True"


# What is replaced in the tiny unit, by what, and what the message must say.
WRONG = {
    "unknown role": ('tags=["demo"]', 'demo="yes"', r"unknown role or option 'demo'"),
    "unknown tag": ('tags=["demo"]', 'tags=["figure"]', r"unknown tag"),
    "two roles": ('tags=["demo"]', 'tags=["demo"] exercise="x"', r"one role, not exercise and demo"),
    "check of no exercise": ('check="q_epsilon.answer"', 'check="q_other.answer"', r"'q_other', which is no exercise"),
    "mistake of no exercise": ('mistake="q_epsilon"', 'mistake="q_other"', r"'q_other', which is no exercise"),
    "check id without part": ('check="q_epsilon.answer"', 'check="q_epsilon"', r"not an id of the form exercise.part"),
    "duplicate id": ('exercise="q_epsilon"', 'exercise="normalize"', r"'normalize' is used twice"),
    "no points": ("q_epsilon.answer" + '" points=1', 'q_epsilon.answer"', r"'q_epsilon.answer' has no points"),
    "points that are none": ("points=2", 'points="many"', r"not a number of points"),
    "points elsewhere": ('exercise="q_epsilon"', 'exercise="q_epsilon" points=1', r"points belongs on a check cell"),
    "no hint": (' hint="In place!"', "", r"'normalize' has no hint"),
    "no end": ("    ### END SOLUTION\n", "", r"'### BEGIN SOLUTION' and '### END SOLUTION' do not pair up"),
    "no begin": ("### BEGIN HIDDEN TESTS\n", "", r"HIDDEN TESTS' do not pair up"),
    "no answer": ('### BEGIN SOLUTION\nq_epsilon = "b"\n### END SOLUTION', 'q_epsilon = "b"', r"has no answer"),
    "only hidden": ('check("q_epsilon", q_epsilon)', "pass", r"only in hidden tests, or never"),
    "text not found": ("# - return x_hat", "# - return y_hat", r"'return y_hat', stands 0 times in the answer"),
    "text twice": ("# - return x_hat", "# - x_hat", r"'x_hat', stands 3 times in the answer"),
    "no replacement": ("# + pass\n", "", r"it has 1 lines '# -' and 0 lines"),
    "two replacements": ("# + pass", "# + pass\n# + pass", r"it has 1 lines '# -' and 2 lines"),
    "syntax": ("plt.plot([1, 2])", "plt.plot([1, 2)", r"Python cannot read this"),
    "syntax of a mistake": ("# + pass", "# + pass )", r"with this mistake Python cannot read"),
    "unstable numbers": ("np.random.RandomState(1)", "np.random.default_rng(1)", r"default_rng"),
    "no title": ("# title: Tiny\n", "", r"header has no title"),
    "unknown key": ("# title: Tiny\n", "# title: Tiny\n# author: me\n", r"unknown key 'author'"),
    "header not YAML": ('# question: "What is it?"', "# question: What: is it?", r"YAML header cannot be read"),
    "question in markdown": ('# %% exercise="q_epsilon"', '# %% [markdown] exercise="q_epsilon"', r"holds code"),
}


@pytest.mark.parametrize("case", WRONG)
def test_source_errors(case, edited):
    old, new, message = WRONG[case]
    path = edited(old, new)
    line = path.read_text(encoding="utf-8").splitlines().index("# ---") + 1
    with pytest.raises(SourceError, match=message) as caught:
        read_unit(path)
    text = str(caught.value)
    assert re.match(r"90_tiny.py:\d+: .+\. .+\.$", text), text
    assert "\n" not in text
    assert caught.value.line >= line


def test_the_line_is_that_of_the_cell(edited):
    path = edited(' hint="In place!"', "")
    wanted = path.read_text(encoding="utf-8").splitlines().index('# %% mistake="normalize"') + 1
    with pytest.raises(SourceError) as caught:
        read_unit(path)
    assert caught.value.line == wanted


def test_a_header_is_needed(tiny):
    tiny.write_text("# %%\nprint(1)\n")
    with pytest.raises(SourceError, match="YAML header is missing"):
        read_unit(tiny)
