"""Copies of what a command replaces: where they lie, and that links stay links."""

import re

from grader.classroom.backup import Backup


def test_a_copy_lies_where_it_lay_under_the_time_of_the_run(tmp_path):
    (tmp_path / "release" / "90_tiny").mkdir(parents=True)
    file = tmp_path / "release" / "90_tiny" / "notes.txt"
    file.write_text("mine")
    backup = Backup(tmp_path)
    assert not (tmp_path / "backup").exists()  # made when there is something to keep
    told = backup.copy(file.parent)
    assert re.fullmatch(r"backup/\d{4}-\d\d-\d\d-\d{6}/release/90_tiny", told)
    assert (tmp_path / told / "notes.txt").read_text() == "mine" == file.read_text()


def test_what_a_link_leads_to_is_not_copied(tmp_path):
    """It may lie outside of the class, and be large."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "large").write_text("x")
    directory = tmp_path / "class"
    directory.mkdir()
    for name, target in (("folder", outside), ("file", outside / "large"), ("nowhere", outside / "gone")):
        (directory / name).symlink_to(target)
        copy = directory / Backup(directory).copy(directory / name)
        assert copy.is_symlink() and copy.readlink() == target
