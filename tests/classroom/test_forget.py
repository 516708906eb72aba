"""`bncourse forget` says what is erased, or would be, and what is left that names the student."""

import zipfile

import pytest

from grader.cli import main


def test_dry_run_erases_nothing(kept_class, tmp_path, capsys):
    def state():
        return {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file() and p.name != "lock"}

    before = state()
    assert main(["forget", str(kept_class), "ada", "--dry-run"]) == 0
    assert state() == before
    dry = capsys.readouterr().out.replace("would be erased", "erased")
    assert main(["forget", str(kept_class), "ada"]) == 0
    assert capsys.readouterr().out == dry


def test_what_still_names_the_student_is_said(kept_class, capsys):
    (kept_class / "report.html").write_text("<td>King, Ada</td>")
    (kept_class / "report-pseudonyms.html").write_text("<td>Otter</td>")
    (kept_class / "canvas.csv").write_text("x,countess@example.org\n")
    (kept_class / "other.csv").write_text("adalbert,Kingston,ada-2\n")
    (kept_class / "downloaded").mkdir()
    (kept_class / "gradebook.db.2026-10-01").write_bytes((kept_class / "gradebook.db").read_bytes())
    with zipfile.ZipFile(kept_class / "downloaded" / "moodle.zip", "w") as archive:
        archive.writestr("Ada King_31_assignsubmission_file/x.ipynb", "")
    assert main(["forget", str(kept_class), "ada"]) == 1
    left = [line for line in capsys.readouterr().out.splitlines() if line.startswith("LEFT")]
    assert {line.split()[1] for line in left} == {
        "report.html",
        "report-pseudonyms.html",
        "canvas.csv",
        "downloaded/moodle.zip",
        "gradebook.db.2026-10-01",
    }
    assert "bncourse report makes it again" in next(line for line in left if "report.html" in line)


def test_help(capsys):
    with pytest.raises(SystemExit):
        main(["forget", "--help"])
    assert "bncourse forget ~/bn-2026 s1011 --dry-run" in capsys.readouterr().out
