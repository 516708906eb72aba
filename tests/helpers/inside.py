"""Code that runs as what is in grader/grading/inside does: in a process that imports nothing of the grader."""

import subprocess
import sys

from grader.grading.jail import INSIDE


def run_inside(code: str) -> str:
    """What the code prints. It imports the modules of inside/ by their bare names, as they do each other."""
    program = f"import sys\nsys.path.insert(0, {str(INSIDE)!r})\n{code}"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout
