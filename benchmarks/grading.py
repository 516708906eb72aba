"""How fast `bncourse grade` is beside `nbgrader autograde`, in one run, on the same class of units 03 and 04.

    python benchmarks/grading.py [--students 240] [--stock 16] [--workers 2]
    python benchmarks/grading.py --all --students 40     # `bncourse grade` alone, on all units

Both grade mixed submissions of a class, `nbgrader autograde` those of its first students only, which takes minutes: the
kinds of students come in turns of eight. Their scores must be equal, cell by cell. Printed are the time of a submission
by both, all that is done once for a class included, and their ratio; processor time, peak memory, the cold start (one
submission, the sandbox's set-up and the unit's own answers included), and what that makes of 500 students and 12 units:
once what the first student of all these units takes, which starts everything, and for each other submission what one
more takes.
"""

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from helpers.mixed_class import fill, scores

from grader.authoring.unit import read_unit
from grader.classroom.course import make_class
from grader.grading.store import Store
from grader.paths import unit_sources

UNITS = ("03", "04")


class Peak(threading.Thread):
    """Watches the memory of a process and all it starts: the largest sum of their own (unshared) pages, in MiB."""

    def __init__(self, process: subprocess.Popen) -> None:
        super().__init__(daemon=True)
        self.process, self.mib = psutil.Process(process.pid), 0.0

    def run(self) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):  # it has ended
            while self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE:
                total = 0
                for process in [self.process, *self.process.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        total += process.memory_full_info().pss
                self.mib = max(self.mib, total / 2**20)
                time.sleep(0.5)


def run(command: list[str], directory: Path) -> tuple[float, float, float]:
    """Run a command. Returns seconds, processor seconds of it and its children, and peak memory in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    scripts = sysconfig.get_path("scripts")
    env = os.environ | {"PATH": os.pathsep.join([scripts, os.environ["PATH"]])}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, cwd=directory, env=env, stdout=log, stderr=log)
        peak = Peak(process)
        peak.start()
        if process.wait() not in (0, 1):
            log.seek(0)
            sys.exit(log.read().decode()[-3000:])
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak.mib


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--students", type=int, default=240)
    parser.add_argument("--stock", type=int, default=16, help="students that nbgrader autograde grades, too")
    parser.add_argument("--workers", type=int, default=0, help="0: what bncourse grade takes by itself")
    parser.add_argument("--all", action="store_true", help="all units, and not nbgrader autograde, which takes hours")
    args = parser.parse_args()
    sources = unit_sources([] if args.all else list(UNITS))
    units = [read_unit(source) for source in sources]
    with tempfile.TemporaryDirectory(prefix="bn-") as temporary:
        ours, stock, cold = (Path(temporary, name) for name in ("ours", "stock", "cold"))
        make_class(ours, sources, quietly=True)
        fill(ours, units, args.students)
        shutil.copytree(ours, cold)
        shutil.copytree(ours, stock)
        for student in (stock / "submitted").iterdir():
            if int(student.name.rpartition("-")[2]) >= args.stock:
                shutil.rmtree(student)
        count = args.students * len(units)

        first = ["--student", "right-000"]
        seconds, _, _ = run(["bncourse", "grade", ".", units[0].name, *first, "--workers", "1"], cold)
        print(f"cold start, one submission of {units[0].name}, from the command to its end: {seconds:.1f} s")
        workers = ["--workers", str(args.workers)]
        started, _, _ = run(["bncourse", "grade", ".", *first, *workers, "--regrade"], cold)
        print(f"cold start, one submission of each of {len(units)} units: {started:.1f} s")

        seconds, _, memory = run(["bncourse", "grade", ".", *workers], ours)
        results = [result for _, result in Store(ours).results()]
        walls, cpus = [r.seconds for r in results], [r.cpu for r in results]
        how = f"{args.workers} jobs" if args.workers else "its own number of jobs"
        print(f"bncourse grade, {count} submissions, {how}: {seconds:.1f} s, {seconds / count:.3f} s each")
        print(f"  in its worker, a submission takes {statistics.median(walls):.3f} s (median; most {max(walls):.2f} s)")
        print(f"  of processor time {statistics.median(cpus):.3f} s (median)")
        print(f"  peak memory of all its processes: {memory:.0f} MiB")
        again, _, _ = run(["bncourse", "grade", ".", *workers], ours)
        print(f"  the same command again: {again:.1f} s")

        one_more = (seconds - started) / (count - len(units))
        print(f"  one submission more takes {one_more:.3f} s")
        minutes = (started * 12 / len(units) + one_more * 499 * 12) / 60
        print(f"500 students × 12 units at this rate: {minutes:.0f} minutes")

        if args.all:
            return
        stock_seconds, stock_count, different = 0.0, 0, []
        for unit in units:
            took, _, memory = run(["nbgrader", "autograde", unit.name], stock)
            found, wanted = scores(stock, unit.name), scores(ours, unit.name)
            stock_seconds, stock_count = stock_seconds + took, stock_count + len(found)
            different += [(unit.name, student) for student, cells in found.items() if wanted.get(student) != cells]
            print(f"nbgrader autograde {unit.name}: {took:.1f} s, {took / len(found):.2f} s each, {memory:.0f} MiB")
        print(f"scores of {stock_count}: {'equal, cell by cell' if not different else f'DIFFERENT for {different}'}")
        print(f"ratio: {stock_seconds / stock_count / (seconds / count):.1f}")


if __name__ == "__main__":
    main()
