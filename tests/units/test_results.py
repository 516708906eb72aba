"""Measured results that a unit carries are those that are stored, with where they came from."""

import json
import subprocess
import sys

import pytest

from grader.paths import DATA

RESULTS = sorted((DATA / "results").glob("*.json"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda p: p.name)
def test_provenance(path):
    stored = json.loads(path.read_text(encoding="utf-8"))
    text = json.dumps(stored)
    for key in ("command", "seeds", "date", "hardware", "torch", "note"):
        assert f'"{key}"' in text, f"{path.name} does not say its {key}"


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted((DATA / "results").glob("[0-9]*.py")), ids=lambda p: p.name)
def test_the_unit_holds_what_is_stored(script):
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
