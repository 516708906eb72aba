"""What is collected gets into submitted/, and nothing is lost that anybody else put or changed there."""

from helpers.lms_class import FILE, UNIT, notebook, said, there


def test_twice_changes_nothing(take, lms_class):
    entries = {
        f"Ada King_31_assignsubmission_file/{FILE}": notebook("a"),
        "Ada King_31_assignsubmission_file/b.py": b"",
    }
    assert take(entries, times="archive").new == ["ada"]
    record = lms_class / ".bncourse" / "collected" / f"{UNIT}.json"

    def state():
        paths = [*(lms_class / "submitted").rglob("*"), record]
        return {p: (p.stat().st_mtime_ns, p.stat().st_ino) for p in paths}

    before = state()
    assert take(entries, times="archive").same == ["ada"] and state() == before


def test_a_newer_one_replaces_and_an_older_does_not(take, lms_class):
    def handed_in(what, hour):
        return take(
            {f"Ada King_31_assignsubmission_file/{FILE}": (notebook(what), (2026, 10, 1, hour, 0, 0))}, times="archive"
        )

    handed_in("first", 10)
    assert handed_in("second", 12).newer == ["ada"]
    older = handed_in("first", 10)
    assert older.same == ["ada"] and "older than what was collected" in older.notes[0][1]
    files = there(lms_class)
    assert files[f"ada/{UNIT}/{FILE}"] == notebook("second")
    assert files[f"ada/{UNIT}/timestamp.txt"] == b"2026-10-01 12:00:00 UTC"


def test_what_somebody_else_put_there_stays(take, lms_class, capsys):
    folder = lms_class / "submitted" / "ada" / UNIT
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(notebook("by hand"))
    entries = {f"ada/{FILE}": notebook("collected"), f"bob/{FILE}": notebook(), "bob/h.py": b"1"}
    assert "changed by somebody else; move it away" in said(take(entries), capsys, 1)
    assert (folder / FILE).read_bytes() == notebook("by hand")
    helper = lms_class / "submitted" / "bob" / UNIT / "h.py"
    helper.write_bytes(b"mended")
    assert "h.py was changed by somebody else, and stays" in said(take(entries), capsys)
    assert helper.read_bytes() == b"mended"


def test_a_time_that_a_person_wrote_stays(take, lms_class):
    entries = {f"Ada King_31_assignsubmission_file/{FILE}": notebook("a")}
    take(entries, times="archive")
    stamp = lms_class / "submitted" / "ada" / UNIT / "timestamp.txt"
    stamp.write_text("2026-09-30 10:00:00 UTC")
    take(entries, times="archive")
    assert stamp.read_text() == "2026-09-30 10:00:00 UTC"
    stamp.unlink()
    assert take(entries, times="archive").same == ["ada"] and not stamp.exists()


def test_files_that_are_gone_from_a_newer_one_go(take, lms_class):
    folder = "Ada King_31_assignsubmission_file"
    take({f"{folder}/{FILE}": notebook("1"), f"{folder}/old.py": b"1", f"{folder}/mine.py": b"1"})
    (lms_class / "submitted" / "ada" / UNIT / "mine.py").write_bytes(b"changed")
    take({f"{folder}/{FILE}": (notebook("2"), (2026, 10, 2, 1, 0, 0)), f"{folder}/new.py": b"1"})
    assert {p.split("/")[-1] for p in there(lms_class)} == {FILE, "mine.py", "new.py"}


def test_links_in_submitted_are_not_followed(take, lms_class, tmp_path, capsys):
    (lms_class / "submitted").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (lms_class / "submitted" / "ada").symlink_to(tmp_path / "elsewhere")
    assert "submitted/ada is a link; nothing is written there" in said(take({f"ada/{FILE}": notebook()}), capsys, 1)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_one_that_cannot_be_written_does_not_stop_the_others(take, lms_class, capsys):
    text = said(
        take([(f"ada/{FILE}", notebook()), ("ada/a", b""), ("ada/a/b", b""), (f"bob/{FILE}", notebook())]), capsys, 1
    )
    assert "ada (Ada King): it cannot be written" in text and f"bob/{UNIT}/{FILE}" in there(lms_class)


def test_a_long_name_beside_the_notebook(take, lms_class):
    """As long as a name can be, in bytes: what it is written under first is not longer."""
    name = "가" * 83 + ".png"
    assert take({f"ada/{FILE}": notebook(), f"ada/{name}": b"1"}).new == ["ada"]
    assert there(lms_class)[f"ada/{UNIT}/{name}"] == b"1"


def test_what_a_failed_collection_left_is_replaced_by_the_next(take, lms_class, capsys):
    """Of a submission that could not be written to its end, what was written belongs to no other."""
    text = said(take([(f"ada/{FILE}", notebook("1")), ("ada/a", b"1"), ("ada/a/b", b""), ("ada/c", b"1")]), capsys, 1)
    assert "it cannot be written" in text and list(there(lms_class)) == [f"ada/{UNIT}/a"]
    assert take({f"ada/{FILE}": notebook("2"), "ada/c": b"2"}).new == ["ada"]
    assert there(lms_class) == {f"ada/{UNIT}/{FILE}": notebook("2"), f"ada/{UNIT}/c": b"2"}
