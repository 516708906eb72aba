"""The report's part on answers that students share to the letter."""

from grader.grading.copies import ENOUGH
from grader.report.collect import ClassData
from grader.report.names import named
from grader.report.page import count, label, table

SOLVED = "as in the course’s own solved notebook"
NOTE = f"""<p class="soft">White space aside, {ENOUGH} characters and more beyond the stubs. It is a reason to look, and
no verdict: students work together, and the course's answers are public.</p>
"""


def shared(data: ClassData) -> str:
    """As HTML: for each group of students who gave the same code, which exercises; "" where there is none."""
    rows = []
    for unit in data.units:
        for group in unit.alike:
            exercises = ", ".join(label(exercise) for exercise in group.exercises.split(", "))
            how = SOLVED if group.solved else f"the same among {count(len(group.students), 'student')}"
            rows.append(
                f'<tr><td class="unit">{label(unit.name)}</td><th scope="row">{named(group.students, data)}</th>'
                f"<td>{exercises}: {how}</td></tr>\n"
            )
    if not rows:
        return ""
    heads = ("Unit", "Students", "Exercises, and what they are like")
    return '<h2 id="shared">Answers that students share</h2>\n' + NOTE + table(heads, rows)
