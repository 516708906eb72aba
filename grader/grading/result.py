"""What comes of grading one submission, and the one form in which it is kept, read and reported."""

import re
from dataclasses import dataclass, field, fields

STATUSES = ("graded", "failed", "internal")
LARGEST = 1e15  # no number of a result comes near it
ANSWER, BY_HAND = re.compile(r"\S+ \d{1,9} \S+"), re.compile(r"\S+ \S+")  # marks, of copies.py and by_hand.py
KINDS = ("right", "wrong", "unwritten", "not run", "doubted", "by hand")


@dataclass
class CellScore:
    """What a graded cell earned. `message` and `hints` say why not more."""

    id: str
    exercise: str
    points: float | None  # None: a person grades it
    max_points: float
    message: str = ""
    hints: list[str] = field(default_factory=list)
    # "wrong" unless all points were earned: "unwritten" where the stub is left, "not run" where a limit came first,
    # "doubted" where a flag took the points, "by hand" where a person gives them.
    kind: str = "right"


@dataclass
class Result:
    """What came of one submission. Written by `as_dict`, read by `read`; nobody else knows the stored form."""

    student: str
    unit: str
    file: str
    status: str = "graded"  # or "failed": it could not be read; "internal": our own fault, which is not kept
    reason: str = ""
    repairs: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    reaches: list[str] = field(default_factory=list)  # cells that name what no exercise needs (reaching.py)
    cells: list[CellScore] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)  # solution cells left as they were released
    answers: list[str] = field(default_factory=list)  # marks of the answers, to compare with others' (copies.py)
    by_hand: list[str] = field(default_factory=list)  # marks of what a person grades, to compare with an earlier file's
    seconds: float = 0.0
    cpu: float = 0.0  # seconds of processor time, of the grader and the kernel
    notebook: str = ""  # the graded notebook, as JSON; not kept with the result
    starved: bool = False  # it met a limit of time, and had the processor for a part of that time only
    # Of the store:
    key: str = ""  # the hash of what was graded, by what (see store.result_key)
    size: int = 0  # bytes of the graded notebook on disk
    recorded: bool = False  # whether the gradebook has it

    @property
    def failed(self) -> bool:
        return self.status == "failed"

    @property
    def scores(self) -> dict[str, float | None]:
        """Points by the id of the cell; None where a person gives them."""
        return {cell.id: cell.points for cell in self.cells}

    def unchanged(self, before: "Result") -> set[str]:
        """The graded cells with the same answer and the same points as in an earlier result of this student's."""
        marks = {mark.split()[0] for mark in set(self.answers) & set(before.answers)}
        seen = {mark.split()[0] for mark in set(self.by_hand) & set(before.by_hand)}
        same = {cell.id for cell in self.cells if cell.id in before.scores and before.scores[cell.id] == cell.points}
        return {cell.id for cell in self.cells if cell.id in same and (cell.id in seen or cell.exercise in marks)}

    def as_dict(self) -> dict:
        kept = {key: value for key, value in vars(self).items() if key not in ("cells", "notebook")}
        return kept | {"cells": [vars(cell) for cell in self.cells]}

    @classmethod
    def read(cls, raw: object) -> "Result":
        """A result from what `as_dict` gave, or an earlier version's. Raises ValueError where it is none."""
        try:
            cells = [_fitted(CellScore, cell) for cell in raw["cells"]]
            result = _fitted(cls, {**raw, "cells": cells})
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no stored result ({type(error).__name__}: {error})") from None
        if result.status not in STATUSES:
            raise ValueError(f"no stored result (status {result.status!r})")
        if not all(map(ANSWER.fullmatch, result.answers)) or not all(map(BY_HAND.fullmatch, result.by_hand)):
            raise ValueError("no stored result (its marks have another form)")
        return result


def _fitted(cls: type, raw: dict):
    """An object of a data class from a dict, each value of the type that its default or annotation has."""
    number = (int, float)
    types = {"str": str, "float": number, "int": int, "bool": bool, "float | None": (*number, type(None))}
    values = {}
    for one in fields(cls):
        if one.name not in raw:
            continue
        value, allowed = raw[one.name], types.get(getattr(one.type, "__name__", str(one.type)), list)
        if not isinstance(value, allowed) or (isinstance(value, bool) and allowed is not bool):
            raise TypeError(f"{one.name} is {type(value).__name__}")
        if allowed is not bool and isinstance(value, number) and not abs(value) < LARGEST:  # NaN is not, either
            raise TypeError(f"{one.name} is {value}")
        values[one.name] = value
    lists = (value for value in values.values() if isinstance(value, list))
    if any(not isinstance(item, (str, CellScore)) for items in lists for item in items):
        raise TypeError("a list holds something else than texts")
    return cls(**values)
