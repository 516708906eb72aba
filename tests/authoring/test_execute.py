"""What a unit's sentences claim is evaluated when it is executed."""

import signal
import subprocess
import sys
import time

import nbformat
import pytest
from helpers.tiny import claim

from grader.authoring.build import build
from grader.authoring.stale import stale, targets
from grader.errors import CourseError

LOADED = "X_train, y_train, X_test, y_test = load_mnist()\n"


def cells(path):
    return [c for c in nbformat.read(targets(path)[1], as_version=4).cells if c.cell_type == "code"]


@pytest.mark.slow
def test_a_claim_that_holds_is_in_no_notebook(edited):
    path = edited(*claim("all(loss < 3\n    for loss in losses)"))
    build(path)
    assert not any("loss < 3" in cell.source for cell in cells(path))
    assert [cell.execution_count for cell in cells(path)] == list(range(1, len(cells(path)) + 1))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("losses[1] < losses[0]", "does not hold on these data"),
        ("missing > 0", r"cannot be evaluated \(NameError: name 'missing' is not defined\)"),
    ],
)
def test_a_claim_that_does_not_hold_stops_the_build(text, what, edited):
    path = edited(*claim(text))
    with pytest.raises(CourseError, match=rf"90_tiny.py:\d+: the claim 'it falls' {what}"):
        build(path)
    assert not any(target.exists() for target in targets(path))


@pytest.mark.slow
def test_a_claim_is_evaluated_again_when_it_changes(edited):
    path = edited(*claim("losses[0] == 1"))
    build(path)
    path.write_text(path.read_text().replace("losses[0] == 1", "losses[0] == 2"))
    assert "older than its source" in stale(path)
    with pytest.raises(CourseError, match="does not hold"):
        build(path)


@pytest.mark.slow
def test_claims_hold_on_the_small_digits_too(edited):
    """Where a sentence speaks of MNIST alone, the claim says so."""
    path = edited(*claim("len(X_train) > 10_000", before=LOADED))
    with pytest.raises(CourseError, match="does not hold on the small digits"):
        build(path)
    path.write_text(path.read_text().replace('claim="it falls"', 'claim="it falls" data="mnist"'))
    build(path)


@pytest.mark.slow
def test_ctrl_c_in_a_cell_ends_the_build_and_says_nothing_else(edited, tmp_path):
    begun = tmp_path / "begun"
    path = edited("plt.plot([1, 2])", f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(60)")
    code = f"from pathlib import Path\nfrom grader.authoring.build import build\nbuild(Path({str(path)!r}))"
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True)
    try:
        for _ in range(600):
            if begun.exists() or process.poll() is not None:
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    finally:
        process.kill()
    assert said.rstrip().endswith("KeyboardInterrupt") and "Error" not in said
