"""The jail: a bubblewrap sandbox with a warm Python in it that forks a kernel for each notebook.

Inside, the file system is read-only and holds the interpreter, its packages and the system's libraries: no home, no
class directory, no course. There is no network and no environment variable of the grader's.
"""

import contextlib
import hashlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path

from grader.errors import CourseError
from grader.grading.cgroup import make_group
from grader.grading.limits import Limits
from grader.grading.scratch import Scratch, sweep

__all__ = ["Jail", "JailError", "Jails", "check_available", "sweep"]

INSIDE = Path(__file__).with_name("inside")  # the code that runs in the jail
CONNECTIONS, NOBODY = "/connections", 65534  # as it has them
ENDED = 90  # where the code ended its kernel
START_SECONDS = 60  # importing torch from a cold disk takes a while
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives", "/etc/fonts")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/localtime", "/etc/nsswitch.conf")
NO_SANDBOX = "To run the students' code unprotected, with your rights, say: --no-sandbox"
SLACK_MB = 16  # above the memory limit, before the system's kernel itself ends what init did not end in time


class JailError(CourseError):
    """The jail cannot be made, or has gone. `reason` is the message without the advice."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(f"{reason} {advice}".strip())
        self.reason = reason

    def __reduce__(self):  # it crosses from worker to parent
        return JailError, (str(self),)


def check_available() -> None:
    """Raise JailError, with what to do, where notebooks cannot be jailed on this machine."""
    if sys.platform == "win32":
        raise JailError("Grading needs Linux (on Windows: WSL) or macOS.")
    if sys.platform != "linux":
        raise JailError(f"Grading in a jail needs Linux; this is {sys.platform}.", NO_SANDBOX)
    if shutil.which("bwrap") is None:
        raise JailError(
            "Grading in a jail needs bubblewrap, which is not here (Debian, Ubuntu: apt install bubblewrap).",
            NO_SANDBOX,
        )


def _inside(path: str | Path) -> str:
    """A path of this environment as it is in the jail: one below /tmp would be hidden by the jail's own."""
    path = str(path)
    if sys.prefix != sys.base_prefix and Path(path).is_relative_to(sys.prefix):
        return f"/environment{path.removeprefix(sys.prefix)}"
    return path


class Jail:
    """A warm process, jailed or not, that starts kernels. One thread at a time may use it."""

    def __init__(self, torch: bool, jailed: bool = True, mnist: Path | None = None) -> None:
        self.torch, self.jailed, self.mnist = torch, jailed, mnist
        self.ended: dict[str, int] = {}  # exit statuses of kernels, by id
        self.cpu = 0.0  # seconds of processor time that kernels have used, all in all
        self._programs: dict[str, list[list[dict]] | None] = {}  # what their templates put out; None: there is none
        self._buffer, self._text = b"", ""
        self._lock = threading.Lock()
        if jailed:
            check_available()
        self._scratch = Scratch()
        self.folder = self._scratch.path
        if jailed and os.getuid() == 0:
            os.chmod(self.folder, 0o711)
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by close()
        self.group = make_group(self.folder.name) if jailed else None
        try:
            self.process = self._started()
        except (subprocess.SubprocessError, PermissionError):  # a group that we may make, and not go into
            self._without_group()
            self.process = self._started()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.process.stdout, selectors.EVENT_READ)
        self._await_ready()

    def _started(self) -> subprocess.Popen:
        counts = self.group.descriptors if self.group else {}
        for folder in self.group.folders if self.group else ():
            self._scratch.note_group(folder)
        group = {"version": self.group.version, **counts} if self.group else None
        options = json.dumps({"jailed": self.jailed, "modules": ["torch"] if self.torch else [], "group": group})
        python = ["-I", "-X", "frozen_modules=on"]
        if self.jailed:
            command = [*self._bwrap(), _inside(sys.executable), *python, "/inside/zygote.py", options]
        else:
            command = [sys.executable, *python, str(INSIDE / "zygote.py"), options, str(self.folder)]
        with self.group.joining() if self.group else contextlib.nullcontext() as join:
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.errors,
                env=self._environment(),
                start_new_session=True,  # Ctrl-C reaches the grader, which ends the jail in order
                pass_fds=counts.values(),
                preexec_fn=join,
            )

    def _without_group(self) -> None:
        if self.group:
            self.group.close()
            self.group = None

    def _environment(self) -> dict[str, str]:
        keep = {} if self.jailed else dict(os.environ)
        return keep | {
            "PATH": os.pathsep.join([_inside(sysconfig.get_path("scripts")), "/usr/bin", "/bin"]),
            "HOME": "/tmp" if self.jailed else os.environ.get("HOME", "/tmp"),
            "USER": "student",
            "LOGNAME": "student",
            "LANG": "C.UTF-8",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "MPLCONFIGDIR": "/tmp",
            "IPYTHONDIR": "/tmp/ipython" if self.jailed else str(self.folder / "ipython"),
            "TQDM_DISABLE": "1",
            "NBGRADER_EXECUTION": "autograde",
            # As many notebooks run at once as there are cores.
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
            **({"MNIST_DIR": "/mnist" if self.jailed else str(self.mnist)} if self.mnist else {}),
        }

    def _bwrap(self) -> list[str]:
        command = [
            *("bwrap", "--die-with-parent", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"),
            *("--hostname", "jail", "--cap-drop", "ALL"),
        ]
        if os.getuid() == 0:  # the zygote then becomes nobody, which no user namespace of one user could allow
            for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SYS_ADMIN"):
                command += ["--cap-add", capability]
        else:
            command += ["--unshare-user"]
        for path in SYSTEM:
            command += ["--symlink", os.readlink(path), path] if os.path.islink(path) else ["--ro-bind-try", path, path]
        for path in SYSTEM_FILES:
            command += ["--ro-bind-try", path, path]
        for path in sorted({sys.base_prefix, sys.base_exec_prefix, sys.prefix}):
            if not path.startswith(("/usr/", "/bin/")) and path != "/usr":
                for parent in reversed(Path(_inside(path)).parents[:-1]):
                    command += ["--perms", "0755", "--dir", str(parent)]
                command += ["--ro-bind", path, _inside(path)]
        command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
        if self.group is None:  # mapped, it is memory that no process holds and nobody counts; this gives zeros, too
            command += ["--dev-bind", "/dev/full", "/dev/zero"]
        torch = Path(sysconfig.get_path("purelib"), "torch")
        if not self.torch and torch.is_dir():
            command += ["--tmpfs", _inside(torch), "--remount-ro", _inside(torch)]
        if self.mnist:
            command += ["--ro-bind", str(self.mnist), "/mnist"]
        command += ["--ro-bind", str(INSIDE), "/inside", "--bind", str(self.folder), CONNECTIONS]
        return [*command, "--chdir", "/tmp", "--remount-ro", "/dev", "--remount-ro", "/"]

    def _await_ready(self) -> None:
        if not self._selector.select(START_SECONDS):
            raise self._broken(f"it was not ready after {START_SECONDS} s")
        message = self._read()
        if message is None or not message.get("ready"):
            raise self._broken((message or {}).get("refused", "it ended at once"))

    def _broken(self, why: str) -> JailError:
        self.process.kill()
        self.process.wait()
        self.errors.seek(0)
        said = " ".join(self.errors.read()[-600:].decode(errors="replace").split())
        self.close()
        return JailError(f"The jail could not be started: {why}. {said}", NO_SANDBOX if self.jailed else "")

    def _read(self) -> dict | None:
        """The next message of the zygote; None where it has ended."""
        while b"\n" not in self._buffer:
            chunk = os.read(self.process.stdout.fileno(), 1 << 16)
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return json.loads(line)

    def _send(self, **message) -> None:
        try:
            self.process.stdin.write((json.dumps(message) + "\n").encode())
            self.process.stdin.flush()
        except OSError:
            raise JailError("the jail has ended") from None

    def prepare(self, name: str, files: dict[str, bytes]) -> Path:
        """Make the directory that a kernel shares with us, with the files that are to lie beside the notebook."""
        folder = self.folder / name
        folder.mkdir()
        for relative, content in files.items():
            path = folder / "files" / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if self.jailed and os.getuid() == 0:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
        return folder

    def spawn(self, name: str, limits: Limits, seed: int, program: dict, files_mb: int = 0) -> list[list[dict]] | None:
        """Fork a kernel. Its directory, with kernel.json in it, was made by `prepare`.

        `program` is the release's own code that many kernels run, {"setup": code, "given": [code, ...]}, sent once. It
        is run once, where that is safe, and kernels come into being after it. Returns the outputs of each of its
        cells, as nbformat has them, or None where the kernel has not run them; it has only compiled the setup then.
        `files_mb` is what its files need of the disk, beside the limit.
        """
        text = json.dumps(program)
        key = hashlib.sha256(text.encode()).hexdigest()
        with self._lock:
            if key not in self._programs:
                self._send(name=key, program=program, seconds=limits.notebook_seconds)
                while key not in self._programs:
                    self._hear()
            if self.group:
                self._limit_memory(limits.memory_mb + limits.disk_mb + files_mb + SLACK_MB)
            shares_cpu = self.group is not None and self.group.shares_cpu
            about = {"seed": seed, "program_name": key, "files_mb": files_mb, "shares_cpu": shares_cpu}
            self._send(id=name, limits=asdict(limits), **about)
            return self._programs[key]

    def _hear(self) -> None:
        """Take in the next message of the zygote. Raises JailError where it has gone."""
        message = self._read()
        if message is None:
            raise JailError("the jail has ended")
        if "text" in message:
            self._text += message["text"]
        elif "program" in message:
            template, self._text = json.loads(self._text), ""
            self._programs.pop(template["over"], None)
            self._programs[message["program"]] = template.get("outputs")
        else:
            self.ended[message["exited"]] = message["status"]
            self.cpu += message["cpu"]

    def _limit_memory(self, most_mb: int) -> None:
        """Let a kernel, and all that it starts, use so much beyond what the jail has now."""
        try:
            self.group.limit(self.group.counted.bytes() + (most_mb << 20))
        except OSError as error:
            raise JailError(f"the jail's control group cannot be limited: {error.strerror}") from None

    def poll(self, name: str, seconds: float = 0) -> int | None:
        """A kernel's exit status, or None while it runs. Raises JailError where the jail has gone."""
        with self._lock:
            while name not in self.ended:
                if b"\n" not in self._buffer and not self._selector.select(seconds):
                    return None
                self._hear()
            return self.ended[name]

    def kill(self, name: str) -> None:
        """End a kernel and all that it started."""
        with self._lock:
            if name not in self.ended:
                self._send(kill=name)

    def remove(self, name: str) -> None:
        """Delete a kernel's directory."""
        self.ended.pop(name, None)
        shutil.rmtree(self.folder / name, ignore_errors=True)

    def close(self) -> None:
        """End the jail and everything in it."""
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self.errors.close()
        self._without_group()
        self._scratch.close()


class Jails:
    """The jails of one worker, started when first needed: one without torch, one with it."""

    def __init__(self, jailed: bool, mnist=None) -> None:
        self.jailed, self.mnist = jailed, mnist
        self._jails: dict[bool, Jail] = {}

    def get(self, torch: bool) -> Jail:
        if torch in self._jails and self._jails[torch].process.poll() is not None:
            self._jails.pop(torch).close()  # closed once, also where the next cannot be made
        if torch not in self._jails:
            self._jails[torch] = Jail(torch, self.jailed, self.mnist)
        return self._jails[torch]

    def close(self) -> None:
        for jail in self._jails.values():
            jail.close()
        self._jails.clear()
