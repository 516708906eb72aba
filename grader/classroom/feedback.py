"""What is left out of the feedback that nbgrader writes for students."""

import re

from nbgrader.converters import GenerateFeedback
from nbgrader.preprocessors import NbGraderPreprocessor

from grader.authoring.regions import HIDDEN


class ShortenForFeedback(NbGraderPreprocessor):
    """Leave out what its reader has no use for: the setup cell's code, and the hidden tests'."""

    def preprocess_cell(self, cell, resources, cell_index):
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup":
            cell.source = cell.source.partition("\n")[0]
        hidden = rf"^([ \t]*)### BEGIN {HIDDEN}.*?### END {HIDDEN}[^\n]*"
        cell.source = re.sub(hidden, r"\1# (hidden tests)", cell.source, flags=re.S | re.M)
        return cell, resources


def feedback_preprocessors() -> list[type]:
    """nbgrader's own steps to feedback, and before them ShortenForFeedback."""
    return [ShortenForFeedback, *GenerateFeedback.preprocessors.default()]
