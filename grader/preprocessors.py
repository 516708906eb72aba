"""nbgrader preprocessors of the course."""

import ast
import re

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions


class ClearAnswers(ClearSolutions):
    """ClearSolutions, except that a concept question's stub is `name = ...`, not a raise to be deleted."""

    def _replace_solution_region(self, cell, language):
        names = _assigned_strings(cell.source) if cell.cell_type == "code" else []
        if not names:
            return super()._replace_solution_region(cell, language)
        stubs = self.code_stub
        self.code_stub = {**stubs, language: "\n".join(f"{name} = ...  # YOUR ANSWER HERE" for name in names)}
        try:
            return super()._replace_solution_region(cell, language)
        finally:
            self.code_stub = stubs


def _assigned_strings(source: str) -> list[str]:
    """The names that a cell's solution region sets to strings, when it does nothing else; else none."""
    inside = re.search(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", source, flags=re.S)
    try:
        body = ast.parse(inside[1]).body if inside else []
    except SyntaxError:  # indented: inside a function
        return []
    plain = [
        s.targets[0].id
        for s in body
        if isinstance(s, ast.Assign)
        and isinstance(s.targets[0], ast.Name)
        and isinstance(s.value, ast.Constant)
        and isinstance(s.value.value, str)
    ]
    return plain if len(plain) == len(body) else []


def release_preprocessors() -> list[type]:
    """nbgrader's own steps from source to release, with ClearAnswers in the place of ClearSolutions."""
    steps = GenerateAssignment.preprocessors.default()
    return [ClearAnswers if step is ClearSolutions else step for step in steps]
