"""A gradebook that is made here is one that nbgrader made."""

import contextlib
import sqlite3
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from sqlalchemy.exc import OperationalError

from grader.grading.empty_gradebook import make_tables


def columns(path: Path) -> dict[str, list[tuple]]:
    """By table, its columns: name, type, whether it must have a value, default."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [row[1:5] for row in connection.execute(f"PRAGMA table_info({name})")] for name in sorted(names)}


def versions(path: Path) -> list[tuple]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT version_num FROM alembic_version").fetchall()


@pytest.mark.slow
def test_it_has_the_tables_and_the_version_that_nbgrader_gives_it(tmp_path):
    ours, its = tmp_path / "ours.db", tmp_path / "its.db"
    make_tables(f"sqlite:///{ours}")
    with Gradebook(f"sqlite:///{its}", "bn"):
        pass
    assert columns(ours) == columns(its) and len(columns(ours)) > 10
    assert versions(ours) == versions(its) and len(versions(ours)) == 1


def test_nbgrader_uses_it_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("nbgrader.api.get_alembic_version", None)  # what takes seconds is not called
    url = f"sqlite:///{tmp_path / 'gradebook.db'}"
    make_tables(url)
    with Gradebook(url, "bn") as gradebook:
        gradebook.add_student("ada")
    before = (tmp_path / "gradebook.db").read_bytes()
    make_tables(url)
    assert (tmp_path / "gradebook.db").read_bytes() == before


def test_one_that_has_tables_is_not_waited_for(tmp_path):
    path = tmp_path / "gradebook.db"
    make_tables(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # as formgrader does while it saves
        make_tables(f"sqlite:///{path}?timeout=0.1")
    with contextlib.closing(sqlite3.connect(tmp_path / "new.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError, match="locked"):  # one without them is
            make_tables(f"sqlite:///{tmp_path / 'new.db'}?timeout=0.1")
