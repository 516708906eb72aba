"""Run grading jobs: in processes of this machine, or on a Dask cluster. The jobs are the same."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from grader.errors import CourseError
from grader.grading.jail import JailError
from grader.grading.job import Jails, Result, grade, reference
from grader.grading.limits import Limits
from grader.grading.release import Release
from grader.grading.submission import Submission

TRIES = 3  # so often a job is begun whose worker or jail died


@dataclass
class Job:
    """One submission to grade, or, without one, a unit's own answers to run."""

    release: Release
    submission: Submission | None
    limits: Limits
    jailed: bool
    mnist: Path | None


_local = threading.local()  # a jail belongs to one thread


def run_job(job: Job) -> Result | dict:
    """Do a job in this process, in jails that stay for the next. Raises JailError; CourseError for a plan."""
    jails = _jails(job.jailed, job.mnist)
    if job.submission is not None:  # one release object a unit, and with it one kit
        known = _local.__dict__.setdefault("releases", {})
        job.release = known.setdefault((job.release.unit, job.release.hash), job.release)
    try:
        return _run(job, jails)
    except JailError:
        jails.close()  # it may have been killed: once more, in a new one
    try:
        return _run(job, jails)
    except JailError as error:
        jails.close()
        if job.submission is None:
            raise
        jails.get(job.release.torch)  # raises where no jail can be made; else it is this submission's fault
        return _not_graded(job.submission, str(error))


def _run(job: Job, jails: Jails) -> Result | dict:
    if job.submission is None:
        return reference(job.release, job.limits, jails)
    try:
        return grade(job.submission, job.release, job.limits, jails)
    except JailError:
        raise
    except Exception as error:  # a fault of ours must not keep the others from being graded
        where = traceback.extract_tb(error.__traceback__)[-1]
        reason = (
            f"internal error, please report it: {type(error).__name__}: {error} ({where.name}, line {where.lineno})"
        )
        return _not_graded(job.submission, reason)


def _not_graded(submission: Submission, reason: str) -> Result:
    return Result(submission.student, submission.unit, submission.path, "internal", f"{submission.path}: {reason}")


def _jails(jailed: bool, mnist: Path | None) -> Jails:
    if getattr(_local, "jails", None) is None or (_local.jails.jailed, _local.jails.mnist) != (jailed, mnist):
        _local.jails = Jails(jailed, mnist)
    return _local.jails


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a worker does not outlive its parent
        if os.getppid() == 1:
            os._exit(1)


class LocalPool:
    """Worker processes on this machine. A worker that dies is replaced, and its job done again."""

    def __init__(self, jobs: int) -> None:
        """Start the workers. To be called before this process opens a database or starts a thread: they are forked."""
        self.jobs = jobs
        self._pool: ProcessPoolExecutor | None = None
        # Forked workers need not import everything anew, which takes seconds; those that replace a dead one do.
        self._open("fork" if sys.platform == "linux" else "spawn").submit(os.getpid)

    def _open(self, method: str = "spawn") -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context(method)
            self._pool = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_start_worker)
        return self._pool

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result | dict | Exception]]:
        """Each job with what came of it, as they end."""
        source, running, again, tries = iter(jobs), {}, [], {}
        while True:
            while len(running) < 2 * self.jobs:
                job = again.pop() if again else next(source, None)
                if job is None:
                    break
                try:
                    running[self._open().submit(run_job, job)] = job
                except BrokenProcessPool:
                    self._pool = None
                    again.append(job)
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                job = running.pop(future)
                try:
                    yield job, future.result()
                except BrokenProcessPool as error:  # all that were running are lost; do them again
                    self._pool = None
                    tries[id(job)] = tries.get(id(job), 0) + 1
                    if tries[id(job)] < TRIES:
                        again.append(job)
                    else:
                        yield job, error
                except Exception as error:
                    yield job, error

    def close(self) -> None:
        if self._pool is not None:
            processes = list((self._pool._processes or {}).values())
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:  # their jails go with them
                with contextlib.suppress(OSError):
                    process.terminate()


class DaskPool:
    """The workers of a Dask cluster, each with this package and bubblewrap installed."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise CourseError("--scheduler needs Dask: pip install distributed") from None
        try:
            self.client = Client(address, timeout="10s")
        except (OSError, TimeoutError, ValueError) as error:
            raise CourseError(f"There is no Dask scheduler at {address}: {error}") from None

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result | dict | Exception]]:
        """Each job with what came of it, as they end. Dask does the jobs of a lost worker again."""
        from distributed import as_completed

        waiting = iter(jobs)
        by_key: dict[str, Job] = {}
        ended = as_completed()

        def submit() -> None:
            job = next(waiting, None)
            if job is not None:
                future = self.client.submit(run_job, job, pure=False, retries=TRIES - 1)
                by_key[future.key] = job
                ended.add(future)

        for _ in range(2 * max(1, sum(self.client.nthreads().values()))):
            submit()
        for future in ended:
            job = by_key.pop(future.key)
            error = future.exception()
            yield job, error if error is not None else future.result()
            submit()

    def close(self) -> None:
        self.client.close()


def open_pool(jobs: int, scheduler: str | None) -> "LocalPool | DaskPool":
    return DaskPool(scheduler) if scheduler else LocalPool(jobs)
