"""The corpus: every hostile or broken submission gets what it must, and reaches nothing that is not its own."""

import contextlib
import ctypes
import dataclasses
import html.parser
import json
import os
import re
import secrets
import shutil
import socket
import threading
import time
from pathlib import Path

import corpus.attacking
import corpus.broken
import corpus.cheating
import corpus.published  # noqa: F401
import nbconvert
import nbformat
import pytest
from corpus.case import (
    ALL,
    CASES,
    CHECKS,
    CHECKS_MISTAKES,
    CHECKS_UNIT,
    REAL,
    RIGHT,
    TINY,
    TORCH,
    TORCH_MISTAKES,
    TORCH_UNIT,
    Case,
    Host,
    Notebook,
)
from helpers.memory import Growth
from helpers.shared import made_once
from helpers.tiny import write_unit

from grader.authoring.build import build
from grader.classroom.course import make_class
from grader.grading.jail import Jails
from grader.grading.job import grade, make_plan
from grader.grading.limits import Limits
from grader.grading.release import read_release, tables
from grader.grading.result import Result
from grader.grading.submission import Unreadable, read_submission
from grader.paths import unit_sources

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed"),
]

LIMITS = Limits(cell_seconds=5, notebook_seconds=15, memory_mb=300, processes=64, output_mb=2, disk_mb=16)
GROWTH_MB = 300  # by so much the grader itself may grow, whatever it is sent


class Listener(threading.Thread):
    """A server of the machine's that no submission may reach. Counts who does."""

    def __init__(self, family: int, address) -> None:
        super().__init__(daemon=True)
        self.server = socket.socket(family)
        self.server.bind(address)
        self.server.listen()
        self.count = 0
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self.server.accept()[0].close()
                self.count += 1


def add_key(secret: str) -> None:
    """Put a key into a session keyring of our own, as a login has one; where there are none, do nothing."""
    if os.uname().machine == "x86_64":
        libc = ctypes.CDLL(None)
        libc.syscall(250, 1, None)  # keyctl(KEYCTL_JOIN_SESSION_KEYRING)
        libc.syscall(248, b"user", b"bncourse-test", secret.encode(), len(secret), -3)  # add_key


def write_class(folder: Path, built: Path) -> None:
    """Three small units and a real one, released to a class that nobody has handed in to."""
    units = (CHECKS, CHECKS_UNIT, CHECKS_MISTAKES), (TORCH, TORCH_UNIT, TORCH_MISTAKES)
    small = [write_unit(folder, *unit) for unit in units]
    for path in small:
        build(path, run=False)
    make_class(folder / "class", [built, *small, *unit_sources([REAL[:2]])], quietly=True)


class Course:
    """A class with its releases, a grader, and on this machine some secrets and servers."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        whats = ("gradebook", "answer", "home", "variable", "key")
        self.secrets = {what: f"{what}-{secrets.token_hex(8)}" for what in whats}
        self.gradebook = self.directory / "fake" / "gradebook.db"
        self.neighbour = self.directory / "submitted" / "neighbour" / TINY / f"{TINY}.ipynb"
        home = Path.home() / f".bncourse-test-{os.getpid()}"
        for path, secret in zip((self.gradebook, self.neighbour, home), ("gradebook", "answer", "home")):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.secrets[secret])
        add_key(self.secrets["key"])
        os.environ["BNCOURSE_TEST_SECRET"] = self.secrets["variable"]
        abstract = f"bncourse-{secrets.token_hex(4)}"
        path = Path("/tmp", f"bncourse-{os.getpid()}.socket")
        self.listeners = [
            Listener(socket.AF_INET, ("127.0.0.1", 0)),
            Listener(socket.AF_UNIX, str(path)),
            Listener(socket.AF_UNIX, f"\0{abstract}"),
        ]
        port = self.listeners[0].server.getsockname()[1]
        self.host = Host(self.directory, home, port, path, abstract, os.getpid(), Path())
        data = self.directory / "source" / TINY / "data"
        data.mkdir()
        (data / "points.csv").write_text("1,2,3")
        self.files = {path: path.read_bytes() for path in self.everything()}
        self.jails, self.others = Jails(True), Jails(True)
        self.releases, self.plans, self.hidden = {}, {}, []
        for unit in (TINY, CHECKS, TORCH, REAL):
            self.releases[unit] = release = read_release(self.directory, unit)
            self.plans[unit] = make_plan(release, Limits(), self.jails)
            self.hidden += [table[:80] for c in release.cells if c.role == "check" for table in tables(c.full)]

    def everything(self) -> list[Path]:
        """The files that no submission may change."""
        own = [p for part in ("fake", "source", "release") for p in (self.directory / part).rglob("*") if p.is_file()]
        files = [self.directory / name for name in ("gradebook.db", "nbgrader_config.py")]
        return [*own, *files, self.neighbour, self.host.home]

    def notebook(self, unit: str) -> Notebook:
        return Notebook(self.directory / "release" / unit / f"{unit}.ipynb")

    def grade(self, student: str, unit: str, limits: Limits = LIMITS, jails: Jails | None = None) -> Result:
        try:
            submission = read_submission(self.directory, student, unit)
        except Unreadable as error:
            return Result(student, unit, "", "failed", str(error))
        return grade(submission, self.releases[unit], self.plans[unit], limits, jails or self.jails)

    def hand_in(self, case: Case) -> None:
        folder = self.directory / "submitted" / case.student / case.unit
        folder.mkdir(parents=True)
        self.host.folder = folder
        notebook = self.notebook(case.unit)
        made = case.make(notebook, self.host)
        if made is None:
            made = notebook.bytes()
        if made is not False:
            (folder / f"{case.unit}.ipynb").write_bytes(made)

    def close(self) -> None:
        self.jails.close()
        self.others.close()
        for listener in self.listeners:
            listener.server.close()
        for path in (self.host.home, self.host.socket):
            path.unlink(missing_ok=True)
        os.environ.pop("BNCOURSE_TEST_SECRET", None)


@pytest.fixture(scope="module")
def course(built, shared, tmp_path_factory):
    made = made_once(shared / "hostile", lambda folder: write_class(folder, built))
    course = Course(shutil.copytree(made / "class", tmp_path_factory.mktemp("hostile") / "class"))
    notebook = course.notebook(TINY)
    notebook.answer_rightly()
    honest = course.directory / "submitted" / "honest" / TINY / f"{TINY}.ipynb"
    honest.parent.mkdir(parents=True)
    honest.write_bytes(notebook.bytes())
    yield course
    course.close()


def descendants(process: int) -> list[int]:
    """The processes below one of this machine's."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = list(children.get(process, []))
    for child in found:
        found += children.get(child, [])
    return found


def inhabitants(jails: Jails) -> dict[int, int]:
    """By jail, how many processes are in it, beside the templates that it may have made."""
    return {
        jail.process.pid: len(descendants(jail.process.pid)) - sum(t is not None for t in jail._programs.values())
        for jail in jails._jails.values()
    }


def assert_nothing_survives(jails: Jails, before: dict) -> None:
    """Of a jail there is left what there was: no kernel, nothing that one started."""
    for _ in range(60):
        left = inhabitants(jails)
        if all(count == before.get(pid, 2) for pid, count in left.items()):
            return
        time.sleep(0.05)
    raise AssertionError(f"processes below the jails: {left}, before: {before}")


def assert_in_order(result: Result, course: Course) -> None:
    """What holds of every result: one line for each remark, no secret, a notebook that nbgrader's tools accept."""
    for text in [result.reason, *result.flags, *result.repairs, *result.limits, *result.reaches]:
        assert text.isprintable() and len(text) < 400, text
    for cell in result.cells:
        assert 0 <= cell.points <= cell.max_points and len(cell.message) < 5000
        assert not (cell.points and cell.message)
    kept = json.dumps(result.as_dict(), ensure_ascii=False)
    for text in (kept, result.notebook):
        text.encode()
        assert not [secret for secret in course.secrets.values() if secret in text]
    if result.status == "graded":
        assert len(result.notebook) < 30e6
        notebook = nbformat.reads(result.notebook, as_version=4)
        nbformat.validate(notebook)
        release = course.releases[result.unit]
        ids = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
        assert [i for i in ids if i] == [c.key for c in release.cells if "nbgrader" in c.metadata]
        locked = {c.key: c.full for c in release.cells if c.locked}
        assert all(c.source == locked[c.id] for c in notebook.cells if c.id in locked)
        shown = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
        assert "!!!" not in json.dumps(shown)
        told = kept + json.dumps([shown, [c.source for c in notebook.cells if c.id not in locked]])
        assert not [table for table in course.hidden if table in told]
        for output in shown:
            kinds = set(output.get("data", {}))
            assert kinds <= {"text/plain", "text/html", "image/png", "image/jpeg"}
            if "text/html" in kinds:
                assert output["data"]["text/html"].startswith('<div style="color:#')
    else:
        assert result.reason and not result.notebook and not result.cells


def expected_words(what: str, wanted: str | None, texts: list[str]) -> None:
    if wanted == "":
        assert not texts, what
    elif wanted is not None:
        assert any(wanted in text for text in texts), (what, texts)


def marks(case: Case) -> list:
    weak = [pytest.mark.xfail(reason=case.weak)] if case.weak else []
    return [*weak, pytest.mark.slow] if case.slow else weak


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{kind}-{case.name}", marks=marks(case))
        for kind, cases in CASES.items()
        for case in cases
    ],
)
def test_case(course, case):
    course.hand_in(case)
    attack = case in CASES["attacking"]
    greedy = attack and case.limit != ""
    limits = dataclasses.replace(LIMITS, **case.limits)
    course.jails.get(False)
    before = inhabitants(course.jails)
    growth, connected = Growth(), [listener.count for listener in course.listeners]
    meanwhile = []
    thread = threading.Thread(target=lambda: meanwhile.append(course.grade("honest", TINY, Limits(), course.others)))
    try:
        if greedy:
            thread.start()
        started = time.monotonic()
        result = course.grade(case.student, case.unit, limits)
        seconds = time.monotonic() - started
    finally:
        if greedy:
            thread.join()
    if result.starved and case.points != sum(cell.points for cell in result.cells):
        result = course.grade(case.student, case.unit, limits)  # as the pool does: alone, where others ran meanwhile
    print(json.dumps(result.as_dict(), indent=1, ensure_ascii=False)[:6000], f"{seconds:.2f} s")
    assert_in_order(result, course)
    assert result.status == case.status
    expected_words("reason", case.reason, [result.reason] if result.reason else [])
    expected_words("flags", case.flag, result.flags)
    expected_words("repairs", case.repair, result.repairs)
    expected_words("limits", case.limit, result.limits)
    assert len(result.flags) <= 1 or case.flag is None
    assert len(result.limits) <= 1
    if case.points is not None:
        assert sum(cell.points for cell in result.cells) == case.points
    assert seconds < limits.notebook_seconds + 10
    assert growth.mb < GROWTH_MB
    assert_nothing_survives(course.jails, before)
    assert [listener.count for listener in course.listeners] == connected
    assert {path: path.read_bytes() for path in course.everything()} == course.files
    assert not list(Path("/tmp").glob("bncourse-was-here*"))
    if attack:
        for other in (*meanwhile, course.grade("honest", TINY, Limits())):
            print("others:", json.dumps(other.as_dict(), ensure_ascii=False)[:3000])
            assert sum(cell.points for cell in other.cells) == ALL[TINY] and not other.flags + other.limits
        assert len(meanwhile) == greedy


def test_what_an_answer_reaches_for_is_told_with_its_result(course):
    case = next(case for case in CASES["cheating"] if case.name == "by_hand_library_destroyed")
    course.hand_in(dataclasses.replace(case, student="reaching"))
    (text,) = course.grade("reaching", case.unit).reaches
    assert text.startswith("cell whiten: it names ") and "gc.get_objects" in text
    assert course.grade("honest", TINY).reaches == []


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES["attacking"] if c.leaks])
def test_without_the_jail_it_would_reach_something(course, case):
    """So that what the cases above do not reach is known to have been in reach."""
    case = dataclasses.replace(case, student=f"{case.name}-unjailed")
    course.hand_in(case)
    connected = [listener.count for listener in course.listeners]
    jails = Jails(False)
    try:
        result = course.grade(case.student, case.unit, Limits(), jails)
    finally:
        jails.close()
        for path, content in course.files.items():
            path.write_bytes(content)
    assert "!!!" in result.notebook
    if case.leaks in course.secrets:
        assert course.secrets[case.leaks] in result.notebook
    else:
        assert [listener.count for listener in course.listeners] > connected


class Markup(html.parser.HTMLParser):
    """What in a page does something: scripts, frames, handlers of events, links and pictures from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes) -> None:
        if tag in ("script", "iframe", "object", "embed", "style", "link", "form", "base", "meta", "svg", "textarea"):
            self.found.append(tag)
        for name, value in attributes:
            where = re.sub(r"[\s\x00]", "", value or "").lower()
            if name.startswith("on") or name == "srcdoc" or where.startswith(("javascript:", "data:text", "vbscript:")):
                self.found.append(name)
            if tag == "img" and name == "src" and not where.startswith("data:image/"):
                self.found.append(where)


def markup(notebook: str) -> list[str]:
    page, _ = nbconvert.HTMLExporter().from_notebook_node(nbformat.reads(notebook, as_version=4))
    parser = Markup()
    parser.feed(page)
    assert not re.search(r"\\\\href|192\.0\.2\.1/p\.png\"", re.sub(r"(?s)<pre.*?</pre>", "", page))
    return sorted(parser.found)


def test_no_markup_of_a_student_is_obeyed(course):
    """The pages that are made of graded notebooks do no more than those of an honest one."""
    cases = [case for case in CASES["attacking"] if case.name.startswith("script_in_")]
    plain = markup(course.grade("honest", TINY).notebook)
    for case in cases:
        case = dataclasses.replace(case, student=f"{case.name}-page")
        course.hand_in(case)
        assert markup(course.grade(case.student, TINY).notebook) == plain, case.name
    assert len(cases) == 3


def test_the_right_answers_are_right(course):
    """What the cases call right earns everything, without a remark."""
    for unit in (TINY, CHECKS, TORCH):
        case = Case(lambda nb, host: nb.answer_rightly(), unit, ALL[unit])
        case.make.__name__ = f"right_{unit}"
        course.hand_in(case)
        result = course.grade(case.student, unit)
        assert sum(cell.points for cell in result.cells) == ALL[unit]
        assert not result.flags + result.repairs + result.limits
    assert set(RIGHT) == {
        c.key for unit in (TINY, CHECKS, TORCH) for c in course.releases[unit].cells if c.role == "solution"
    }


AT_LEAST = {
    "skip-execution tag": "skip_execution_tag",
    "AST transformer": "ast_transformer",
    "input transformer": "input_transformer",
    "patched check": "patched_check",
    "patched np.testing": "patched_numpy_testing",
    "patched numpy functions": "patched_random_state",
    "always-equal object": "always_equal_object",
    "forged execute_result": "forged_execute_result",
    "forged check output": "forged_check_output",
    "patched session.send": "patched_session_send",
    "sender": "patched_sender",
    "showtraceback": "patched_showtraceback",
    "reading frames": "frames",
    "the heap": "heap",
    "the history": "history",
    "edited test cells": "edited_test_cells",
    "redefined kit": "redefined_kit",
    "overwritten print, __import__, builtins": "overwritten_builtins",
    "torch's own BatchNorm": "batch_norm_of_torch",
    "gradebook.db": "gradebook",
    "other submissions": "other_submissions",
    "$HOME": "home",
    "/proc": "proc",
    "environment": "environment",
    "network": "network",
    "loopback": "loopback",
    "fork bomb": "fork_bomb",
    "memory bomb": "memory_bomb",
    "disk filling": "disk_filling",
    "1 GB of output": "output_without_end",
    "endless loop": "endless_loop",
    "ignoring SIGTERM": "endless_loop_that_ignores_signals",
    "process that outlives the kernel": "process_that_outlives_the_kernel",
    "os._exit": "kernel_exited",
    "killing the parent": "killing_the_parent",
    "deep recursion": "deep_recursion",
    "symlinks": "linked_files",
    "paths": "names_of_files",
    "script in HTML output": "script_in_outputs",
    "not JSON": "not_json",
    "empty": "empty",
    "nbformat 2": "format_2",
    "nbformat 3": "format_3",
    "wrong name": "wrong_name",
    "wrong kernel": "wrong_kernel",
    "all metadata stripped": "metadata_stripped",
    "a copied exercise": "copied_exercise",
    "a copied check": "copied_check",
    "a deleted check": "deleted_check",
    "cells reordered": "reordered",
    "ids duplicated": "ids_duplicated",
    "Windows line ends": "windows_line_ends",
    "BOM": "byte_order_mark",
    "UTF-16": "utf_16",
    "50 MB of outputs": "outputs_of_50_mb",
}


def test_every_kind_of_attack_and_of_damage_has_a_case():
    """These at least; the corpus has more."""
    names = [case.name for cases in CASES.values() for case in cases]
    assert set(AT_LEAST.values()) <= set(names) and len(set(names)) == len(names)
