"""A control group for each jail, where one can be had: the kernel itself then counts its memory and shares out time.

Version 2 of the interface, with memory.max, and version 1, with memory.limit_in_bytes. A group is made below the one
that the grader runs in (of version 2: below the nearest above it that hands its controllers down), so that limits
which stand there go on to hold. Only root can do that, or whom a group was delegated to:
`systemd-run --user --scope -p Delegate=yes bncourse grade …`.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.grading.inside.counted import Counted

LEAF = "bncourse"  # the group that we move to where our own has to hand its controllers down
ENDLESS = 1 << 60  # bytes
REMOVAL = 2.0  # seconds, for what was in a group to be gone

_V1 = {"limit": "memory.limit_in_bytes", "usage": "memory.usage_in_bytes", "events": "memory.oom_control"}
_V2 = {"limit": "memory.max", "usage": "memory.current", "events": "memory.events"}


@dataclass
class Group:
    """The control group of one jail."""

    version: int
    folder: Path  # where memory is counted
    others: list[Path] = field(default_factory=list)  # with version 1, the one that processor time is shared by
    shares_cpu: bool = False  # it has a share of the processors of its own, whatever runs in it
    _descriptors: dict[str, int] = field(default_factory=dict)

    @property
    def folders(self) -> list[Path]:
        return [self.folder, *self.others]

    @property
    def descriptors(self) -> dict[str, int]:
        """By what they tell: those that `Counted` takes."""
        if not self._descriptors:
            names = _V2 if self.version == 2 else _V1
            for what, name in (("usage", names["usage"]), ("stat", "memory.stat"), ("events", names["events"])):
                self._descriptors[what] = os.open(self.folder / name, os.O_RDONLY)
        return self._descriptors

    @property
    def counted(self) -> Counted:
        return Counted(self.version, **self.descriptors)

    @contextlib.contextmanager
    def joining(self) -> Iterator[Callable[[], None]]:
        """A function that moves the process that calls it into the group."""
        doors = [os.open(folder / "cgroup.procs", os.O_WRONLY) for folder in self.folders]
        try:
            yield lambda: [os.write(door, b"0") for door in doors]
        finally:
            for door in doors:
                os.close(door)

    def limit(self, size: int) -> None:
        """Have the kernel kill what is in the group before it holds more than so many bytes."""
        if self.version == 2:
            (self.folder / _V2["limit"]).write_text(str(size))
            return
        files = [self.folder / _V1["limit"], self.folder / "memory.memsw.limit_in_bytes"]  # without and with swap
        if size > int(files[0].read_text()):
            files.reverse()  # the second is never below the first
        for file in files:
            if file.exists():
                file.write_text(str(size))

    def close(self) -> None:
        """Close its files; `remove_group` removes it."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors.clear()


def make_group(name: str) -> Group | None:
    """A new group for a jail; None where none can be had."""
    made: list[Path] = []
    try:
        mounts = _mounts()
        if "memory" in mounts:
            group = Group(1, _made(mounts["memory"], name, made))
            group.limit(ENDLESS)  # which shows that it can be done
            with contextlib.suppress(OSError, KeyError):
                group.others.append(_made(mounts["cpu"], name, made))
                group.shares_cpu = True
            return group
        parent = _parent(mounts["unified"])
        if parent is None:
            return None
        group = Group(2, _made(parent, name, made), shares_cpu="cpu" in _words(parent / "cgroup.subtree_control"))
        group.limit(ENDLESS)
        swap = group.folder / "memory.swap.max"
        if swap.exists():
            swap.write_text("0")
        return group
    except (OSError, KeyError, ValueError):
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        return None


def can_be_had() -> bool:
    """Whether jails get control groups here."""
    group = make_group(f"bncourse-{os.getpid()}")
    for folder in group.folders if group else ():
        folder.rmdir()
    return group is not None


def _made(parent: Path, name: str, made: list[Path]) -> Path:
    folder = parent / name
    folder.mkdir()
    made.append(folder)
    return folder


def _mounts(proc: Path = Path("/proc/self")) -> dict[str, Path]:
    """Our own group's folder by controller ("memory", "cpu"), and "unified" of version 2."""
    own = {}
    for line in (proc / "cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(",") if controllers else ["unified"], path)
    found: dict[str, Path] = {}
    for line in (proc / "mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        root, mount = (_unescaped(text) for text in before.split()[3:5])
        kind, _, options = after.split()[:3]
        names = ["unified"] if kind == "cgroup2" else options.split(",") if kind == "cgroup" else []
        for name in set(names) & {"unified", "memory", "cpu"} & set(own):
            inside = os.path.relpath(own[name], root)
            if not inside.startswith("..") and not own[name].startswith("/.."):  # else our own is not to be seen here
                found.setdefault(name, Path(mount, inside))
    return found


def _unescaped(path: str) -> str:
    """A path of /proc/self/mountinfo, which has \\040 for a space."""
    return path.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in path else path


def _words(file: Path) -> set[str]:
    return set(file.read_text().split())


def _parent(own: Path) -> Path | None:
    """With version 2, where groups with a memory controller can be made."""
    for folder in (own, *own.parents):
        if not (folder / "cgroup.procs").exists():
            break
        if not os.access(folder, os.W_OK) or not os.access(folder / "cgroup.procs", os.W_OK):
            break  # nor would we be let out of it
        control = folder / "cgroup.subtree_control"
        if control.exists() and "memory" in _words(control):
            return folder
    return own if _delegated(own) else None


def _delegated(own: Path) -> bool:
    """Have our own group, which is ours alone, hand its controllers down. A group with processes in it cannot.

    Ours are the processes of our session. Where its leader is outside of our PID namespace its number is 0, as is that
    of every other such session: there it cannot be told.
    """
    session = os.getsid(0)
    if session == 0:
        return False
    if not os.access(own, os.W_OK) or "memory" not in _words(own / "cgroup.controllers"):
        return False
    leaf = own / LEAF
    for _ in range(20):  # another worker may be at it, too, and processes begin meanwhile
        processes = [int(number) for number in _words(own / "cgroup.procs")]
        if any(number == 0 or _session(number) != session for number in processes):
            return False  # somebody else's
        leaf.mkdir(exist_ok=True)
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                (leaf / "cgroup.procs").write_text(str(process))
        with contextlib.suppress(OSError):
            (own / "cgroup.subtree_control").write_text("+memory")
            with contextlib.suppress(OSError):
                (own / "cgroup.subtree_control").write_text("+cpu")
            return True
        time.sleep(0.02)
    return False


def _session(process: int) -> int:
    """The number of its session; of a process that has ended, of our own."""
    try:
        return os.getsid(process)
    except OSError:
        return os.getsid(0)


def remove_group(folder: Path, name: str) -> None:
    """End what is left in a group that `make_group` made under this name, and remove it. Raises OSError."""
    if folder.name != name or not (folder / "cgroup.procs").exists():
        return
    end = time.monotonic() + REMOVAL
    while True:
        try:
            return folder.rmdir()
        except FileNotFoundError:
            return None
        except OSError:
            if time.monotonic() > end:
                raise
        for number in map(int, _words(folder / "cgroup.procs")):
            if number > 1 and number != os.getpid():  # 0: one of another PID namespace
                with contextlib.suppress(OSError):
                    os.kill(number, signal.SIGKILL)
        time.sleep(0.01)
