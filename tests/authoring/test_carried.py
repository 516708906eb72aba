"""The kit's code as notebooks carry it is the same program, and shorter."""

import ast
import re

import pytest

from grader.authoring.carried import bare, narrow
from grader.authoring.setup import KIT


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
