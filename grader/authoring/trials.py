"""Try a unit's answers in an environment that has NumPy and matplotlib and little else, such as an older one.

`python -m grader.authoring.trials PLAN.json OUT.json`. The plan, made by `plan_of` where the course is installed, holds
the solved notebook's code and all other answers; OUT gets, answer by answer, the check cells that failed.
"""

import json
import sys
from pathlib import Path

from grader.authoring.runner import Runner, Step


def plan_of(unit, steps: list[Step]) -> dict:
    """What is to be tried of a unit: the code cells of its solved notebook, the setup cell first, and its answers."""
    answers = [{"exercise": a.exercise, "source": a.source} for a in (*unit.rights, *unit.mistakes)]
    return {"steps": [vars(step) for step in steps], "answers": answers}


def run(plan: dict) -> dict:
    """{"reference": [[cell, message], …], "answers": [[[cell, message, causes], …] for each]}: what failed."""
    setup, *steps = (Step(**step) for step in plan["steps"])
    runner = Runner(setup.source, steps)
    reference, answers = [], {}
    for step in runner.walk():
        for number, answer in enumerate(plan["answers"]):
            if step.role == "exercise" and answer["exercise"] == step.id:
                ran = runner.trial(answer["source"])
                answers[number] = [(r.step.id, r.message, r.causes) for r in ran if r.step.role == "check" and r.error]
        ran = runner.run(step)
        if ran.error is not None:
            reference.append((step.id, ran.message))
    return {"reference": reference, "answers": [answers[number] for number in sorted(answers)]}


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(run(json.loads(Path(sys.argv[1]).read_text()))))
