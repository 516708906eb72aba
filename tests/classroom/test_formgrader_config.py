"""What a class's settings make of formgrader: its Autograde button runs nothing of a student's outside the jail."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from helpers.graded_class import UNIT, hand_in, write_graded
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.converters import Autograde
from traitlets.config import Config

from grader.classroom import formgrader
from grader.classroom.course import opened, quiet
from grader.classroom.formgrader import FoldSetup, GradeInJail, KeepGraded, is_ours, set_up_formgrader


@pytest.fixture(scope="module")
def klass(graded_class, tmp_path_factory) -> Path:
    return shutil.copytree(graded_class, tmp_path_factory.mktemp("class") / "bn-2026")


@pytest.fixture
def served(monkeypatch):
    """As in a Jupyter server's process."""
    server = SimpleNamespace(ServerApp=SimpleNamespace(initialized=lambda: True))
    monkeypatch.setitem(sys.modules, "jupyter_server.serverapp", server)


def autograde(klass: Path, student: str) -> dict:
    """What formgrader does when its button is pressed."""
    with quiet(), opened(klass) as api:
        return api.autograde(UNIT, student)


def test_outside_a_server_nbgrader_grades_as_ever(monkeypatch):
    monkeypatch.delitem(sys.modules, "jupyter_server.serverapp", raising=False)
    config = Config()
    set_up_formgrader(config)
    assert "Autograde" not in config and config.HTMLExporter.preprocessors == [FoldSetup]


def test_in_a_server_the_jail_comes_first_and_all_of_nbgrader_s_steps_follow(served):
    config = Config()
    set_up_formgrader(config)
    first, *sanitize = config.Autograde.sanitize_preprocessors
    second, *autograde = config.Autograde.autograde_preprocessors
    steps = {"sanitize_preprocessors": sanitize, "autograde_preprocessors": autograde}
    assert (first, second) == (GradeInJail, KeepGraded)
    for name, ours in steps.items():
        assert [step.__mro__[1] for step in ours] == getattr(Autograde, name).default()


@pytest.mark.slow
def test_the_button_has_bncourse_grade_it(klass, served, monkeypatch):
    asked, wrote, proof = [], [], klass / "proof"
    notebook = hand_in(klass, "ada") / f"{UNIT}.ipynb"
    handed = nbformat.read(notebook, as_version=4)
    handed.cells.append(new_code_cell(f"open({str(proof)!r}, 'w')"))
    nbformat.write(handed, notebook)

    def run(command, **options):
        asked.append(command[1:])
        wrote.append(write_graded(klass, "ada", answer="return 'graded in the jail'").read_bytes())
        return subprocess.CompletedProcess(command, 1, "", "")  # 1: a person has to look at something

    monkeypatch.setattr(formgrader.subprocess, "run", run)
    done = autograde(klass, "ada")
    assert done["success"], done["log"]
    assert asked == [["-m", "grader", "grade", str(klass), UNIT, "--student", "ada"]]
    graded = (klass / "autograded" / "ada" / UNIT / f"{UNIT}.ipynb").read_bytes()
    assert b"graded in the jail" in graded and wrote == [graded] and not proof.exists()


@pytest.mark.parametrize("status", [2, 0])
def test_where_it_cannot_the_page_says_why(klass, served, monkeypatch, status):
    hand_in(klass, "bob")
    result = subprocess.CompletedProcess([], status, "", "bncourse grade: bubblewrap is not installed")
    monkeypatch.setattr(formgrader.subprocess, "run", lambda *a, **k: result)
    done = autograde(klass, "bob")
    assert not done["success"] and "bubblewrap is not installed" in done["log"]


def test_notebooks_of_other_origin_are_nbgrader_s(klass, served, tmp_path, monkeypatch):
    assert is_ours(klass, UNIT) and not is_ours(klass, "91_other") and not is_ours(tmp_path, UNIT)
    release = tmp_path / "release" / UNIT / f"{UNIT}.ipynb"
    release.parent.mkdir(parents=True)
    for text in ("{", "[]", json.dumps({"metadata": {}})):
        release.write_text(text, encoding="utf-8")
        assert not is_ours(tmp_path, UNIT)
    config = Config()
    set_up_formgrader(config)
    ran = []
    monkeypatch.setattr(formgrader.subprocess, "run", lambda *a, **k: ran.append(a))
    monkeypatch.setattr(formgrader, "_root", lambda step: str(tmp_path))
    notebook = new_notebook(cells=[new_code_cell("1 + 1", execution_count=7)])
    for step in config.Autograde.sanitize_preprocessors[:2]:  # ours, and nbgrader's ClearOutput
        notebook, _ = step().preprocess(notebook, {"nbgrader": {"assignment": UNIT}})
    assert notebook.cells[0].execution_count is None and ran == []


def test_of_the_setup_cell_its_title_is_shown():
    setup = new_code_cell("#@title Setup\nmany = 1\nlines = 2", metadata={"nbgrader": {"grade_id": "setup"}})
    other = new_code_cell("x = 1\ny = 2\n### BEGIN HIDDEN TESTS\nz\n### END HIDDEN TESTS")
    shown, _ = FoldSetup().preprocess(new_notebook(cells=[setup, other]), {})
    assert [cell.source for cell in shown.cells] == ["#@title Setup", other.source]
