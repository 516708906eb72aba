"""`bncourse data`: fetches what is missing or bad, says a line a file, and 0 only where all four are whole."""

import argparse
import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.kit import mnist

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
