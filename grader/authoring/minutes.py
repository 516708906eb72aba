"""How long a unit takes a learner, by one rule: exercises, words to read, code to read, and what runs."""

import re
from dataclasses import dataclass

from grader.authoring.regions import visible
from grader.authoring.unit import Unit
from grader.errors import SourceError

WORDS_A_MINUTE, CODE_LINES_A_MINUTE = 200, 25
QUESTION, ESSAY = 1, 5  # minutes for a concept question, and for one that a person grades
FURTHER = re.compile(r"^(#+) .*going further", re.I | re.M)
SAID = re.compile(r"About (\d+) minutes?", re.I)


@dataclass
class Minutes:
    """Minutes to the next five: of the core, and of the sections whose heading says "going further"."""

    core: int
    further: int


def minutes_of(unit: Unit) -> Minutes:
    """The minutes of a unit. Raises SourceError where the docstring of a coding exercise does not say its own."""
    spent, further, depth = {False: unit.seconds / 60, True: 0.0}, False, 0
    for cell in unit.cells:
        if cell.kind == "markdown" and (heading := re.search(r"^(#+) ", cell.source, re.M)):
            if marked := FURTHER.search(cell.source):
                further, depth = True, len(marked[1])
            elif len(heading[1]) <= depth:
                further = False
        spent[further] += _cell(unit, cell)
    return Minutes(*(5 * round(spent[part] / 5 + 0.1) for part in (False, True)))


def _cell(unit: Unit, cell) -> float:
    if cell.role == "exercise":
        if unit.is_question(cell.id):
            return QUESTION
        said = SAID.search(cell.source)
        if not said:
            remedy = "End its docstring with 'About 5 minutes.'"
            raise SourceError(unit.path, cell.line, f"the exercise {cell.id!r} does not say its minutes", remedy)
        return int(said[1])
    if cell.role == "manual":
        return ESSAY
    if cell.role in ("claim", "helper") or cell.folded:
        return 0
    if cell.kind == "markdown":
        text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
        return len(re.findall(r"[^\W\d_]{2,}", text)) / WORDS_A_MINUTE
    lines = [line for line in visible(cell.source).splitlines() if line.strip() and not line.strip().startswith("#")]
    return len(lines) / CODE_LINES_A_MINUTE
