"""`bncourse report`: its options reach the page, whose made-up names are those of `bncourse totals`."""

from helpers.made_up_class import write, write_gradebook

from grader.classroom.pseudonyms import pseudonyms
from grader.cli import main
from report.reading import full


def test_as_totals_has_them(tmp_path, capsys):
    directory = write(tmp_path / "bn", [full("ada"), full("bob")])
    write_gradebook(directory, [full("ada"), full("bob")], {"ada": ("Ada", "King")})
    assert main(["report", str(directory), "--pseudonyms", "--pass", "60"]) == 0
    assert capsys.readouterr().out.strip() == str(directory / "report-pseudonyms.html")
    main(["totals", str(directory), "--pseudonyms"])
    names = {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]}
    assert names == set(pseudonyms(directory, ["ada", "bob"]).values())
    text = (directory / "report-pseudonyms.html").read_text(encoding="utf-8")
    assert all(name in text for name in names) and "under 60 %" in text
