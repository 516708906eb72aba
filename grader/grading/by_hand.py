"""What a person grades: of a question its answer, of a task (nbgrader's, locked) what was written in own cells."""

import hashlib
from collections.abc import Iterable

from grader.grading.rebuild import Piece


def marks_of(pieces: Iterable[Piece]) -> list[str]:
    """What a person grades of a rebuilt notebook, for `Result.by_hand`: "cell digest", by which two are compared."""
    pieces = list(pieces)
    own = "\0".join(piece.source for piece in pieces if piece.role == "added")
    texts = {p.key: p.source if p.role == "manual" else own for p in pieces if p.role in ("manual", "task")}
    return [f"{key} {hashlib.sha256(text.encode(errors='replace')).hexdigest()[:24]}" for key, text in texts.items()]
