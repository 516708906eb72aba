"""Where control groups are made, in trees like those of /sys/fs/cgroup; groups that are real are in test_jail."""

import os
from pathlib import Path

import pytest

from grader.grading import cgroup
from grader.grading.cgroup import Group, make_group, remove_group


@pytest.fixture
def tree(tmp_path):
    """A function that makes the folder of a group of version 2, as the kernel would."""

    def make(path: str, hands_down: str = "", processes: str = "", controllers: str = "cpu memory pids") -> Path:
        folder = tmp_path / path
        folder.mkdir(parents=True, exist_ok=True)
        files = {"procs": processes, "subtree_control": hands_down, "controllers": controllers}
        for name, text in files.items():
            (folder / f"cgroup.{name}").write_text(text)
        return folder

    return make


def test_a_group_is_made_below_the_nearest_that_hands_memory_down(tree, tmp_path):
    """So that limits that stand above the grader go on to hold."""
    tree("", "cpu memory pids")
    tree("user.slice", "memory pids")
    own = tree("user.slice/session.scope", processes="1 2 3")
    assert cgroup._parent(own) == tmp_path / "user.slice"


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_where_nothing_may_be_written_there_is_no_group(tree):
    tree("", "memory")
    own = tree("session.scope")
    own.chmod(0o555)
    assert cgroup._parent(own) is None
    own.chmod(0o755)


@pytest.fixture
def session(monkeypatch):
    """A function that says which session each process is in: this one, and 0 for this one, in the session given."""

    def say(own: int, others: int = 1) -> None:
        monkeypatch.setattr(os, "getsid", lambda process: own if process in (0, os.getpid()) else others)

    return say


def test_a_group_that_is_ours_alone_is_made_to_hand_its_controllers_down(tree, session):
    session(os.getpid())
    tree("")
    own = tree("bncourse.scope", processes=f"{os.getpid()}\n")
    assert cgroup._parent(own) == own
    assert (own / cgroup.LEAF / "cgroup.procs").read_text() == str(os.getpid())
    assert (own / "cgroup.subtree_control").read_text() in ("+cpu", "+memory")  # each time all that was written


@pytest.mark.parametrize("processes", ["1\n", "0\n", "{own}\n1\n"])
def test_a_group_with_processes_of_others_is_left_as_it_is(tree, session, processes):
    session(os.getpid())
    tree("")
    own = tree("login.scope", processes=processes.format(own=os.getpid()))
    assert cgroup._parent(own) is None
    assert not (own / cgroup.LEAF).exists()


def test_a_group_is_left_as_it_is_where_it_cannot_be_told_whose_processes_are_in_it(tree, session):
    """As in a container that was entered from outside: every session that began there has the number 0 inside."""
    session(0, others=0)
    tree("")
    own = tree("login.scope", processes=f"{os.getpid()}\n1\n")
    assert cgroup._parent(own) is None
    assert not (own / cgroup.LEAF).exists()


def test_a_group_without_memory_is_none(tree):
    tree("")
    own = tree("scope", processes=f"{os.getpid()}\n", controllers="cpu")
    assert cgroup._parent(own) is None


V1 = """\
24 20 0:30 /docker/7 /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
25 20 0:31 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct
26 20 0:32 / /sys/fs/cgroup/uni\\040fied rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
27 20 0:33 /other /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids
28 20 0:34 / /home rw - ext4 /dev/sda rw,memory
"""
OWN = "4:memory:/docker/7/deep\n3:cpu,cpuacct:/\n2:pids:/\n0::/user.slice/a:b\n"


def test_our_own_group_is_found_in_each_hierarchy(tmp_path):
    (tmp_path / "mountinfo").write_text(V1)
    (tmp_path / "cgroup").write_text(OWN)
    assert cgroup._mounts(tmp_path) == {
        "memory": Path("/sys/fs/cgroup/memory/deep"),
        "cpu": Path("/sys/fs/cgroup/cpu,cpuacct"),
        "unified": Path("/sys/fs/cgroup/uni fied/user.slice/a:b"),
    }
    (tmp_path / "cgroup").write_text("4:memory:/elsewhere\n0::/../../outside\n")
    assert cgroup._mounts(tmp_path) == {}


def test_limits_of_both_versions(tmp_path):
    """With version 1 the limit without swap is never above the one with it, or the kernel refuses."""
    for name in ("memory.max", "memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
        (tmp_path / name).write_text("100")
    Group(2, tmp_path).limit(5)
    assert (tmp_path / "memory.max").read_text() == "5"
    for size in (200, 50):
        Group(1, tmp_path).limit(size)
        assert (tmp_path / "memory.limit_in_bytes").read_text() == str(size)
        assert (tmp_path / "memory.memsw.limit_in_bytes").read_text() == str(size)


def test_where_a_group_cannot_be_made_there_is_none(monkeypatch, tmp_path):
    monkeypatch.setattr(cgroup, "_mounts", lambda: {"memory": tmp_path / "nowhere"})
    assert make_group("bnc-x") is None
    monkeypatch.setattr(cgroup, "_mounts", dict)
    assert make_group("bnc-x") is None


def test_only_a_group_of_the_name_is_removed(tmp_path):
    (tmp_path / "bnc-x").mkdir()
    remove_group(tmp_path, "bnc-x")
    remove_group(tmp_path / "bnc-x", "bnc-x")  # no group: it has no processes
    assert (tmp_path / "bnc-x").exists()
