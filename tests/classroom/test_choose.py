"""Of all that a student handed in, the right notebook is taken with its files, or it is said what to do."""

from helpers.lms_class import DAY, FILE, OTHER, UNIT, notebook, said, there


def test_what_cannot_be_used_is_listed_with_what_to_do(take, lms_class, capsys):
    text = said(
        take(
            {
                "ada/report.html": b"<html>",
                "ada/bn.py": b"",
                "bob/a.ipynb": notebook("a"),
                "bob/b.ipynb": notebook("b"),
                f"jürgen/{OTHER}.ipynb": notebook(),
                f"seoyeon/x/{FILE}": notebook("1"),
                f"seoyeon/y/{FILE}": notebook("2"),
                f"ann1/{FILE}": notebook(),
                "ann1/all.pdf": b"%PDF",
                "ann2/a.rar": b"Rar!",
            }
        ),
        capsys,
        1,
    )
    assert f"ada (Ada King): no notebook, but report.html, bn.py: ask for the file {FILE} itself" in text
    assert f"bob (Bob O'Neil): no {FILE}, but a.ipynb, b.ipynb: look which it is" in text
    assert "jürgen (Jürgen Müller-Groß): no notebook of this unit by its name" in text
    assert "seoyeon (서연 김): several notebooks" in text and "ann2 (Ann Lee): no notebook, but a.rar" in text
    assert "all.pdf: left out" in text and list(there(lms_class)) == [f"ann1/{UNIT}/{FILE}"]


def test_the_newest_and_the_equal(take, lms_class):
    later = (2026, 10, 1, 12, 5, 0)
    take(
        {
            f"ada/old/{FILE}": (notebook("old"), DAY),
            f"ada/new/{FILE}": (notebook("new"), later),
            f"bob/{UNIT}.ipynb.txt": notebook("same"),
            f"bob/{UNIT} (1).ipynb": notebook("same"),
            f"jürgen/{FILE}": notebook("first"),
            f"jürgen/{UNIT}-2.ipynb": notebook("third"),
            f"jürgen/{UNIT}-1.IPYNB": notebook("second"),
        }
    )
    files = there(lms_class)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("new") and files[f"bob/{UNIT}/{FILE}"] == notebook("same")
    assert files[f"jürgen/{UNIT}/{FILE}"] == notebook("third")


def test_a_students_own_timestamp_is_not_taken(take, lms_class, capsys):
    entries = {f"ada/{FILE}": notebook(), "ada/timestamp.txt": b"1999-01-01", "ada/submission_secret.txt": b"x"}
    assert "timestamp.txt, submission_secret.txt: left out" in said(take(entries), capsys, 0)
    assert list(there(lms_class)) == [f"ada/{UNIT}/{FILE}"]
