"""Run grading jobs: in processes of this machine, or on a Dask cluster. The jobs are the same."""

import asyncio
import contextlib
import ctypes
import gc
import logging
import multiprocessing
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from multiprocessing import connection, resource_tracker
from pathlib import Path

from grader.errors import CourseError
from grader.grading.jail import JailError, Jails
from grader.grading.job import GradeJob, Job, PlanJob
from grader.grading.plan import Plan
from grader.grading.result import Result
from grader.grading.scratch import sweep
from grader.grading.store import grader_version

TRIES = 3  # so often a job is begun whose worker died
CONNECT, PATIENCE = 10, 30  # seconds, for a Dask scheduler to answer, and for it to have a worker


Came = Result | Plan | Exception  # what comes of a job, or why nothing does
LOST = f"it was begun {TRIES} times, and each time its worker died"

_local = threading.local()  # a jail belongs to one thread


def run_job(job: GradeJob | PlanJob) -> Result | Plan:
    """Do a job in this process, in jails that stay for the next. Raises JailError; CourseError for a plan."""
    jails = _jails(job.jailed, job.mnist)
    known = _local.__dict__.setdefault("releases", {})  # one release object a unit, and with it one table
    job.release = known.setdefault((job.release.unit, job.release.hash), job.release)
    try:
        return job.run(jails)
    except JailError:
        jails.close()  # it may have been killed: once more, in a new one
    try:
        return job.run(jails)
    except JailError as error:
        jails.close()
        if isinstance(job, PlanJob):
            raise
        jails.get(job.release.torch)  # raises where no jail can be made; else it is this submission's fault
        return job.failed(str(error))


def _jails(jailed: bool, mnist: Path | None) -> Jails:
    if getattr(_local, "jails", None) is None or (_local.jails.jailed, _local.jails.mnist) != (jailed, mnist):
        sweep()
        _local.jails = Jails(jailed, mnist)
    return _local.jails


class _Worker:
    """A process that does one job at a time. It ends when we do, however we end."""

    def __init__(self, method: str = "spawn", inherited: Iterable[connection.Connection] = ()) -> None:
        context = multiprocessing.get_context(method)
        self.pipe, theirs = context.Pipe()
        close = (*inherited, self.pipe) if method == "fork" else ()
        self.process = context.Process(target=_work, args=(theirs, close), daemon=True)
        if method == "spawn":
            resource_tracker.ensure_running()  # or `start` would, and unblock what is blocked here
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self.process.start()  # with Ctrl-C blocked, until it is ignored there
        finally:
            theirs.close()
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def begin(self, job: GradeJob | PlanJob) -> None:
        with contextlib.suppress(OSError):  # it has died, and `end` will see it
            self.pipe.send(job)

    def end(self) -> Came | None:
        """What came of the job; None where the worker died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.stop()
            return None

    def stop(self) -> None:
        """End it and wait until it has gone: only then does `sweep` know that its jails have, too."""
        self.pipe.close()  # which an idle one obeys
        self.process.join(5)
        self.process.kill()
        self.process.join()


def _work(pipe: connection.Connection, inherited: Iterable[connection.Connection]) -> None:
    """In a worker: do what comes through the pipe, until the other end is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    for other in inherited:  # or we would hold open what tells a worker that its parent has gone
        other.close()
    gc.freeze()  # all that is imported: to search it for garbage again and again would take a tenth of a submission
    with contextlib.suppress(EOFError, OSError):
        while True:
            job = pipe.recv()
            try:
                came: Came = run_job(job)
            except CourseError as error:
                came = error
            except Exception as error:
                came = CourseError(f"A worker failed: {type(error).__name__}: {error}")
            pipe.send(came)
    if jails := getattr(_local, "jails", None):
        jails.close()


class LocalPool:
    """Worker processes on this machine. One that dies loses one job, which another begins again."""

    def __init__(self, workers: int) -> None:
        """Start the workers. To be called before this process opens a database or starts a thread: they are forked."""
        self.workers = workers
        self._idle: list[_Worker] = []
        self._busy: dict[connection.Connection, tuple[_Worker, Job]] = {}
        for _ in range(workers):
            # Forked, they need not import everything anew, which takes seconds; those that replace a dead one do.
            inherited = [worker.pipe for worker in self._idle]
            self._idle.append(_Worker("fork" if sys.platform == "linux" else "spawn", inherited))

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Came]]:
        """Each job with what came of it, as they end. What met a limit of time beside others is done again, alone."""
        source, again, ended, alone = iter(jobs), [], [], []
        while True:
            while len(self._busy) < self.workers:
                job = again.pop() if again else next(source, None)
                if job is None and alone and not self._busy:
                    job = alone.pop()
                    job.shared = False
                if job is None:
                    break
                worker = self._idle.pop() if self._idle else _Worker()
                self._busy[worker.pipe] = worker, job
                job.begun += 1
                worker.begin(job)
            for _, job in self._busy.values():
                job.shared |= len(self._busy) > 1
            yield from ended  # now that the workers have their next job
            if not self._busy:
                return
            ended = []
            for pipe in connection.wait(list(self._busy)):
                worker, job = self._busy.pop(pipe)
                came = worker.end()
                if came is not None:
                    self._idle.append(worker)
                    if job.shared and getattr(came, "starved", False):
                        alone.append(job)
                    else:
                        ended.append((job, came))
                elif job.begun < TRIES:
                    again.append(job)
                else:
                    ended.append((job, job.failed(LOST)))

    def close(self) -> None:
        """End the workers and all that they have started."""
        for worker in self._idle:
            worker.pipe.close()  # all at once
        for worker, _ in self._busy.values():
            worker.process.terminate()
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.stop()
        sweep()


class DaskPool:
    """The workers of a Dask cluster, each with this package and bubblewrap installed."""

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise CourseError("--scheduler needs Dask: pip install distributed") from None
        for name in logging.root.manager.loggerDict:  # what matters is said here, in a line
            if name.startswith("distributed"):
                logging.getLogger(name).disabled = True
        self.address = address
        try:
            self.client = Client(address, timeout=CONNECT, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            raise CourseError(f"There is no Dask scheduler at {address}: {' '.join(str(error).split())}") from None
        try:
            self.client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            self.close()
            raise CourseError(
                f"The Dask scheduler at {address} has no worker. Start one: dask worker {address}"
            ) from None
        try:
            versions = set(self.client.run(grader_version).values())
        except Exception as error:
            self.close()
            raise CourseError(f"A worker of {address} cannot grade: {error}. Each needs this package.") from None
        if versions != {grader_version()}:
            self.close()
            raise CourseError(f"Workers of {address} have other versions of this package, or of numpy, torch, …")

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Came]]:
        """Each job with what came of it, as they end. Dask does the jobs of a lost worker again."""
        from distributed import KilledWorker, as_completed

        waiting = iter(jobs)
        by_key: dict[str, Job] = {}
        alone: list[Job] = []  # they met a limit of time beside others
        ended = as_completed(loop=self.client.loop)

        def submit() -> None:
            job = next(waiting, None)
            if job is not None:
                job.shared = True
            elif alone and not by_key:
                job = alone.pop()
                job.shared = False
            if job is not None:
                future = self.client.submit(run_job, job, pure=False)
                by_key[future.key] = job
                ended.add(future)

        for _ in range(2 * max(1, sum(self.client.nthreads().values()))):
            submit()
        for future in ended:
            job = by_key.pop(future.key)
            try:
                came: Came = future.result()
            except KilledWorker:
                came = job.failed(LOST)
            except CourseError as error:
                came = error
            except (Exception, asyncio.CancelledError) as error:
                what = " ".join(f"{type(error).__name__}: {error}".split())
                came = CourseError(f"The Dask cluster at {self.address} has failed: {what}")
            again = job.shared and getattr(came, "starved", False)
            if again:
                alone.append(job)
            submit()
            if not again:
                yield job, came

    def close(self) -> None:
        self.client.close()


def open_pool(workers: int, scheduler: str | None) -> "LocalPool | DaskPool":
    return DaskPool(scheduler) if scheduler else LocalPool(workers)
