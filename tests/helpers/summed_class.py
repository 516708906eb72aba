"""A class of three students with points in two units that can be added up by hand."""

from pathlib import Path

from nbgrader.api import Gradebook

from grader.classroom.people import More, write_more
from helpers.made_up_class import cell, result, write, write_gradebook

ONE, TWO = "03_batchnorm_forward", "04_batchnorm_backward"


def make_summed_class(directory: Path) -> Path:
    """Of 03: 4 points, of 04: 6. ada has 4 and 3.5 after a penalty; bob 2 and nothing; eve nothing at all."""
    results = [
        result("ada", ONE, [cell("a-0", 2, 2), cell("a-1", 2, 2)]),
        result("bob", ONE, [cell("a-0", 2, 2), cell("a-1", 0, 2)]),
        result("ada", TWO, [cell("b-0", 4.5, 6)]),
        result("bob", TWO, status="failed", reason="it is empty"),
    ]
    write(directory, results)
    write_gradebook(directory, results, {"ada": ("Ada", "King"), "bob": ("=1+1", "Böb"), "eve": ("Eve", "Zed")})
    with Gradebook(f"sqlite:///{directory / 'gradebook.db'}", "made-up") as gradebook:
        gradebook.find_submission_notebook(TWO, TWO, "ada").late_submission_penalty = 1
        gradebook.db.commit()
    write_more(directory, {"ada": More(["Mon"]), "bob": More(["Mon", "Tue"]), "eve": More(["Tue"])})
    return directory
