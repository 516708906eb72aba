"""Every unit is proved under every backend, each in a process of its own, and one that fails is not passed over."""

import json
import sys
import time
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from grader.authoring import across
from grader.authoring.across import Proof, print_proofs, prove, prove_all
from grader.authoring.backends import BACKENDS

SOURCE = Path("solutions/90_tiny.py")
COUNTS = {"named": 5, "mistakes": 6, "accepted": 1, "right": 1}
NATIVE, DISTURBED = (next(b for b in BACKENDS if b.name == name) for name in ("native", "disturbed"))


@pytest.fixture
def processes(monkeypatch):
    """The processes that were started, as (command, environment); what each says is taken from `said`."""
    started, said = [], CompletedProcess([], 0, json.dumps({"units": [{**COUNTS, "problems": []}]}), "")

    def run(command, env, **kwargs):
        started.append((command, env))
        return said

    monkeypatch.setattr(across.subprocess, "run", run)
    return started, said


@pytest.fixture
def two_backends(monkeypatch):
    """A machine that cannot do as the others."""
    monkeypatch.setattr(across, "available", lambda: [NATIVE, DISTURBED])
    monkeypatch.setattr(across, "lacking", lambda: [b.name for b in BACKENDS if b not in (NATIVE, DISTURBED)])


def test_a_unit_is_validated_in_the_backend_s_environment(processes):
    proof = prove(SOURCE, DISTURBED)
    assert (proof.unit, proof.backend, proof.problems) == ("90_tiny", "disturbed", [])
    assert proof.counts.items() >= COUNTS.items()
    ((command, environment),) = processes[0]
    assert command == [sys.executable, "-m", "grader", "validate", "90_tiny", "--json"]
    assert environment == DISTURBED.environment()


def test_claims_are_proved_where_that_is_asked_for(processes, two_backends):
    prove_all([SOURCE])
    assert not any("--claims" in command for command, _ in processes[0])
    prove_all([SOURCE], claims=True)
    assert [command[-1] for command, _ in processes[0][2:]] == ["--claims"] * 2


@pytest.mark.parametrize(("claims", "at_once"), [(False, 2), (True, 1)])
def test_what_trains_runs_by_itself(claims, at_once, monkeypatch, two_backends):
    running, most = [], []

    def run(command, **kwargs):
        running.append(command)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        return CompletedProcess([], 1, "", "")

    monkeypatch.setattr(across.subprocess, "run", run)
    prove_all([SOURCE], claims=claims)
    assert max(most) == at_once


@pytest.mark.parametrize(
    ("out", "err", "problem"),
    [
        ("", "bncourse: 90_tiny.py:3: wrong.\n", "bncourse: 90_tiny.py:3: wrong."),
        ("", "", "it ended with status -9"),
        ("Segmentation fault", "", "it ended with status -9"),
        ('{"units": []}', "", "it ended with status -9"),
        ("{}", "no units", "no units"),
    ],
)
def test_a_process_that_says_nothing_useful_is_a_problem(out, err, problem, processes):
    vars(processes[1]).update(stdout=out, stderr=err, returncode=-9)
    assert prove(SOURCE, NATIVE) == Proof("90_tiny", "native", {}, [problem])


def test_every_unit_meets_every_backend_in_order(processes, two_backends):
    units = [Path("a.py"), Path("b.py")]
    pairs = [("a", "native"), ("a", "disturbed"), ("b", "native"), ("b", "disturbed")]
    assert [(p.unit, p.backend) for p in prove_all(units)] == pairs
    assert [(p.unit, p.backend) for p in prove_all(units, [DISTURBED])] == pairs[1::2]


def test_a_table_of_what_held(two_backends, capsys):
    proofs = [Proof(unit, b.name, COUNTS, []) for unit in ("90_tiny", "91_more") for b in (NATIVE, DISTURBED)]
    assert print_proofs(proofs) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[1:4] == [
        ["native", "disturbed"], ["90_tiny", "5/6", "1/1", "5/6", "1/1"], ["91_more", "5/6", "1/1", "5/6", "1/1"]
    ]  # fmt: skip
    assert [line[-1] for line in lines[4:]] == ["sse", "avx2", "avx512"], "what was not tried is named"


def test_problems_are_listed_and_end_the_command_with_1(two_backends, capsys):
    proofs = [Proof("90_tiny", "native", COUNTS, []), Proof("90_tiny", "disturbed", {}, ["it stopped", "twice"])]
    assert print_proofs(proofs) == 1
    out = capsys.readouterr().out
    assert "failed" in out and out.endswith("! 90_tiny (disturbed): it stopped\n! 90_tiny (disturbed): twice\n")
