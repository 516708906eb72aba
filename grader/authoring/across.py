"""`bncourse validate --backends`: the proof of every unit under every numeric backend of this machine."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from grader.authoring.backends import BACKENDS, Backend, available, lacking


@dataclass
class Proof:
    """What `bncourse validate` said of one unit under one backend."""

    unit: str
    backend: str
    counts: dict[str, int]
    problems: list[str]


def prove(source: Path, backend: Backend, claims: bool = False) -> Proof:
    """Validate a unit, with its claims or without, in a process of its own that computes as the backend does."""
    command = [sys.executable, "-m", "grader", "validate", source.stem, "--json", *["--claims"] * claims]
    done = subprocess.run(command, env=backend.environment(), capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)["units"][0]
    except (ValueError, LookupError):
        return Proof(source.stem, backend.name, {}, [done.stderr.strip() or f"it ended with status {done.returncode}"])
    return Proof(source.stem, backend.name, report, report["problems"])


def prove_all(sources: list[Path], backends: list[Backend] | None = None, claims: bool = False) -> list[Proof]:
    """Every unit under every backend of this machine, or under those named; with claims or without."""
    pairs = [(source, backend) for source in sources for backend in backends or available()]
    # Two at a time. Not where networks are trained: two threads each, on two cores, wait for each other for minutes.
    with ThreadPoolExecutor(1 if claims else 2) as pool:
        done = pool.map(lambda pair: prove(*pair, claims), pairs)
        return list(tqdm(done, total=len(pairs), desc="proofs", disable=None, leave=False))


def print_proofs(proofs: list[Proof]) -> int:
    """Print a table, unit by backend, and the problems. Returns 1 if there are any."""
    names = [b.name for b in BACKENDS if b.name not in lacking()]
    units = list(dict.fromkeys(proof.unit for proof in proofs))
    width = max(map(len, units))
    print(f"{'mistakes named of all, right answers accepted of all':<{width}}")
    print(" " * width + "".join(f"  {name:>16}" for name in names))
    for unit in units:
        row = {p.backend: p for p in proofs if p.unit == unit}
        print(f"{unit:<{width}}" + "".join(f"  {_cell(row[name]):>16}" for name in names))
    for name in lacking():
        print(f"passed by, since this processor lacks it: {name}")
    problems = [f"{p.unit} ({p.backend}): {text}" for p in proofs for text in p.problems]
    for problem in problems:
        print(f"! {problem}")
    return int(bool(problems))


def _cell(proof: Proof) -> str:
    c = proof.counts
    return f"{c['named']}/{c['mistakes']} {c['accepted']}/{c['right']}" if c else "failed"
