"""The folder of a jail is deleted with it, later where the grader was killed, and nobody else's ever."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from corpus.attacking import COUNTED

from grader.grading.scratch import ABANDONED, LOCK, PREFIX, Scratch, sweep


def elsewhere(code: str, *options: str) -> None:
    """Run code in another process, with the same temporary directory."""
    command = [*options, sys.executable, "-c", f"from grader.grading.scratch import *\n{code}"]
    subprocess.run(command, check=True, env={**os.environ, "TMPDIR": tempfile.gettempdir()}, timeout=60)


@pytest.fixture
def temporary(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


BWRAP = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
OTHER_PIDS = ("bwrap", "--unshare-user", "--unshare-pid", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc")


@pytest.mark.parametrize(
    "options", [pytest.param((), id="beside us"), pytest.param(OTHER_PIDS, id="elsewhere", marks=BWRAP)]
)
def test_a_folder_in_use_is_swept_by_nobody(temporary, options):
    scratch = Scratch()
    elsewhere("sweep()", *options)
    sweep()
    assert (scratch.path / LOCK).exists()
    scratch.close()
    assert not list(temporary.iterdir())


def test_a_folder_of_the_dead_is_swept(temporary):
    elsewhere("import os\nos.mkdir(Scratch().path / 'kernel')\nos._exit(0)")
    assert len(list(temporary.iterdir())) == 1
    sweep()
    assert not list(temporary.iterdir())


@pytest.mark.skipif(not COUNTED, reason="there is no control group to be had here")
def test_a_control_group_of_the_dead_is_swept_with_what_runs_in_it(temporary):
    elsewhere(
        """\
import os, subprocess
from grader.grading.cgroup import make_group
scratch = Scratch()
group = make_group(scratch.path.name)
for folder in group.folders:
    scratch.note_group(folder)
with group.joining() as join:
    subprocess.Popen(["sleep", "600"], preexec_fn=join, start_new_session=True)
(scratch.path / "folders").write_text("\\n".join(map(str, group.folders)))
os._exit(0)"""
    )
    (folder,) = temporary.iterdir()
    groups = [Path(line) for line in (folder / "folders").read_text().split()]
    assert all(group.exists() for group in groups)
    sweep()
    assert not list(temporary.iterdir()) and not any(group.exists() for group in groups)


def test_what_is_not_ours_is_not_swept(temporary):
    """Links, files, what somebody names so, and what is just being made."""
    (temporary / "other").mkdir()
    (temporary / "bnc-link").symlink_to(temporary / "other")
    (temporary / "bnc-file").write_text("x")
    for name in ("bnc-new", "bnc-pipe", "bnc-groups"):
        (temporary / name).mkdir()
    os.mkfifo(temporary / "bnc-pipe" / LOCK)
    (temporary / "bnc-groups" / LOCK).write_text(f"/sys/fs/cgroup\n{temporary}/other\n/proc\n")
    sweep()
    left = {path.name for path in temporary.iterdir()}
    assert left >= {"other", "bnc-link", "bnc-file", "bnc-new"} and "bnc-groups" not in left
    old = time.time() - ABANDONED - 10
    os.utime(temporary / "bnc-new", (old, old))
    sweep()
    assert not (temporary / "bnc-new").exists()


def test_a_folder_is_one_s_own_and_its_path_is_short(temporary):
    first, second = Scratch(), Scratch()
    assert first.path != second.path and first.path.parent == second.path.parent == temporary
    assert first.path.name.startswith(PREFIX) and len(first.path.name) < 16  # the path of a socket must be short
    assert first.path.stat().st_mode & 0o077 == 0
    (first.path / "folder").mkdir()
    (first.path / "folder" / "socket").write_text("x")
    first.close()
    assert [path.name for path in temporary.iterdir()] == [second.path.name]
    second.close()


def test_a_group_that_is_gone_keeps_no_folder(temporary):
    scratch = Scratch()
    scratch.note_group(temporary / "gone" / scratch.path.name)
    scratch.close()
    assert not list(temporary.iterdir())


def test_one_folder_that_cannot_be_looked_at_keeps_no_other(temporary):
    (temporary / f"{PREFIX}a").mkdir()
    (temporary / f"{PREFIX}a" / LOCK).mkdir()  # no file to be locked
    (temporary / f"{PREFIX}b").mkdir()
    (temporary / f"{PREFIX}b" / LOCK).touch()
    sweep()
    assert [path.name for path in temporary.iterdir()] == [f"{PREFIX}a"]
