"""`bncourse grade` killed, interrupted, locked out, out of room, run twice, on a cluster: the gradebook is the same."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from helpers.grading_process import Grading, adopting, autograded, copied, gradebook, kill, survivors, unchanged
from nbformat.v4 import new_code_cell
from nbgrader.api import Gradebook

from grader.authoring.unit import read_unit
from grader.classroom import demo
from grader.classroom.course import opened, quiet
from grader.cli import main
from grader.errors import CourseError
from grader.grading import grade as grade_module
from grader.grading import gradebook as gradebook_module
from grader.grading import pool as pool_module
from grader.grading.grade import Options, grade_class
from grader.grading.gradebook import Writer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

UNIT = "90_tiny"
KILLS = 20
TRACKER = re.compile(r".*resource_tracker: process died.*\n.*\n")  # what Python says when that has been killed


def with_cell(code: str):
    """A student whose notebook has a cell of their own in front of the answers."""

    def spoil(notebook):
        notebook.cells.insert(2, new_code_cell(code))
        return nbformat.writes(notebook)

    return spoil


SLOW = "import time\ntime.sleep(0.4)"
DRAWS = "import sys\nprint('out')\nprint('err', file=sys.stderr)\nplt.plot([1, 2])\nplt.show()"
STUDENTS = [
    *demo.STUDENTS,
    demo.Student("slow-1", demo.reference, with_cell(SLOW)),
    demo.Student("slow-2", demo.reference, with_cell(SLOW)),
    demo.Student("draws", demo.reference, with_cell(DRAWS)),
    demo.Student("exits", demo.reference, with_cell("import os\nos._exit(3)")),
    demo.Student('김철수, "O\'Neil" & <b>', demo.reference),
    demo.Student("late", demo.reference),
]
TIMESTAMPS = {"late": "2026-02-02 12:00:00 UTC", "perfect": "2026-01-01 12:00:00 UTC"}


@pytest.fixture(scope="module")
def klass(built, tiny_class, tmp_path_factory) -> Path:
    """A class with all students' work in it, not graded; to be copied."""
    directory = tmp_path_factory.mktemp("robust") / "class"
    shutil.copytree(tiny_class, directory)
    for student in STUDENTS:
        demo.submit(directory, read_unit(built), student)
    for student, stamp in TIMESTAMPS.items():
        (directory / "submitted" / student / UNIT / "timestamp.txt").write_text(stamp)
    return directory


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A temporary directory for graders; its path is short, since the kernels' sockets lie in it."""
    path = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@dataclass
class Undisturbed:
    directory: Path
    seconds: float
    gradebook: dict
    autograded: dict

    def is_as(self, directory: Path) -> None:
        """Fail unless a class came to the same."""
        assert gradebook(directory) == self.gradebook
        files = autograded(directory)
        assert files.keys() == self.autograded.keys()
        for name, content in files.items():
            assert content == self.autograded[name], name


@pytest.fixture(scope="module")
def undisturbed(klass, tmp_path_factory) -> Undisturbed:
    directory = copied(klass, tmp_path_factory.mktemp("undisturbed"))
    with tempfile.TemporaryDirectory(prefix="g", dir="/tmp") as temporary:
        started = time.monotonic()
        grading = Grading(directory, temporary=Path(temporary))
        assert grading.wait() == 1, grading.said()  # one file is no notebook
        seconds = time.monotonic() - started
    assert f"{len(STUDENTS)} submissions in" in grading.said()
    return Undisturbed(directory, seconds, gradebook(directory), autograded(directory))


def test_the_undisturbed_run_is_right(undisturbed):
    points = Counter()
    for _, student, _, auto_score, *_ in undisturbed.gradebook["grades"]:
        points[student] += auto_score
    wanted = {"untouched": 0, "half-done": 2, "mistaken-1": 1, "mistaken-2": 2}
    assert points == {s.id: wanted.get(s.id, 3) for s in STUDENTS if s.id != "not-json"}
    stamps = {student: timestamp for _, student, timestamp, _ in undisturbed.gradebook["submissions"]}
    assert stamps["late"] == "2026-02-02 12:00:00.000000" and stamps["half-done"] is None


def one_line(said: str, *words: str) -> None:
    assert said.count("\n") == 1 and said.startswith("bncourse grade: "), said
    assert all(word in said for word in words), said


# Killed, interrupted, started twice


@pytest.mark.slow
def test_killed_at_any_moment(klass, undisturbed, tmp_path, temporary):
    rng, kills, classes = random.Random(20), Counter(), 0
    with adopting() as known:
        directory = None
        while sum(kills.values()) < KILLS or directory:
            if directory is None:
                classes += 1
                directory = copied(klass, tmp_path / str(classes))
            grading = Grading(directory, temporary=temporary)
            while sum(kills.values()) < KILLS:
                time.sleep(rng.uniform(0, undisturbed.seconds / 3))
                if not grading.runs:
                    break
                processes = grading.by_role()
                role = min(sorted(processes), key=lambda role: (kills[role], rng.random()))
                if kills[role] >= KILLS / 4:  # while it starts, the main process is alone, for seconds
                    continue
                kill(rng.choice(processes[role]))
                kills[role] += 1
                if role == "main":
                    break
            status, said = grading.wait(), TRACKER.sub("", grading.said())
            assert survivors(known) == [], kills
            if status == -signal.SIGKILL:
                continue
            if status == 2:  # again and again the jail was killed that was being made, or who ran the answers
                one_line(said)
                assert "jail" in said or pool_module.LOST in said, said
                continue
            assert status == 1 and "Traceback" not in said, said
            assert list(temporary.glob("bnc-*")) == []
            # A cell whose kernel is killed twice is taken for the one that ends it, and a notebook whose processes are
            # killed again and again fails. Both are told; what chance has put on a student is graded once more.
            blamed = blames(directory) - blames(undisturbed.directory)
            for student in blamed:
                result_file(directory, student).unlink()
            if said.count("FAILED") == 1 and not blamed:
                undisturbed.is_as(directory)
                shutil.rmtree(directory)
                directory = None
    print(f"{dict(kills)} in {classes} classes")
    assert kills["main"] >= 3 and len(kills) >= 5, kills


@pytest.mark.slow
def test_results_that_are_gone_make_no_roster(built, undisturbed, tmp_path, temporary):
    """Who is in the gradebook without one may have been graded by nbgrader itself: whoever is new is no stranger."""
    directory = copied(undisturbed.directory, tmp_path)
    shutil.rmtree(directory / ".bncourse" / "results")
    demo.submit(directory, read_unit(built), demo.Student("newcomer", demo.reference))
    grading = Grading(directory, temporary=temporary)
    assert grading.wait() == 1 and "NOT GRADED" not in (said := grading.said()), said
    assert f"{len(STUDENTS) + 1} submissions in" in said
    assert undisturbed.gradebook["students"] == [s for s in gradebook(directory)["students"] if s[0] != "newcomer"]


def result_file(directory: Path, student: str) -> Path:
    return directory / ".bncourse" / "results" / UNIT / f"{student}.json"


def result(directory: Path, student: str) -> dict | None:
    """What is kept of a student's submission."""
    path = result_file(directory, student)
    return json.loads(path.read_text()) if path.exists() else None


def blames(directory: Path) -> set[str]:
    """The students one of whose cells is said to have ended the kernel."""
    said = {s.id: (result(directory, s.id) or {}).get("repairs", []) for s in STUDENTS}
    return {student for student, repairs in said.items() if any("ended the kernel" in one for one in repairs)}


def wait_for(condition: Callable, grading: Grading, seconds: float = 60):
    """What the condition gives, as soon as that is true. Fails where the run ends first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        assert grading.runs, grading.said()
        time.sleep(0.01)
    raise AssertionError(f"nothing came in {seconds} s: {grading.said()}")


@pytest.fixture
def graded(undisturbed, tmp_path) -> Path:
    """A class that has been graded."""
    return copied(undisturbed.directory, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--no-sandbox",)], ids=["jail", "no-sandbox"])
def test_killed_in_the_middle_of_a_notebook(graded, built, temporary, options):
    """Whatever the process: the run goes on, and the notebook is done again, without a trace."""
    jailed = ["worker", "bwrap", "zygote", "template", "keeper", "init", "kernel"]
    roles = ["zygote", "template", "kernel", "worker"] if options else jailed
    for number, role in enumerate(roles):
        sleeper = demo.Student(f"sleeper-{number}-{role}", demo.reference, with_cell("import time\ntime.sleep(1)"))
        demo.submit(graded, read_unit(built), sleeper)
    with adopting() as known:
        grading = Grading(graded, "--workers", "1", *options, temporary=temporary)
        for number, role in enumerate(roles):
            processes = wait_for(lambda: (found := grading.by_role()) and "kernel" in found and found, grading)
            time.sleep(0.5)
            kill(processes[role][0])
            student = f"sleeper-{number}-{role}"
            wait_for(lambda: result(graded, student) or not grading.runs, grading)  # noqa: B023
        assert grading.wait() == 1, grading.said()
        assert survivors(known) == []
    assert list(temporary.glob("bnc-*")) == []
    for number, role in enumerate(roles):
        kept = result(graded, f"sleeper-{number}-{role}")
        assert kept["repairs"] == kept["flags"] == kept["limits"] == [], (role, kept)
        assert sum(cell["points"] for cell in kept["cells"]) == 3, (role, kept)


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6])
def test_interrupted(klass, undisturbed, tmp_path, temporary, share):
    """Ctrl-C, to all processes of the terminal: it ends in order, and what was done is not done again."""
    directory = copied(klass, tmp_path)
    with adopting() as known:
        grading = Grading(directory, temporary=temporary)
        if share < 0.3:  # while it starts
            wait_for(lambda: len(grading.by_role()) > 1, grading)
        else:
            results = directory / ".bncourse" / "results" / UNIT
            wait_for(lambda: len(list(results.glob("*.json"))) >= share * len(STUDENTS), grading)
        started = time.monotonic()
        os.killpg(grading.process.pid, signal.SIGINT)
        # The same to a shell: Python ends itself by the signal where that came while it ran code out of a string.
        assert grading.wait(20) in (130, -signal.SIGINT)
        assert time.monotonic() - started < 10
        assert survivors(known, 0.5) == []
    assert grading.said() == "bncourse: interrupted\n"
    assert list(temporary.glob("bnc-*")) == []
    kept = len(list((directory / ".bncourse").glob("results/*/*.json")))
    outcome = grade_class(directory, Options(workers=2), progress=False)
    assert len(outcome.results) == len(STUDENTS) and outcome.fresh == len(STUDENTS) - kept
    undisturbed.is_as(directory)


def test_two_at_the_same_time(klass, tmp_path, temporary, undisturbed):
    directory = copied(klass, tmp_path)
    with adopting() as known:
        first = Grading(directory, temporary=temporary)
        # The file is there since the class was made: it says who holds it.
        wait_for(lambda: Path(lock(directory)).read_text() == str(first.process.pid), first)
        second = Grading(directory, temporary=temporary)
        assert second.wait() == 2
        assert first.runs
        one_line(
            second.said(), "Another `bncourse` command is at work on", str(directory), f"process {first.process.pid}"
        )
        assert first.wait() == 1
        assert survivors(known) == []
    undisturbed.is_as(directory)


def test_again_changes_nothing_and_takes_a_moment(graded, undisturbed, capsys):
    before = unchanged(graded)
    dump = iterdump(graded)
    outcome = grade_class(graded, Options(), progress=False)
    assert outcome.fresh == 0 and len(outcome.results) == len(STUDENTS)
    assert outcome.seconds < max(2, undisturbed.seconds / 5)
    assert iterdump(graded) == dump
    after = unchanged(graded)
    assert {name for name in before | after if before.get(name) != after.get(name)} <= {lock(graded)}
    assert main(["grade", str(graded)]) == 1
    assert f"{len(STUDENTS)} of them graded before" in capsys.readouterr().out


def lock(directory: Path) -> str:
    return str(directory / ".bncourse" / "lock")


def iterdump(directory: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(directory / "gradebook.db")) as connection:
        return list(connection.iterdump())


# A gradebook that another program holds

HOLD = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1])
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@contextlib.contextmanager
def held(directory: Path, seconds: float) -> Iterator[None]:
    """Another process holds the gradebook for so long, or until the end of the block."""
    command = [sys.executable, "-c", HOLD, str(directory / "gradebook.db"), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"held\n"
            yield
        finally:
            process.kill()


@pytest.fixture
def hold_at_third_write(monkeypatch):
    """A function: a class's gradebook will be held, from the third submission that is written."""
    holders = contextlib.ExitStack()

    def prepare(directory: Path, seconds: float) -> None:
        write, calls = Writer.write, Counter()

        def wrapped(*args, **kwargs):
            calls["write"] += 1
            if calls["write"] == 3:
                holders.enter_context(held(directory, seconds))
            return write(*args, **kwargs)

        monkeypatch.setattr(Writer, "write", wrapped)

    prepare.release = holders.close
    with holders:
        yield prepare


@pytest.mark.parametrize("when", ["at the beginning", "in the middle"])
def test_locked_for_a_while(klass, undisturbed, tmp_path, hold_at_third_write, capsys, when):
    directory = copied(klass, tmp_path)
    with contextlib.ExitStack() as stack:
        if when == "in the middle":
            hold_at_third_write(directory, 3)
        else:
            stack.enter_context(held(directory, 3))
        grade_class(directory, Options(), progress=False)
    said = capsys.readouterr().err
    assert said.count("gradebook.db is locked by another program; waiting for it ...\n") == 1, said
    undisturbed.is_as(directory)


def test_locked_for_long(klass, undisturbed, tmp_path, hold_at_third_write, monkeypatch, capsys):
    """The notebooks are run all the same; the next run only writes."""
    directory = copied(klass, tmp_path)
    monkeypatch.setattr(gradebook_module, "WAIT", 1.5)
    hold_at_third_write(directory, 600)
    started = time.monotonic()
    with pytest.raises(CourseError, match="is locked by another program"):
        grade_class(directory, Options(), progress=False)
    assert time.monotonic() - started < 3 * undisturbed.seconds + 20  # each submission did not wait anew
    capsys.readouterr()
    assert main(["grade", str(directory)]) == 2  # it cannot even be read
    said = capsys.readouterr().err
    assert said.startswith("gradebook.db is locked by another program; waiting for it ...\nbncourse grade: ")
    assert said.count("\n") == 2
    hold_at_third_write.release()
    assert len(gradebook(directory)["submissions"]) == 2
    monkeypatch.setattr(grade_module, "open_pool", lambda *_: Idle())
    assert grade_class(directory, Options(), progress=False).fresh == 0
    undisturbed.is_as(directory)


class Idle:
    """A pool that is given nothing to do."""

    def run(self, jobs):
        assert list(jobs) == []
        return []

    def close(self):
        pass


# A full disk


@contextlib.contextmanager
def small_disk(place: Path, kilobytes: int) -> Iterator[Callable[[int], None]]:
    """A file system of that size; gives a function that makes it larger. Skips where none can be mounted."""

    def mount(size: int, *options: str) -> subprocess.CompletedProcess:
        command = ["mount", "-t", "tmpfs", "-o", ",".join([*options, f"size={size}k"]), "tmpfs", str(place)]
        return subprocess.run(command, capture_output=True, text=True, timeout=10)

    place.mkdir()
    done = mount(kilobytes)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        yield lambda size: mount(size, "remount").check_returncode()
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True, timeout=10)


def blocks(directory: Path) -> int:
    """The kilobytes that the files below a directory take, in blocks of 4."""
    return sum(4 * -(-p.stat().st_size // 4096) for p in directory.rglob("*") if p.is_file())


@pytest.mark.skipif(shutil.which("mount") is None, reason="there is no mount")
def test_full_disk(klass, undisturbed, tmp_path, temporary):
    before, after = blocks(klass), blocks(undisturbed.directory)
    with small_disk(tmp_path / "disk", (before + after) // 2) as enlarge, adopting() as known:
        directory = copied(klass, tmp_path / "disk")
        for _ in range(2):  # again, with nothing left
            grading = Grading(directory, temporary=temporary)
            assert grading.wait() == 2
            said = grading.said()
            one_line(said, "What is graded is kept")
            assert "No space left on device" in said or "disk is full" in said, said
            assert str(directory) in said or "gradebook.db" in said, said
        kept = len(list((directory / ".bncourse").glob("results/*/*.json")))
        assert 0 < kept < len(STUDENTS)
        assert not list(directory.rglob("*.part"))
        enlarge(2 * after)
        grading = Grading(directory, "--json", temporary=temporary)
        assert grading.wait() == 1
        assert json.loads(grading.said())["fresh"] <= len(STUDENTS) - kept
        assert survivors(known) == []
        undisturbed.is_as(directory)


def fill(place: Path, kilobytes: int) -> None:
    """Write files until so much room is left on a small disk."""
    with contextlib.suppress(OSError):
        for number in range(10_000):
            (place / f"fill-{number}").write_bytes(bytes(4096))
    for number in range(kilobytes // 4):
        (place / f"fill-{number}").unlink()


def test_no_room_for_the_gradebook(klass, undisturbed, tmp_path, capsys):
    """The gradebook lies on a disk of its own, and that one is full."""
    directory = copied(klass, tmp_path)
    with small_disk(tmp_path / "disk", 1024):
        book = shutil.move(directory / "gradebook.db", tmp_path / "disk")
        with (directory / "nbgrader_config.py").open("a") as file:
            file.write(f"\nc.CourseDirectory.db_url = 'sqlite:///{book}'\n")
        fill(tmp_path / "disk", 0)
        assert main(["grade", str(directory)]) == 2
        one_line(capsys.readouterr().err, "gradebook", "full", "What is graded is kept")
        kept = len(list((directory / ".bncourse").glob("results/*/*.json")))
        for path in (tmp_path / "disk").glob("fill-*"):
            path.unlink()
        outcome = grade_class(directory, Options(), progress=False)
        assert outcome.fresh == len(STUDENTS) - kept < len(STUDENTS)
        shutil.copy(book, directory)
    undisturbed.is_as(directory)


def test_no_room_for_a_students_files(graded, built, temporary):
    """The temporary directory is nearly full: who has large files beside the notebook is not graded yet."""
    resubmit(graded, built, demo.Student("perfect", demo.reference))
    (graded / "submitted" / "perfect" / UNIT / "large.csv").write_bytes(bytes(100_000))
    resubmit(graded, built, demo.Student("untouched", demo.reference))
    with small_disk(temporary / "t", 128), adopting() as known:
        fill(temporary / "t", 60)
        # One at a time, or the small files of the other student find the disk full by chance.
        grading = Grading(graded, "--workers", "1", temporary=temporary / "t")
        assert grading.wait() == 1
        said = grading.said()
        assert survivors(known) == []
    (failed,) = [line for line in said.splitlines() if line.startswith("FAILED   perfect")]
    assert "No space left on device" in failed
    assert "Traceback" not in said and said.count("FAILED") == 2, said
    outcome = grade_class(graded, Options(), progress=False)
    assert (outcome.fresh, outcome.counts["failed"]) == (1, 1)


# What is done again, and what is not


def resubmit(directory: Path, built: Path, student: demo.Student) -> None:
    shutil.rmtree(directory / "submitted" / student.id)
    demo.submit(directory, read_unit(built), student)


def test_what_has_changed_is_graded_again(graded, built, undisturbed):
    times = {p: p.stat().st_mtime_ns for p in (graded / "autograded").rglob("*.ipynb")}
    resubmit(graded, built, demo.Student("untouched", demo.reference))
    resubmit(graded, built, demo.Student("not-json", demo.reference))
    outcome = grade_class(graded, Options(), progress=False)
    assert outcome.fresh == 2
    assert outcome.counts["failed"] == 0
    changed = {p.parent.parent.name for p, time in times.items() if p.stat().st_mtime_ns != time}
    assert changed == {"untouched"}
    points = {student: score for _, student, cell, score, *_ in gradebook(graded)["grades"] if "normalize" in cell}
    assert points["untouched"] == points["not-json"] == 2
    others = [grade for grade in gradebook(graded)["grades"] if grade[1] not in ("untouched", "not-json")]
    assert others == [grade for grade in undisturbed.gradebook["grades"] if grade[1] != "untouched"]


def test_regrade_and_one_student(graded, undisturbed):
    assert grade_class(graded, Options(student="draws"), progress=False).fresh == 0
    outcome = grade_class(graded, Options(student="draws", regrade=True), progress=False)
    assert outcome.fresh == len(outcome.results) == 1
    assert grade_class(graded, Options(regrade=True), progress=False).fresh == len(STUDENTS)
    undisturbed.is_as(graded)


def test_a_graded_file_that_was_lost_is_made_again(graded, undisturbed):
    shutil.rmtree(graded / "autograded" / "perfect")
    (graded / "autograded" / "slow-1" / UNIT / f"{UNIT}.ipynb").write_text("{}")
    (graded / ".bncourse" / "results" / UNIT / "draws.json").write_text('{"key": 1')
    assert grade_class(graded, Options(), progress=False).fresh == 3
    undisturbed.is_as(graded)


def test_a_gradebook_that_was_lost_is_written_again(graded, klass, undisturbed, monkeypatch):
    shutil.copy(klass / "gradebook.db", graded)
    monkeypatch.setattr(grade_module, "open_pool", lambda *_: Idle())
    assert grade_class(graded, Options(), progress=False).fresh == 0
    undisturbed.is_as(graded)


def test_limits_are_part_of_what_is_kept(graded):
    options = ["--student", "slow-1", "--cell-seconds", "0.2"]
    assert main(["grade", str(graded), *options]) == 1
    assert "time" in result(graded, "slow-1")["limits"][0]


def test_without_a_sandbox(klass, undisturbed, tmp_path):
    directory = copied(klass, tmp_path)
    grade_class(directory, Options(sandbox=False), progress=False)
    assert gradebook(directory) == undisturbed.gradebook


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["99"], ["There is no unit '99'", UNIT]),
        ([UNIT, "--student", "nobody"], ["nobody has submitted none of", UNIT]),
        (["--workers", "-1"], ["worker process"]),
        (["--cell-seconds", "0"], ["cell_seconds"]),
        (["--scheduler", "tcp://127.0.0.1:9"], ["no Dask scheduler", "tcp://127.0.0.1:9"]),
        (["--scheduler", "nonsense"], ["no Dask scheduler", "nonsense"]),
    ],
)
def test_misuse_is_one_line(graded, capsys, monkeypatch, arguments, words):
    before = unchanged(graded)
    monkeypatch.setattr(pool_module, "CONNECT", 1)
    assert main(["grade", str(graded), *arguments]) == 2
    one_line(capsys.readouterr().err, *words)
    assert {k: v for k, v in unchanged(graded).items() if k != lock(graded)} == {
        k: v for k, v in before.items() if k != lock(graded)
    }


def test_units_named_twice_are_graded_once(graded):
    assert len(grade_class(graded, Options([UNIT, "90", UNIT]), progress=False).results) == len(STUDENTS)


def test_names_that_are_hard_to_write(klass, tmp_path, built):
    """A long name, one that is not in UTF-8, a hidden folder; one student's folder that cannot be read as one."""
    directory = copied(klass, tmp_path)
    shutil.rmtree(directory / "submitted")
    long = "김" * 83  # 249 bytes
    for name in (long, "ada", ".hidden"):
        demo.submit(directory, read_unit(built), demo.Student(name, demo.reference))
    os.rename(directory / "submitted" / ".hidden", os.fsencode(directory / "submitted") + b"/\xff")
    demo.submit(directory, read_unit(built), demo.Student(".hidden", demo.reference))
    (directory / "submitted" / "linked").mkdir()
    (directory / "submitted" / "linked" / UNIT).symlink_to("nowhere")
    outcome = grade_class(directory, Options(), progress=False)
    found = {r.student: (r.status, r.reason) for r in outcome.results}
    assert found.keys() == {long, "ada", "linked"}
    assert found[long] == found["ada"] == ("graded", "")
    assert "symbolic link" in found["linked"][1]
    assert ["begins with a dot" in text or "UTF-8" in text for text in outcome.others] == [True, True]
    assert grade_class(directory, Options(), progress=False).fresh == 0


# As stock nbgrader


def autograde(directory: Path) -> None:
    with quiet(), opened(directory) as api:
        answer = api.autograde(UNIT, "*")
    assert answer["success"], answer["log"][-3000:]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own use of SQLAlchemy
def test_late_work_and_a_persons_scores_as_in_stock(klass, built, tmp_path):
    """Through a first grading, scores given by hand, and a second grading of changed files."""
    ours = copied(klass, tmp_path)
    shutil.rmtree(ours / "submitted")
    stamps = {
        "early": "2026-01-09 23:59:59 UTC",
        "late": "2026-01-10T13:00:00+01:00",
        "very-late": "2026-03-01",
        "no": "",
    }
    for student in stamps:
        demo.submit(ours, read_unit(built), demo.Student(student, demo.reference))
    with (ours / "nbgrader_config.py").open("a") as file:
        file.write("\nc.LateSubmissionPlugin.penalty_method = 'zero'\n")
    with Gradebook(f"sqlite:///{ours}/gradebook.db", "class") as book:
        book.update_or_create_assignment(UNIT, duedate="2026-01-10 11:59:59 UTC")

    def stamp() -> None:
        for student, text in stamps.items():
            if text:
                (ours / "submitted" / student / UNIT / "timestamp.txt").write_text(text)

    stamp()
    stock = copied(ours, tmp_path / "stock")
    autograde(stock)
    grade_class(ours, Options(), progress=False)
    assert gradebook(ours) == gradebook(stock)
    penalties = {student: penalty for _, _, student, penalty in gradebook(ours)["notebooks"]}
    assert penalties == {"early": None, "late": 3, "very-late": 3, "no": None}

    for directory in (ours, stock):
        with Gradebook(f"sqlite:///{directory}/gradebook.db", "class") as book:
            grade = book.find_grade("normalize-values", UNIT, UNIT, "early")
            grade.manual_score, grade.needs_manual_grade = 1.5, False
            book.find_grade("q_epsilon-answer", UNIT, UNIT, "late").extra_credit = 0.5
            book.find_comment("normalize", UNIT, UNIT, "early").manual_comment = "See me."
            book.grant_extension(UNIT, "very-late", weeks=20)
            book.db.commit()
    by_hand = gradebook(ours)
    assert grade_class(ours, Options(), progress=False).fresh == 0  # nothing has changed in the files
    assert gradebook(ours) | {"notebooks": None} == by_hand | {"notebooks": None}
    penalties = {student: penalty for _, _, student, penalty in gradebook(ours)["notebooks"]}
    assert penalties == {"early": None, "late": 3.5, "very-late": None, "no": None}
    for student, answer in (("early", demo.untouched), ("late", demo.reference), ("very-late", demo.first_half)):
        resubmit(ours, built, demo.Student(student, answer))
    stamp()
    shutil.rmtree(stock / "submitted")
    shutil.copytree(ours / "submitted", stock / "submitted")
    autograde(stock)
    grade_class(ours, Options(regrade=True), progress=False)
    assert gradebook(ours) == gradebook(stock)
    early = [grade for grade in gradebook(ours)["grades"] if grade[1:3] == ("early", "normalize-values")]
    assert early == [(UNIT, "early", "normalize-values", 0, 1.5, None, 1)]


def test_killed_between_result_and_gradebook(graded, built, monkeypatch):
    """A score given by a person needs a second look after a regrade, also where that was cut off halfway."""
    with Gradebook(f"sqlite:///{graded}/gradebook.db", "class") as book:
        grade = book.find_grade("normalize-values", UNIT, UNIT, "perfect")
        grade.manual_score, grade.needs_manual_grade = 1, False
        book.db.commit()
    resubmit(graded, built, demo.Student("perfect", demo.reference, with_cell("# the same, and a remark")))

    def cut_off(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Writer, "write", cut_off)
    with pytest.raises(KeyboardInterrupt):
        grade_class(graded, Options(), progress=False)
    monkeypatch.undo()
    assert grade_class(graded, Options(), progress=False).fresh == 0
    rows = {(row[1], row[2]): row[3:] for row in gradebook(graded)["grades"]}
    assert rows["perfect", "normalize-values"] == (2, 1, None, 1)


# A cluster


class Cluster:
    """A Dask scheduler and its workers, started as in docs/grading.md, but on free ports of this machine only."""

    def __init__(self, place: Path) -> None:
        self.place, self.started = place, []
        self.log = open(place / "log", "w+")  # noqa: SIM115
        file = place / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        end = time.monotonic() + 60
        while True:  # until it is there, and all of it
            with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
                self.address = json.loads(file.read_text())["address"]
                break
            assert time.monotonic() < end, (place / "log").read_text()
            time.sleep(0.1)

    def worker(self) -> subprocess.Popen:
        return self._start("worker", self.address, "--nthreads", "1", "--local-directory", str(self.place))

    def _start(self, *arguments: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [Path(sysconfig.get_path("scripts"), "dask"), *arguments, "--no-dashboard"],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(self.place)},
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def lose(self, process: subprocess.Popen) -> None:
        """Kill one, and what it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def close(self) -> None:
        for process in self.started:
            self.lose(process)
        self.log.close()


IMPATIENT = """
import sys
from grader.cli import main
from grader.grading import pool
pool.PATIENCE = 1
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_cluster(klass, undisturbed, tmp_path, temporary):
    """Without a worker, then with two, of which one is lost; at last the scheduler goes, too."""
    pytest.importorskip("distributed")
    directory = copied(klass, tmp_path)
    results = directory / ".bncourse" / "results" / UNIT
    with adopting(), contextlib.closing(Cluster(temporary)) as cluster:
        command = [sys.executable, "-c", IMPATIENT, "grade", str(directory), "--scheduler", cluster.address]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
        one_line(answer.stderr, "has no worker", f"dask worker {cluster.address}")

        workers = [cluster.worker(), cluster.worker()]
        grading = Grading(directory, "--scheduler", cluster.address, temporary=temporary)
        wait_for(lambda: len(list(results.glob("*.json"))) >= 3, grading)
        cluster.lose(workers[0])
        assert grading.wait() == 1, grading.said()
        assert grading.said().count("\n") == 5, grading.said()  # one repaired, one failed, the table; no log of Dask's
        undisturbed.is_as(directory)

        shutil.rmtree(directory / ".bncourse")
        grading = Grading(directory, "--scheduler", cluster.address, temporary=temporary)
        wait_for(lambda: len(list(results.glob("*.json"))) >= 3, grading)
        cluster.lose(cluster.scheduler)
        assert grading.wait() == 2, grading.said()
        one_line(grading.said(), "Dask", cluster.address)
        grade_class(directory, Options(), progress=False)
        undisturbed.is_as(directory)
