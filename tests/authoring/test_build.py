"""Building is complete or not at all, incremental, reproducible, and hides what is to be hidden."""

import json
import shutil

import nbformat
import pytest

from grader.authoring.build import build, build_all, check_all, write
from grader.authoring.stale import stale, targets
from grader.errors import CourseError, SourceError


def read(path):
    return nbformat.read(path, as_version=4)


def by_id(notebook):
    return {c.metadata.nbgrader.grade_id: c for c in notebook.cells if "nbgrader" in c.metadata}


def test_student_notebook_has_no_answers(built):
    student, solved = (read(path) for path in targets(built))
    cells = by_id(student)
    assert "raise NotImplementedError()" in cells["normalize"].source and "np.sqrt" not in cells["normalize"].source
    assert cells["q_epsilon"].source == 'q_epsilon = ...  # YOUR ANSWER HERE, a letter in quotes, such as "a"'
    text = json.dumps(student)
    for secret in ("BEGIN SOLUTION", "HIDDEN", "float32", "np.sqrt(var) + eps", 'q_epsilon = \\"b'):
        assert secret not in text
    assert not any(c.get("outputs") for c in student.cells)
    assert "load_table" in by_id(solved)["normalize-values"].source


def test_no_check_cell_shows_a_value(built):
    """Stock nbgrader reads a displayed number as partial credit."""
    for path in targets(built):
        for cell in by_id(read(path)).values():
            if cell.metadata.nbgrader.grade:
                assert not any(o.output_type == "execute_result" for o in cell.outputs)
    assert by_id(read(targets(built)[0]))["normalize-values"].source.endswith(";")


def test_solved_notebook_is_executed(built):
    solved = read(targets(built)[1])
    assert all(c.execution_count for c in solved.cells if c.cell_type == "code")
    shown = [o for c in solved.cells for o in c.get("outputs", []) if o.output_type == "display_data"]
    assert any("image/png" in o.data for o in shown)
    values = [
        o.data["application/vnd.bncourse.check+json"] for o in shown if "application/vnd.bncourse.check+json" in o.data
    ]
    assert [v["name"] for v in values] == ["x_hat", "x_hat, float32", "q_epsilon"] and all(v["ok"] for v in values)


@pytest.mark.slow
def test_same_source_same_bytes(tiny, built):
    build(tiny)
    for mine, theirs in zip(targets(tiny), targets(built), strict=True):
        mine, theirs = read(mine), read(theirs)
        for notebook in (mine, theirs):
            for cell in notebook.cells:
                for output in cell.get("outputs", []):
                    output.get("data", {}).pop("image/png", None)
        assert nbformat.writes(mine) == nbformat.writes(theirs)


@pytest.mark.slow
def test_incremental(tiny, capsys):
    assert build_all([tiny]) == 0
    assert build_all([tiny]) == 0
    assert capsys.readouterr().out.splitlines() == ["90_tiny: built", "90_tiny: up to date"]


@pytest.mark.slow
def test_prose_is_edited_without_executing_again(tiny, monkeypatch):
    build(tiny)
    tiny.write_text(tiny.read_text().replace("you can do it", "you can do more"))
    assert "older than its source" in stale(tiny)
    monkeypatch.setattr("grader.authoring.build.execute", lambda *_: pytest.fail("executed"))
    build(tiny)
    assert stale(tiny) is None
    assert all(c.execution_count for c in read(targets(tiny)[1]).cells if c.cell_type == "code")


@pytest.mark.slow
def test_force_executes_again(tiny, monkeypatch):
    build(tiny)
    ran = []
    monkeypatch.setattr("grader.authoring.build.execute", lambda unit, notebook: ran.append(unit.name))
    assert build_all([tiny], force=True) == 0
    assert ran == ["90_tiny"]


@pytest.mark.slow
@pytest.mark.parametrize("which", [0, 1])
def test_stale(tiny, built, which):
    for mine, theirs in zip(targets(tiny), targets(built), strict=True):
        mine.parent.mkdir(exist_ok=True)
        shutil.copy(theirs, mine)
    assert stale(tiny) is None
    path = targets(tiny)[which]
    notebook = read(path)
    notebook.cells[2].source += " by hand"
    write(notebook, path)
    assert "was edited by hand" in stale(tiny)
    path.write_text("{")
    assert "cannot be read" in stale(tiny)
    path.unlink()
    assert "is missing" in stale(tiny)
    assert check_all([tiny]) == 1


def test_nothing_is_half_written(edited, capsys):
    path = edited("    return x_hat\n    ###", "    return x_hat(\n    ###")
    with pytest.raises(SourceError):
        build(path)
    assert build_all([path]) == 1
    assert "90_tiny.py:" in capsys.readouterr().err
    assert not any(target.exists() for target in targets(path))


def test_the_reference_must_run(edited):
    path = edited("    return x_hat\n    ###", "    x.nonsense\n    return x_hat\n    ###")
    with pytest.raises(SourceError, match=r"90_tiny.py:\d+: with the reference answer this stops with AttributeError"):
        build(path)


@pytest.mark.slow
def test_a_demo_that_raises_stops_the_build(edited):
    path = edited("plt.plot([1, 2])", "plt.plot([1, 2])\n1 / 0")
    with pytest.raises(CourseError, match="stops with ZeroDivisionError"):
        build(path)
    assert not any(target.exists() for target in targets(path))


@pytest.mark.slow
def test_stderr_in_a_demo_stops_the_build(edited):
    path = edited("plt.plot([1, 2])", "import warnings; warnings.warn('odd')")
    with pytest.raises(CourseError, match="writes to stderr"):
        build(path)


@pytest.mark.slow
def test_a_badge_only_where_there_is_a_repository(tiny, monkeypatch):
    build(tiny, run=False)
    assert "colab" not in read(targets(tiny)[0]).cells[0].source
    for module in ("notebook", "stale"):
        monkeypatch.setattr(f"grader.authoring.{module}.repository", lambda: "someone/course")
    assert "older than" in stale(tiny)
    build(tiny, run=False)
    link = "colab.research.google.com/github/someone/course/blob/main/notebooks/90_tiny.ipynb"
    assert link in read(targets(tiny)[0]).cells[0].source
