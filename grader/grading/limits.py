"""What one notebook may use while it is graded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits on one notebook. Reaching one ends it; the points of the cells before it stay."""

    cell_seconds: float = 60.0  # wall clock, of one cell
    notebook_seconds: float = 300.0  # wall clock, of the whole notebook
    memory_mb: int = 2048  # beyond what the kernel holds when it starts, all its processes together
    processes: int = 128  # threads included; a kernel itself has about ten
    output_mb: float = 20.0  # all outputs of the notebook together
    disk_mb: int = 256  # of the private /tmp, and of any one file

    def validated(self) -> "Limits":
        """Itself. Raises ValueError, naming the limit, where one makes no sense."""
        for name, value in vars(self).items():
            if not value > 0:
                raise ValueError(f"the limit {name} must be above 0, not {value}")
        if self.processes < 32:
            raise ValueError(f"the limit processes must be at least 32, not {self.processes}: a kernel needs threads")
        return self


# The exit statuses of a kernel's init, see inside/watch.py. The grader believes nobody else that a limit was reached.
STATUSES = {91: "memory", 92: "cpu", 93: "disk", 94: "processes", 96: "locks"}


def why_ended(status: int | str | None, limits: Limits) -> str:
    """The limit that an exit status (or a limit's name) stands for, in words; "" where it stands for none."""
    return {
        "memory": f"memory: more than {limits.memory_mb} MB",
        "locks": f"memory: more than {limits.memory_mb} MB, or than 10,000 locks of files",
        "disk": f"disk: more than {limits.disk_mb} MB in /tmp",
        "processes": f"processes: more than {limits.processes}, threads included",
        "cpu": "processor time: far more than the notebook's seconds",
        "output": f"output: more than {limits.output_mb:g} MB",
        "message": f"output: more than {limits.output_mb:g} MB in one message, or its connection was cut",
        "time": f"time: the notebook ran for more than {limits.notebook_seconds:g} s",
        "cell time": f"time: the cell ran for more than {limits.cell_seconds:g} s",
    }.get(STATUSES.get(status, status), "")


# For the command line.
LIMITS = {
    "cell_seconds": "seconds that one cell may run",
    "notebook_seconds": "seconds that a whole notebook may run",
    "memory_mb": "memory, in MB",
    "processes": "processes and threads",
    "output_mb": "all outputs together, in MB",
    "disk_mb": "files in the private /tmp, in MB",
}
