"""Archives, hostile ones too: what is refused is named, the rest is read, with names and times as they were meant."""

import io
import stat
import struct
import zipfile
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from helpers.lms_class import DAY, FILE, UNIT, notebook, said, there, zipped

from grader.classroom.archives import MOST_ENTRIES, MOST_ENTRIES_INSIDE, Archives, Refused, _Budget
from grader.classroom.collecting import collect


def _link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, DAY)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def _locked(content: bytes) -> bytes:
    """The first entry says that it has a password."""
    at = content.index(b"PK\x01\x02")
    return content[:6] + b"\x01\x00" + content[8 : at + 8] + b"\x01\x00" + content[at + 10 :]


def _otherwise(compression: int) -> bytes:
    """A zip file whose entry Python's zipfile would unpack in one piece, however little of it were asked for."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr(FILE, notebook())
    return file.getvalue()


HOSTILE = {
    "up": ([("ada/../../up.ipynb", b"")], "ada/../../up.ipynb: its name leads out of the archive"),
    "windows": ([("ada\\..\\..\\up.ipynb", b"")], "leads out of the archive"),
    "absolute": ([("/etc/cron.d/x", b"")], "/etc/cron.d/x: its name is an absolute path"),
    "drive": ([("C:/x.ipynb", b"")], "C:/x.ipynb: its name is an absolute path"),
    "control": ([("ada/\x1b[2J.ipynb", b"")], "ada/\\x1b[2J.ipynb: its name has control characters"),
    "link": ([(_link(f"ada/{FILE}"), b"/etc/passwd")], f"ada/{FILE}: is a link"),
    "deep": ([("ada/" + "a/" * 40 + "x.ipynb", b"")], "too long or too deep"),
    "empty zip": ([("ada/x.zip", b"")], "all.zip/ada/x.zip, (as a whole): is no zip file that can be read"),
    "cut zip": ([("ada/x.zip", zipped({FILE: notebook()})[:-30])], "is no zip file that can be read"),
    "password": ([("ada/x.zip", _locked(zipped({FILE: notebook()})))], f"all.zip/ada/x.zip, {FILE}: is locked by"),
    "no name": ([("ada/x.zip", zipped({"Qbc": b""}).replace(b"Qbc", b"\0bc"))], "x.zip, \\x00bc: its name has control"),
    "bzip2": ([("ada/x.zip", _otherwise(zipfile.ZIP_BZIP2))], f"x.zip, {FILE}: is compressed in a way that is not"),
    "lzma": ([("ada/x.zip", _otherwise(zipfile.ZIP_LZMA))], f"x.zip, {FILE}: is compressed in a way that is not taken"),
    "bomb": (lambda: [("ada/x.zip", zipped({"y.zip": bytes(201 << 20)}))], "all.zip/ada/x.zip, y.zip: is too large"),
    "many": (
        lambda: [("ada/x.zip", zipped({f"{n}": b"" for n in range(MOST_ENTRIES_INSIDE + 1)}))],
        "all.zip/ada/x.zip, (as a whole): holds",
    ),
}


SLOW = ("bomb", "many")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in HOSTILE])
def test_hostile_entries_are_refused_and_the_rest_is_collected(take, lms_class, tmp_path, capsys, name):
    entries, why = HOSTILE[name]
    entries = entries() if callable(entries) else entries
    before = {p for p in tmp_path.rglob("*") if not p.is_relative_to(lms_class)}
    text = said(take([(f"bob/{FILE}", notebook()), *entries, (f"jürgen/{FILE}", notebook())]), capsys, 1)
    (line,) = [line for line in text.splitlines() if line.startswith("REFUSED")]
    assert line.startswith("REFUSED    all.zip") and why in line and line.isprintable()
    assert sorted(there(lms_class)) == [f"bob/{UNIT}/{FILE}", f"jürgen/{UNIT}/{FILE}"]
    assert {p for p in tmp_path.rglob("*") if not p.is_relative_to(lms_class)} - before == {tmp_path / "all.zip"}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name(take, lms_class, capsys):
    entries = [(f"ada/{FILE}", notebook("1")), (f"ada/{FILE}", notebook("2")), (f"bob/{FILE}", notebook())]
    text = said(take(entries), capsys, 1)
    assert text.count(f"REFUSED    all.zip, ada/{FILE}: the archive holds 2 files of this name") == 2
    assert list(there(lms_class)) == [f"bob/{UNIT}/{FILE}"]


@pytest.mark.slow
def test_a_notebook_that_is_a_bomb(take, lms_class, capsys):
    entries = {f"ada/{FILE}": bytes(65 << 20), f"bob/{FILE}": notebook()}
    assert "ada (Ada King): its notebook is too large: 65 MB" in said(take(entries), capsys, 1)
    lying = zipped({FILE: bytes(70 << 20)})
    for at in (22, lying.index(b"PK\x01\x02") + 24):  # the size that each header says
        lying = lying[:at] + struct.pack("<I", 10) + lying[at + 4 :]
    assert "its notebook cannot be unpacked" in said(take({"jürgen/x.zip": lying}), capsys, 1)
    assert list(there(lms_class)) == [f"bob/{UNIT}/{FILE}"]


def test_archives_in_archives_in_archives(take, lms_class, capsys):
    inner = zipped({FILE: notebook()})
    for _ in range(3):
        inner = zipped({"x.zip": inner})
    text = said(take({"ada/x.zip": inner, "bob/x.zip": zipped({"y.zip": zipped({FILE: notebook()})})}), capsys, 1)
    assert "is an archive inside of 3 others" in text and list(there(lms_class)) == [f"bob/{UNIT}/{FILE}"]


@pytest.mark.slow
def test_a_hundred_thousand_entries(lms_class, tmp_path, capsys):
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(2 * MOST_ENTRIES):
            archive.writestr(f"ada/{n}", b"")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / FILE).write_bytes(notebook())
    text = said(collect(lms_class, "03", [path, tmp_path / "bob"]), capsys, 1)
    assert "REFUSED    many.zip, (as a whole): holds" in text and "unpack it, and give the folder" in text
    assert list(there(lms_class)) == [f"bob/{UNIT}/{FILE}"]


def test_names_that_a_mac_wrote(lms_class, tmp_path):
    """UTF-8 without saying so, and decomposed."""
    name = f"ju\u0308rgen/{FILE}"
    plain = f"xxxxxxxx/{FILE}"
    assert len(name.encode()) == len(plain)
    path = tmp_path / "mac.zip"
    path.write_bytes(zipped({plain: notebook()}).replace(plain.encode(), name.encode()))
    assert collect(lms_class, "03", [path]).new == ["jürgen"]


def test_a_time_in_utc_in_the_archive(take, lms_class):
    info = zipfile.ZipInfo(f"Ada King_31_assignsubmission_file/{FILE}", DAY)
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, int(datetime(2026, 10, 3, 8).timestamp()))
    take([(info, notebook())], times="archive")
    when = datetime.fromisoformat(there(lms_class)[f"ada/{UNIT}/timestamp.txt"].decode().removesuffix(" UTC"))
    assert (when - datetime(2026, 10, 1)).days >= 1


def _entries(given: Path) -> tuple[list[str], list[str]]:
    """The paths in a file, and what was refused."""
    with Archives() as archives:
        return [entry.path for entry in archives.entries(given)], archives.refused


@pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_is_compressed_otherwise_is_refused_at_the_top_too(tmp_path, compression):
    (tmp_path / "all.zip").write_bytes(_otherwise(compression))
    refused = f"all.zip, {FILE}: is compressed in a way that is not taken: zip it again"
    assert _entries(tmp_path / "all.zip") == ([], [refused])


def test_whatever_reading_an_entry_ends_in_is_a_refusal(tmp_path, monkeypatch):
    """An offset behind the file's end is a struct.error; where memory is short, zipfile says nothing at all."""
    content = bytearray(zipped({FILE: notebook()}))
    at = content.rindex(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 42, len(content) - 10)
    (tmp_path / "all.zip").write_bytes(content)
    with Archives() as archives:
        (entry,) = archives.entries(tmp_path / "all.zip")
        with pytest.raises(Refused, match="cannot be unpacked: "):
            archives.read(entry, 1000)
    zipped({FILE: notebook()}, tmp_path / "good.zip")

    def no_memory(*_):
        raise MemoryError

    with Archives() as archives:
        (entry,) = archives.entries(tmp_path / "good.zip")
        monkeypatch.setattr(zipfile.ZipExtFile, "read", no_memory)
        with pytest.raises(Refused, match="cannot be unpacked: MemoryError"):
            archives.read(entry, 1000)


def test_no_room_to_unpack_in(take, lms_class, capsys, monkeypatch):
    """The archive in the archive is named, the rest is collected, and half of a copy takes no room."""
    write, left = Path.write_bytes, []

    def full(path, content):
        if path.parent.name.startswith("bncourse-"):
            write(path, content[:10])
            left.append(path)
            raise OSError(28, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", full)
    text = said(take({"ada/x.zip": zipped({FILE: notebook()}), f"bob/{FILE}": notebook()}), capsys, 1)
    assert "REFUSED    all.zip, ada/x.zip: the temporary directory " in text
    assert "has no room to unpack it (No space left on device): make room, or set TMPDIR." in text
    assert len(left) == 1 and list(there(lms_class)) == [f"bob/{UNIT}/{FILE}"]
    with Archives() as archives:
        assert list(archives.entries(lms_class.parent / "all.zip")) and not left[-1].exists()


def test_copies_that_nothing_is_read_of_do_not_stay(tmp_path):
    inner = zipped({"y.zip": zipped({FILE: notebook()}), "none.zip": b"no archive"})
    zipped({"ada/x.zip": inner}, tmp_path / "all.zip")
    with Archives() as archives:
        (entry,) = archives.entries(tmp_path / "all.zip")
        assert list(entry.file.parent.iterdir()) == [entry.file]
        assert archives.read(entry, 1000) == notebook()


def test_a_spoilt_archive_in_an_archive_counts_too(tmp_path, monkeypatch):
    """It is unpacked before that is known: a second one like it has no room left."""
    monkeypatch.setattr("grader.classroom.archives._Budget", lambda: _Budget(bytes=1000))
    content, checksum = zipped({"y.zip": bytes(600), "z.zip": bytes(600)}), zlib.crc32(bytes(600)).to_bytes(4, "little")
    zipped({"ada/x.zip": content.replace(checksum, b"none")}, tmp_path / "all.zip")
    paths, (first, second) = _entries(tmp_path / "all.zip")
    assert not paths and "y.zip: cannot be unpacked: Bad CRC-32" in first and "z.zip: is too large" in second
