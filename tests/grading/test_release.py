"""What a class's notebooks say of a unit: roles, parts, tables, files; and what is no release of this course."""

import json
import pickle
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.authoring.tables import Entry, pack
from grader.errors import CourseError
from grader.grading.release import ReleaseCell, exercise_of, read_release, release_of, tables, without_tables
from grader.kit.observe import observe

UNIT = "90_tiny"
TABLE = pack({"f": Entry(observe(2.0, "f"), 1e-6)}, unit=UNIT, stubs={"f": 1})
HIDDEN_TABLE = pack({"f, again": Entry(observe(3.0, "f, again"), 1e-6)})
SETUP = f"_kit.load_table(\n'{TABLE}')\n_kit.begin(_py.globals())"
CHECK = f"""\
check("f", f)
### BEGIN HIDDEN TESTS
load_table("{HIDDEN_TABLE}")
check("f, again", f)
### END HIDDEN TESTS
assert f.__doc__"""


def cell(key: str, source: str, kind=new_code_cell, tags=(), **nbgrader):
    made = kind(source, id=key)
    if nbgrader:
        made.metadata["nbgrader"] = {"grade_id": key, "schema_version": 3, **nbgrader}
    if tags:
        made.metadata["tags"] = list(tags)
    return made


def notebook(**changed: str):
    """A unit with a cell of each role; `changed`: other sources."""
    cells = [
        cell("intro", "# Title", new_markdown_cell),
        cell("setup", SETUP, locked=True, grade=False),
        cell("shown", "plt.plot([1])", tags=["demo"]),
        cell("f", "def f(x):\n    return x", solution=True, grade=False),
        cell("f-values", CHECK, grade=True, locked=True, points=2),
        cell("essay", "Write.", new_markdown_cell, grade=True, solution=True, points=3),
        cell("plain", "import math"),
    ]
    for one in cells:
        one.source = changed.get(one.id.replace("-", "_"), one.source)
    return new_notebook(cells=cells, metadata={"course": "mine"})


@pytest.fixture
def release():
    return release_of(UNIT, notebook(), notebook(f="raise NotImplementedError()"))


def test_each_cell_has_its_role_its_points_and_both_sources(release):
    found = {c.key: (c.kind, c.role, c.points, c.locked) for c in release.cells}
    assert found == {
        "intro": ("markdown", "given", 0, False),
        "setup": ("code", "setup", 0, True),
        "shown": ("code", "demo", 0, False),
        "f": ("code", "solution", 0, False),
        "f-values": ("code", "check", 2, True),
        "essay": ("markdown", "manual", 3, False),
        "plain": ("code", "given", 0, False),
    }
    assert (release.by_key["f"].released, release.by_key["f"].full) == (
        "raise NotImplementedError()",
        "def f(x):\n    return x",
    )


@pytest.mark.parametrize("id, exercise", [("f", "f"), ("f-values", "f"), ("f-more-values", "f"), ("", ""), ("-x", "")])
def test_the_exercise_of_a_cell(id, exercise):
    assert exercise_of(id) == exercise


def test_notebooks_that_are_not_of_one_make_are_refused_with_the_remedy():
    released = notebook()
    del released.cells[3]
    with pytest.raises(CourseError, match=r"source/ and release/ of 90_tiny differ \(cell f\)\. Do this\."):
        release_of(UNIT, notebook(), released, remedy="Do this.")


@pytest.mark.parametrize(
    ("changed", "torch"),
    [
        ({}, False),
        ({"f": "def f(x):\n    return torch.ones(x)"}, True),
        ({"f_values": "check('f', nn.Linear)"}, True),
        ({"f": "f = 'torch'  # torch\nx.torch = 1"}, False),
        ({"plain": "import torch\ntorch.ones(3)", "shown": "torch.ones(3)"}, False),
        ({"f": "torch = ("}, True),
        ({"f": "numpy = ("}, False),
    ],
)
def test_a_unit_uses_torch_where_its_answers_or_checks_name_it(changed, torch):
    assert release_of(UNIT, notebook(**changed), notebook()).torch == torch


# Tables


def test_tables_are_found_wherever_they_are_loaded_and_left_out_of_the_code():
    code = "if True:\n    load_table(\n        'a'\n    )\n_kit.load_table('b')\nx = 'load_table(1)'  # load_table('c')"
    assert sorted(tables(code)) == ["a", "b"]
    left = without_tables(code)
    assert left == "if True:\n    pass\npass\nx = 'load_table(1)'  # load_table('c')"


@pytest.mark.parametrize("code", ["", "load_table()", "load_table(name)", "load_table = 5", "load_table('a'", "%magic"])
def test_what_loads_no_table_is_left_as_it_is(code):
    assert tables(code) == [] and without_tables(code) == code


def test_the_table_of_a_unit_holds_the_hidden_checks_too_and_does_not_travel(release):
    assert set(release.table.checks) == {"f", "f, again"} and release.table.stubs == {"f": 1}
    travelled = pickle.loads(pickle.dumps(release))
    assert "table" not in vars(travelled) and travelled == release
    assert set(travelled.table.checks) == {"f", "f, again"}


# What enters the jail


def test_no_table_enters_the_jail(release):
    for one in release.cells:
        assert "load_table" not in one.code and TABLE not in one.code and HIDDEN_TABLE not in one.code


def test_the_setup_records_instead_of_checking_and_knows_the_stubs(release):
    code = release.by_key["setup"].code
    compile(code, "<setup>", "exec")
    assert code.endswith("\n_kit.TABLE.stubs.update({'f': 1})\n_kit.begin(_py.globals())")
    assert "<bncourse recording>" in code


def test_a_check_cell_is_cut_into_its_parts(release):
    assert release.by_key["f-values"].parts == [
        ('check("f", f)', False),
        ('pass\ncheck("f, again", f)', True),
        ("assert f.__doc__", False),
    ]


def test_hidden_tests_inside_a_block_are_not_parted_from_it():
    code = "with by_hand():\n    check('a', a)\n### BEGIN HIDDEN TESTS\n    check('b', b)\n### END HIDDEN TESTS"
    ((text, hidden),) = ReleaseCell("a-x", "code", "check", code, code, {}).parts
    assert hidden and text == code


def test_a_graded_cell_s_checksum_is_that_of_what_was_run(release):
    """Stock nbgrader compares it with the graded notebook's cell; what students may change has none to keep."""
    check = release.by_key["f-values"]
    assert len(check.graded_metadata["nbgrader"]["checksum"]) == 32
    other = replace(check, full=check.full + "\n")
    assert other.graded_metadata["nbgrader"]["checksum"] != check.graded_metadata["nbgrader"]["checksum"]
    assert "checksum" not in check.metadata["nbgrader"]
    assert release.by_key["f"].graded_metadata == release.by_key["f"].metadata


def test_the_hash_is_of_all_that_decides_a_grade(release):
    changes = [{"full": "x"}, {"released": "x"}, {"points": 9.0}, {"role": "demo"}, {"key": "x"}, {"kind": "markdown"}]
    others = [replace(release, cells=[*release.cells[:-1], replace(release.cells[-1], **c)]) for c in changes]
    others += [replace(release, files={"a": b"1"}), replace(release, files={"a": b"2"}), replace(release, cells=[])]
    assert len({release.hash, *(other.hash for other in others)}) == len(others) + 1
    assert release_of(UNIT, notebook(), notebook(f="raise NotImplementedError()")).hash == release.hash


# A class's own files


@pytest.fixture
def klass(tmp_path):
    """A function that writes source/ and release/ of a class."""

    def write(source=None, released=None):
        for folder, one in (("source", source or notebook()), ("release", released or notebook())):
            path = tmp_path / folder / UNIT
            path.mkdir(parents=True, exist_ok=True)
            nbformat.write(one, path / f"{UNIT}.ipynb")
        return tmp_path

    return write


def test_the_instructor_s_files_come_with_the_unit(klass):
    directory = klass()
    for name in ("data/한.csv", "helper.py", ".ipynb_checkpoints/x.csv", "draft.ipynb", "data/.ipynb_checkpoints/y"):
        path = directory / "source" / UNIT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"1")
    assert read_release(directory, UNIT).files == {"data/한.csv": b"1", "helper.py": b"1"}


@pytest.mark.parametrize("folder", ["source", "release"])
@pytest.mark.parametrize("content, words", [(None, "is missing"), ("{", "cannot be read"), ("", "cannot be read")])
def test_a_notebook_that_is_missing_or_broken_is_told_with_the_remedy(klass, folder, content, words):
    directory = klass()
    path = directory / folder / UNIT / f"{UNIT}.ipynb"
    if content is None:
        path.unlink()
    else:
        path.write_text(content)
    with pytest.raises(CourseError) as caught:
        read_release(directory, UNIT)
    message = str(caught.value)
    assert message.startswith(f"{path} {words}") and message.endswith(f"In {directory}: bncourse class . 90")
    assert "\n" not in message


@pytest.mark.parametrize("setup", ["print('mine')", "load_table('x'", ""])
def test_a_unit_of_another_course_is_left_to_stock_nbgrader(klass, setup):
    with pytest.raises(CourseError) as caught:
        read_release(klass(notebook(setup=setup)), UNIT)
    assert str(caught.value) == f"{UNIT} has no setup cell of this course. Grade it with: nbgrader autograde {UNIT}"


@pytest.mark.parametrize("above", ["x = 1\n\x0c\n", "x = '\u2028'\n", "x = 1  # \x85\n", "'''\x1c'''\n"])
def test_no_table_is_left_below_what_only_str_takes_for_the_end_of_a_line(above):
    """Python counts lines by \\n alone, str.splitlines by \\x0c, \\x85, \\u2028 … too: another line becomes `pass`."""
    assert without_tables(f"{above}load_table('secret')\ny = 2") == f"{above}pass\ny = 2"


def test_two_tables_in_one_line():
    compile(without_tables("load_table('a'); load_table('b')"), "<x>", "exec")
    assert "passpass" not in without_tables("load_table('a'); load_table('b')")


@pytest.mark.parametrize(
    "metadata",
    [
        {"nbgrader": None},
        {"nbgrader": 5},
        {"tags": None},
        {"nbgrader": {"grade": True, "points": None, "grade_id": "a"}},
    ],
)
def test_a_class_s_notebook_with_odd_metadata_is_one_line(tmp_path, metadata):
    cell = {"cell_type": "code", "source": "x", "metadata": metadata, "outputs": [], "execution_count": None, "id": "a"}
    for folder in ("source", "release"):
        path = tmp_path / folder / "90_x"
        path.mkdir(parents=True)
        notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}
        (path / "90_x.ipynb").write_text(json.dumps(notebook))
    with pytest.raises(CourseError):
        read_release(tmp_path, "90_x")
