"""Copies of what a command replaces: where they lie, and what is kept of links."""

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


def test_of_a_link_what_is_about_to_be_written_over_is_kept(tmp_path):
    """Settings are written through a link; and a link that leads up would lead elsewhere from the backup."""
    (tmp_path / "mine.py").write_text("mine")
    directory = tmp_path / "class"
    directory.mkdir()
    file = directory / "nbgrader_config.py"
    file.symlink_to("../mine.py")
    copy = directory / Backup(directory).copy(file)
    file.write_text("new")
    assert copy.read_text() == "mine"


def test_links_in_a_folder_stay_links(tmp_path):
    """What they lead to may lie outside of the class, and be large."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "data").symlink_to("/nowhere")
    copy = tmp_path / Backup(tmp_path).copy(tmp_path / "source") / "data"
    assert copy.is_symlink() and str(copy.readlink()) == "/nowhere"
