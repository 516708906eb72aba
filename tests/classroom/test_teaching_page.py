"""docs/teaching.md: its commands, in their order and as they are written, from a class made to a student erased.

The small unit stands for unit 03, and commands run in this process: each would start Python anew.
"""

import re
import shlex
import subprocess
import zipfile
from pathlib import Path

import nbformat
import pytest
import yaml
from nbgrader.apps.nbgraderapp import NbGraderApp

from grader import paths
from grader.cli import main
from grader.paths import ROOT

PAGE = ROOT / "docs" / "teaching.md"
WORKFLOW = ROOT / "docs" / "github-classroom.yml"
PEOPLE = """First name,Last name,ID number,Email address,Groups
Ada,King,s1001,ada@example.org,Mon
서연,김,s1002,sy@example.org,Mon
Carl,Gauß,s1003,carl@example.org,Tue
"""


def blocks() -> list[tuple[str, str]]:
    """(language, text) of the fenced blocks that are to be tried, in order."""
    return re.findall(r"^```(bash|python)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)


@pytest.fixture
def home(tmp_path, monkeypatch, built) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(paths, "SOLUTIONS", built.parent)
    monkeypatch.chdir(tmp_path)
    downloads = tmp_path / "Downloads"
    downloads.mkdir()
    (downloads / "participants.csv").write_text(PEOPLE, encoding="utf-8")
    return tmp_path


def hand_in(home: Path) -> None:
    """Moodle's zip: s1001 with the answers, s1002 with the stub under another name, nothing of s1003."""
    klass = home / "bn-2026"
    stub = nbformat.read(klass / "release" / "90_tiny" / "90_tiny.ipynb", as_version=4)
    solved = nbformat.read(klass / "source" / "90_tiny" / "90_tiny.ipynb", as_version=4)
    answers = {
        c.metadata.nbgrader.grade_id: c.source for c in solved.cells if c.metadata.get("nbgrader", {}).get("solution")
    }
    with zipfile.ZipFile(home / "Downloads" / "unit-03.zip", "w") as archive:
        archive.writestr("서연 김_9002_assignsubmission_file/Untitled.ipynb", nbformat.writes(stub))
        for cell in stub.cells:
            cell.source = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"), cell.source)
        archive.writestr("Ada King_9001_assignsubmission_file/90_tiny.ipynb", nbformat.writes(stub))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own use of SQLAlchemy
def test_the_commands_of_the_page(home, monkeypatch, capfd):
    said, klass = {}, home / "bn-2026"
    for language, text in blocks():
        text = text.replace("03_batchnorm_forward", "90_tiny").replace("bn-2026 03", "bn-2026 90")
        if language == "python":
            name = re.match(r"# ([\w.]+)", text)[1]
            with open(klass / name, "a", encoding="utf-8") as file:
                file.write(text)
            if name == "extension.py":
                monkeypatch.chdir(klass)
                exec(compile(text, name, "exec"), {})
            continue
        for line in filter(None, text.splitlines()):
            command, *arguments = [
                str(Path(w).expanduser()) if w[0] == "~" else w for w in shlex.split(line, comments=True)
            ]
            status = 0
            if command == "cd":
                monkeypatch.chdir(arguments[0])
            elif command == "bncourse":
                status = main(arguments)
            else:
                NbGraderApp.clear_instance()
                NbGraderApp.launch_instance(arguments)
            said[line] = (status, capfd.readouterr().out)
            if line.startswith("bncourse roster"):
                hand_in(home)
    # Of the one who is erased the report still has the name, which is said.
    (line, out), *more = [(line, out) for line, (status, out) in said.items() if status]
    assert (line, more) == ("bncourse forget ~/bn-2026 s1002", []) and "LEFT    report.html" in out
    with zipfile.ZipFile(home / "feedback-03.zip") as pages:
        assert sorted(name.partition("_")[0] for name in pages.namelist()) == ["Ada King", "서연 김"]
    grades = {
        name: (klass / name).read_text(encoding="utf-8-sig").splitlines() for name in ("moodle.csv", "canvas.csv")
    }
    assert grades["moodle.csv"][0] == "ID number,First name,Last name,90_tiny"
    assert {"s1001,Ada,King,3", "s1002,서연,김,0", "s1003,Carl,Gauß,-"} == {*grades["moodle.csv"][1:]}
    assert '"King, Ada",,,s1001,,3' in grades["canvas.csv"]
    assert "s1001,King,Ada,ada@example.org,Mon,3,3,3,100.0,yes" in (home / "totals.csv").read_text(encoding="utf-8-sig")
    assert "Nothing from: s1003 (Carl Gauß)." in said["bncourse collect ~/bn-2026 90 ~/Downloads/unit-03.zip"][1]
    assert not (klass / "submitted" / "s1002").exists() and (klass / "submitted" / "s1001").exists()


def test_the_workflow_installs_the_cpu_build_and_checks():
    flow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert flow[True] == "push"  # YAML reads the key `on` so
    assert flow["permissions"] == {"contents": "read"}
    steps = flow["jobs"]["check"]["steps"]
    install = next(step["run"] for step in steps if "pip install" in step.get("run", ""))
    assert "--constraint .course/constraints.txt" in install and "download.pytorch.org/whl/cpu" in install
    assert steps[1]["with"]["path"] == ".course"
    assert re.search(r"^torch==[\d.]+$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M)
    page = PAGE.read_text(encoding="utf-8")
    assert "github-classroom.yml" in page and all(word in page for word in flow["env"])


def test_the_workflow_s_check_is_red_until_all_points_are_earned(tmp_path):
    """Its lines in bash, with a `bncourse` that knows two notebooks."""
    steps = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]["check"]["steps"]
    fake = tmp_path / "bin" / "bncourse"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\necho "checked $2"\ntest "$2" != half.ipynb\n')
    fake.chmod(0o755)
    (tmp_path / "my full.ipynb").touch()
    env = {"PATH": f"{fake.parent}:/usr/bin:/bin", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}

    def run() -> int:
        return subprocess.run(
            ["bash", "-e", "-c", steps[-1]["run"]], cwd=tmp_path, env=env, capture_output=True
        ).returncode

    assert run() == 0
    assert "### my full.ipynb\n```\nchecked my full.ipynb\n```\n" in (tmp_path / "summary.md").read_text()
    (tmp_path / "half.ipynb").touch()
    assert run() == 1
    assert "checked my full.ipynb" in (tmp_path / "summary.md").read_text().rpartition("half.ipynb")[2]
