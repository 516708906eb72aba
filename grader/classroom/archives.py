"""What lies in what an instructor was given: folders, zip files and zip files in them, of which some may be hostile.

Nothing is unpacked under a name from an archive. What is refused, and why, is said in a line with archive and entry.
"""

import contextlib
import os
import re
import stat
import struct
import tempfile
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from grader.grading.outputs import line, shown

MOST_ENTRIES, MOST_ENTRIES_INSIDE = 50_000, 5_000  # of an archive that was given; of all archives in one of its entries
MOST_BYTES_INSIDE = 200 << 20  # unpacked, of all archives in one entry
MOST_BYTES_ALL = 8 << 30  # unpacked, of all archives in archives
MOST_OPEN = 8
MOST_NESTED, MOST_DEPTH = 3, 30  # archives in each other; folders in each other
MOST_NAME = 1000  # characters of a path
MOST_ALIKE = 5  # lines that are said for one reason about one archive
IGNORED = re.compile(  # what systems, editors and tools leave behind
    r"\..*|__MACOSX|__pycache__|desktop\.ini|Thumbs\.db|venv|node_modules|site-packages", re.I
)
ZIP = (".zip",)
TAKEN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # zipfile unpacks others without a limit: a few KB into gigabytes
_TIMESTAMP = 0x5455  # the extra field of a zip entry with seconds since 1970, in UTC


class Refused(Exception):
    """An entry that is not taken; the message says why, after the name of archive and entry."""


@dataclass(frozen=True)
class Entry:
    """A file, as it may be read with `Archives.read`."""

    path: str  # from what was given, relative and with "/"; a nested archive's name stands in it like a folder's
    size: int  # bytes, as the archive says
    when: datetime | None  # in UTC, without a zone
    file: Path  # the archive that it is in, or itself
    inside: zipfile.ZipInfo | None = None  # what it is in that archive
    zone: bool = True  # whether the time is known in UTC; else it was taken for this machine's local time


@dataclass
class _Budget:
    """What the archives in one entry may still come to."""

    entries: int = MOST_ENTRIES_INSIDE
    bytes: int = MOST_BYTES_INSIDE


@dataclass
class Archives:
    """A context in which files that were given are looked through. `refused`: a line for each thing that was not."""

    refused: list[str] = field(default_factory=list)
    _alike: Counter = field(default_factory=Counter)
    _open: dict[Path, zipfile.ZipFile] = field(default_factory=dict)
    _copies: int = 0
    _left: int = MOST_BYTES_ALL

    def __enter__(self) -> "Archives":
        self._folder = tempfile.TemporaryDirectory(prefix="bncourse-")
        return self

    def __exit__(self, *_) -> None:
        for archive in self._open.values():
            archive.close()
        self._open.clear()
        self._folder.cleanup()

    def entries(self, given: Path) -> Iterator[Entry]:
        """The files in a folder, in a zip file, or the file itself; the given one's name is no part of their paths."""
        if given.is_dir():
            yield from self._in_folder(given, given.name)
        elif given.suffix.lower() in ZIP:
            yield from self._in_zip(given, given.name, "", None, 0)
        else:
            about = given.stat()
            yield Entry(given.name, about.st_size, _utc(about.st_mtime), given)

    def read(self, entry: Entry, most: int) -> bytes:
        """An entry's bytes. Raises Refused: where they are more than `most`, or cannot be read."""
        if entry.size > most:
            raise Refused(f"is too large: {entry.size / 2**20:.0f} MB")
        try:
            with self._opened(entry) as file:
                content = file.read(most + 1)
        except OSError as error:
            raise Refused(f"cannot be read: {error.strerror or error}") from None
        except Exception as error:  # zipfile's own, zlib's, struct's, MemoryError …: what hostile bytes end in
            raise Refused(f"cannot be unpacked: {line(error, 100) or type(error).__name__}") from None
        if len(content) > most:
            raise Refused(f"is larger than it says: more than {most / 2**20:.0f} MB")
        return content

    def refuse(self, archive: str, entry: str, why: str) -> None:
        """Note that an entry was not taken; of many that are alike, some."""
        self._alike[archive, why] += 1
        if self._alike[archive, why] <= MOST_ALIKE:
            self.refused.append(f"{shown(archive)}, {line(shown(entry), 200)}: {why}")
        elif self._alike[archive, why] == MOST_ALIKE + 1:
            self.refused.append(f"{shown(archive)}: more entries are like that one: {why}")

    def _opened(self, entry: Entry):
        if entry.inside is None:
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            return open(os.open(entry.file, flags), "rb")
        return self._archive(entry.file).open(entry.inside)

    def _archive(self, path: Path) -> zipfile.ZipFile:
        archive = self._open.pop(path, None) or zipfile.ZipFile(path)
        self._open[path] = archive  # behind the others: it was used last
        if len(self._open) > MOST_OPEN:
            self._open.pop(next(iter(self._open))).close()
        return archive

    def _copy(self, content: bytes) -> Path:
        """A nested archive as a file of its own. Raises Refused where there is no room for it."""
        self._copies += 1
        copy = Path(self._folder.name) / f"{self._copies}.zip"
        try:
            copy.write_bytes(content)
        except OSError as error:
            with contextlib.suppress(OSError):
                copy.unlink()  # what was written of it takes room, too
            where = f"the temporary directory {shown(str(copy.parent.parent))}"
            raise Refused(f"{where} has no room to unpack it ({error.strerror}): make room, or set TMPDIR") from None
        return copy

    def _drop(self, copy: Path) -> None:
        if archive := self._open.pop(copy, None):
            archive.close()
        copy.unlink(missing_ok=True)

    def _in_folder(self, folder: Path, said: str, inside: str = "", depth: int = 0) -> Iterator[Entry]:
        if depth > MOST_DEPTH:
            self.refuse(said, inside, f"lies deeper than {MOST_DEPTH} folders")
            return
        try:
            with os.scandir(folder) as found:
                found = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self.refuse(said, inside or ".", f"cannot be read: {error.strerror}")
            return
        for item in found:
            path = f"{inside}{item.name}"
            if IGNORED.fullmatch(item.name):
                continue
            if not item.name.isprintable():
                self.refuse(said, path, "its name has control characters in it, or is no text")
            elif item.is_symlink():
                self.refuse(said, path, "is a link; links are not followed")
            elif item.is_dir(follow_symlinks=False):
                yield from self._in_folder(Path(item.path), said, f"{path}/", depth + 1)
            elif not item.is_file(follow_symlinks=False):
                self.refuse(said, path, "is no ordinary file")
            elif Path(item.name).suffix.lower() in ZIP:
                yield from self._in_zip(Path(item.path), f"{said}/{path}", f"{path}/", _Budget(), 1)
            else:
                about = item.stat(follow_symlinks=False)
                yield Entry(_composed(path), about.st_size, _utc(about.st_mtime), Path(item.path))

    def _in_zip(self, file: Path, said: str, inside: str, budget: _Budget | None, depth: int) -> Iterator[Entry]:
        """The entries of a zip file. budget: that of the entry that it is in, None for one that was given."""
        most = MOST_ENTRIES if budget is None else budget.entries
        try:
            if _directory_bytes(file) > 46 * most + 200 * most:
                raise Refused(f"holds more than {most:,} files")
            infos = self._archive(file).infolist()
            if len(infos) > most:
                raise Refused(f"holds {len(infos):,} files, which is more than {most:,}")
        except Refused as error:
            hint = "unpack it, and give the folder" if budget is None else "ask for the notebook alone"
            self.refuse(said, "(as a whole)", f"{error}; {hint}")
            return
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            self.refuse(said, "(as a whole)", f"is no zip file that can be read: {line(error, 100)}")
            return
        if budget is not None:
            budget.entries -= len(infos)
        named = [(info, _name(info)) for info in infos]
        named = [(info, name) for info, name in named if not name.endswith("/")]  # `is_dir` cannot bear an empty name
        twice = Counter(name for _, name in named)
        for info, name in named:
            try:
                path = _checked(name, info)
                if any(IGNORED.fullmatch(part) for part in path.parts):
                    continue
                if twice[name] > 1:
                    raise Refused(f"the archive holds {twice[name]} files of this name; none is taken")
                when, zone = _time(info)
                entry = Entry(_composed(f"{inside}{path}"), info.file_size, when, file, info, zone)
                if path.suffix.lower() not in ZIP:
                    yield entry
                    continue
                own = budget or _Budget()
                if depth >= MOST_NESTED:
                    raise Refused(f"is an archive inside of {depth} others")
                most = min(own.bytes, self._left)
                if entry.size <= most:  # before it is read: a spoilt one is work, too
                    own.bytes -= entry.size
                    self._left -= entry.size
                copy, used = self._copy(self.read(entry, most)), False
                for found in self._in_zip(copy, f"{said}/{path}", f"{inside}{path}/", own, depth + 1):
                    used = used or found.file == copy
                    yield found
                if not used:  # it was refused, or holds archives alone
                    self._drop(copy)
            except Refused as error:
                self.refuse(said, name, str(error))


def _directory_bytes(file: Path) -> int:
    """How large a zip file says its table of contents is: reading that takes memory."""
    with open(file, "rb") as f:
        f.seek(0, os.SEEK_END)
        f.seek(max(0, f.tell() - 65_557 - 20))
        tail = f.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 16:
        raise zipfile.BadZipFile("it has no table of contents; was it cut short?")
    size = struct.unpack_from("<I", tail, at + 12)[0]
    if size != 0xFFFFFFFF:
        return size
    at = tail.rfind(b"PK\x06\x06", 0, at)  # the larger form's
    return struct.unpack_from("<Q", tail, at + 40)[0] if at >= 0 and len(tail) >= at + 48 else 1 << 62


def _name(info: zipfile.ZipInfo) -> str:
    """An entry's name. Macs write UTF-8 without saying so, which is then read as an old code page."""
    name = info.orig_filename  # `filename` ends at the first NUL
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return name.replace("\\", "/")  # as some programs on Windows write


def _checked(name: str, info: zipfile.ZipInfo) -> PurePosixPath:
    """An entry's path. Raises Refused where it is none that stays inside, or the entry is no ordinary file."""
    if not name.isprintable():
        raise Refused("its name has control characters in it, or is no text")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name):
        raise Refused("its name is an absolute path")
    path = PurePosixPath(name)
    if ".." in path.parts:
        raise Refused('its name leads out of the archive ("..")')
    if not path.parts or len(name) > MOST_NAME or len(path.parts) > MOST_DEPTH:
        raise Refused("its name is empty, too long or too deep")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise Refused("is a link; links are not followed")
    if kind not in (0, stat.S_IFREG):
        raise Refused("is no ordinary file")
    if info.flag_bits & 0x1:
        raise Refused("is locked by a password")
    if info.compress_type not in TAKEN:
        raise Refused("is compressed in a way that is not taken: zip it again")
    return path


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _time(info: zipfile.ZipInfo) -> tuple[datetime | None, bool]:
    """When an entry was last changed, in UTC, and whether that is known; else it is local time, taken for here's."""
    extra, at = info.extra, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == _TIMESTAMP and size >= 5 and at + 9 <= len(extra) and extra[at + 4] & 1:
            return _utc(struct.unpack_from("<i", extra, at + 5)[0]), True
        at += 4 + size
    try:
        return _utc(time.mktime((*info.date_time, 0, 0, -1))) if info.date_time[0] > 1980 else None, False
    except (OverflowError, ValueError):
        return None, False


def _utc(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return None
