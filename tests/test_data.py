"""`bncourse data`: fetches what is missing or bad, says a line a file, and 0 only where all four are whole."""

import argparse
import gzip
import hashlib
import http.server
import io
import os
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.kit import cifar10, mnist

IMAGES, LABELS = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
HTML = b"\r\n<!DOCTYPE html><html><body>Please log in to the airport's network.</body></html>"


def idx(name: str) -> bytes:
    """A small file in MNIST's format."""
    shape = (3, 28, 28) if "images" in name else (3,)
    numbers = np.random.RandomState(len(name)).randint(0, 10, shape).astype(np.uint8)
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, ">i4").tobytes() + numbers.tobytes()


PLAIN = {name: idx(name) for name in mnist.HASHES}
GZ = {f"{name}.gz": gzip.compress(raw, mtime=0) for name, raw in PLAIN.items()}


def fill(directory: Path, files: dict[str, bytes]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (directory / name).write_bytes(raw)
    return directory


@pytest.fixture(autouse=True)
def mirror(tmp_path, monkeypatch) -> Path:
    """A mirror that has small files in the place of the real ones, in a directory: nothing goes over a network."""
    folder = fill(tmp_path / "mirror", GZ)
    monkeypatch.setenv("MNIST_MIRRORS", folder.as_uri())
    monkeypatch.setattr(mnist, "HASHES", {name: hashlib.sha256(raw).hexdigest() for name, raw in PLAIN.items()})
    return folder


@pytest.fixture
def command(capsys):
    """A function that runs `bncourse data`; it returns the exit status and the lines that were printed."""

    def run(*arguments) -> tuple[int, list[str]]:
        parser = argparse.ArgumentParser(prog="bncourse")
        data.add_parser(parser.add_subparsers())
        args = parser.parse_args(["data", *map(str, arguments)])
        return args.run(args), capsys.readouterr().out.splitlines()

    return run


def content(directory: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in directory.iterdir()}


def test_fetch_then_check(command, mirror, tmp_path):
    there = tmp_path / "new/mnist"
    status, lines = command(there, "--check")
    assert status == 1 and lines[:4] == [f"✗ {name} is missing." for name in PLAIN] and not there.exists()
    assert command(there) == (0, [*(f"✓ {name} was fetched." for name in PLAIN), f"MNIST is complete in {there}."])
    assert content(there) == GZ
    for file in mirror.iterdir():
        file.unlink()  # it is not asked again
    assert command(there, "--check") == (0, [f"✓ {name}.gz is good." for name in PLAIN])
    status, lines = command(there)
    assert status == 0 and lines[:4] == [f"✓ {name}.gz is there already." for name in PLAIN]


def test_plain_files_are_as_good(command, tmp_path):
    there = fill(tmp_path / "mnist", PLAIN)
    assert command(there, "--check")[0] == command(there)[0] == 0
    assert content(there) == PLAIN


def test_bad_files_are_named_and_replaced(command, tmp_path):
    there = fill(tmp_path / "mnist", {**GZ, f"{IMAGES}.gz": GZ[f"{IMAGES}.gz"][:50], LABELS: HTML})
    status, lines = command(there, "--check")
    assert status == 1 and f"✗ {IMAGES}.gz is incomplete." in lines and f"✗ {LABELS} is a web page, not data." in lines
    assert lines[-1] == f"MNIST is not complete in {there}. Run `bncourse data` to fetch what is missing or bad."
    status, lines = command(there)
    assert status == 0 and content(there) == GZ
    assert f"✓ {IMAGES} was fetched. ({IMAGES}.gz is incomplete: discarded.)" in lines
    assert f"✓ {LABELS}.gz is there already. ({LABELS} is a web page, not data: discarded.)" in lines


def test_why_it_failed_is_said_and_the_others_are_fetched(command, mirror, tmp_path):
    (mirror / f"{LABELS}.gz").unlink()
    (mirror / f"{IMAGES}.gz").write_bytes(HTML)
    status, lines = command(tmp_path / "mnist")
    assert status == 1 and sum(line.startswith("✓") for line in lines) == 2
    assert any(line.startswith(f"✗ {LABELS} could not be fetched (the mirror: ") for line in lines)
    assert any(line.startswith(f"✗ {IMAGES} could not be fetched (the mirror: is a web page") for line in lines)
    assert lines[-1] == f"MNIST is not complete in {tmp_path / 'mnist'}."


def test_a_fetch_that_fails_leaves_a_bad_file_alone(command, tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_MIRRORS", "")
    there = fill(tmp_path / "mnist", {f"{IMAGES}.gz": b"mine"})
    status, lines = command(there)
    assert status == 1 and content(there) == {f"{IMAGES}.gz": b"mine"}
    assert lines[0] == f"✗ {IMAGES} could not be fetched (no mirror to ask)."


@pytest.mark.parametrize("place, why", [("file", "File exists"), ("file/mnist", "Not a directory")])
def test_a_file_in_the_directory_s_place(command, tmp_path, place, why):
    (tmp_path / "file").write_text("mine")
    assert command(tmp_path / place) == (1, [f"✗ {tmp_path / place} cannot be made: {why}."])
    status, lines = command(tmp_path / place, "--check")
    assert status == 1 and lines[:4] == [f"✗ {name} is missing." for name in PLAIN]
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_a_file_s_place_is_named(command, tmp_path):
    there = fill(tmp_path / "mnist", GZ)
    (there / LABELS).mkdir()
    status, lines = command(there, "--check")
    assert status == 1 and f"✗ {LABELS} cannot be read (Is a directory)." in lines


def test_a_directory_that_cannot_be_written(command, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    status, lines = command(tmp_path / "mnist")
    assert status == 1 and content(tmp_path / "mnist") == {}
    assert lines[:4] == [f"✗ {name} was fetched, but cannot be written to {tmp_path / 'mnist'}." for name in PLAIN]


def test_the_parser_has_help_and_an_example(command, capsys):
    with pytest.raises(SystemExit):
        command("--help")
    assert "example:\n  bncourse data " in capsys.readouterr().out


# CIFAR-10


def archive() -> bytes:
    """A small cifar-10-binary.tar.gz, of noise: three images a file."""
    with tarfile.open(fileobj=(packed := io.BytesIO()), mode="w:gz") as out:
        for name, raw in BATCHES.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(raw)
            out.addfile(member, io.BytesIO(raw))
    return packed.getvalue()


BATCHES = {
    name: np.random.RandomState(k).bytes(3 * 3073)
    for k, name in enumerate(cifar10.CIFAR10_FILES[cifar10.CIFAR10_BINARY])
}
ARCHIVE = archive()


class Server(http.server.ThreadingHTTPServer):
    """Serves `raw`, at most `most` bytes an answer, and parts of it where `parts` is true; notes what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.raw, self.most, self.parts, self.asked = ARCHIVE, len(ARCHIVE), True, []
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server, part = self.server, self.headers["Range"]
        server.asked.append((self.path, part))
        begin = int(part[len("bytes=") : -1]) if part and server.parts else 0
        self.send_response(206 if begin else 200)
        self.send_header("Content-Length", str(len(server.raw) - begin))
        self.end_headers()
        self.wfile.write(server.raw[begin : begin + server.most])

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch) -> Server:
    """The only address for CIFAR-10, with a small archive in the place of the real one."""
    server = Server()
    monkeypatch.setenv("CIFAR10_MIRRORS", f"http://127.0.0.1:{server.server_port}/~kriz/")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(data, "BYTES", len(ARCHIVE))
    monkeypatch.setattr(data, "MD5", hashlib.md5(ARCHIVE).hexdigest())
    sums = {name: (len(raw), hashlib.sha1(raw).hexdigest()) for name, raw in BATCHES.items()}
    monkeypatch.setitem(cifar10.CIFAR10_FILES, cifar10.CIFAR10_BINARY, sums)
    monkeypatch.setitem(cifar10.CIFAR10_ARCHIVES, "bin", len(ARCHIVE))
    yield server
    server.shutdown()
    server.server_close()


NAME = "cifar-10-binary.tar.gz"


def half(directory: Path, raw: bytes = ARCHIVE[:20_000]) -> Path:
    return fill(directory, {f"{NAME}.part": raw})


def test_cifar10_fetched_then_checked(command, server, tmp_path):
    there = tmp_path / "new/cifar10"
    status, lines = command("cifar10", there, "--check")
    assert status == 1 and lines == [
        f"✗ {there}: no such file or folder.",
        f"CIFAR-10 is not complete in {there}. Run `bncourse data cifar10` to fetch it.",
    ]
    assert command("cifar10", there) == (0, [f"✓ {NAME} was fetched.", f"CIFAR-10 is complete in {there}."])
    assert content(there) == {NAME: ARCHIVE} and server.asked == [(f"/~kriz/{NAME}", None)]
    whole = f"✓ {there / NAME} is {{}} (CIFAR-10, official binary version)."
    assert command("cifar10", there, "--check") == (0, [whole.format("good")])
    assert command("cifar10", there) == (0, [whole.format("there already")]) and len(server.asked) == 1


def test_cifar10_goes_on_from_what_is_there(command, server, tmp_path):
    assert command("CIFAR-10", half(tmp_path / "c"))[0] == 0
    assert content(tmp_path / "c") == {NAME: ARCHIVE} and server.asked == [(f"/~kriz/{NAME}", "bytes=20000-")]


def test_cifar10_goes_on_where_the_server_stops(command, server, tmp_path):
    server.most = 20_000
    assert command("cifar10", tmp_path / "c")[0] == 0 and content(tmp_path / "c") == {NAME: ARCHIVE}
    assert [part for _, part in server.asked] == [None, "bytes=20000-", "bytes=40000-"]


@pytest.mark.parametrize("parts, begun", [(False, ARCHIVE[:20_000]), (True, b"x" * 20_000), (True, ARCHIVE + b"x")])
def test_cifar10_begins_anew(parts, begun, command, server, tmp_path):
    """A server that gives no parts; what was another file's beginning, or too much."""
    server.parts = parts
    assert command("cifar10", half(tmp_path / "c", begun))[0] == 0 and content(tmp_path / "c") == {NAME: ARCHIVE}


def test_cifar10_kept_where_the_server_gives_up(command, server, tmp_path, monkeypatch):
    server.most, there = 0, half(tmp_path / "c")
    status, lines = command("cifar10", there)
    assert status == 1 and f" could not be fetched (it stopped at 20,000 of {len(ARCHIVE):,} bytes)." in lines[0]
    assert lines[1] == f"CIFAR-10 is not complete in {there}. Run this again: it will go on."
    assert content(there) == {f"{NAME}.part": ARCHIVE[:20_000]}
    monkeypatch.setenv("CIFAR10_MIRRORS", "http://127.0.0.1:1/")
    assert "✗ http://127.0.0.1:1/cifar-10-binary.tar.gz could not be fetched (" in command("cifar10", there)[1][0]


@pytest.mark.parametrize(
    "raw, why", [(HTML, "it is a web page, not data"), (b"x" * 99, "it is no archive"), (None, "MD5 checksum is wrong")]
)
def test_cifar10_refused(raw, why, command, server, tmp_path):
    server.raw = raw or ARCHIVE[:-20_000] + b"x" * 20_000
    server.parts = False
    status, lines = command("cifar10", half(tmp_path / "c"))
    assert status == 1 and f"{why})." in lines[0] and NAME not in content(tmp_path / "c")
    assert (f"{NAME}.part" in content(tmp_path / "c")) == bool(raw), "what had come is kept, unless it is wrong"


def test_a_bad_archive_of_cifar10_is_replaced(command, server, tmp_path):
    there = fill(tmp_path / "c", {NAME: ARCHIVE[:500], "mine": b"x"})
    status, lines = command("cifar10", there, "--check")
    assert status == 1 and lines[0] == f"✗ {there / NAME}: truncated, 500 of {len(ARCHIVE):,} bytes."
    status, lines = command("cifar10", there)
    assert status == 0 and content(there) == {NAME: ARCHIVE, "mine": b"x"}
    assert lines[0].endswith(f"was fetched. ({there / NAME}: truncated, 500 of {len(ARCHIVE):,} bytes: replaced.)")


def test_the_next_mirror_of_cifar10(command, server, tmp_path, monkeypatch):
    monkeypatch.setenv("CIFAR10_MIRRORS", f"http://127.0.0.1:1/ {os.environ['CIFAR10_MIRRORS']}")
    status, lines = command("cifar10", tmp_path / "c")
    assert status == 0 and lines[0].startswith("✗ http://127.0.0.1:1/") and lines[1] == f"✓ {NAME} was fetched."


def test_where_what_goes(command, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(data, "DATA", tmp_path / "data")
    assert command("mnist")[0] == command("mnist", tmp_path / "m")[0] == command(tmp_path / "n")[0] == command()[0] == 0
    assert all(content(tmp_path / name) == GZ for name in ("data/mnist", "m", "n"))
    assert command("cifar10", "--check")[1] == [
        f"✗ {tmp_path}/data/cifar10: no such file or folder.",
        f"CIFAR-10 is not complete in {tmp_path}/data/cifar10. Run `bncourse data cifar10` to fetch it.",
    ]
    for wrong in (["cifar"], ["cifar100"], ["minst", tmp_path]):
        with pytest.raises(SystemExit):
            command(*wrong)
        assert f"the data sets are mnist and cifar10, not {wrong[0]}" in capsys.readouterr().err
