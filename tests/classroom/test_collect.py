"""`bncourse collect` says what it would do, does it, and shows how it is called."""

import pytest
from helpers.lms_class import FILE, notebook, there, zipped

from grader.cli import main


def test_the_command(lms_class, tmp_path, capsys, monkeypatch):
    zipped({f"ada/{FILE}": notebook()}, tmp_path / "all.zip")
    monkeypatch.chdir(tmp_path)
    assert main(["collect", "bn", "03", "all.zip", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "Would be: 1 collected" in out and "Nothing from: ann1 (Ann Lee), ann2" in out
    assert main(["collect", "bn", "03", "all.zip"]) == 0 and len(there(lms_class)) == 1
    with pytest.raises(SystemExit):
        main(["collect", "--help"])
    assert "bncourse collect ~/bn-2026 03" in capsys.readouterr().out
