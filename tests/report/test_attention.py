"""What a person must look at comes first, and all of it is there."""

from helpers.made_up_class import result, write

from report.reading import UNIT, full, read


def test_what_a_person_must_look_at(tmp_path):
    failed = result("bob", UNIT, status="failed", reason="it is empty")
    flags = ["check normalize-values: its asserts were stripped", "kit redefined"]
    flagged = full("cem", flags=flags, limits=["time: x"])
    slow = full("dan", limits=["time: cell 12 (normalize-values) ran for more than 60 s"])
    directory = write(tmp_path / "bn", [slow, flagged, failed, full("ada")])
    for student in ("ada", "eve", ".ipynb_checkpoints"):
        (directory / "submitted" / student / UNIT).mkdir(parents=True)
    text = read(directory).text
    text = text[: text.index("Units at a glance")]
    assert "3 submissions: 1 failed, 1 flagged, 1 limit reached." in text
    order = [text.index(word) for word in ("it is empty", *flags, "for more than 60")]
    assert order == sorted(order)
    for student in ("bob", "cem", "dan"):
        assert f"{UNIT}" in text and f"submitted/{student}/{UNIT}/{UNIT}.ipynb" in text
    assert f"1 submission of {UNIT} not graded yet: eve." in text


def test_many_to_look_at_are_folded_but_there(tmp_path):
    directory = write(tmp_path / "bn", [full(f"s{n:02}", flags=["why"]) for n in range(40)])
    for n in range(50):
        (directory / "submitted" / f"late{n}" / UNIT).mkdir(parents=True)
    page = read(directory)
    assert "40 submissions: 40 flagged." in page.text and "15 more" in page.text
    assert all(f"submitted/s{n:02}/" in page.text for n in range(40)) and "late49" in page.text
    assert page.seen.count("details") == 2
