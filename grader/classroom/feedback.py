"""What nbgrader's feedback for students is made of in this course: plugins for nbgrader's GenerateFeedback.

A page is one file that needs no network and runs no script. The class's nbgrader_config.py names these plugins, so that
`nbgrader generate_feedback` and formgrader make the same pages as `bncourse feedback`.
"""

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

from jinja2 import pass_context
from nbconvert.exporters import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbconvert.filters.widgetsdatatypefilter import WidgetsDataTypeFilter
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution, is_task
from traitlets import List
from traitlets.config import Config

from grader.authoring.regions import parts_of
from grader.classroom.feedback_math import KEPT, html_of
from grader.grading.outputs import is_blank_for_long
from grader.grading.release import exercise_of

TEMPLATES = Path(__file__).with_name("templates")
TEMPLATE = "bncourse_feedback"
NOT_RUN = "Not run for the grade, since no answer needs it: its output is in your own notebook."
EMPTY = "Left empty."
COLOURED = 50_000  # characters of code: a page holds ten for each of them
SHOWN = 200_000
# A paragraph on a figure: it says what is to be seen, which is not there where the cell was not run.
ON_FIGURE = re.compile(r"\*(In the figure|The figure( shows)?):?\*")


class Step(NbGraderPreprocessor):
    """A step of this course's."""

    # As nbgrader's own steps have it: else each is warned of, for every notebook, that it does not know the option.
    display_data_priority = List(NbGraderPreprocessor.display_data_priority.default(), config=True)


def keep_title(cell) -> None:
    """Of the setup cell's 700 lines leave the title."""
    if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup":
        cell.source = cell.source.partition("\n")[0]


class ShortenForFeedback(Step):
    """Leave out what its reader has no use for: the setup cell's code, and the hidden tests'."""

    def preprocess_cell(self, cell, resources, cell_index):
        keep_title(cell)
        if len(cell.source) > SHOWN:
            cell.source = f"{cell.source[:SHOWN]}\n... {len(cell.source) - SHOWN:,} more characters are left out here"
        parts = parts_of(cell.source)
        if any(hidden for _, hidden in parts):
            indents = (re.match(r"[ \t]*", text)[0] for text, _ in parts)
            shown = [indent + "# (hidden tests)" if hidden else text for (text, hidden), indent in zip(parts, indents)]
            cell.source = "\n".join(shown)
        return cell, resources


class DropMissingFigures(Step):
    """Say of a demonstration that it was not run, and leave out what is said of its figure."""

    def preprocess(self, nb, resources):
        drawn = True  # whether a figure is to be seen since the last paragraph on one
        for cell in nb.cells:
            if cell.cell_type == "code":
                if _is_skipped(cell):
                    cell.metadata["bncourse_note"], drawn = NOT_RUN, False
                elif any("image/png" in output.get("data", {}) for output in cell.outputs):
                    drawn = True
            elif not drawn and not cell.source.startswith("```"):  # a student's own text, which the grader fences
                paragraphs = cell.source.split("\n\n")
                kept = [text for text in paragraphs if not ON_FIGURE.match(text)]
                if len(kept) < len(paragraphs):
                    cell.source = "\n\n".join(kept)
        nb.cells = [c for c in nb.cells if c.source.strip() or c.get("outputs") or "nbgrader" in c.metadata]
        return nb, resources


def _is_skipped(cell) -> bool:
    return "demo" in cell.metadata.get("tags", []) and not cell.outputs and cell.execution_count is None


class NameTheParts(Step):
    """Prepare what the template shows: a name, points and comment for each graded part, and the sums."""

    def preprocess(self, nb, resources):
        with Gradebook(resources["nbgrader"]["db_url"]) as gradebook:
            who = resources["nbgrader"]
            submission = gradebook.find_submission_notebook(who["notebook"], who["assignment"], who["student"])
            waiting = {grade.name for grade in submission.grades if grade.needs_manual_grade}
            student = submission.student
            name = " ".join(f"{student.first_name or ''} {student.last_name or ''}".split())
        labels, entries = _labels(nb.cells), []
        for number, cell in enumerate(nb.cells):
            part = {"kind": _kind(cell), "note": cell.metadata.pop("bncourse_note", "")}
            about = cell.metadata.get("nbgrader", {})
            if part["kind"] == "setup":
                part["folded"] = "Setup (the course's own code)"
            elif part["kind"]:
                part |= {"label": labels[about["grade_id"]], "anchor": f"part-{number}"}
                part["comment"] = about.get("comment")
                part["note"] = part["note"] if cell.source.strip() else EMPTY
                if is_grade(cell) or is_task(cell):
                    part |= {"score": points(about["score"]), "out_of": points(about["points"])}
                    part["waiting"] = about["grade_id"] in waiting
                if part.get("out_of") or part["comment"]:
                    entries.append(part)
            cell.metadata["feedback"] = part
            for output in cell.get("outputs", []) if part["kind"] == "check" else []:
                if output.get("data", {}).get("text/plain", "").startswith(("✓", "✗")):
                    output.data.pop("text/html", None)  # the line of a check, which the page colours itself
        resources["feedback"] = {
            "title": nb.metadata.get("title") or who["notebook"],
            "unit": who["assignment"],
            "student": f"{name} ({who['student']})" if name else who["student"],
            "score": points(max(0.0, who["score"])),  # as the exports have it
            "out_of": points(who["max_score"]),
            "penalty": points(who["late_penalty"]) if who["late_penalty"] else "",
            "waiting": len(waiting),
            "entries": entries,
        }
        return nb, resources


def points(value: float | None) -> str:
    """Points with no more digits than needed: 7, 7.5, 0.33."""
    return f"{round(value or 0.0, 2):.12g}"


def _kind(cell) -> str:
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id in (None, "setup"):
        return grade_id or ""
    if is_task(cell) or (is_grade(cell) and is_solution(cell)):
        return "manual"
    return "check" if is_grade(cell) else "answer" if is_solution(cell) else ""


def _labels(cells) -> dict[str, str]:
    """By grade_id, what a part is called: the checks of an exercise are counted, where there are several."""
    kinds = {cell.metadata.nbgrader.grade_id: _kind(cell) for cell in cells if _kind(cell)}
    of = Counter(exercise_of(id) for id, kind in kinds.items() if kind == "check")
    seen, labels = Counter(), {}
    for id, kind in kinds.items():
        exercise = exercise_of(id)
        if kind == "check":
            seen[exercise] += 1
            labels[id] = f"{exercise}: check {seen[exercise]}" if of[exercise] > 1 else f"{exercise}: check"
        else:
            labels[id] = f"{exercise}: your answer" if kind == "answer" else id
    return labels


class FeedbackExporter(HTMLExporter):
    """A notebook as a page for its student, by this course's template."""

    def __init__(self, config: Config | None = None, **kwargs) -> None:
        # nbgrader names its own template in the section of HTMLExporter; that of a subclass counts for more.
        own = Config({"FeedbackExporter": {"template_name": TEMPLATE, "extra_template_basedirs": [str(TEMPLATES)]}})
        own.merge(config or Config())
        super().__init__(config=own, **kwargs)
        self._highlighted = lru_cache(KEPT)(Highlight2HTML(pygments_lexer="ipython3", parent=self))
        self._as_text = Highlight2HTML(pygments_lexer="text", parent=self)

    def from_notebook_node(self, nb, resources=None, **kwargs):
        # As HTMLExporter's, but for a second look at the whole page for pictures without a description, which takes
        # longer than all the rest; and what all pages of a class have in common is coloured once.
        resources = self._init_resources(resources)
        self.register_filter("highlight_code", lambda source, metadata=None: self._code(source))
        data_type = WidgetsDataTypeFilter(self._nb_metadata, resources, parent=self)
        self.register_filter("filter_data_type", data_type)
        return TemplateExporter.from_notebook_node(self, nb, resources, **kwargs)

    def _code(self, source: str) -> str:
        """Coloured, but for what takes long: IPython's rules try white space again from each of its places."""
        plain = len(source) > COLOURED or is_blank_for_long(source)
        return (self._as_text if plain else self._highlighted)(source)

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        attachments = context.get("cell", {}).get("attachments")
        return html_of(source, attachments=attachments) if attachments else _html_without_pictures(source)


_html_without_pictures = lru_cache(KEPT)(html_of)


def feedback_preprocessors() -> list[type]:
    """nbgrader's own steps to feedback, and around them this course's."""
    return [ShortenForFeedback, DropMissingFigures, *GenerateFeedback.preprocessors.default(), NameTheParts]
