"""The zip of feedback: Moodle's and Canvas's names, from those of what was handed in there."""

import zipfile
from pathlib import Path

import pytest

from grader.classroom.archives import Entry
from grader.classroom.feedback_zip import MARK, name_for, name_in_archive, write_zip
from grader.classroom.people import People
from grader.classroom.whose import Around, Handed, Whose
from grader.errors import CourseError
from grader.report.scores import Person

UNIT = "03_batchnorm_forward"
PEOPLE = People([Person("ada", "Ada", "King", lms_user_id="101"), Person("ren", "Ren_é", "O'Neil-Núñez")])


@pytest.fixture(scope="module")
def whose():
    from traitlets.config import Config

    return Whose(PEOPLE, [UNIT], Config())


@pytest.mark.parametrize(
    ("path", "system", "named", "page"),
    [
        (  # Moodle since 4.1, and before
            f"Ada King_31_assignsubmission_file/{UNIT}.ipynb",
            "moodle",
            "Ada King_31_assignsubmission_file/",
            f"Ada King_31_assignsubmission_file/{UNIT}.html",
        ),
        (
            f"03 submissions/Ada King_31_assignsubmission_file_/work/{UNIT}.ipynb",
            "moodle",
            "Ada King_31_assignsubmission_file_/",
            f"Ada King_31_assignsubmission_file_/{UNIT}.html",
        ),
        (  # as files, not in folders
            "Ada King_31_assignsubmission_file_my_work.ipynb",
            "moodle",
            "Ada King_31_assignsubmission_file_",
            f"Ada King_31_assignsubmission_file_{UNIT}.html",
        ),
        (  # a zip in Moodle's
            "Group A-Ada King_31_assignsubmission_file_/work.zip/nb.ipynb",
            "moodle",
            "Group A-Ada King_31_assignsubmission_file_/",
            f"Group A-Ada King_31_assignsubmission_file_/{UNIT}.html",
        ),
        (
            f"submissions/kingada_LATE_101_5566_{UNIT}-1.ipynb",
            "canvas",
            f"kingada_LATE_101_5566_{UNIT}-1.ipynb",
            f"kingada_LATE_101_5566_{UNIT}-1.html",
        ),
        ("kingada_101_5566_work.zip/a/nb.ipynb", "canvas", "kingada_101_5566_work.zip", "kingada_101_5566_work.html"),
        ("kingada_101_5566_nb.ipynb.txt", "canvas", "kingada_101_5566_nb.ipynb.txt", "kingada_101_5566_nb.html"),
        (f"ada/{UNIT}.ipynb", "", "", None),
    ],
)
def test_names_are_those_of_the_download(path, system, named, page, whose):
    above = int(path.startswith(("03 submissions/", "submissions/")))  # a folder that everything lies in
    handed = whose.of(Entry(path, 1, None, Path("x.zip")), 0, Around("x", above))
    assert isinstance(handed, Handed), handed
    assert name_in_archive(handed) == (system, named)
    if page:
        assert name_for(system, named, UNIT) == page
        _as_the_system_reads_it(system, page)


def _as_the_system_reads_it(system: str, page: str) -> None:
    """By the rules in Moodle's importziplib.php and in Canvas's infer_comment_context_from_filename."""
    if system == "canvas":
        numbers = [part for part in Path(page).name.split("_") if part.isdigit()]
        assert numbers[:2] == ["101", "5566"]
        return
    for part in page.split("/"):
        info = part.split("_", 4)
        if len(info) >= 4 and info[1].isdigit():
            assert info[1:4] == ["31", "assignsubmission", "file"]
            return
    raise AssertionError(f"Moodle would pass {page} by")


@pytest.fixture
def pages(tmp_path) -> dict[str, Path]:
    made = {student: tmp_path / f"{student}.html" for student in ("ada", "bob", "eve")}
    for student, page in made.items():
        page.write_text(student, encoding="utf-8")
    return made


MOODLE = {name: ("moodle", f"{name} X_{n}_assignsubmission_file/") for n, name in enumerate(("ada", "bob"))}


def test_the_zip_holds_everybody_s_page_and_is_the_same_each_time(pages, tmp_path):
    file = tmp_path / "f.zip"
    zipped = write_zip(file, UNIT, pages, MOODLE, None)
    assert (zipped.system, zipped.nameless, list(zipped.names)) == ("moodle", ["eve"], ["ada", "bob"])
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None and archive.comment == MARK
        assert {name: archive.read(name).decode() for name in archive.namelist()} == {
            f"ada X_0_assignsubmission_file/{UNIT}.html": "ada",
            f"bob X_1_assignsubmission_file/{UNIT}.html": "bob",
        }
    before = file.read_bytes()
    write_zip(file, UNIT, pages, MOODLE, "moodle")
    assert file.read_bytes() == before and not list(tmp_path.glob("*.part"))


def test_a_file_of_somebody_else_s_stays(pages, tmp_path):
    file = tmp_path / "submissions.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("what was downloaded", "")
    before = file.read_bytes()
    with pytest.raises(CourseError, match="was not written by this command"):
        write_zip(file, UNIT, pages, MOODLE, None)
    assert file.read_bytes() == before
    with pytest.raises(CourseError, match="cannot be written: No such file"):
        write_zip(tmp_path / "no" / "f.zip", UNIT, pages, MOODLE, None)


def test_whose_names_are_to_be_taken(pages, tmp_path):
    file, both = tmp_path / "f.zip", MOODLE | {"eve": ("canvas", "eve_1_2_nb.ipynb")}
    with pytest.raises(CourseError, match="say --lms moodle, or --lms canvas"):
        write_zip(file, UNIT, pages, both, None)
    assert write_zip(file, UNIT, pages, both, "canvas").names == {"eve": "eve_1_2_nb.html"}
    with pytest.raises(CourseError, match=r"was collected from Moodle or Canvas.*bncourse collect"):
        write_zip(file, UNIT, pages, {}, None)
    alike = {"ada": MOODLE["ada"], "bob": MOODLE["ada"]}
    with pytest.raises(CourseError, match="Two students' pages"):
        write_zip(file, UNIT, pages, alike, None)
