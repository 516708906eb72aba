"""`bncourse roster` takes what it can of a file, names the other lines, and shows how it is called."""

import json

import pytest

from grader.cli import main


def test_the_command(empty_class, tmp_path, capsys, monkeypatch):
    (tmp_path / "liste.csv").write_text("Nr;Name\n1;Ada King\n;Bob\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert main(["roster", "bn", "liste.csv", "--column", "id=Nr"]) == 1
    out = capsys.readouterr().out
    assert "NOT TAKEN  liste.csv, line 3 (Bob): 'Nr' is empty" in out and "1 added" in out
    assert json.loads((empty_class / ".bncourse" / "roster.json").read_text()) == {"students": {}}
    assert main(["roster", "bn", "no-such.csv"]) == 2 and main(["roster", ".", "liste.csv", "--column", "id=Nr"]) == 2
    with pytest.raises(SystemExit):
        main(["roster", "bn", "liste.csv", "--column", "nonsense"])
    with pytest.raises(SystemExit):
        main(["roster", "--help"])
    assert "bncourse roster ~/bn-2026" in capsys.readouterr().out
