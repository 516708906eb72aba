"""The folder that a jail shares with its grader, in the temporary directory; deleted even where the grader was killed.

Its user holds a lock on a file in it. So it is known to be in use wherever it is looked at: the number of a process
would say nothing about a grader in another PID namespace that shares the directory.
"""

import contextlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

from grader.grading.cgroup import remove_group

with contextlib.suppress(ImportError):  # Windows has none, where students look at their own notebooks
    import fcntl

PREFIX = "bnc-"  # short, since the path of a socket must be
LOCK, UNLOCKED = "lock", "new"  # the file's name once it is locked, and before
ABANDONED = 3600  # seconds after which a folder without that file is not one that is just being made


class Scratch:
    """A folder of ours, in use until `close` or the end of this process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.path / UNLOCKED, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.rename(self.path / UNLOCKED, self.path / LOCK)  # now `sweep` may look whether it is locked

    def note_group(self, group: Path) -> None:
        """Have a control group removed with the folder."""
        os.write(self._lock, os.fsencode(group) + b"\n")

    def close(self) -> None:
        _delete(self.path)
        os.close(self._lock)


def sweep() -> None:
    """Delete what jails of killed graders left in the temporary directory."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            _sweep(folder)


def _sweep(folder: Path) -> None:
    """Delete a folder that nobody uses. Raises OSError where somebody does, or where it is not ours."""
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
        return
    try:
        lock = os.open(folder / LOCK, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        if time.time() - about.st_mtime > ABANDONED:
            shutil.rmtree(folder)
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _delete(folder)
    finally:
        os.close(lock)


def _delete(folder: Path) -> None:
    """Delete a folder whose lock we hold. It stays, for the next `sweep`, where its control group cannot be removed."""
    with contextlib.suppress(OSError):
        for group in (folder / LOCK).read_bytes().splitlines():
            remove_group(Path(os.fsdecode(group)), folder.name)
        shutil.rmtree(folder)
