"""A report under made-up names tells nobody's id, name, file or words, and all else."""

from helpers.made_up_class import result, write, write_gradebook

from grader.classroom.pseudonyms import pseudonyms
from report.reading import UNIT, full, read, wrong


def test_no_name_is_left(tmp_path):
    failed = f"submitted/bob-id/{UNIT}/{UNIT}.ipynb is not a notebook that can be read: it is empty"
    said = "The notebook says: I am Robertson\n| and Robertson again"
    results = [
        full("ada-id", answers=["normalize 400 aaa"], flags=[f"submitted/ada-id/{UNIT}/x is odd"], limits=[said]),
        result("bob-id", UNIT, status="failed", reason=failed),
        wrong("cem-id", "eps!", answers=["normalize 400 aaa"], repairs=["a cell was moved"]),
        wrong("dan-id", message=said),
    ]
    directory = write(tmp_path / "bn", results)
    write_gradebook(directory, results, {"ada-id": ("Ada", "Lovelace"), "eve-id": ("Evelyn", "Robertson")})
    (directory / "submitted" / "fay-id" / UNIT).mkdir(parents=True)
    (directory / ".bncourse" / "results" / UNIT / "gus-id.json").write_text("broken")
    text = read(directory, hidden=True).text
    for word in ("-id", "Ada", "Lovelace", "Evelyn", "Robertson"):
        assert word not in text, word
    names = pseudonyms(directory, [f"{s}-id" for s in ("ada", "bob", "cem", "dan", "eve", "fay")])
    assert all(name in text for name in names.values())
    assert f"submitted/{names['bob-id']}/" in text and "it is empty" in text and "eps!" in text
    assert "The notebook says: (left out)" in text and "a cell was moved" in text
    assert "the same among 2 students" in text and f".bncourse/results/{UNIT}/…" in text
    assert f"Not handed in: {names['eve-id']}" in text
    assert "Lovelace" in read(directory).text  # the other report is its own file
    assert len(list(directory.glob("report*"))) == 2
