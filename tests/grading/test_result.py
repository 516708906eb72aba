"""The one form in which a result is stored."""

import json

import pytest

from grader.grading.result import CellScore, Result

CELLS = [
    CellScore("normalize-values", "normalize", 0.0, 2.0, "wrong", ["eps"], "wrong"),
    CellScore("essay", "essay", None, 3),
]
RESULT = Result("ada", "03", "submitted/ada/03/03.ipynb", flags=["x"], cells=CELLS, seconds=1.5, key="k", recorded=True)
RESULT.answers, RESULT.by_hand = ["normalize 12 0a1b", "q_essay 0 0a1b"], ["essay 0a1b"]


def test_it_comes_back_as_it_was():
    assert Result.read(json.loads(json.dumps(RESULT.as_dict()))) == RESULT
    assert RESULT.scores == {"normalize-values": 0.0, "essay": None}


def test_what_an_earlier_version_wrote():
    old = RESULT.as_dict()
    for key in ("recorded", "size", "unanswered"):
        del old[key]
    assert Result.read({**old, "spent": {"cells": 1}}).cells == CELLS


@pytest.mark.parametrize(
    "raw",
    [
        None, [], "x", {}, {"student": "ada"}, {**RESULT.as_dict(), "status": "fine"}, {**RESULT.as_dict(), "cells": 5},
        {**RESULT.as_dict(), "flags": [1]}, {**RESULT.as_dict(), "seconds": "1"}, {**RESULT.as_dict(), "student": None},
        {**RESULT.as_dict(), "cells": [{}]}, {**RESULT.as_dict(), "cells": [{**vars(CELLS[0]), "points": True}]},
        *({**RESULT.as_dict(), "answers": [mark]} for mark in ("", "x", "f many abc", "f 1e9 abc", "f 3", "f 9 a b")),
        {**RESULT.as_dict(), "by_hand": [""]}, {**RESULT.as_dict(), "by_hand": ["essay"]},
        {**RESULT.as_dict(), "seconds": float("nan")}, {**RESULT.as_dict(), "size": 10**400},
        *({**RESULT.as_dict(), "cells": [{**vars(CELLS[0]), "points": float(p)}]} for p in ("nan", "inf", "-inf")),
    ],
)  # fmt: skip
def test_what_is_no_result(raw):
    with pytest.raises(ValueError, match="no stored result"):
        Result.read(raw)
