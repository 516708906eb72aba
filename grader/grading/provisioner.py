"""A jupyter_client provisioner whose kernels are forked by the jail's warm process."""

import asyncio
import json
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerBase

from grader.grading.jail import Jail, JailError

NAME = "bncourse-jail"  # registered in pyproject.toml


class JailProvisioner(KernelProvisionerBase):
    """Starts, watches and ends one kernel.

    Its manager carries `jail`, `limits`, `files`, `seed` and `program`; then `begun`.
    """

    status: int | None = None

    @property
    def jail(self) -> Jail:
        return self.parent.jail

    @property
    def has_process(self) -> bool:
        return self.status is None

    async def poll(self) -> int | None:
        if self.status is None:
            try:
                self.status = self.jail.poll(self.kernel_id)
            except JailError:
                self.status = -1
        return self.status

    async def wait(self) -> int | None:
        for _ in range(2500):
            if await self.poll() is not None:
                break
            await asyncio.sleep(0.002)
        return self.status

    async def send_signal(self, signum: int) -> None:
        """Only killing is possible: a notebook that has to be stopped is ended."""
        await self.kill()

    async def kill(self, restart: bool = False) -> None:
        try:
            self.jail.kill(self.kernel_id)
        except JailError:
            self.status = -1

    async def terminate(self, restart: bool = False) -> None:
        await self.kill()

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        manager = self.parent
        files_mb = 2 + 2 * sum(map(len, manager.files.values())) // 2**20
        manager.begun = self.jail.spawn(self.kernel_id, manager.limits, manager.seed, manager.program, files_mb)
        return self.connection_info

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager = self.parent
        folder = self.jail.prepare(self.kernel_id, manager.files)
        manager.transport, manager.ip = "ipc", str(folder / "socket")
        for number, channel in enumerate(("shell", "iopub", "stdin", "hb", "control"), 1):
            setattr(manager, f"{channel}_port", number)
        self.connection_info = manager.get_connection_info()
        key = self.connection_info["key"].decode()
        manager.connection_file = str(folder / "kernel.json")  # or it would write another, into /tmp
        Path(manager.connection_file).write_text(json.dumps({**self.connection_info, "key": key}))
        return await super().pre_launch(cmd=[], **kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        self.jail.remove(self.kernel_id)


def kernel_spec() -> KernelSpec:
    """The spec of a kernel that this provisioner starts."""
    return KernelSpec(
        argv=["forked"],
        display_name="Python 3",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": NAME}},
    )
