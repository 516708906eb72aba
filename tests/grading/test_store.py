"""What a kept result depends on."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from grader.grading import store

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
