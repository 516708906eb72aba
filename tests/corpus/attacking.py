"""Submissions that attack the machine, the grader or their neighbours. None reaches anything, and nobody is affected.

An attack stands between the two exercises of the tiny unit (2 points and 1), both answered rightly: where a limit ends
the notebook, the first one's points stay. What an attack reaches it prints after three exclamation marks. All attacks
end by themselves, so that a hole does not take the machine down.
"""

import contextlib
import os
import socket

from corpus.case import TINY, case
from corpus.cheating import KERNEL, KIT
from grader.grading.cgroup import can_be_had

COUNTED = can_be_had()  # the kernel of this machine counts memory for us
REACHED = 'def reached(*what):\n    print("!" * 3, *what)\n'
QUICK = {"cell_seconds": 1.5}
UNHURRIED = {"cell_seconds": 18, "notebook_seconds": 40}  # so that a busy machine reaches another limit first


def attack(points=3.0, **wanted):
    return case("attacking", points, TINY, **wanted)


def put(nb, code, reached=True):
    """All answers are right, and this code runs between the exercises."""
    nb.answer_rightly()
    return nb.add((REACHED if reached else "") + code, after="normalize-values")


# Files


@attack(leaks="gradebook")
def gradebook(nb, host):
    """The gradebook is read, changed and deleted."""
    put(
        nb,
        f"""\
import os, sqlite3
for path in ("{host.directory}/fake/gradebook.db", "{host.directory}/gradebook.db", "../../../gradebook.db"):
    for mode in ("rb", "ab"):
        try:
            with open(path, mode) as file:
                reached(path, mode, file.read() if mode == "rb" else file.write(b""))
        except OSError:
            pass
    try:
        reached(sqlite3.connect(f"file:{{path}}?mode=rw", uri=True).execute("select * from grade").fetchall())
    except sqlite3.Error:
        pass""",
    )


@attack(leaks="answer")
def other_submissions(nb, host):
    """A neighbour's answers are read and changed."""
    put(
        nb,
        f"""\
import glob, os
paths = ["{host.directory}/submitted/neighbour/90_tiny/90_tiny.ipynb"]
for pattern in ("../*/*", "{host.directory}/*/*/*/*.ipynb", "/connections/*", "/tmp/bnc-*/*"):
    paths += glob.glob(pattern)
for path in paths:
    try:
        with open(path) as file:
            reached(path, file.read()[:500])
        if "neighbour" in path:
            os.rename(path, path + "bncourse-was-here")
    except OSError:
        pass""",
    )


@attack(leaks="home")
def home(nb, host):
    """$HOME is searched."""
    put(
        nb,
        f"""\
import os
for folder in {{os.path.expanduser("~"), "/root", "/home", "{host.home.parent}"}}:
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f.startswith(".bn")][:3]
        for name in files:
            try:
                if name.startswith(".bncourse-test"):
                    reached(name, open(os.path.join(place, name)).read())
            except OSError:
                pass""",
    )


@attack(leaks="home")
def home_by_links(nb, host):
    """The same through links, /proc and paths of every form."""
    put(
        nb,
        f"""\
import os
target = "{host.home}"
os.symlink(target, "link")
for path in ("link", "/proc/self/root" + target, "/proc/1/root" + target, "/proc/{host.pid}/root" + target,
             "/proc/self/cwd/" + "../" * 20 + target, "//" + target, "/tmp/.connection/" + "../" * 9 + target):
    try:
        reached(path, open(path).read())
    except OSError:
        pass
try:
    os.link(target, "hard")
    reached("a hard link")
except OSError:
    pass""",
    )


@attack()
def writing_everywhere(nb, host):
    """A file is to be left in every folder: code in site-packages would be run by the next one."""
    put(
        nb,
        f"""\
import os, shutil, sys, sysconfig
folders = {{sysconfig.get_path("purelib"), sys.prefix, sys.base_prefix, os.path.dirname(os.__file__),
           "{host.directory}", "/", "/usr/lib", "/usr/bin", "/etc", "/dev", "/dev/pts", "/proc", "/proc/sys", "/sys",
           "/var/tmp",
           "/mnist", "/connections", "/tmp/.connection", "/run", "/inside", "{host.home.parent}", "/work"}}
folders |= {{p for p in sys.path if p}} | {{e.path for e in os.scandir("/") if e.is_dir() and e.name != "tmp"}}
for folder in folders:
    try:
        with open(folder + "/bncourse-was-here", "w"):
            reached("wrote in", folder)
    except OSError:
        pass
    try:
        os.mkdir(folder + "/bncourse-was-here")
        reached("made a folder in", folder)
    except OSError:
        pass
for path in (os.__file__, sys.executable, os.path.dirname(np.__file__) + "/version.py", "/etc/ld.so.cache"):
    for act in (lambda p: open(p, "ab"), os.unlink, lambda p: os.chmod(p, 0o777), os.utime):
        try:
            act(path)
            reached("changed", path)
        except OSError:
            pass""",
    )


@attack()
def connection_files(nb, host):
    """The directory through which the grader talks to the kernel is changed, and made to point elsewhere."""
    put(
        nb,
        f"""\
import os
folder = "/tmp/.connection"
for name in [*os.listdir(folder), "new"]:
    path = f"{{folder}}/{{name}}"
    for act in (lambda p: open(p, "w"), os.unlink, lambda p: os.rename(p, p + "2"), os.mkdir,
                lambda p: os.symlink("{host.home}", p), lambda p: os.chmod(p, 0o777)):
        try:
            act(path)
            reached(name)
        except OSError:
            pass
for act in (os.rmdir, lambda p: os.rename(p, "/tmp/a"), lambda p: os.chmod(p, 0o777), lambda p: os.mkfifo(f"{{p}}/f")):
    try:
        act(folder)
        reached(folder)
    except OSError:
        pass""",
    )


@attack()
def sockets_of_other_kernels(nb, host):
    """Sockets of other notebooks and of this machine are looked for, by path and by number."""
    put(
        nb,
        """\
import glob, os, socket
own = {f"/tmp/.connection/{name}" for name in os.listdir("/tmp/.connection")}
for path in {*glob.glob("/connections/*/*"), *glob.glob("/connections/*"), *glob.glob("/tmp/bnc-*/*"),
             *glob.glob("/run/*"), *glob.glob("/var/run/*"), *glob.glob("/tmp/**/socket*", recursive=True)} - own:
    reached(path)
for line in open("/proc/net/unix").read().splitlines()[1:]:
    path = line.split()[7:]
    if path and not path[0].startswith("/tmp/.connection"):
        reached(line)""",
    )


# Processes and the system


@attack(leaks="variable")
def environment(nb, host):
    """The variables of this process and of all others are read."""
    put(
        nb,
        f"""\
import glob, os
found = [str(dict(os.environ))]
for path in [*glob.glob("/proc/*/environ"), "/proc/1/environ", "/proc/{host.pid}/environ", "/proc/self/task/1/environ"]:
    try:
        found.append(open(path).read())
    except OSError:
        pass
for text in found:
    if "BNCOURSE" in text or "MNIST_DIR=/work" in text:
        reached(text)
print(found)""",
    )


@attack()
def proc(nb, host):
    """Other processes and the kernel's switches are looked for in /proc."""
    put(
        nb,
        f"""\
import glob, os
for path in glob.glob("/proc/[0-9]*"):
    number = int(os.path.basename(path))
    try:
        line = open(path + "/cmdline").read()
        if number != os.getpid() and number != 1:
            reached(number, line)
    except OSError:
        pass
    for what in ("fd", "mem", "root", "cwd", "map_files"):
        if number != os.getpid():
            try:
                target = f"{{path}}/{{what}}"
                reached(target, os.listdir(target) if what != "mem" else open(target, "rb"))
            except OSError:
                pass
for path in glob.glob("/proc/sys/kernel/*") + glob.glob("/proc/sys/vm/*") + glob.glob("/proc/sys/user/*") + [
        "/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg", "/proc/keys-not", "/proc/1/oom_score_adj"]:
    try:
        open(path, "r+").close()
        if not path.endswith("ns_last_pid"):  # of the notebook's own processes, and only to be opened
            reached(path)
    except OSError:
        pass
try:
    os.kill({host.pid}, 0)
    reached("the grader's process")
except OSError:
    pass""",
    )


@attack()
def devices(nb, host):
    """Disks, memory and terminals are opened, and devices made."""
    put(
        nb,
        """\
import glob, os, stat
fine = {"null", "zero", "full", "random", "urandom", "tty", "ptmx"}
for place, folders, files in os.walk("/dev"):
    for name in files:
        path = os.path.join(place, name)
        kind = os.lstat(path).st_mode
        if (stat.S_ISBLK(kind) or stat.S_ISCHR(kind)) and name not in fine:
            try:
                open(path, "rb").close()
                reached(path)
            except OSError:
                pass
for kind, device in ((stat.S_IFBLK, (8, 0)), (stat.S_IFBLK, (254, 0)), (stat.S_IFCHR, (1, 1))):
    try:
        os.mknod("device", kind | 0o666, os.makedev(*device))
        open("device", "rb").close()
        reached("a device", device)
    except OSError:
        pass""",
    )


@attack()
def rights(nb, host):
    """Every way to more rights, other namespaces and into other processes."""
    put(
        nb,
        f"""\
import ctypes, os, platform, resource
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, function, *args):
    result = function(*args)
    if result not in (-1, 0xFFFFFFFF):
        reached(name, result)
text = lambda t: t.encode()
for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x02000000, 0x80):
    attempt(f"unshare {{flag:x}}", libc.unshare, flag)
attempt("mount proc", libc.mount, b"proc", b"/tmp", b"proc", 0, None)
attempt("mount tmpfs", libc.mount, b"tmpfs", b"/tmp", b"tmpfs", 0, None)
attempt("bind", libc.mount, b"/", b"/tmp", None, 4096, None)
attempt("remount", libc.mount, None, b"/tmp/.connection", None, 32 | 4096, None)
attempt("umount", libc.umount2, b"/connections", 2)
attempt("umount", libc.umount2, b"/tmp/.connection", 2)
attempt("chroot", libc.chroot, b"/tmp")
attempt("ptrace init", libc.ptrace, 16, 1, None, None)
attempt("ptrace grader", libc.ptrace, 16, {host.pid}, None, None)
for name in ("pid", "mnt", "net", "user", "ipc"):
    try:
        attempt(f"setns {{name}}", libc.setns, os.open(f"/proc/1/ns/{{name}}", os.O_RDONLY), 0)
    except OSError:
        pass
for name, act in dict(
    setuid=lambda: os.setuid(0), setgid=lambda: os.setgid(0), groups=lambda: os.setgroups([0]),
    nice=lambda: os.nice(-5), data=lambda: resource.setrlimit(resource.RLIMIT_DATA, (-1, -1)),
    processes=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10**5, 10**5)),
    files=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10**5, 10**5)),
    scheduler=lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)),
).items():
    try:
        act()
        reached(name)
    except (OSError, ValueError):
        pass
if platform.machine() == "x86_64":
    buffer = ctypes.create_string_buffer(200)
    calls = dict(bpf=(321, 0, None, 0), perf=(298, None, 0, -1, -1, 0), uring=(425, 8, buffer), userfault=(323, 0),
                 memfd=(319, b"a", 0), secret=(447, 0), vm=(310, 1, None, 0, None, 0, 0), module=(313, -1, b"", 0),
                 syslog=(103, 10, None, 0), quota=(179, 0, None, 0, None), handle=(304, -1, None, 0),
                 clone_user=(56, 0x10000000 | 17, None, None, None, None))
    for name, call in calls.items():
        result = libc.syscall(*call)
        if result == 0 and name == "clone_user":
            os._exit(0)
        if result != -1 and not (name == "syslog" and result < 0):
            reached(name, result)
status = open("/proc/self/status").read()
for line in status.splitlines():
    if line.startswith(("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")) and int(line.split()[1], 16):
        reached(line)
for program in ("su", "sudo", "mount", "passwd", "newuidmap"):
    os.system(f"{{program}} -c id root < /dev/null > out 2> /dev/null")
    if "uid=0" in open("out").read():
        reached(program)""",
    )


@attack(leaks="key")
def keyring(nb, host):
    """The keys of the session in which the grader was started are read, and one is left for the next notebook."""
    put(
        nb,
        """\
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
if platform.machine() == "x86_64":
    for ring in (-1, -2, -3, -4, -5):
        found = libc.syscall(250, 10, ring, b"user", b"bncourse-test", 0)
        if found > 0:
            text = ctypes.create_string_buffer(100)
            libc.syscall(250, 11, found, text, 100)
            reached(ring, text.value)
        libc.syscall(248, b"user", b"bncourse-test", b"left for the next", 17, ring)""",
    )


# Network


@attack(leaks="port")
def loopback(nb, host):
    """A server on this machine's loopback is called."""
    put(
        nb,
        f"""\
import socket
for address in ("127.0.0.1", "localhost", "127.1.2.3", "0.0.0.0", socket.gethostname()):
    try:
        socket.create_connection((address, {host.port}), 1)
        reached(address)
    except OSError:
        pass""",
    )


@attack(leaks="socket")
def local_sockets(nb, host):
    """Servers on a Unix socket and on an abstract one are called."""
    put(
        nb,
        f"""\
import socket
path = "{host.socket}"
for address in (path, "\\0{host.abstract}", "/proc/{host.pid}/root" + path, "/proc/1/root" + path):
    try:
        socket.socket(socket.AF_UNIX).connect(address)
        reached(address)
    except OSError:
        pass""",
    )


@attack()
def network(nb, host):
    """The world outside is called, by every family of sockets that there is."""
    put(
        nb,
        """\
import socket, urllib.request
socket.setdefaulttimeout(1)
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for family, address in ((socket.AF_INET, ("192.0.2.1", 80)), (socket.AF_INET6, ("2001:db8::1", 80))):
        try:
            with socket.socket(family, kind) as s:
                s.connect(address)
                s.send(b"x")
                reached(address)
        except OSError:
            pass
try:
    reached(socket.getaddrinfo("example.org", 80))
except OSError:
    pass
try:
    reached(urllib.request.urlopen("http://192.0.2.1/", timeout=1))
except OSError:
    pass
for family in range(60):  # AF_VSOCK, 40, reaches the machine below a virtual one
    for kind in (1, 2, 3, 5):
        try:
            socket.socket(family, kind).close()
            if family not in (1, 2, 10, 16):
                reached("a socket of family", family)
        except OSError:
            pass
for kind in (socket.SOCK_RAW, socket.SOCK_PACKET if hasattr(socket, "SOCK_PACKET") else 10):
    try:
        socket.socket(socket.AF_INET, kind, 1)
        reached("a raw socket")
    except OSError:
        pass
with open("/proc/net/dev") as file:
    names = [line.split(":")[0].strip() for line in file if ":" in line]
if set(names) - {"lo", "tunl0", "sit0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "ip6tnl0", "ip6gre0"}:
    reached(names)""",
    )


# More than its share


@attack(2.0, limit="processes: more than 64", limits=UNHURRIED)
def fork_bomb(nb, host):
    """Processes without end (200)."""
    put(
        nb, "import os, time\nfor _ in range(200):\n    if os.fork() == 0:\n        time.sleep(20)\n        os._exit(0)"
    )


@attack(2.0, limit="processes: more than 64", limits=UNHURRIED)
def fork_bomb_of_children(nb, host):
    """Each process starts the next, in a session of its own, and does not care for errors."""
    put(
        nb,
        """\
import os, time
for number in range(200):
    try:
        if os.fork():
            time.sleep(20)
            os._exit(0)
        os.setsid()
    except OSError:
        time.sleep(0.01)
time.sleep(20)""",
    )


@attack(2.0, limit="processes: more than 64")
def thread_bomb(nb, host):
    """Threads without end (200)."""
    put(nb, "import threading, time\nfor _ in range(200):\n    threading.Thread(target=time.sleep, args=(20,)).start()")


@attack(2.0, limit="memory: more than 300 MB")
def memory_bomb(nb, host):
    """Memory without end (2 GB)."""
    put(nb, "import time\nkept = []\nfor _ in range(64):\n    kept.append(bytearray(32 << 20))\n    time.sleep(0.01)")


@attack(2.0, limit="memory: more than 300 MB")
def memory_bomb_of_many_processes(nb, host):
    """The same by twenty processes, each with little."""
    put(
        nb,
        """\
import os, time
for _ in range(20):
    if os.fork() == 0:
        kept = bytearray(100 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)""",
    )


def only_counted(**wanted):
    """An attack on memory that no process shows: it meets the limit, or else is not even begun."""
    return attack(2.0, limit="memory: more than 300 MB", **wanted) if COUNTED else attack(limit=None, points=None)


@only_counted()
def memory_that_is_shared(nb, host):
    """Memory that is shared, and no process's own."""
    put(
        nb,
        """\
import mmap, time
kept = []
for _ in range(64):
    kept.append(mmap.mmap(-1, 32 << 20))
    kept[-1].write(bytes(32 << 20))
    time.sleep(0.01)""",
    )


@attack()
def memory_that_nobody_holds(nb, host):
    """Memory that is in no process: files without a name, segments that are not attached, queues."""
    put(
        nb,
        """\
import ctypes, os
try:
    for _ in range(64):
        os.write(os.memfd_create("x"), bytes(8 << 20))
    reached("memfd")
except OSError:
    pass
libc = ctypes.CDLL(None, use_errno=True)
for name, call in dict(shm=(libc.shmget, 0, ctypes.c_size_t(256 << 20), 0o1600), msg=(libc.msgget, 0, 0o1600)).items():
    if call[0](*call[1:]) >= 0:
        reached(name)""",
    )


@only_counted()
def memory_shared_and_let_go(nb, host):
    """1.5 GB of shared memory that no process holds any more, in pages that stay."""
    put(
        nb,
        """\
import mmap, time
kept = []
for _ in range(48):
    kept.append(mmap.mmap(-1, 32 << 20))
    kept[-1].write(bytes(32 << 20))
    kept[-1].madvise(mmap.MADV_DONTNEED)
    time.sleep(0.01)
time.sleep(3)""",
    )


@only_counted()
def memory_shared_by_a_device(nb, host):
    """The same by /dev/zero, which gives shared memory to whoever maps it; all but its first page is unmapped."""
    put(
        nb,
        """\
import ctypes, mmap, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
zero, size = os.open("/dev/zero", os.O_RDWR), 32 << 20
for _ in range(48):
    place = libc.mmap(None, size, 3, 1, zero, 0)
    if place in (None, 2**64 - 1):
        raise OSError("it cannot be mapped")
    ctypes.memset(place, 1, size)
    libc.munmap(place + 4096, size - 4096)
    time.sleep(0.01)
time.sleep(3)""",
    )


TABLES = """\
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
size = 1 << 30
def fill(pieces):
    for _ in range(pieces):
        place = libc.mmap(None, size, 1, 0x4022, -1, 0)
        if place in (None, 2**64 - 1):
            return
        libc.madvise(place, size, 15)  # MADV_NOHUGEPAGE
        for offset in range(0, size, 2 << 20):
            ctypes.c_char.from_address(place + offset).value
"""


@only_counted()
def memory_in_page_tables(nb, host):
    """820 MB of page tables, of a mapping that is only read: 4 KB for each 2 MB."""
    put(nb, f"{TABLES}fill(410)\ntime.sleep(3)")


@only_counted(limits=UNHURRIED)
def memory_in_page_tables_of_many(nb, host):
    """The same by 40 processes, each with little."""
    put(
        nb,
        f"""\
{TABLES}
for _ in range(40):
    if os.fork() == 0:
        fill(12)
        time.sleep(12)
        os._exit(0)
time.sleep(13)""",
    )


@attack(2.0, limit="memory: more than 300 MB", limits={"cell_seconds": 40, "notebook_seconds": 60})
def memory_in_sockets(nb, host):
    """As many sockets as a process may have, full, in each of 24 processes."""
    put(
        nb,
        """\
import os, socket, time
for _ in range(24):
    if os.fork() == 0:
        kept = []
        try:
            while True:
                kept += socket.socketpair()
                for end in kept[-2:]:
                    end.setblocking(False)
                    try:
                        while True:
                            end.send(bytes(1 << 16))
                    except BlockingIOError:
                        pass
        except OSError:  # no more
            time.sleep(30)
        finally:
            os._exit(0)
time.sleep(30)""",
    )


@only_counted()
def memory_in_large_buffers_of_sockets(nb, host):
    """The same with few sockets, and buffers as large as may be."""
    put(
        nb,
        """\
import os, socket, time
for _ in range(8):
    if os.fork() == 0:
        kept = []
        try:
            for _ in range(90):
                kept += socket.socketpair()
                for end in kept[-2:]:
                    end.setblocking(False)
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 30)
                    try:
                        while True:
                            end.send(bytes(1 << 16))
                    except OSError:
                        pass
            time.sleep(4)
        finally:
            os._exit(0)
time.sleep(4)""",
    )


@attack(2.0, limit="10,000 locks of files", limits={"cell_seconds": 40, "notebook_seconds": 60})
def memory_in_locks(nb, host):
    """Half a million locks of files, which no control group counts."""
    put(
        nb,
        """\
import fcntl, os, struct, time
for process in range(20):
    if os.fork() == 0:
        try:
            files = [os.open(f"/tmp/{process}-{n}", os.O_RDWR | os.O_CREAT) for n in range(150)]
            for k in range(170):
                for file in files:
                    fcntl.fcntl(file, fcntl.F_SETLK, struct.pack("hhllhh", fcntl.F_WRLCK, 0, 2 * k, 1, 0, 0))
            time.sleep(30)
        finally:
            os._exit(0)
time.sleep(30)""",
    )


@attack()
def memory_in_pipes(nb, host):
    """Pages that are given to pipes and unmapped: a pipe holds on to them."""
    put(
        nb,
        """\
import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
vector = (ctypes.c_size_t * 2)()
if libc.vmsplice(os.pipe()[1], vector, 1, 0) == 0 or ctypes.get_errno() not in (1, 38):
    reached("vmsplice", ctypes.get_errno())""",
    )


@attack()
def oom_score(nb, host):
    """The kernel and its children take back that they are killed first where memory is short."""
    put(
        nb,
        """\
import os
for value in ("-1000", "-999", "0", "500"):
    for path in ("/proc/self/oom_score_adj", "/proc/1/oom_score_adj", "/proc/thread-self/oom_score_adj"):
        try:
            with open(path, "w") as file:
                file.write(value)
            reached(path, value)
        except OSError:
            pass
if open("/proc/self/oom_score_adj").read() != "1000\\n":
    reached("it is not killed first")
if os.fork() == 0:
    os.system("echo 0 2>/dev/null > /proc/self/oom_score_adj && touch /tmp/lowered")
    os._exit(0)
os.wait()
if os.path.exists("/tmp/lowered"):
    reached("its children are not killed first")""",
    )


@attack(repair="ended the kernel")
def exit_statuses_of_limits(nb, host):
    """The kernel ends with the statuses by which init says that a limit was reached."""
    nb.answer_rightly()
    for status in range(91, 97):
        nb.add(f"import os\nos._exit({status})", after="normalize-values")


@attack(limit=None, points=None)
def memory_asked_for_at_once(nb, host):
    """One array of 4 GB: an error, or a limit."""
    put(nb, "np.ones(1 << 29)")


@attack(2.0, limit="time: the cell ran for more than 4 s", limits={"cell_seconds": 4})
def sessions_that_compete(nb, host):
    """40 processes that compute, each in a session of its own, to which Linux would give a share of its own."""
    put(
        nb,
        """\
import os, time
end = time.time() + 8
for _ in range(40):
    if os.fork() == 0:
        os.setsid()
        while time.time() < end:
            pass
        os._exit(0)
time.sleep(9)""",
    )


# Words of an error, which is no limit


@attack()
def words_of_limits(nb, host):
    """Errors that speak as those of limits do, and are of the notebook's own making, or of Python's."""
    nb.answer_rightly()
    for code in (
        "np.zeros((10**7, 10**4))",
        "raise MemoryError",
        "raise MemoryError('memory: more than 300 MB')",
        "bytearray(1 << 50)",
        "import errno, os\nraise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))",
        "open('/dev/full', 'w').write('x' * 10**6)",
        "import errno, os\nraise OSError(errno.EFBIG, os.strerror(errno.EFBIG))",
        "import os\nos.truncate(os.open('sparse', os.O_CREAT | os.O_RDWR), 1 << 40)",
        'raise RuntimeError("can\'t start new thread")',
        "raise BlockingIOError(11, 'Resource temporarily unavailable')",
        "import fcntl\nfirst, second = open('held', 'w'), open('held', 'w')\nfcntl.flock(first, 2)\n"
        "fcntl.flock(second, 6)",
        "import os\nos.read(os.eventfd(0, os.EFD_NONBLOCK), 8)",
        "raise TimeoutError('time: the cell ran for more than 5 s')",
        "import resource\nresource.setrlimit(resource.RLIMIT_DATA, (1 << 20, 1 << 20))\nbytearray(64 << 20)",
    ):
        nb.add(code, after="normalize-values")


@attack(1.0)
def words_of_limits_in_an_answer(nb, host):
    """The same as the errors of an answer, while it is checked."""
    nb.answer_rightly()
    nb.answer(
        normalize="def normalize(x, mean, var, eps=1e-5):\n    return np.zeros((10**7, 10**4)) + (x - mean)",
    )


@attack(2.0, limit="disk: more than 16 MB")
def disk_filling(nb, host):
    """Files without end (1 GB)."""
    put(nb, "for n in range(100):\n    with open(f'/tmp/{n}', 'wb') as file:\n        file.write(bytes(10 << 20))")


@attack(2.0, limit="disk: more than 16 MB")
def disk_filling_by_one_file(nb, host):
    """One file without end (1 GB), errors ignored."""
    put(
        nb,
        """\
import time
with open("file", "wb", 0) as file:
    for _ in range(100):
        try:
            file.write(bytes(10 << 20))
        except OSError:
            time.sleep(0.02)""",
    )


@attack(2.0, limit="disk: more than 16 MB")
def disk_filling_by_empty_files(nb, host):
    """Empty files without end (50,000)."""
    put(nb, "import os\nfor n in range(50_000):\n    os.close(os.open(f'/tmp/{n}', os.O_CREAT))")


@attack(2.0, limit="disk: more than 16 MB")
def disk_filling_in_shared_memory(nb, host):
    """The same in /dev/shm."""
    put(nb, "for n in range(100):\n    with open(f'/dev/shm/{n}', 'wb') as file:\n        file.write(bytes(10 << 20))")


@attack(2.0, limit="more than")  # output or, where the kernel is quicker than the grader, memory
def output_without_end(nb, host):
    """1 GB of output, line by line."""
    put(nb, "for _ in range(1 << 14):\n    print('x' * (1 << 16))")


@attack(2.0, limit="output: more than 2 MB")
def output_in_one_piece(nb, host):
    """60 MB of output in one message."""
    put(nb, "print('x' * (60 << 20))")


@attack(2.0, limit="output: more than 2 MB")
def output_on_stderr(nb, host):
    """The same as errors, in small pieces."""
    put(nb, "import sys\nfor _ in range(1 << 20):\n    sys.stderr.write('x' * 1024)\n    sys.stderr.flush()")


@attack(2.0, limit="output: more than 2 MB")
def output_of_pictures(nb, host):
    """The same as pictures and HTML."""
    put(
        nb,
        """\
from IPython.display import display
for _ in range(1000):
    display({"text/html": "x" * (1 << 20), "image/png": "A" * (1 << 20)}, raw=True)""",
    )


@attack(2.0, limit="output: more than 2 MB", limits={"cell_seconds": 14})  # they are slow to come on a busy machine
def output_of_small_pieces(nb, host):
    """A hundred thousand results."""
    put(nb, "from IPython.display import display\nfor n in range(100_000):\n    display(n)")


@attack(2.0, limit="output: more than 2 MB")
def output_of_an_error(nb, host):
    """An error with a message of 8 MB."""
    put(nb, "raise ValueError('x' * (8 << 20))")


@attack(2.0, limit="output: more than 2 MB")
def output_to_the_descriptors(nb, host):
    """1 GB to what should be the terminal of the grader."""
    put(
        nb,
        """\
import os
for number in (1, 2):
    for _ in range(64):
        try:
            os.write(number, b"x" * (8 << 20))
        except OSError:
            pass""",
    )


@attack(2.0, limit="time: the cell ran for more than 1.5 s", limits=QUICK)
def endless_loop(nb, host):
    """A loop without end (30 s)."""
    put(nb, "import time\nend = time.time() + 30\nwhile time.time() < end:\n    pass")


@attack(2.0, limit="time: the cell ran for more than 1.5 s", limits=QUICK)
def endless_loop_that_ignores_signals(nb, host):
    """The same, with all signals blocked and every exception caught."""
    put(
        nb,
        """\
import signal, time
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
end = time.time() + 30
while time.time() < end:
    try:
        time.sleep(1)
    except BaseException:
        pass""",
    )


@attack(2.0, limit="time: the cell ran for more than 1.5 s", limits=QUICK)
def endless_loop_in_c(nb, host):
    """A loop in C, which holds Python's lock (30 s at most)."""
    put(nb, "import ctypes\nctypes.PyDLL(None).sleep(30)")


@attack(2.0, limit="time: the cell ran for more than 1.5 s", limits=QUICK)
def stopped_process(nb, host):
    """The kernel stops itself."""
    put(nb, "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")


@attack(
    2.0, limit="time: the notebook ran for more than 3 s", limits={"notebook_seconds": 3}, repair="ended the kernel"
)
def kernels_ended_one_after_the_other(nb, host):
    """Each of five cells takes nearly all the time there is, and ends the kernel, so that all is run again."""
    for _ in range(5):
        put(nb, "import os, time\ntime.sleep(1.4)\nos._exit(0)")


@attack()
def thread_that_goes_on(nb, host):
    """A thread that works on after its cell (30 s)."""
    put(
        nb,
        """\
import threading, time
def work():
    end = time.time() + 30
    while time.time() < end:
        sum(range(1000))
for _ in range(2):
    threading.Thread(target=work).start()""",
    )


@attack()
def process_that_outlives_the_kernel(nb, host):
    """A process in a session of its own, a child of nobody's (it sleeps for an hour)."""
    put(
        nb,
        """\
import os, signal, subprocess
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "3600.4321"])
    os._exit(0)
subprocess.Popen(["sleep", "3600.4321"], start_new_session=True)
os.system("nohup sleep 3600.4321 > /dev/null 2>&1 &")""",
    )


@attack()
def work_at_exit(nb, host):
    """What is left to do when the kernel ends (30 s)."""
    put(
        nb,
        """\
import atexit, os, signal, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda *args: time.sleep(30))
atexit.register(time.sleep, 30)
class Late:
    def __del__(self):
        time.sleep(30)
late = Late()""",
    )


ENDED = "which the student added ended the kernel; the notebook was run again without it"


@attack(repair=ENDED)
def kernel_exited(nb, host):
    """os._exit, which ends the kernel."""
    put(nb, "import os\nos._exit(0)")


@attack(1.0, repair="cell normalize-values ended the kernel")
def kernel_exited_within_a_check(nb, host):
    """The answer itself ends the kernel."""
    nb.answer_rightly()
    nb.answer(normalize="import os\n\n\ndef normalize(x, mean, var, eps=1e-5):\n    os._exit(0)")


@attack(repair="ended the kernel")
def kernels_exited_in_two_cells(nb, host):
    """Two cells that end the kernel: it is begun again twice."""
    nb.answer_rightly()
    for _ in range(2):
        nb.add("import os\nos._exit(0)", after="normalize-values")


@attack()
def exits(nb, host):
    """Every polite way to end Python."""
    for code in ("exit()", "quit()", "import sys\nsys.exit(1)", "raise SystemExit", "raise KeyboardInterrupt", "%exit"):
        put(nb, code, reached=False)


@attack(repair=ENDED)
def crash(nb, host):
    """A read of memory that is not there."""
    put(nb, "import ctypes\nctypes.string_at(0)")


@attack(repair=ENDED)
def alarm(nb, host):
    """A signal to itself, later."""
    put(nb, "import signal, time\nsignal.setitimer(signal.ITIMER_REAL, 0.2)\ntime.sleep(1)")


@attack(repair="")
def killing_the_parent(nb, host):
    """All processes in sight are killed, parents first."""
    put(
        nb,
        f"""\
import os, signal
for number in range(1, 65):
    for process in (os.getppid(), 1, {host.pid}, -1):
        if number not in (signal.SIGCHLD, signal.SIGCONT):
            try:
                if process > 0 or number == 9:
                    os.kill(process, number)
            except OSError:
                pass""",
    )


@attack(2.0, limit=None, repair=None)
def deep_recursion(nb, host):
    """Recursion without a limit."""
    put(nb, "import sys\nsys.setrecursionlimit(10**9)\ndef f():\n    f()\nf()")


@attack(limits={"cell_seconds": 14})
def recursion(nb, host):
    """Recursion up to Python's limit, and data that holds itself."""
    nb.answer_rightly()
    nb.add("def f():\n    f()\nf()", after="normalize-values")
    nb.add("a = []\na.append(a)\nb = []\nfor _ in range(100_000):\n    b = [b]\nprint(a)\nb", after="normalize-values")


@attack(repair=None)
def closed_descriptors(nb, host):
    """All files and sockets of the kernel are closed."""
    put(nb, "import os\nos.closerange(0, 1024)")


@attack(points=None, repair=None, limit=None, limits=QUICK)
def writing_to_all_descriptors(nb, host):
    """Whatever the kernel has open is told that other kernels have ended, and what they are to run."""
    put(
        nb,
        """\
import json, os
for number in range(1024):
    for message in ({"exited": "x", "status": 91, "cpu": 1e9}, {"kill": "x"}, {"ready": True}):
        try:
            os.set_blocking(number, False)
            os.write(number, (json.dumps(message) + "\\n").encode())
        except OSError:
            pass""",
    )


@attack(2.0, limit="time: the cell ran", limits=QUICK)
def other_program(nb, host):
    """The kernel becomes another program, which does not answer."""
    put(nb, "import os\nos.execv('/bin/sleep', ['sleep', '30'])")


@attack(repair=ENDED)
def other_program_that_ends(nb, host):
    """The kernel becomes another program, which ends."""
    put(nb, "import os\nos.execv('/bin/true', ['true'])")


@attack(2.0, limit="time: the cell ran", limits=QUICK)
def standard_streams_replaced(nb, host):
    """sys.stdout and the others are closed, and are nothing any more: the kernel cannot go on."""
    put(
        nb,
        "import sys\nsys.stdout.close()\nsys.stdout = sys.stderr = sys.stdin = sys.__stdout__ = None\nprint('x')",
    )


@attack()
def shell_commands(nb, host):
    """Programs of the system, by IPython's magic."""
    put(
        nb,
        f"""\
!cat /etc/shadow {host.home} 2>/dev/null
!ls / /home /root 2>/dev/null
!touch /bncourse-was-here
%cd /
%env
!sudo -n id 2>/dev/null""",
        reached=False,
    )


# The grader itself, through the kernel's messages


def raw(frames: str) -> str:
    """Code that sends frames on the iopub socket as they are, signed; `parent` is the running request's header.

    By the kernel's own thread: two at once on a ZMQ socket mix their frames, and what arrives is then chance.
    """
    return f"""\
{KERNEL}import json, time
parent = json.dumps(kernel.get_parent()["header"], default=str).encode()
socket = kernel.iopub_socket
def send(header, parent, metadata, content):
    parts = [header, parent, metadata, content]
    socket.send_multipart([b"x", b"<IDS|MSG>", kernel.session.sign(parts), *parts])
def header(kind):
    about = dict(msg_id=str(time.time()), msg_type=kind, date="2026-01-01T00:00:00Z", version="5.3")
    return json.dumps(about).encode()
{frames}
time.sleep(0.2)"""


MESSAGES = "messages: the kernel sent one that cannot be read"


@attack(2.0, limit=MESSAGES)
def message_nested_deeply(nb, host):
    """JSON in JSON in JSON."""
    put(nb, raw("send(header('display_data'), parent, b'{}', b'{\"data\":' + b'[' * 200000 + b']' * 200000 + b'}')"))


@attack(2.0, limit=MESSAGES)
def message_of_no_json(nb, host):
    """Bytes that are no JSON."""
    put(nb, raw("send(b'\\xff\\xfe', parent, b'{}', b'{')"))


@attack(2.0, limit=MESSAGES)
def message_of_other_types(nb, host):
    """Lists and nothing where there should be dicts."""
    put(nb, raw("send(header('stream'), b'[1]', b'null', b'[]')\nsend(b'null', b'null', b'null', b'null')"))


@attack(2.0, limit=MESSAGES)
def message_without_frames(nb, host):
    """Less than a message."""
    put(nb, raw("socket.send_multipart([b'x'])\nsocket.send_multipart([b'<IDS|MSG>'])"))


@attack(2.0, limit=MESSAGES)
def message_twice(nb, host):
    """The same message again and again, and one that is signed wrongly."""
    put(nb, raw('for _ in range(5):\n    send(b\'{"msg_id":"1","msg_type":"stream"}\', parent, b\'{}\', b\'{}\')'))


@attack(limit=None, points=None)
def message_with_other_contents(nb, host):
    """Outputs whose parts are of all types."""
    put(
        nb,
        raw("""\
for kind in ("display_data", "execute_result", "stream", "error", "update_display_data", "clear_output", "comm_open",
             "input_request", "execute_input", "shutdown_reply", "x"):
    for value in (None, [], "x", 5, True, {"a": 1}, ["application/vnd.bncourse.check+json"], -5, 1e300, "\\ud800"):
        for key in ("data", "text", "name", "ename", "evalue", "traceback", "output_type", "metadata", "transient",
                    "execution_count", "execution_state", "wait", "comm_id"):
            send(header(kind), parent, b"{}", json.dumps({key: value}).encode())"""),
    )


@attack(limit=None)
def counts_that_no_notebook_may_have(nb, host):
    """Cells numbered -5 and 10**30: nbformat would refuse the notebook."""
    put(
        nb,
        raw("""\
for count in (-5, 10**30, 0, True, 1.5, "x"):
    send(header("execute_input"), parent, b"{}", json.dumps({"execution_count": count}).encode())"""),
    )


@attack()
def half_of_a_character(nb, host):
    """Text that cannot be written to a file, and signs that rule a terminal."""
    put(
        nb,
        raw("""\
bad = "\\ud800 \\x1b[2J \\x1b]0;title\\x07 \\r\\x08 \\u202e \\x00"
send(header("stream"), parent, b"{}", json.dumps({"name": "stdout", "text": bad}).encode())
send(header("display_data"), parent, b"{}", json.dumps({"data": {"text/plain": bad}, "metadata": {}}).encode())
send(header("error"), parent, b"{}", json.dumps({"ename": bad, "evalue": bad, "traceback": [bad]}).encode())"""),
    )


@attack(1.0)
def half_of_a_character_in_a_check(nb, host):
    """The same as the error of a check, whose message is kept and shown."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
class Bad(Exception):
    pass

Bad.__name__ = "Bad\\x1b[2J"

def normalize(x, mean, var, eps=1e-5):
    raise Bad("\\x1b[2J \\x1b]0;title\\x07 \\u202e <script>alert(1)</script> " + "long " * 10_000)"""
    )


@attack(2.0, limit="time: the cell ran", limits=QUICK)
def flood_of_messages(nb, host):
    """Messages without end for nobody (15 s), so that the grader is kept busy."""
    put(
        nb,
        raw("""\
end = time.time() + 15
number = 0
while time.time() < end:
    number += 1
    send(header("status"), b'{"msg_id": "other"}', b"{}", b'{"n": %d}' % number)"""),
    )


@attack(limit=None, points=None, limits={"cell_seconds": 1.5, "notebook_seconds": 3})
def flood_of_messages_by_a_thread(nb, host):
    """The same by a thread, while cells are run."""
    put(
        nb,
        raw("""\
import threading
def flood():
    end = time.time() + 15
    number = 0
    while time.time() < end:
        number += 1
        send(header("status"), b'{"msg_id": "other"}', b"{}", b'{"n": %d}' % number)
threading.Thread(target=flood).start()"""),
    )


@attack()
def flood_without_malice(nb, host):
    """A right answer that displays 2,000 values while it is checked: more than ZMQ keeps unread, by itself."""
    nb.answer_rightly()
    nb.answer(
        normalize="""\
def normalize(x, mean, var, eps=1e-5):
    from IPython.display import display

    for number in range(2000):
        display(number)
    return (x - mean) / np.sqrt(var + eps)"""
    )


@attack(limit=None, points=None)
def unfinished_messages(nb, host):
    """1.5 GB are written to the grader's connections as parts of messages that never end: they would wait in it."""
    put(
        nb,
        """\
import os, socket, struct, time
part = bytes(8 << 20)
for name in os.listdir("/proc/self/fd"):
    try:
        connection = socket.socket(fileno=os.dup(int(name)))
        if connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) or "socket-2" not in connection.getsockname():
            continue
        connection.settimeout(2)
        for _ in range(190):
            connection.sendall(bytes([3]) + struct.pack(">Q", len(part)) + part)
    except (OSError, TypeError):
        pass
time.sleep(0.5)""",
    )


@attack()
def flood_of_questions(nb, host):
    """1.5 GB of questions for input, which nobody reads."""
    put(
        nb,
        f"""\
{KERNEL}import time, zmq
session = kernel.get_parent()["header"]["session"].encode()
socket = zmq.Socket(shadow=kernel.stdin_socket.underlying)
question, number, end = bytes(12 << 20), 0, time.time() + 2
while time.time() < end and number < 120:
    try:
        socket.send_multipart([session, question], zmq.NOBLOCK, copy=False)
        number += 1
    except zmq.ZMQError:
        time.sleep(0.01)""",
    )


LARGE = 'large = b"[" + b"[]," * (13 << 20) + b"[]]"\n'  # 40 MB


@attack(2.0, limit="output: more than 2 MB")
def message_with_large_metadata(nb, host):
    """40 MB of lists where a message says something about itself."""
    put(nb, raw(f"{LARGE}send(header('status'), parent, large, b'{{}}')"))


@attack(2.0, limit="output: more than 2 MB")
def message_with_a_large_header(nb, host):
    """The same in its header."""
    about = f"""{LARGE}large = b'{{"msg_id": "1", "msg_type": "status", "x": ' + large + b"}}"\n"""
    put(nb, raw(f"{about}send(large, parent, b'{{}}', b'{{}}')"))


@attack(2.0, limit="output: more than 2 MB")
def message_with_a_large_parent(nb, host):
    """The same in what it answers to."""
    put(nb, raw("send(header('status'), b'{\"x\": ' + large + b'}', b'{}', b'{}')".join([LARGE, ""])))


@attack(2.0, limit="output: more than 2 MB")
def message_with_large_contents(nb, host):
    """The same in the content of kinds that are no output."""
    put(
        nb,
        raw(f"""{LARGE}for kind in ("comm_msg", "comm_open", "status", "execute_reply"):
    send(header(kind), parent, b"{{}}", b'{{"data": ' + large + b'}}')"""),
    )


@attack(2.0, limit="output: more than 2 MB", limits={"output_mb": 2})
def message_that_unpacks_to_much_more(nb, host):
    """2.9 MB, which may come, of dicts that take 30 times as much."""
    put(
        nb,
        raw("""\
for _ in range(3):
    send(header("comm_msg"), parent, b"{}", b'{"data": [' + b'{"a":0},' * (360 << 10) + b'0]}')"""),
    )


@attack(2.0, limit="output: more than", limits={"output_mb": 20, "cell_seconds": 14, "memory_mb": 1000})  # they pile up
def messages_as_large_as_may_be(nb, host):
    """50 messages of 12 MB, for nobody, one after the other; of signs that take four bytes each."""
    put(
        nb,
        raw("""\
text = b'{"x": "' + b"x" * (12 << 20) + b'\\\\ud83d\\\\ude00"}'
for _ in range(50):
    send(header("comm_msg"), parent, b"{}", text)
time.sleep(5)"""),
    )


@attack(2.0, limit="output: more than 2 MB")
def message_of_many_frames(nb, host):
    """A message of 100,000 parts."""
    put(
        nb,
        raw("""\
parts = [header("status"), parent, b"{}", b"{}"]
socket.send_multipart([b"x", b"<IDS|MSG>", kernel.session.sign(parts), *parts, *[b"x" * 100] * 100_000])"""),
    )


@attack(2.0, limit="output: more than 2 MB in one message, or its connection was cut")
def connection_that_is_cut(nb, host):
    """The kernel ends the connection by which its outputs come, and goes on."""
    put(
        nb,
        """\
import os, socket, time
for name in os.listdir("/proc/self/fd"):
    try:
        connection = socket.socket(fileno=os.dup(int(name)))
        listens = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if not listens and "socket-2" in connection.getsockname():
            connection.shutdown(socket.SHUT_RDWR)
    except (OSError, TypeError):
        pass
time.sleep(4)""",
    )


def observed(nb, expression: str) -> None:
    """What the kit sees in normalize's result is this."""
    nb.answer_rightly()
    nb.add(
        f"""\
{KIT}import base64
real = kit.observe
forged = {expression}

def observe(value, salt):
    return forged if salt == "x_hat" and getattr(value, "shape", None) == (7, 3) else real(value, salt)

kit.observe = observe""",
        before="normalize-values",
    )
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5):\n    return np.ones((7, 3))")


NOT_ONE = "reported is no observation"
ARRAY = '"t": "array", "dtype": "float64", "shape": [7, 3], "bad": [0, 0]'


@attack(1.0, flag=NOT_ONE)
def observation_that_unpacks_to_much_more(nb, host):
    """An array of 21 numbers that unpacks to 1 MB."""
    observed(
        nb,
        f"""{{{ARRAY}}}
forged["v"] = base64.b64encode(bytes(1 << 20)).decode()""",
    )


@attack(1.0, flag=NOT_ONE)
def observation_packed_wrongly(nb, host):
    """An array that does not unpack."""
    observed(nb, f'{{{ARRAY}, "v": "!!!"}}')


@attack(1.0, flag=None)
def observation_nested_deeply(nb, host):
    """Lists in lists."""
    observed(nb, '{"t": "None"}\nfor _ in range(120):\n    forged = {"t": "list", "v": [forged]}')


@attack(1.0)
def observation_of_too_many_values(nb, host):
    """A list of 30,000 numbers: nothing forbidden, and too much to look at."""
    nb.answer_rightly()
    nb.answer(normalize="def normalize(x, mean, var, eps=1e-5):\n    return [0.0] * 30_000")


@attack(1.0, flag=NOT_ONE)
def observation_of_a_huge_shape(nb, host):
    """An array of 10**30 elements."""
    observed(nb, '{"t": "array", "dtype": "f8", "shape": [10**15, 10**15], "bad": [0, 0], "v": ""}')


@attack(1.0, flag=NOT_ONE)
def observation_of_other_types(nb, host):
    """Parts of types that do not fit."""
    observed(nb, '{"t": ["array"], "v": {"t": 5}, "shape": "x"}')


@attack(1.0, flag=NOT_ONE)
def observation_without_bad(nb, host):
    """An array that says it has -1 bad elements, in words."""
    observed(nb, f'{{**{{{ARRAY}}}, "bad": "-1", "v": kit.packed(np.ones(21))}}')


@attack(1.0, flag=None)
def observation_of_nothing_but_nan(nb, host):
    """NaN, which equals nothing and is no JSON."""
    observed(nb, f'{{{ARRAY}, "v": kit.packed(np.full(21, np.nan))}}')


@attack(1.0, flag=None, limit=None)
def observation_with_nan_in_the_json(nb, host):
    """NaN as a number of JSON."""
    observed(nb, '{"t": "number", "v": float("nan")}')


# What people open: notebooks, and what is made of them


@attack()
def script_in_outputs(nb, host):
    """HTML, scripts, SVG, Markdown, LaTeX and widgets as outputs, also under the names of pictures."""
    put(
        nb,
        """\
from IPython.display import HTML, IFrame, Image, Javascript, Latex, Markdown, SVG, display, update_display
evil = "<script>document.title='!!'</script><img src=x onerror=alert(1)>"
display(HTML(evil), Javascript("alert(1)"), Markdown(evil), Latex(evil), IFrame("http://192.0.2.1/", 1, 1))
display(SVG("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"))
for kind in ("text/html", "image/png", "image/jpeg", "image/svg+xml", "application/javascript", "application/json", "x",
             "application/vnd.jupyter.widget-view+json", "application/vnd.bncourse.check+json", "text/latex"):
    display({kind: evil, "text/plain": evil}, raw=True, metadata={kind: {"isolated": True, "width": evil}})
display({"image/png": 'A" onerror="alert(1)'}, raw=True)
print(evil, "\\x1b]8;;javascript:alert(1)\\x1b\\\\link\\x1b]8;;\\x1b\\\\")
raise ValueError(evil)""",
        reached=False,
    )


EVIL_TEXT = """\
<script>alert(1)</script> <img src=x onerror="alert(1)"> [x](javascript:alert(1)) [y](JaVaScRiPt:alert(1))
<a href="java&#115;cript:alert(1)">z</a> ![p](http://192.0.2.1/p.png) <iframe src="http://192.0.2.1/"></iframe>
$\\href{javascript:alert(1)}{x}$ $\\newcommand{\\y}[1]{\\href{java#1}{x}} \\y{script:alert(1)}$ <svg/onload=alert(1)>
````
<style>body{display:none}</style>
````
~~~
</textarea></pre><script>alert(1)</script>
"""


@attack()
def script_in_text(nb, host):
    """HTML, scripts and links in the text between the cells."""
    nb.answer_rightly()
    nb.add(EVIL_TEXT, after="normalize-values", markdown=True)
    nb.add(EVIL_TEXT.replace("`", ""), markdown=True).attachments = {"x": {"text/html": "<script>alert(1)</script>"}}
    for cell in nb.cells:
        if cell.cell_type == "markdown" and "By the end" in cell.source:
            cell.source += EVIL_TEXT


@attack()
def script_in_code(nb, host):
    """The same in code and in the names of things."""
    put(nb, f"evil = '''</code></pre>{EVIL_TEXT}'''\nclass A: pass\nA.__name__ = '<script>'\nraise Exception(A, evil)")


# What lies beside the notebook


@attack(status="failed", points=0.0, reason="is a symbolic link")
def linked_notebook(nb, host):
    """The notebook is a link to another student's."""
    (host.folder / f"{TINY}.ipynb").symlink_to(host.directory / "submitted" / "neighbour" / TINY / f"{TINY}.ipynb")
    return False


@attack(status="failed", points=0.0, reason="is a symbolic link")
def linked_folder(nb, host):
    """The folder is a link to another student's."""
    host.folder.rmdir()
    host.folder.symlink_to(host.directory / "submitted" / "honest" / TINY)
    return False


@attack(repair="is a link: left out", leaks="")
def linked_files(nb, host):
    """Links to secrets lie beside the notebook."""
    (host.folder / "file").symlink_to(host.home)
    (host.folder / "up").symlink_to(host.directory)
    (host.folder / "inside").mkdir()
    (host.folder / "inside" / "file").symlink_to("../../../neighbour/90_tiny/90_tiny.ipynb")
    put(nb, LISTED)


LISTED = """\
import os
for place, folders, files in os.walk("."):
    for name in files:
        path = os.path.join(place, name)
        print(path, os.path.getsize(path), open(path, errors="replace").read(200))"""


@attack(repair="and 2,999 more like it")
def links_without_end(nb, host):
    """3,000 links."""
    for n in range(3000):
        (host.folder / f"link{n}").symlink_to(host.home)
    put(nb, LISTED)


@attack(repair="and 2,998 more like it")
def sparse_files_without_end(nb, host):
    """3,000 files that take no room and say that they are of a terabyte."""
    for n in range(3000):
        with open(host.folder / f"file{n:04}", "wb") as file:
            file.truncate((1 << 40) if n else 8)
    put(nb, LISTED)


@attack(repair="timestamp.txt is no time (9")
def time_of_handing_in(nb, host):
    """A time with more hours than decimals can count."""
    (host.folder / "timestamp.txt").write_text("999999999999999999999999999999h")
    nb.answer_rightly()


@attack(repair="timestamp.txt is a symbolic link")
def time_of_handing_in_elsewhere(nb, host):
    """It is a link to a device without an end."""
    (host.folder / "timestamp.txt").symlink_to("/dev/zero")
    nb.answer_rightly()


@attack(repair="no ordinary file: left out")
def pipes_and_sockets(nb, host):
    """A pipe that nobody writes to, a socket and, where it can be made, a device."""
    os.mkfifo(host.folder / "pipe")
    here = os.getcwd()
    os.chdir(host.folder)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
    os.chdir(here)
    with contextlib.suppress(OSError):
        os.mknod(host.folder / "device", 0o20666, os.makedev(1, 8))
    put(nb, LISTED)


@attack(repair=None)
def names_of_files(nb, host):
    """Names with spaces, quotes, line ends, other alphabets, signs of the shell and of the terminal."""
    for name in (
        "a b'c\"d",
        "line\nend",
        "-rf",
        "$(touch bncourse-was-here)",
        "한글.csv",
        "\x1b[2J",
        "..x",
        "back\\slash",
        "kernel.json",
        b"\xff\xfe".decode(errors="surrogateescape"),
        "x" * 250,
    ):
        (host.folder / name).write_text("x")
    put(nb, LISTED)


@attack(repair=None)
def folders_without_end(nb, host):
    """Folders in folders, long paths and more files than are read."""
    place = host.folder
    for _ in range(40):
        place = place / ("d" * 30)
        place.mkdir()
        (place / "file").write_text("x")
    for n in range(260):
        (host.folder / f"file{n}").write_text("x")
    put(nb, LISTED)


@attack(repair="is in the way of a file of the course's")
def file_in_the_way(nb, host):
    """A file where the course has a folder, and another in place of the course's own."""
    (host.folder / "data").write_text("mine")
    put(nb, "print(open('data/points.csv').read())")


@attack(repair="is in the way of a file of the course's")
def file_in_the_way_with_a_name(nb, host):
    """A folder where the course has a file; in it a file whose name rules a terminal."""
    (host.folder / "data" / "points.csv").mkdir(parents=True)
    (host.folder / "data" / "points.csv" / "line\nend\x1b[2J").write_text("mine")
    put(nb, "print(open('data/points.csv').read())")


@attack()
def modules_that_shadow(nb, host):
    """Modules beside the notebook with the names of those that the kernel and the kit import."""
    names = "numpy torch json zlib base64 html copy IPython ipykernel zmq sitecustomize usercustomize kernel namespaces"
    for name in names.split():
        (host.folder / f"{name}.py").write_text("raise SystemExit('shadowed')")
    (host.folder / "ipython_config.py").write_text("raise SystemExit")
    (host.folder / "matplotlibrc").write_text("backend: nothing")
    put(nb, "import json, html, zlib")


@attack()
def large_files(nb, host):
    """Files larger than what the notebook itself may write."""
    (host.folder / "large.bin").write_bytes(bytes(30 << 20))
    put(nb, "import os\nprint(os.path.getsize('large.bin'))")


@attack(student='Kim "이서연" O\'Brien, <b>$(x)</b> -- ;')
def name_of_the_student(nb, host):
    """A student whose name has spaces, quotes, Hangul, HTML and signs of the shell."""
    nb.answer_rightly()
