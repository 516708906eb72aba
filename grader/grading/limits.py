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


# For the command line.
LIMITS = {
    "cell_seconds": "seconds that one cell may run",
    "notebook_seconds": "seconds that a whole notebook may run",
    "memory_mb": "memory, in MB",
    "processes": "processes and threads",
    "output_mb": "all outputs together, in MB",
    "disk_mb": "files in the private /tmp, in MB",
}
