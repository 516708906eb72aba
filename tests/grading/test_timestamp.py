"""A timestamp.txt of any bytes: a time as nbgrader reads it, or one line that says why there is none."""

from datetime import datetime

import pytest

from grader.grading.timestamp import MOST, Timestamp, read, unreadable


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        (b"2026-03-01 12:30:00 UTC", 12),
        (b"2026-03-01 12:30:00.123456 Asia/Seoul\n", 3),
        (b"2026-03-01T12:30:00+02:00", 10),
        (b"2026-03-01 12:30:00 +0200", 10),
        (b"2026-03-01 12:30:00.5 -03:00", 15),
        (b"2026-03-01 12:30 +01", 11),
        (b"\xef\xbb\xbf2026-03-01 12:30:00", 12),
        ("2026-03-01 12:30:00".encode("utf-16"), 12),
        (b"\xfe\xff" + "2026-03-01 12:30:00".encode("utf-16-be"), 12),
        (b"1 March 2026, 12:30", 12),
    ],
)
def test_a_time_is_told_in_utc_without_a_zone(written, hour):
    found = read(written)
    assert (found.when.hour, found.when.minute, found.when.day, found.when.tzinfo) == (hour, 30, 1, None)
    assert found.problem == ""


def test_the_text_is_kept_as_it_is_written():
    """It is copied beside the graded notebook, where nbgrader puts it."""
    assert read(b"  2026-03-01 12:30:00 UTC \r\n") == Timestamp("2026-03-01 12:30:00 UTC", datetime(2026, 3, 1, 12, 30))


@pytest.mark.parametrize(
    "written",
    [
        b"999999999999999999999999999999h",
        b"9" * 999,
        b"1e400 s",
        b"0001-01-01 00:00:00 +2300",
        b"9999-12-31 23:59:59 -2300",
        b"1989-12-31 23:59:59 UTC",
        b"2200-01-01 00:00:00 UTC",
        b"2026-03-01 12:30:00 99999999999999999999",
        b"2026-03-01 12:30:00 /dev/zero",
        b"2026-03-01 12:30:00 ../../../etc/localtime",
        b"\xff\xff\xff",
        b"\xff\xfe\x00",
        b"",
        b" \n",
        b"nan",
        b"soon \x1b[2J",
        "２０２６-03-01".encode(),
        b"[" * 900,
        b"2026-02-30",
        b"2026-03-01 25:00",
        b"2026-03-01\n2026-03-02",
    ],
)
def test_what_is_no_time_is_a_problem_in_one_line(written):
    found = read(written)
    assert found.text == "" and found.when is None
    assert found.problem.startswith("timestamp.txt ") and found.problem.endswith("it has no time of handing in")
    assert found.problem.isprintable() and len(found.problem) < 200


def test_a_zone_that_nobody_knows_is_read_as_utc_without_a_warning(recwarn):
    assert read(b"2026-03-01 12:30:00 XYZ").when == datetime(2026, 3, 1, 12, 30)
    assert not recwarn.list


def test_as_much_as_is_read_of_a_file_never_raises():
    for byte in range(256):
        found = read(bytes([byte]) * MOST)
        assert found == Timestamp(problem=found.problem) and found.problem.isprintable()


def test_a_file_that_cannot_be_read_has_no_time_of_handing_in():
    found = unreadable("timestamp.txt is a symbolic link; links are not followed.")
    assert found == Timestamp(
        problem="timestamp.txt is a symbolic link; links are not followed: it has no time of handing in"
    )
