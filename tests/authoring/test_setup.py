"""The first cell: small, in a module of its own, complete."""

import ast
import re

import pytest

from grader.authoring.carried import bare, narrow
from grader.authoring.setup import KIT, module_source, setup_source
from grader.authoring.unit import read_unit


@pytest.mark.parametrize("path", KIT, ids=lambda path: path.stem)
def test_what_notebooks_carry_of_a_file_is_its_code(path):
    """Without imports of the package, comments and docstrings; else the same program."""
    mine, theirs = ast.parse(bare(path.read_text())), ast.parse(path.read_text(encoding="utf-8"))
    for tree in (mine, theirs):
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and not isinstance(node, ast.If):
                node.body = [s for s in body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
                node.body = [s for s in node.body if not re.match("grader", getattr(s, "module", "") or "")]
    assert ast.dump(mine) == ast.dump(theirs)
    assert "from grader" not in ast.unparse(mine) and "# " not in bare(path.read_text()).replace('"# ', "")


@pytest.mark.parametrize("path", KIT, ids=lambda path: path.stem)
def test_narrower_code_is_the_same_code(path):
    code = bare(path.read_text(encoding="utf-8"))
    assert ast.dump(ast.parse(narrow(code))) == ast.dump(ast.parse(code))
    assert len(narrow(code)) < len(code)


def test_texts_of_several_lines_are_as_they_were():
    code = 'if 1:\n    a = """b\n        c"""\n    if a:\n        d = f"""e\n    {a}\n        """\n'
    assert narrow(code) == 'if 1:\n a = """b\n        c"""\n if a:\n  d = f"""e\n    {a}\n        """'


def test_learners_can_read_help_of_check():
    assert "Check one answer of yours" in bare(KIT[-1].read_text())


def test_the_loader_is_there_where_it_is_named(tiny, edited):
    assert "def load_mnist" not in module_source(read_unit(tiny))
    path = edited("plt.plot([1, 2])", "X_train, y_train, X_test, y_test = load_mnist()\nplt.plot([1, 2])")
    source = module_source(read_unit(path))
    assert "def load_mnist" in source and "DIGITS" in source


def test_helper_cells_go_into_the_setup_cell(edited):
    path = edited("plt.show()", "plt.show()\n\n\n# %% helper=true\ndef inputs():\n    return 5")
    source = setup_source(read_unit(path))
    assert "_kit.load_helpers(r'''\ndef inputs():" in source
    compile(source, "<setup>", "exec")


def test_by_hand_is_there_where_it_is_called(edited, tiny):
    assert "def by_hand" not in module_source(read_unit(tiny))
    path = edited('check("q_epsilon", q_epsilon)', 'with by_hand():\n    check("q_epsilon", q_epsilon)')
    assert "def by_hand" in module_source(read_unit(path))
