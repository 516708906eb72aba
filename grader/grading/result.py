"""What comes of grading one submission."""

from dataclasses import dataclass, field


@dataclass
class CellScore:
    """What a check cell earned. `message` and `hints` say why not."""

    id: str
    exercise: str
    points: float | None  # None: a person grades it
    max_points: float
    message: str = ""
    hints: list[str] = field(default_factory=list)


@dataclass
class Result:
    """What came of one submission; see `as_dict` for the form in which it is kept."""

    student: str
    unit: str
    file: str
    status: str = "graded"  # or "failed": it could not be read
    reason: str = ""
    repairs: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    cells: list[CellScore] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)  # solution cells left as they were released
    seconds: float = 0.0
    cpu: float = 0.0  # seconds of processor time, of the grader and the kernel
    cpu_kernel: float = 0.0
    spent: dict[str, float] = field(default_factory=dict)  # where the seconds went (see run.Run); the rest is "outside"
    notebook: str = ""  # the graded notebook, as JSON; not kept with the result

    def as_dict(self) -> dict:
        kept = {key: value for key, value in vars(self).items() if key not in ("cells", "notebook")}
        return kept | {"cells": [vars(cell) for cell in self.cells]}
