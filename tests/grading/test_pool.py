"""Workers: each job comes to an end, whatever becomes of the worker, and nobody pays for a neighbour."""

import os
import time
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from grader.errors import CourseError
from grader.grading.job import Job
from grader.grading.limits import Limits
from grader.grading.pool import LOST, LocalPool
from grader.grading.result import Result

RELEASE = SimpleNamespace(unit="03", hash="0", torch=False)


@dataclass
class Made(Job):
    """A job that notes who ran beside it. `lasts`: seconds; `dies`: the worker with it."""

    name: str = ""
    folder: object = None
    lasts: float = 0.3
    slow: bool = False
    dies: bool = False
    seen: list = field(default_factory=list)

    def run(self, jails) -> Result:
        if self.dies:
            os._exit(1)
        mark = self.folder / f"{self.name}.runs"
        mark.touch()
        time.sleep(self.lasts)
        beside = len(list(self.folder.glob("*.runs"))) - 1
        mark.unlink()
        return Result(self.name, "03", "", reason=str(beside), starved=self.slow)

    def failed(self, reason: str) -> CourseError:
        return CourseError(f"{self.name}: {reason}")


def ran(jobs: list[Job], workers: int = 2) -> list[tuple[str, object]]:
    pool = LocalPool(workers)
    try:
        return [(job.name, came) for job, came in pool.run(jobs)]
    finally:
        pool.close()


def made(folder, name: str, **options) -> Made:
    return Made(RELEASE, Limits(), False, None, name=name, folder=folder, **options)


def test_every_job_ends(tmp_path):
    came = ran([made(tmp_path, str(n), lasts=0) for n in range(7)])
    assert sorted(name for name, _ in came) == [str(n) for n in range(7)]


@pytest.mark.slow
def test_who_met_a_limit_of_time_beside_others_runs_again_alone(tmp_path):
    jobs = [made(tmp_path, name, slow=name.startswith("slow")) for name in ("slow-1", "slow-2", "a", "b")]
    came = dict(ran(jobs))
    assert {job.name: job.begun for job in jobs} == {"a": 1, "b": 1, "slow-1": 2, "slow-2": 2}
    assert came["slow-1"].reason == came["slow-2"].reason == "0", "nobody ran beside it"


def test_who_was_alone_does_not_run_again(tmp_path):
    job = made(tmp_path, "slow", slow=True, lasts=0)
    ((_, came),) = ran([job])
    assert came.starved and job.begun == 1


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_job_that_kills_its_workers_is_given_up_and_the_others_are_not(tmp_path, workers):
    came = dict(ran([made(tmp_path, "bad", dies=True), *(made(tmp_path, str(n), lasts=0) for n in range(3))], workers))
    assert LOST in str(came.pop("bad")) and all(isinstance(one, Result) for one in came.values()) and len(came) == 3
