"""What the gradebook has of one submission, cell by cell."""

import math
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class CellRow:
    """What the gradebook has of a graded cell of one submission."""

    auto: float | None  # None: a person grades it
    manual: float | None  # a person's score, which counts in the place of the other
    extra: float = 0.0  # credit
    waiting: bool = False  # for a person

    @property
    def points(self) -> float:
        return (self.manual if self.manual is not None else self.auto or 0.0) + self.extra


@dataclass
class Recorded:
    """What the gradebook has of one submission. timestamp: in UTC, without a zone."""

    timestamp: datetime | None = None
    penalty: float = 0.0
    cells: dict[str, CellRow] = field(default_factory=dict)

    @property
    def autos(self) -> dict[str, float | None]:
        """What each cell has from autograding."""
        return {name: cell.auto for name, cell in self.cells.items()}

    @property
    def score(self) -> float:
        """As in nbgrader's own export: what was earned less the penalty, and no less than 0."""
        return max(0.0, sum(cell.points for cell in self.cells.values()) - self.penalty)

    @property
    def waiting(self) -> list[str]:
        """The cells to which a person has to give points."""
        return [name for name, cell in self.cells.items() if cell.waiting]


def is_number(value: object) -> bool:
    """Whether it can be points. A database takes texts and infinity, too, where somebody edits it by hand."""
    return isinstance(value, (int, float)) and math.isfinite(value)
