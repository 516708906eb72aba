"""What a unit's locked cells were in earlier releases: a file handed in on one of these is nobody's doing."""

import json
from collections.abc import Iterable
from pathlib import Path

from grader.grading.release import mark_of
from grader.grading.store import FOLDER, write_whole


def remember(directory: Path, unit: str, cells: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Keep a release's cells (key and text) in a class, for when there is a later one. For the holder of its lock.

    Returns, by cell, the marks of all texts that it has had; see release.mark_of.
    """
    path = directory / FOLDER / "releases" / f"{unit}.json"
    known = _read(path)
    marks = {key: [*texts] for key, texts in known.items()}
    for key, text in cells:
        if (mark := mark_of(text)) not in marks.setdefault(key, []):
            marks[key].append(mark)
    if marks != known:
        write_whole(path, json.dumps({"cells": marks}, indent=1) + "\n")
    return {key: set(texts) for key, texts in marks.items()}


def _read(path: Path) -> dict[str, list[str]]:
    """What is kept; nothing where there is nothing, or something else: it only says why a cell is another."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return {str(key): [str(text) for text in texts] for key, texts in cells.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
