"""A unit: its lesson, `solutions/NN_name.py`, and what learners write instead, `solutions/mistakes/NN_name.py`."""

import ast
from dataclasses import dataclass, field
from pathlib import Path

from grader.authoring.lesson import Cell, read_lesson
from grader.authoring.mistakes import Mistake, RightAnswer, read_mistakes
from grader.errors import SourceError


@dataclass
class Unit:
    path: Path
    title: str
    question: str
    builds_on: list[str]
    seconds: int  # what running it takes on two cores
    cells: list[Cell] = field(default_factory=list)
    rights: list[RightAnswer] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def mistakes_path(self) -> Path:
        return self.path.parent / "mistakes" / self.path.name

    @property
    def points(self) -> float:
        """All points, those that a person gives included."""
        return sum(c.points for c in self.cells)

    @property
    def manual_points(self) -> float:
        """The points that a person gives."""
        return sum(c.points for c in self.cells if c.role == "manual")

    @property
    def exercises(self) -> list[str]:
        return [c.id for c in self.cells if c.role == "exercise"]

    def of(self, role: str, exercise: str) -> list[Cell]:
        """The cells of an exercise that have a role."""
        return [c for c in self.cells if c.role == role and c.exercise == exercise]

    def rights_of(self, exercise: str) -> list[RightAnswer]:
        """Other answers to an exercise that earn everything, like the reference."""
        return [answer for answer in self.rights if answer.exercise == exercise]

    def mistakes_of(self, exercise: str) -> list[Mistake]:
        """The known wrong answers to an exercise."""
        return [answer for answer in self.mistakes if answer.exercise == exercise]

    def is_question(self, exercise: str) -> bool:
        """Whether the answer is nothing but a string: a concept question."""
        body = ast.parse(self.of("exercise", exercise)[0].source).body
        return all(isinstance(s, ast.Assign) and isinstance(s.value, ast.Constant) for s in body)


def read_unit(path: Path) -> Unit:
    """Parse and check both files of a unit. Raises SourceError at the first thing that is wrong."""
    header, cells = read_lesson(path)
    unit = Unit(path, **header, cells=cells)
    references = {c.id: c.source for c in cells if c.role == "exercise"}
    if unit.mistakes_path.exists():
        unit.rights, unit.mistakes = read_mistakes(unit.mistakes_path, references)
    elif references:
        raise SourceError(
            unit.mistakes_path,
            1,
            f"the file is missing, and {path.name} has exercises",
            f"Create {path.parent.name}/mistakes/{path.name}, with '# %% exercise=\"{next(iter(references))}\"'",
        )
    return unit
