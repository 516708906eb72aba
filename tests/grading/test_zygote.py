"""The process that forks kernels, by what it is told and what it answers; in a jail it is in all that grades."""

import json
import os
import subprocess
import sys
import time
import uuid
from dataclasses import asdict

import pytest
from jupyter_client.connect import write_connection_file

from grader.grading.jail import ENDED, INSIDE
from grader.grading.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it makes templates, which it does on Linux")


class Zygote:
    """One without a jail: `tell` it, `hear` what it answers."""

    def __init__(self, folder) -> None:
        options = json.dumps({"jailed": False, "modules": [], "group": None})
        command = [sys.executable, "-I", str(INSIDE / "zygote.py"), options, str(folder)]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
        self.process = subprocess.Popen(command, text=True, env=environment, **pipes)
        self.folder = folder

    def tell(self, **message) -> None:
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def hear(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def kernel(self, program: str, connected: bool = True) -> str:
        """Ask for one, and return its name."""
        name = uuid.uuid4().hex[:8]
        (self.folder / name).mkdir()
        if connected:
            ports = {
                f"{channel}_port": at for at, channel in enumerate(("shell", "iopub", "stdin", "hb", "control"), 1)
            }
            socket = str(self.folder / name / "socket")
            write_connection_file(str(self.folder / name / "kernel.json"), transport="ipc", ip=socket, **ports)
        about = {"seed": 1, "program_name": program, "files_mb": 0, "shares_cpu": True, "grouped": False}
        self.tell(id=name, limits=asdict(Limits()), **about)
        return name


@pytest.fixture(scope="module")
def zygote(tmp_path_factory):
    zygote = Zygote(tmp_path_factory.mktemp("zygote"))
    assert zygote.hear() == {"ready": True}
    yield zygote
    zygote.process.kill()
    zygote.process.communicate()


def made(zygote, name: str, setup: str, seconds: float = 60) -> tuple[dict, list[int]]:
    """What becomes of a program, and how long the pieces are in which that is told."""
    zygote.tell(name=name, program={"setup": setup, "given": []}, seconds=seconds)
    pieces = []
    while "text" in (message := zygote.hear()):
        pieces.append(message["text"])
    assert message == {"program": name}
    return json.loads("".join(pieces)), [len(piece) for piece in pieces]


SETUP = (
    "import sys, types\nkit = sys.modules['bncourse_kit'] = types.ModuleType('bncourse_kit')\nkit._run_check = None\n"
)


@pytest.mark.slow
def test_outputs_of_a_program_come_in_pieces_that_nothing_gets_into(zygote):
    template, lengths = made(zygote, "long", SETUP + "print('x' * 10_000)")
    assert template["outputs"][0][0]["text"] == "x" * 10_000 + "\n"
    assert len(lengths) > 6 and max(lengths) <= 1500


@pytest.mark.slow
@pytest.mark.parametrize("templated", [True, False])
def test_a_kernel_is_killed_and_its_end_is_told(zygote, templated):
    """Whether it came of the zygote itself or of a template."""
    template, _ = made(zygote, f"templated: {templated}", SETUP if templated else "1 / 0")
    assert ("outputs" in template) is templated
    other, name = zygote.kernel(f"templated: {templated}"), zygote.kernel(f"templated: {templated}")
    for each in (name, "one that is not there", other):
        zygote.tell(kill=each)
    ends = [zygote.hear(), zygote.hear()]
    assert {end["exited"] for end in ends} == {name, other}
    assert all(end["status"] == -9 and end["cpu"] >= 0 for end in ends)


@pytest.mark.slow
def test_a_kernel_that_cannot_be_started_is_named_and_told_as_ended(zygote):
    name = zygote.kernel("none such", connected=False)
    assert zygote.hear() == {"exited": name, "status": ENDED, "cpu": pytest.approx(0, abs=5)}
    said = zygote.process.stderr.readline()
    assert said.startswith("a kernel could not be started: FileNotFoundError: ")


@pytest.mark.slow
def test_it_ends_with_its_input_and_takes_what_runs_with_it(tmp_path_factory):
    """As it is where the grader is killed."""
    folder = tmp_path_factory.mktemp("z")  # short: the name of a socket has 107 characters at most
    zygote = Zygote(folder)
    try:
        assert zygote.hear() == {"ready": True}
        bound = folder / zygote.kernel("none such") / "socket-1"
        for _ in range(600):
            if bound.exists():
                break
            time.sleep(0.05)
        assert bound.exists()
        said, complaints = zygote.process.communicate(timeout=20)
    finally:
        zygote.process.kill()
    assert zygote.process.returncode == 0 and not said and not complaints
    assert not subprocess.run(["pgrep", "-f", str(folder)], capture_output=True, text=True).stdout
