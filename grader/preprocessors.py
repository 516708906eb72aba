"""nbgrader preprocessors of the course."""

import ast
import re

from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions


class ClearAnswers(ClearSolutions):
    """ClearSolutions, except that a concept question's stub is `name = ...`, not a raise to be deleted."""

    def _replace_solution_region(self, cell, language):
        answers = assigned_strings(cell.source) if cell.cell_type == "code" else {}
        if not answers:
            return super()._replace_solution_region(cell, language)
        stubs = self.code_stub
        self.code_stub = {**stubs, language: "\n".join(_stub(*answer) for answer in answers.items())}
        try:
            return super()._replace_solution_region(cell, language)
        finally:
            self.code_stub = stubs


def _stub(name: str, answer: str) -> str:
    what = 'a letter in quotes, such as "a"' if len(answer) == 1 else "in quotes"
    return f"{name} = ...  # YOUR ANSWER HERE, {what}"


def assigned_strings(source: str) -> dict[str, str]:
    """The names that a cell's solution region sets to strings, when it does nothing else, with the strings."""
    inside = re.search(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", source, flags=re.S)
    try:
        body = ast.parse(inside[1]).body if inside else []
    except SyntaxError:  # indented: inside a function
        return {}
    plain = {
        s.targets[0].id: s.value.value
        for s in body
        if isinstance(s, ast.Assign)
        and len(s.targets) == 1
        and isinstance(s.targets[0], ast.Name)
        and isinstance(s.value, ast.Constant)
        and isinstance(s.value.value, str)
    }
    return plain if len(plain) == len(body) else {}


def release_preprocessors() -> list[type]:
    """nbgrader's own steps from source to release, with ClearAnswers in the place of ClearSolutions."""
    steps = GenerateAssignment.preprocessors.default()
    return [ClearAnswers if step is ClearSolutions else step for step in steps]
