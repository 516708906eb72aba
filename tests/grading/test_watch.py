"""What a kernel's init looks at, on processes of this machine; that it ends them is tested by whole jails."""

import sys

import pytest
from helpers.inside import run_inside

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")

# A process that holds 40 MiB, and two more that have them in common with it.
FAMILY = """\
import os, signal, time
import watch

held = bytearray(b"x") * (40 << 20)
alone = watch.used_kb("self")
children = []
for _ in range(2):
    ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b".")
        signal.pause()
    os.read(ready[0], 1)
    children.append(child)
family = [str(process) for process in (os.getpid(), *children)]

def end():
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
"""


def of_family(code: str) -> list[str]:
    return run_inside(f"{FAMILY}try:\n    {code}\nfinally:\n    end()").split()


def test_each_of_a_family_shows_all_that_it_has_and_together_they_have_it_once():
    most, exactly, alone = map(
        int, of_family("print(*(sum(map(f, family)) for f in (watch.used_kb, watch.shared_out_kb)), alone)")
    )
    assert most > 3 * 40 << 10
    assert 40 << 10 < exactly < 1.5 * alone


@pytest.mark.parametrize(("limit_mb", "exact"), [(300, False), (100, True)])
def test_memory_is_looked_at_closely_only_near_the_limit(limit_mb, exact):
    """In common, 40 MiB count once, not three times, where that decides."""
    used = int(of_family(f"print(watch.Memory({{'memory_mb': {limit_mb}}}, 0, None).used_kb(family))")[0])
    assert (used < 100 << 10) is exact


def test_what_was_there_in_the_beginning_is_not_counted():
    used = int(of_family("print(watch.Memory({'memory_mb': 300}, alone, None).used_kb(family))")[0])
    assert used < 10 << 10


def test_a_close_look_is_good_enough_until_more_is_used():
    """It takes long. After LOOKED_FOR seconds, or where what each shows has grown, there is another."""
    code = """\
memory = watch.Memory({"memory_mb": 100}, 0, None)
    count = 0
    look = watch.shared_out_kb
    def shared_out_kb(process):
        global count
        count += process == family[0]
        return look(process)
    watch.shared_out_kb = shared_out_kb
    counts = []
    watch.LOOKED_FOR = 60
    for _ in range(3):
        memory.used_kb(family)
        counts.append(count)
    more = bytearray(b"x") * (20 << 20)
    memory.used_kb(family)
    counts.append(count)
    memory.looked = (*memory.looked[:2], 0)
    memory.used_kb(family)
    print(*counts, count)"""
    assert of_family(code) == ["1", "1", "1", "2", "3"]


def test_what_may_wait_in_sockets_counts():
    code = """\
import socket
import watch
memory = watch.Memory({"memory_mb": 300}, 1 << 30, None)
before = watch.sockets()
pairs = [socket.socketpair() for _ in range(50)]
print(watch.sockets() - before, memory.used_kb(["self"]) // watch.SOCKET_KB)"""
    said = [int(word) for word in run_inside(code).split()]
    assert all(100 <= count < 150 for count in said), said  # other programs of this machine have some, too


def test_a_process_that_has_ended_uses_nothing():
    code = """\
import watch
gone = str(2**22 + 1)
print(watch.used_kb(gone), watch.shared_out_kb(gone), watch.threads(gone))"""
    assert run_inside(code) == "0 0 []\n"


def test_threads_count_each():
    code = """\
import threading
import watch
end = threading.Event()
for _ in range(5):
    threading.Thread(target=end.wait).start()
print(len(watch.threads("self")))
end.set()"""
    assert run_inside(code) == "6\n"


def test_locks_of_files_count(tmp_path):
    code = f"""\
import fcntl
import watch
file = open({str(tmp_path / "locked")!r}, "w")
watch.MAX_LOCKS = 2000
for place in range(0, 4100, 2):
    if place == 2000:
        assert not watch.too_many_locks()
    fcntl.lockf(file, fcntl.LOCK_EX, 1, place)
print(watch.too_many_locks())"""
    assert run_inside(code) == "True\n"


def test_a_control_group_is_believed(tmp_path):
    """What it counts since the notebook began; above half of the limit, copies of files and what is in /tmp aside."""
    names = {"usage": "memory.current", "stat": "memory.stat", "events": "memory.events"}
    code = f"""\
import os
from pathlib import Path
import watch
folder = Path({str(tmp_path)!r})
def write(usage_mb, file_mb, kills):
    (folder / "memory.current").write_text(str(usage_mb << 20))
    (folder / "memory.stat").write_text(f"anon 0\\nfile {{file_mb << 20}}\\nshmem 0\\n")
    (folder / "memory.events").write_text(f"oom_kill {{kills}}\\n")
write(1000, 200, 3)
group = {{what: os.open(folder / name, os.O_RDONLY) for what, name in {names!r}.items()}}
watch._files_bytes = lambda: 5 << 20
memory = watch.Memory({{"memory_mb": 100}}, 0, {{"version": 2, **group}})
write(840, 200, 3)
said = [memory.used_kb([]) >> 10, memory.killed()]
write(1500, 600, 4)
print(*said, memory.used_kb([]) >> 10, memory.killed())"""
    assert run_inside(code).split() == ["40", "False", "95", "True"]
