"""nbgrader's formgrader in a class of this course: its pages without the setup cell's code, its button into the jail.

`bncourse class` names these in nbgrader_config.py, by which formgrader, too, is set up. The Autograde button of its
pages would run students' code with the rights of whoever has started the server. For the course's units it has
`bncourse grade` do that. Notebooks of other origin are graded as nbgrader does it, and so is all on its command line.
"""

import json
import subprocess
import sys
from pathlib import Path

import nbformat
from nbconvert.exporters import NotebookExporter
from nbgrader.converters import Autograde
from traitlets.config import Config

from grader.classroom.feedback import Step, keep_title

GRADED = "bncourse_graded"  # among nbconvert's resources: the text of the graded notebook
LINES = 20  # of what the grader said that are shown on the page


class FoldSetup(Step):
    """Show the setup cell's title only: what was handed in begins below its code."""

    def preprocess_cell(self, cell, resources, cell_index):
        keep_title(cell)
        return cell, resources


class GradeInJail(Step):
    """In the place of nbgrader's own steps: run `bncourse grade` for one submission, and go on with what it wrote."""

    def preprocess(self, nb, resources):
        who, root = resources["nbgrader"], _root(self)
        if not is_ours(root, who["assignment"]):
            return nb, resources
        arguments = ["grade", root, who["assignment"], "--student", who["student"]]
        done = subprocess.run(
            [sys.executable, "-m", "grader", *arguments], capture_output=True, text=True, errors="replace"
        )
        if done.returncode not in (0, 1) or not _graded(root, who).exists():
            said = "\n".join(f"{done.stdout}\n{done.stderr}".strip().splitlines()[-LINES:])
            raise RuntimeError(f"bncourse {' '.join(arguments)}:\n{said}")
        return KeepGraded(parent=self.parent).preprocess(nb, resources)


class KeepGraded(Step):
    """Go on with what `bncourse grade` wrote, to the letter: a file that is another would be graded again."""

    def preprocess(self, nb, resources):
        who, root = resources["nbgrader"], _root(self)
        if not is_ours(root, who["assignment"]):
            return nb, resources
        resources[GRADED] = _graded(root, who).read_text(encoding="utf-8")
        return nbformat.reads(resources[GRADED], as_version=nbformat.NO_CONVERT), resources


class GradedExporter(NotebookExporter):
    """Writes a graded notebook as it was read."""

    def from_notebook_node(self, nb, resources=None, **kwargs):
        output, resources = super().from_notebook_node(nb, resources, **kwargs)
        return resources.get(GRADED, output), resources


def _graded(root: str, who: dict) -> Path:
    return Path(root, "autograded", who["student"], who["assignment"], f"{who['notebook']}.ipynb")


def is_ours(root: str | Path, unit: str) -> bool:
    """Whether a class's released unit is one of this course: by the release, not by what somebody handed in."""
    try:
        released = json.loads(Path(root, "release", unit, f"{unit}.ipynb").read_text(encoding="utf-8"))
        return "bncourse" in released["metadata"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _root(step: Step) -> str:
    return step.parent.parent.coursedir.root  # of the exporter, of the converter


def unless_ours(step: type) -> type:
    """One of nbgrader's own steps, which passes over the course's units."""

    class Stock(step):
        def preprocess(self, nb, resources, **kwargs):
            if is_ours(_root(self), resources["nbgrader"]["assignment"]):
                return nb, resources
            return super().preprocess(nb, resources, **kwargs)

    Stock.__name__ = Stock.__qualname__ = step.__name__
    return Stock


def set_up_formgrader(config: Config) -> None:
    """Set a class's nbgrader up for formgrader. For nbgrader_config.py: config is what get_config() gives there."""
    config.HTMLExporter.preprocessors = [FoldSetup]
    if _in_a_server():
        config.Autograde.sanitize_preprocessors = [GradeInJail, *map(unless_ours, _steps("sanitize_preprocessors"))]
        config.Autograde.autograde_preprocessors = [KeepGraded, *map(unless_ours, _steps("autograde_preprocessors"))]
        config.Autograde.exporter_class = GradedExporter


def _in_a_server() -> bool:
    """Whether this is Jupyter's server, the one process in which formgrader is. Without importing it, which is slow."""
    module = sys.modules.get("jupyter_server.serverapp")
    return module is not None and module.ServerApp.initialized()


def _steps(name: str) -> list[type]:
    return getattr(Autograde, name).default()
