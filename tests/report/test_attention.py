"""What a person must look at comes first, and all of it is there."""

from helpers.made_up_class import cell, result, write

from report.reading import UNIT, full, read


def test_what_a_person_must_look_at(tmp_path):
    failed = result("bob", UNIT, status="failed", reason="it is empty")
    flags = ["check normalize-values: its asserts were stripped", "kit redefined"]
    flagged = full("cem", flags=flags, limits=["time: x"])
    slow = full("dan", limits=["time: cell 12 (normalize-values) ran for more than 60 s"])
    deep = full("fay", reaches=["cell normalize: it names sys._getframe, which no exercise needs"])
    directory = write(tmp_path / "bn", [deep, slow, flagged, failed, full("ada")])
    for student in ("ada", "eve", ".ipynb_checkpoints"):
        (directory / "submitted" / student / UNIT).mkdir(parents=True)
    text = read(directory).text
    text = text[: text.index("Units at a glance")]
    assert "4 submissions: 1 failed, 1 flagged, 1 limit reached, 1 to be read." in text
    order = [text.index(word) for word in ("it is empty", *flags, "for more than 60", "sys._getframe")]
    assert order == sorted(order)
    for student in ("bob", "cem", "dan", "fay"):
        assert f"{UNIT}" in text and f"submitted/{student}/{UNIT}/{UNIT}.ipynb" in text
    assert f"1 submission of {UNIT} not graded yet: eve" in text


def test_many_to_look_at_are_folded_but_there(tmp_path):
    directory = write(tmp_path / "bn", [full(f"s{n:02}", flags=["why"]) for n in range(40)])
    for n in range(50):
        (directory / "submitted" / f"late{n}" / UNIT).mkdir(parents=True)
    page = read(directory)
    assert "40 submissions: 40 flagged." in page.text and "15 more" in page.text
    assert all(f"submitted/s{n:02}/" in page.text for n in range(40)) and "late49" in page.text
    start = page.text.index("50 submissions of")
    assert page.text.index("50 students", start) < page.text.index("late49", start)


def test_those_who_wait_for_points_are_one_row(tmp_path):
    def waiting(student: str, **changes) -> dict:
        return result(student, UNIT, [cell("a-x", 1.0, 1.0), cell("essay", None, 3.0, kind="by hand")], **changes)

    results = [waiting(f"s{n:03}") for n in range(107)] + [waiting("t", flags=["why"]), full("u")]
    directory = write(tmp_path / "bn", results)
    page = read(directory)
    text = page.text[page.text.index("What a person must look at") : page.text.index("Units at a glance")]
    assert "108 submissions: 1 flagged, 108 needs a score." in text
    assert "needs a score108 students" in text  # the names are one click away
    assert text.count("Give them in formgrader") == 1 and "108 answers without points: essay (108)" in text
    assert all(f"s{n:03}" in text for n in range(107)) and text.count("why") == 1
