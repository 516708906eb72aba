"""What a unit defines, for scripts and benchmarks that run the very code its learners run."""

import contextlib
import io
from pathlib import Path

import numpy as np

from grader.authoring.unit import read_unit


def definitions(source: Path, **given) -> dict:
    """The names that a unit's given and helper cells and reference answers define; demos and checks are left out.

    What else the cells expect of the setup cell (device, load_mnist, …) is given by the caller.
    """
    names = {"np": np, "scoreboard": lambda: None, "__name__": source.stem, **given}
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in read_unit(source).cells:
            if cell.kind == "code" and cell.role in ("", "helper", "exercise"):
                exec(compile(cell.source, str(source), "exec"), names)
    return names
