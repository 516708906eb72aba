"""Other processors are imitated by environment variables that the libraries obey."""

import json
import subprocess
import sys

import numpy as np
import pytest

from grader.authoring import backends
from grader.authoring.backends import BACKENDS, available, disturb, lacking, leave_steady

SHOW = """
import json
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(json.dumps([name for name in __cpu_dispatch__ if __cpu_features__[name]]))
"""


def test_the_machine_s_own_is_the_first(monkeypatch):
    monkeypatch.delenv("ATEN_CPU_CAPABILITY", raising=False)  # the whole suite may be run as another processor
    assert available()[0].name == "native" and BACKENDS[0].environment().get("ATEN_CPU_CAPABILITY") is None
    assert {b.name for b in available()} | set(lacking()) == {b.name for b in BACKENDS}


@pytest.mark.parametrize("backend", [b for b in available() if b.without], ids=lambda b: b.name)
def test_numpy_does_without(backend):
    done = subprocess.run([sys.executable, "-c", SHOW], env=backend.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(json.loads(done.stdout)) & set(backend.without)


@pytest.mark.slow
@pytest.mark.parametrize("backend", [b for b in available() if b.torch], ids=lambda b: b.name)
def test_torch_does_without(backend):
    pytest.importorskip("torch")
    code = "import torch; print(torch.backends.cpu.get_cpu_capability(), torch.get_num_threads())"
    done = subprocess.run([sys.executable, "-c", code], env=backend.environment(), capture_output=True, text=True)
    capability, threads = done.stdout.split()
    assert capability.lower() == backend.torch and int(threads) == backend.threads


def test_a_processor_without_avx_is_passed_by(monkeypatch):
    monkeypatch.setattr(backends, "_features", lambda: {"sse4_2"})
    assert [b.name for b in available()] == ["native", "sse", "disturbed"]
    assert lacking() == ["avx2", "avx512"]


@pytest.fixture
def disturbed(monkeypatch):
    monkeypatch.setenv(backends.DISTURBED, "1")
    disturb()
    yield
    leave_steady()


def test_draws_differ_in_their_last_bit(disturbed):
    drawn = np.random.RandomState(1).normal(5, 2, (40, 3))
    leave_steady()
    steady = np.random.RandomState(1).normal(5, 2, (40, 3))
    assert (drawn != steady).all() and np.allclose(drawn, steady, rtol=1e-15, atol=0)


def test_whole_numbers_do_not(disturbed):
    drawn = np.random.RandomState(1).randint(0, 9, 40)
    leave_steady()
    assert (drawn == np.random.RandomState(1).randint(0, 9, 40)).all()


def test_draws_of_torch(disturbed):
    torch = pytest.importorskip("torch")
    disturb()
    try:
        drawn = torch.randn(50, generator=torch.Generator().manual_seed(1), requires_grad=True)
        steady = torch.randn.steady(50, generator=torch.Generator().manual_seed(1))
        assert drawn.requires_grad and drawn.is_leaf
        assert (drawn != steady).all() and torch.allclose(drawn, steady, rtol=1e-6)
    finally:
        for name in backends.TORCH_DRAWS:
            setattr(torch, name, getattr(getattr(torch, name), "steady", getattr(torch, name)))


def test_without_being_asked_nothing_is_disturbed():
    before = np.random.RandomState
    disturb()
    assert np.random.RandomState is before
