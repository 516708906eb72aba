"""Where measured results come from: what every JSON file of this folder says of itself."""

import platform
from datetime import date

import numpy as np
import torch


def provenance(command: str, hardware: str, seeds: list[int]) -> dict:
    """The command that made a record, today's date, the machine, the versions of what it ran on, the seeds."""
    return {
        "command": command,
        "date": date.today().isoformat(),
        "hardware": hardware,
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__},
        "seeds": seeds,
    }
