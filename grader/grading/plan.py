"""What a unit's own answers showed when they were run here: which checks run in which cell, and what they must give."""

from dataclasses import asdict, dataclass, field
from typing import NamedTuple


class Expected(NamedTuple):
    """One call of `check`: its name, tolerances, whether the dtype counts, and the observation of the right value.

    The value is None where the release's tables have it.
    """

    name: str
    rtol: float
    atol: float
    dtype: bool
    value: dict | None = None


@dataclass(frozen=True)
class Second:
    """The second run of a check cell: its code with other random numbers, and what has to come of it."""

    code: str
    expected: list[Expected]


@dataclass(frozen=True)
class Plan:
    """How a unit's check cells are judged, by the key of the cell. Made by job.PlanJob, kept by the store."""

    expected: dict[str, list[Expected]] = field(default_factory=dict)
    second: dict[str, Second] = field(default_factory=dict)

    def as_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def read(cls, raw: dict) -> "Plan":
        """A plan from what `as_dict` gave, perhaps by way of JSON.

        Raises KeyError, TypeError or AttributeError where it is none.
        """
        expected = {key: [Expected(*one) for one in calls] for key, calls in raw["expected"].items()}
        second = {
            key: Second(one["code"], [Expected(*call) for call in one["expected"]])
            for key, one in raw["second"].items()
        }
        return cls(expected, second)
