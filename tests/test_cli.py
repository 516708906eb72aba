"""The command line: a page for newcomers, one clear line for errors, exit status 2 for misuse."""

import io
import subprocess
import sys

import pytest

from grader.cli import main
from grader.errors import CourseError

COMMANDS = ["build", "validate", "check", "class", "demo", "data"]


def test_help_is_a_page(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert all(f"  {command}" in out for command in COMMANDS)
    assert "for students" in out and len(out.splitlines()) < 40


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_an_example(command, capsys):
    with pytest.raises(SystemExit):
        main([command, "--help"])
    out = capsys.readouterr().out
    assert "example:" in out and f"bncourse {command}" in out.split("example:")[1]


@pytest.mark.parametrize("argv", [[], ["grad"], ["check"], ["build", "--no-such"]])
def test_misuse(argv, capsys):
    with pytest.raises(SystemExit) as caught:
        main(argv)
    assert caught.value.code == 2
    assert "usage: bncourse" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv", [["build", "77"], ["validate", "no_such"], ["check", "/no/such.ipynb"], ["class", "/proc/x"]]
)
def test_errors_are_one_line(argv, capsys):
    assert main(argv) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"bncourse {argv[0]}: ") and error.count("\n") == 1


def test_a_unit_that_does_not_exist_is_answered_with_those_that_do(capsys):
    main(["build", "77"])
    assert "There is no unit '77'. The units are: 00_start_here, " in capsys.readouterr().err


@pytest.mark.slow
def test_as_a_program():
    result = subprocess.run([sys.executable, "-m", "grader", "build", "77"], capture_output=True, text=True)
    assert result.returncode == 2 and "Traceback" not in result.stderr


def test_the_system_says_no(monkeypatch, capsys):
    def full(args):
        raise OSError(28, "No space left on device", "notebooks/x.ipynb")

    monkeypatch.setattr("grader.cli._build", full)
    assert main(["build"]) == 2
    assert capsys.readouterr().err == "bncourse build: [Errno 28] No space left on device: 'notebooks/x.ipynb'\n"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("ascii", "j\\xfcrgen \\uc11c\\uc5f0"), ("latin-1", "jürgen \\uc11c\\uc5f0"), ("utf-8", "jürgen 서연")],
)
def test_letters_that_the_terminal_has_not_are_escaped(monkeypatch, encoding, name):
    streams = {one: io.TextIOWrapper(io.BytesIO(), encoding) for one in ("stdout", "stderr")}
    for one, stream in streams.items():
        monkeypatch.setattr(sys, one, stream)

    def run(args):
        print("jürgen 서연 \udcff")
        raise CourseError("no 서연")

    monkeypatch.setattr("grader.cli._build", run)
    assert main(["build"]) == 2
    out, error = (stream.buffer.getvalue() for stream in streams.values() if not stream.flush())
    assert out.decode(encoding) == f"{name} \\udcff\n"
    assert error.startswith(b"bncourse build: no ")


def test_a_stream_that_cannot_be_set_is_left(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr("grader.cli._build", lambda args: print("jürgen") or 0)
    assert main(["build"]) == 0 and sys.stdout.getvalue() == "jürgen\n"


@pytest.mark.slow
@pytest.mark.parametrize("module", ["grader", "grader.cli"])
def test_it_runs_as_a_module_too(module):
    done = subprocess.run([sys.executable, "-m", module, "grad"], capture_output=True, text=True)
    assert done.returncode == 2 and "usage: bncourse" in done.stderr
