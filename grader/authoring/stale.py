"""Whether a unit's notebooks are what its source would give."""

import hashlib
import json
import re
from pathlib import Path

import nbformat

from grader.authoring.carried import KIT_FOLDER
from grader.authoring.setup import BY_HAND, DIGITS, KIT, MNIST
from grader.paths import ROOT, repository

# What the bytes of a notebook depend on besides its unit's two files. How one is executed is no part of it: outputs
# stay until the code changes, or until `bncourse build --force`.
NOT_MADE_BY = ("__init__", "across", "build", "definitions", "execute", "figures", "readme", "stale", "validate")
MADE_BY = [
    *sorted(p for p in (ROOT / "grader" / "authoring").glob("*.py") if p.stem not in NOT_MADE_BY),
    ROOT / "grader" / "preprocessors.py",
    *KIT,
    MNIST,
    BY_HAND,
    DIGITS,
]


def targets(source: Path) -> tuple[Path, Path]:
    """The student notebook (in notebooks/ beside the source's directory) and the solved one (beside the source)."""
    return source.parent.parent / "notebooks" / f"{source.stem}.ipynb", source.with_suffix(".ipynb")


def source_hash(source: Path) -> str:
    """A hash of all that a unit's notebooks are made from."""
    total = hashlib.sha256(repository().encode())
    mistakes = source.parent / "mistakes" / source.name
    pasted = [
        KIT_FOLDER / f"{name}.py"
        for name in re.findall(r'^# %%.* kit="(\w+)"', source.read_text(encoding="utf-8"), re.M)
    ]
    for path in [source, *([mistakes] if mistakes.exists() else []), *MADE_BY, *filter(Path.exists, pasted)]:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:32]


def short(path: Path) -> str:
    """As messages name it."""
    return f"{path.parent.name}/{path.name}"


def stale(source: Path) -> str | None:
    """Why a unit's notebooks are not what its source would give; None when they are."""
    for path in targets(source):
        try:
            notebook = nbformat.read(path, as_version=4)
        except FileNotFoundError:
            return f"{short(path)} is missing"
        except Exception as error:
            return f"{short(path)} cannot be read ({type(error).__name__})"
        stamp = notebook.metadata.get("bncourse", {})
        if stamp.get("source") != source_hash(source):
            return f"{short(path)} is older than its source or the kit"
        if stamp.get("content") != digest(notebook):
            return f"{short(path)} was edited by hand"
    return None


def digest(notebook: nbformat.NotebookNode) -> str:
    """A hash of everything in a notebook but its outputs and the build's own stamp."""
    cells = [[c.cell_type, c.source, c.metadata, c.get("id")] for c in notebook.cells]
    metadata = {key: value for key, value in notebook.metadata.items() if key != "bncourse"}
    return hashlib.sha256(json.dumps([cells, metadata], sort_keys=True).encode()).hexdigest()[:32]
