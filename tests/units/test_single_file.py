"""A student notebook runs from one file, with old and new versions, and nothing of this repository installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from helpers.shared import locked
from nbclient import NotebookClient

from grader.authoring.mistakes import Mistake
from grader.authoring.trials import plan_of
from grader.authoring.unit import read_unit
from grader.authoring.validate import steps_of
from grader.paths import NOTEBOOKS, ROOT, SOLUTIONS

# The oldest that Colab and the design ask for, on the newest Python; and no torch.
PINS = ["ipython==7.34.0", "ipykernel==6.17.1", "numpy==2.1.*", "matplotlib==3.10.*"]
WITHOUT_TORCH = ["00_start_here", "03_batchnorm_forward", "04_batchnorm_backward"]
ON_DIGITS = ["01_covariate_shift", "02_internal_covariate_shift", "05_running_statistics", "06_numpy_network"]

pytestmark = pytest.mark.slow


def newest_python() -> str | None:
    candidates = [shutil.which("python3.13"), *Path.home().glob(".pyenv/versions/3.13.*/bin/python")]
    return next((str(c) for c in candidates if c and subprocess.run([c, "-c", "import venv"]).returncode == 0), None)


@pytest.fixture(scope="module")
def old_python(shared) -> Path:
    """The interpreter of a fresh environment with PINS; one for all processes that run these tests."""
    python = newest_python()
    if python is None:
        pytest.skip("no Python 3.13 here")
    folder = shared / "old-env"
    own = folder / "bin" / "python"
    with locked(folder):
        if not (done := folder / "done").exists():
            subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
            install = [sys.executable, "-m", "pip", "--python", own, "install", "-q", "--no-compile", *PINS]
            subprocess.run(install, check=True)
            done.touch()
    return own


@pytest.fixture(scope="module")
def old_kernel(tmp_path_factory, old_python):
    """The name of a kernel of that environment, visible to Jupyter for the time of the tests."""
    folder = tmp_path_factory.mktemp("kernel")
    spec = folder / "kernels" / "old" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(old_python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "old", "language": "python"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield "old"


def run(path: Path, directory: Path, kernel: str) -> nbformat.NotebookNode:
    """Execute a copy of a notebook, alone in an empty directory."""
    shutil.copy(path, directory)
    notebook = nbformat.read(directory / path.name, as_version=4)
    env = {key: value for key, value in os.environ.items() if key != "MNIST_DIR"} | {"XDG_CACHE_HOME": str(directory)}
    env["MNIST_MIRRORS"] = ""  # nothing is downloaded
    client = NotebookClient(
        notebook, timeout=300, allow_errors=True, kernel_name=kernel, resources={"metadata": {"path": str(directory)}}
    )
    client.execute(env=env)
    return notebook


def errors(notebook):
    """(cell, error output) for each code cell that raised."""
    return [(c, o) for c in notebook.cells for o in c.get("outputs", []) if o.output_type == "error"]


@pytest.mark.parametrize("unit", WITHOUT_TORCH + ON_DIGITS)
def test_student_notebook_in_an_empty_directory(unit, tmp_path, old_kernel):
    notebook = run(NOTEBOOKS / f"{unit}.ipynb", tmp_path, old_kernel)
    graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
    failed = errors(notebook)
    assert failed and failed[0][0].metadata.nbgrader.grade, failed[0][1].evalue
    assert {id(c) for c, _ in failed} == {id(c) for c in graded}, [o.evalue for _, o in failed]
    assert all(o.ename == "CheckFailed" for _, o in failed), [o.evalue for _, o in failed]
    stderr = [o.text for c in notebook.cells for o in c.get("outputs", []) if o.get("name") == "stderr"]
    assert not stderr, stderr[0]


@pytest.mark.parametrize("unit", WITHOUT_TORCH + ON_DIGITS)
def test_every_answer_and_every_hint_holds_there(unit, tmp_path, old_python):
    """What was recorded with this environment's versions is recognised with those."""
    read = read_unit(SOLUTIONS / f"{unit}.py")
    solved = nbformat.read(SOLUTIONS / f"{unit}.ipynb", as_version=4)
    plan, out = tmp_path / "plan.json", tmp_path / "out.json"
    plan.write_text(json.dumps(plan_of(read, steps_of(solved))))
    command = [old_python, "-m", "grader.authoring.trials", plan, out]
    subprocess.run(command, check=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    tried = json.loads(out.read_text())
    assert tried["reference"] == []
    for answer, failed in zip([*read.rights, *read.mistakes], tried["answers"], strict=True):
        if "import torch" in answer.source:  # which is not there
            continue
        where = f"{answer.path.name}:{answer.line}"
        if isinstance(answer, Mistake):
            assert failed and answer.hint in failed[0][2], (where, failed)
        else:
            assert not failed, (where, failed)


@pytest.mark.parametrize("unit", WITHOUT_TORCH)
def test_solved_notebook_earns_everything_there(unit, tmp_path, old_kernel):
    notebook = run(SOLUTIONS / f"{unit}.ipynb", tmp_path, old_kernel)
    assert not errors(notebook), errors(notebook)[0][1].evalue
