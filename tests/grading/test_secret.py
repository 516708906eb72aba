"""The secret of nbgrader's exchange goes along with a submission, to the letter."""

from grader.grading import secret


def test_it_is_copied_to_the_letter(tmp_path):
    submitted, graded = tmp_path / "submitted", tmp_path / "autograded"
    submitted.mkdir()
    secret.copy(submitted, graded)
    assert not graded.exists()
    (submitted / secret.FILE).write_bytes(b"f00 \n")
    secret.copy(submitted, graded)
    assert (graded / secret.FILE).read_bytes() == b"f00 \n" and secret.read(graded) == "f00 \n"
    before = (graded / secret.FILE).stat().st_mtime_ns
    secret.copy(submitted, graded)
    assert (graded / secret.FILE).stat().st_mtime_ns == before
    (submitted / secret.FILE).write_bytes(b"handed in again")
    secret.copy(submitted, graded)
    assert secret.read(graded) == "handed in again"


def test_what_is_no_secret_is_none(tmp_path):
    file = tmp_path / secret.FILE
    file.write_bytes(b"\xff")
    assert secret.read(tmp_path) == ""
    file.write_bytes(b"x" * (secret.MOST + 1))
    assert secret.read(tmp_path) == ""
    file.unlink()
    file.symlink_to("/etc/hostname")
    assert secret.read(tmp_path) == ""
