"""What is left out of the feedback that nbgrader writes for students."""

import re

from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor

from grader.authoring.regions import parts_of


class ShortenForFeedback(NbGraderPreprocessor):
    """Leave out what its reader has no use for: the setup cell's code, and the hidden tests'."""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup":
            cell.source = cell.source.partition("\n")[0]
        parts = parts_of(cell.source)
        if any(hidden for _, hidden in parts):
            indents = (re.match(r"[ \t]*", text)[0] for text, _ in parts)
            shown = [indent + "# (hidden tests)" if hidden else text for (text, hidden), indent in zip(parts, indents)]
            cell.source = "\n".join(shown)
        return cell, resources


def feedback_preprocessors() -> list[type]:
    """nbgrader's own steps to feedback, and before them ShortenForFeedback."""
    return [ShortenForFeedback, *GenerateFeedback.preprocessors.default()]
