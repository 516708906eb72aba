"""The provisioner, less the jail: what it asks of it for jupyter_client, and what it says where the jail is gone."""

import asyncio
import json
import signal
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from grader.grading.client import Manager
from grader.grading.jail import JailError
from grader.grading.limits import Limits
from grader.grading.provisioner import NAME, JailProvisioner, kernel_spec

KERNEL = "8ea9c841"


class Jail:
    """A jail that notes what is asked of it. `statuses`: what its kernel's status will be; an error is raised."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.asked, self.statuses = folder, [], []

    def _answer(self, *asked):
        self.asked.append(asked)
        answer = self.statuses.pop(0) if self.statuses else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def prepare(self, kernel, files):
        self.asked.append(("prepare", kernel, files))
        return self.folder

    def spawn(self, *arguments):
        return self._answer("spawn", *arguments)

    def poll(self, kernel):
        return self._answer("poll", kernel)

    def kill(self, kernel):
        return self._answer("kill", kernel)

    def remove(self, kernel):
        return self._answer("remove", kernel)


@pytest.fixture
def jail(tmp_path):
    return Jail(tmp_path)


@pytest.fixture
def provisioner(jail):
    manager = Manager()
    manager.jail, manager.limits, manager.seed, manager.program = jail, Limits(), 7, {"setup": "x"}
    manager.files = {"data.csv": b"x" * (3 << 20), "b": b"y" * (1 << 20)}
    return JailProvisioner(parent=manager, kernel_id=KERNEL, kernel_spec=kernel_spec())


def test_jupyter_client_finds_it_by_the_name_in_the_kernel_s_spec():
    (entry,) = entry_points(group="jupyter_client.kernel_provisioners", name=NAME)
    assert entry.load() is JailProvisioner
    assert kernel_spec().to_dict()["metadata"] == {"kernel_provisioner": {"provisioner_name": NAME}}


def test_before_the_start_the_connection_is_written_into_the_jail_s_folder(provisioner, jail):
    asyncio.run(provisioner.pre_launch())
    written = json.loads((jail.folder / "kernel.json").read_text())
    assert jail.asked == [("prepare", KERNEL, provisioner.parent.files)]
    assert (written["transport"], written["ip"]) == ("ipc", str(jail.folder / "socket"))
    ports = [written[f"{channel}_port"] for channel in ("shell", "iopub", "stdin", "hb", "control")]
    assert sorted(ports) == [1, 2, 3, 4, 5]
    assert written["key"] and written["key"].encode() == provisioner.parent.session.key
    assert provisioner.parent.connection_file == str(jail.folder / "kernel.json")


def test_a_kernel_is_started_with_room_for_its_files_twice(provisioner, jail):
    asyncio.run(provisioner.pre_launch())
    info = asyncio.run(provisioner.launch_kernel([]))
    assert jail.asked[-1] == ("spawn", KERNEL, Limits(), 7, {"setup": "x"}, 10)
    assert info == provisioner.connection_info and info["transport"] == "ipc"


def test_the_status_is_asked_for_until_there_is_one(provisioner, jail):
    jail.statuses = [None, None, 91]
    assert asyncio.run(provisioner.poll()) is None and provisioner.has_process
    assert asyncio.run(provisioner.wait()) == 91 and not provisioner.has_process
    asked = len(jail.asked)
    assert asyncio.run(provisioner.poll()) == asyncio.run(provisioner.wait()) == 91
    assert len(jail.asked) == asked


@pytest.mark.parametrize("status", [0, -9, 90])
def test_an_end_of_any_kind_is_one(provisioner, jail, status):
    jail.statuses = [status]
    assert asyncio.run(provisioner.wait()) == status and not provisioner.has_process


def test_where_the_jail_is_gone_its_kernel_has_ended(provisioner, jail):
    jail.statuses = [JailError("gone")]
    assert asyncio.run(provisioner.poll()) == -1 and not provisioner.has_process


ENDS = {
    "kill": lambda p: p.kill(),
    "terminate": lambda p: p.terminate(),
    "SIGINT": lambda p: p.send_signal(signal.SIGINT),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_whatever_ends_a_kernel_kills_it(provisioner, jail, end):
    asyncio.run(end(provisioner))
    assert jail.asked == [("kill", KERNEL)] and provisioner.has_process  # until the jail says how it ended
    jail.statuses = [JailError("gone")]
    asyncio.run(end(provisioner))
    assert not provisioner.has_process


def test_what_a_kernel_had_is_removed_with_it(provisioner, jail):
    asyncio.run(provisioner.cleanup())
    assert jail.asked == [("remove", KERNEL)]
