"""What a control group counts, in both versions of the interface: copies of files, which can be dropped, left out."""

import pytest

from grader.grading.cgroup import Group

COUNTS = {
    1: {
        "usage": "9000",
        "stat": "cache 1\ntotal_cache 5000\ntotal_shmem 2000\n",
        "events": "under_oom 0\noom_kill 3\n",
    },
    2: {"usage": "9000", "stat": "anon 4000\nfile 5000\nshmem 2000\n", "events": "low 0\noom 4\noom_kill 3\n"},
}


@pytest.mark.parametrize("version", [1, 2])
def test_what_is_counted_leaves_copies_of_files_out(tmp_path, version):
    names = {1: ("memory.usage_in_bytes", "memory.oom_control"), 2: ("memory.current", "memory.events")}[version]
    for name, what in zip((names[0], "memory.stat", names[1]), ("usage", "stat", "events")):
        (tmp_path / name).write_text(COUNTS[version][what])
    group = Group(version, tmp_path)
    counted = group.counted
    assert (counted.all_bytes(), counted.bytes(), counted.kills()) == (9000, 6000, 3)
    group.close()
