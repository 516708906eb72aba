"""What a kept result depends on."""

import hashlib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from grader.grading import store
from grader.grading.result import Result

version_now = store.grader_version.__wrapped__  # not the cached one


@pytest.mark.parametrize("changed", ["verdict.py", "kernel.py", "recording.py", "observe.py", "check.py"])
def test_other_code_is_another_grader(changed, monkeypatch):
    """The judge, the code inside the jail, what stands in for the kit there, the kit."""
    before, read = version_now(), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + b"#" * (path.name == changed))
    assert version_now() != before


def test_no_torch_is_another_grader(monkeypatch):
    before, installed = version_now(), store.version

    def version(package):
        if package == "torch":
            raise PackageNotFoundError(package)
        return installed(package)

    monkeypatch.setattr(store, "version", version)
    assert version_now() != before


def test_a_long_id_s_file_is_no_other_s(tmp_path):
    """A hash stands for an id that is too long for a file's name; another's id may be that hash."""
    kept, digest = store.Store(tmp_path), hashlib.sha256(("x" * 251).encode()).hexdigest()
    ids = ["x" * 251, digest, "x" * 249, "x" * 250, digest.ljust(249, "_"), "김" * 83, "김" * 84]
    for student in ids:
        kept.keep(Result(student, "03", ""))
    assert [kept.result("03", student).student for student in ids] == ids
    assert sorted(result.student for _, result in kept.results()) == sorted(ids)
