"""The jail: what a notebook may use of the machine, with a control group and without one, and what is left of it."""

import asyncio
import shutil
import threading
import time

import pytest
from corpus.attacking import COUNTED

import grader.grading.jail as module
from grader.grading.execute import Kernel, Stopped
from grader.grading.jail import Jail, JailError, Jails
from grader.grading.limits import Limits

pytestmark = pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")

LIMITS = Limits(cell_seconds=60, memory_mb=300, disk_mb=16, processes=64)
KINDS = [
    pytest.param("group", marks=pytest.mark.skipif(not COUNTED, reason="there is no control group to be had here")),
    "no group",
]


@pytest.fixture(scope="module", params=KINDS)
def jail(request):
    with pytest.MonkeyPatch.context() as patched:
        if request.param == "no group":
            patched.setattr(module, "make_group", lambda name: None)
        jail = Jail(torch=False)
    yield jail
    jail.close()


def run(jail: Jail, *codes: str, limits: Limits = LIMITS) -> list[str]:
    """What each of these printed, or the name of its error; at last perhaps the limit that was reached."""

    async def all_of_them() -> list[str]:
        said = []
        async with Kernel(jail, limits, time.monotonic() + 120, 1, {}) as kernel:
            for code in codes:
                try:
                    ran = await kernel.run(code)
                except Stopped as stop:
                    return [*said, stop.limit]
                text = "".join(output.get("text", "") for output in ran.outputs)
                said.append(f"{text}{ran.error['ename'] if ran.error else ''}")
        return said

    return asyncio.run(all_of_them())


@pytest.mark.slow
def test_what_students_need_of_the_system(jail):
    """Commands, programs in a session of their own, processes of multiprocessing, the devices."""
    assert run(
        jail,
        "!echo one; echo two >&2; exit 3\nprint(_exit_code)\n!echo {1 + 1}",
        "files = !ls /dev/null\nprint(files)",
        "%%bash\necho from bash",
        "import subprocess\nsubprocess.run(['echo', 'x'], start_new_session=True, check=True)",
        "import multiprocessing\nwith multiprocessing.Pool(3) as pool:\n    print(sum(pool.map(abs, range(-9, 0))))",
        "shared = multiprocessing.Array('d', 1000)\nshared[5] = 2\nprint(sum(shared))",
        "print(open('/dev/zero', 'rb').read(3), len(open('/dev/urandom', 'rb').read(5)))",
    ) == ["one\ntwo\n3\n2\n", "['/dev/null']\n", "from bash\n", "x\n", "45\n", "2.0\n", "b'\\x00\\x00\\x00' 5\n"]


@pytest.mark.slow
def test_a_notebook_can_use_nearly_all_of_its_memory(jail):
    """Its own, and what its processes have in common, which is counted once."""
    hold = "import os, time\nheld = bytearray(b'x') * (200 << 20)"
    share = """\
for _ in range(6):
    if os.fork() == 0:
        print(sum(held[:: 4096]), end=" ")
        time.sleep(0.7)
        os._exit(0)
time.sleep(1)
print("end")"""
    assert run(jail, hold, share)[-1].split()[-1:] == ["end"]


PIECES = [pytest.param(32, id="in large pieces"), pytest.param(1, id="in small pieces", marks=pytest.mark.slow)]


@pytest.mark.parametrize("piece", PIECES)
def test_memory_ends_at_the_limit(jail, piece):
    """Within a fifth of it, as fast as memory can be had."""
    code = f"kept = []\nfor _ in range({2000 // piece}):\n    kept.append(bytearray(b'x') * ({piece} << 20))"
    assert run(jail, f"{code}\nprint('all of it')") == ["memory: more than 300 MB"]
    if jail.group:
        assert 300 - 60 < _most_mb(jail) < 300 + 60


def _most_mb(jail: Jail) -> float:
    """What the last notebook had at most."""
    names = {1: "memory.max_usage_in_bytes", 2: "memory.peak"}
    file = jail.group.folder / names[jail.group.version]
    if not file.exists():
        pytest.skip("this kernel does not tell how much it was at most")
    most = (int(file.read_text()) - jail.group.counted.bytes()) / 2**20
    if jail.group.version == 1:
        file.write_text("0")
    return most


@pytest.mark.slow
def test_the_next_notebook_is_not_charged_for_the_last_one(jail):
    """Nor for what it left in /tmp, which is gone."""
    for _ in range(3):
        fill = (
            "import os\nopen('/tmp/x', 'wb').write(bytes(12 << 20))\nheld = bytearray(b'x') * (220 << 20)\nprint('end')"
        )
        assert run(jail, fill) == ["end\n"]


@pytest.mark.slow
def test_sessions_get_no_share_of_the_processors_of_their_own(jail):
    """A neighbour goes on at its pace while 40 processes compute, each in a session of its own."""
    compete = """\
import os, time
end = time.time() + 4
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        while time.time() < end:
            pass
        os._exit(0)
time.sleep(max(0, end - time.time()))
while os.waitpid(-1, os.WNOHANG)[0]:
    pass"""
    with pytest.MonkeyPatch.context() as patched:
        if jail.group is None:
            patched.setattr(module, "make_group", lambda name: None)
        neighbour = Jail(torch=False)
    try:
        before, before_neighbour = jail.cpu, neighbour.cpu
        thread = threading.Thread(target=run, args=(jail, compete))
        thread.start()
        run(neighbour, "import time\nend = time.time() + 3\nwhile time.time() < end:\n    pass")
        thread.join()
        assert neighbour.cpu - before_neighbour > 0.3 * (jail.cpu - before)
    finally:
        neighbour.close()


@pytest.mark.slow
def test_nothing_is_left_of_a_jail():
    jail = Jail(torch=False)
    folders = [jail.folder, *(jail.group.folders if jail.group else [])]
    run(jail, "import os\nif os.fork() == 0:\n    os.setsid()\n    os.execvp('sleep', ['sleep', '600'])")
    jail.close()
    assert not [folder for folder in folders if folder.exists()]


@pytest.mark.slow
def test_a_jail_that_ended_is_closed_once_also_where_the_next_cannot_be_made(monkeypatch):
    """Closed twice, it would close a descriptor that is somebody else's by then."""
    jails, made = Jails(False), module.Jail
    ended = jails.get(False)
    ended.process.kill()
    ended.process.wait()

    def fails(*args):
        raise JailError("it was killed")

    monkeypatch.setattr(module, "Jail", fails)
    with pytest.raises(JailError):
        jails.get(False)
    jails.close()
    monkeypatch.setattr(module, "Jail", made)
    assert jails.get(False) is not ended
    jails.close()
