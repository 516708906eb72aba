"""A class whose students hand in by Moodle, Canvas or GitHub Classroom, and archives as these make them."""

import io
import json
import zipfile
from pathlib import Path

from nbgrader.api import Gradebook

from grader.classroom.collect import print_collected
from grader.classroom.collecting import Collected
from grader.classroom.people import More, write_more
from helpers.made_up_class import write, write_gradebook

UNIT, OTHER = "03_batchnorm_forward", "04_batchnorm_backward"
FILE = f"{UNIT}.ipynb"
PEOPLE = [
    ("ada", "Ada", "King", "ada@example.org", "101"),
    ("seoyeon", "서연", "김", "seoyeon@example.org", "102"),
    ("bob", "Bob", "O'Neil", "bob@example.org", "103"),
    ("jürgen", "Jürgen", "Müller-Groß", "j@example.org", "104"),
    ("ann1", "Ann", "Lee", "ann1@example.org", "105"),
    ("ann2", "Ann", "Lee", "ann2@example.org", "106"),
]
DAY = (2026, 10, 1, 12, 0, 0)


def make_lms_class(directory: Path) -> Path:
    """Make a class of PEOPLE with two released units, of which the gradebook has the first; nobody has handed in."""
    write(directory, [])
    write_gradebook(directory, [])
    for unit in (UNIT, OTHER):
        (directory / "release" / unit).mkdir(parents=True)
        (directory / "release" / unit / f"{unit}.ipynb").write_text("{}")
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.add_assignment(UNIT)
        for id, first, last, email, lms in PEOPLE:
            gradebook.add_student(id, first_name=first, last_name=last, email=email, lms_user_id=lms)
    write_more(directory, {"ada": More([], ["ada-k"]), "ann2": More([], ["Participant 32"])})
    return directory


def notebook(what: str = "") -> bytes:
    return json.dumps({"cells": [], "metadata": {"what": what}, "nbformat": 4, "nbformat_minor": 5}).encode()


def zipped(entries: dict | list, path: Path | None = None) -> bytes | Path:
    """A zip file of entries by name: bytes, or (bytes, time)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items() if isinstance(entries, dict) else entries:
            content, when = content if isinstance(content, tuple) else (content, DAY)
            info = name if isinstance(name, zipfile.ZipInfo) else zipfile.ZipInfo(name, when)
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    if path is None:
        return file.getvalue()
    path.write_bytes(file.getvalue())
    return path


def there(directory: Path) -> dict[str, bytes]:
    """What lies in submitted/, by path."""
    folder = directory / "submitted"
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def said(collected: Collected, capsys, status: int | None = None) -> str:
    """What `bncourse collect` prints of it. status: its exit status, where that is to be a certain one."""
    assert print_collected(collected) in ((0, 1) if status is None else (status,))
    return capsys.readouterr().out
