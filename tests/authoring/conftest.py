"""Tests of the build make units many times: in this process, and under this machine's own backend alone."""

import pytest


@pytest.fixture(autouse=True)
def one_backend(request, monkeypatch):
    """Where a test does not ask for all backends by the mark `backends`."""
    if request.node.get_closest_marker("backends"):
        return
    from grader.authoring import record
    from grader.authoring.backends import BACKENDS
    from grader.authoring.observing import observe_unit

    monkeypatch.setattr(record, "available", lambda: BACKENDS[:1])
    monkeypatch.setattr(record, "observe_under", lambda unit, backend: observe_unit(unit))
