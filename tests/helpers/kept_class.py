"""A class that keeps everything of its students, nbgrader's exchange among it: for what erases one of them."""

import json
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.utils import notebook_hash

from grader.classroom.people import More, write_more
from helpers.made_up_class import cell, result, write, write_gradebook

UNIT = "03_batchnorm_forward"
NAMES = {"ada": ("Ada", "King"), "ada+b": ("Other", "Person"), "ada-2": ("Third", "Person")}


def make_kept_class(directory: Path) -> Path:
    """Make a class of three students with everything that a class may have of them; the exchange lies beside it."""
    results = [result(student, UNIT, [cell("a-0", 2, 2)]) for student in NAMES]
    exchange = directory.parent / "exchange"
    write(directory, [])
    (directory / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = 'bn'\nc.Exchange.root = {str(exchange)!r}\n"
    )
    write_gradebook(directory, results, NAMES)
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_student("ada").email = "countess@example.org"
        gradebook.db.commit()
    (directory / "release" / UNIT).mkdir(parents=True)
    (directory / "release" / UNIT / f"{UNIT}.ipynb").write_text("{}")
    (directory / ".bncourse" / "results" / UNIT).mkdir(parents=True)
    for kept in ("collected", "feedback"):
        (directory / ".bncourse" / kept).mkdir()
    inbound, feedback = exchange / "bn" / "inbound", exchange / "bn" / "feedback"
    feedback.mkdir(parents=True)
    for entry in results:
        student = entry["student"]
        for step in ("submitted", "autograded", "feedback"):
            folder = directory / step / student / UNIT
            folder.mkdir(parents=True)
            (folder / f"{UNIT}.{'html' if step == 'feedback' else 'ipynb'}").write_text("{}")
        (directory / "submitted" / student / UNIT / "submission_secret.txt").write_text(f"secret of {student}")
        (feedback / f"{notebook_hash(secret=f'secret of {student}', notebook_id=UNIT)}.html").write_text("x")
        (inbound / f"{student}+{UNIT}+2026-10-01 12:00:00.1 UTC+abc").mkdir(parents=True)
        (directory / ".bncourse" / "results" / UNIT / f"{student}.json").write_text(json.dumps(entry))
    collected = directory / ".bncourse" / "collected" / f"{UNIT}.json"
    collected.write_text(json.dumps({student: {"files": {}} for student in NAMES}))
    pages = directory / ".bncourse" / "feedback" / f"{UNIT}.json"
    pages.write_text(json.dumps(dict.fromkeys(NAMES, "a hash")))
    write_more(directory, {student: More(["Mon"]) for student in NAMES})
    return directory


def named(folder: Path) -> set[str]:
    """The names of what lies in a folder."""
    return {path.name for path in folder.iterdir()}
