"""The figures of a unit: each gets a number, the sentence below it as its caption, and the same as its alt text."""

import re
from dataclasses import dataclass

import nbformat

from grader.site.plain import first_sentence, literal, plain

PNG = "image/png"
OPENING = re.compile(r"^\*(?:In the figure|The figure):\*\s*")  # said anew by "Figure 3.2."
ABOUT = re.compile(r"^\*(?:In the|The) figure\b")


@dataclass
class Figure:
    number: str  # "3.2": the second of unit 03
    anchor: str  # its target in the page
    caption: str  # Markdown, one paragraph
    png: str  # base64

    @property
    def alt(self) -> str:
        return plain(self.caption) or f"Figure {self.number}"


def has_figure(cell) -> bool:
    return any(PNG in output.get("data", {}) for output in cell.get("outputs", []))


def caption_figures(cells: list, unit: int) -> list[Figure]:
    """Give each code cell with a figure MyST-NB's metadata for it, and take the sentence out of the prose below.

    Where code stands between figure and sentence, or a list follows, the sentence stays where it is, and the caption is
    its beginning.
    """
    found = []
    for at, cell in enumerate(cells):
        if cell.cell_type != "code" or not has_figure(cell):
            continue
        number = f"{unit}.{len(found) + 1}"
        below = next((c for c in cells[at + 1 : at + 4] if c.cell_type == "markdown"), None)
        text, rest = _sentence(below.source) if below is not None else ("", "")
        # What announces a list stays above it.
        moved = below is not None and below is cells[at + 1] and not text.endswith(":")
        if moved:
            below.source = rest
        png = next(o.data[PNG] for o in cell.outputs if PNG in o.get("data", {}))
        figure = Figure(number, f"figure-{number.replace('.', '-')}", _capital(OPENING.sub("", text)), png)
        shown = figure.caption if moved or not figure.caption else literal(first_sentence(figure.alt))
        cell.metadata["mystnb"] = {
            "figure": {"caption": f"**Figure {number}.** {shown}".rstrip(), "name": figure.anchor},
            "image": {"alt": figure.alt},
        }
        found.append(figure)
    return found


def _sentence(markdown: str) -> tuple[str, str]:
    """The paragraph that tells what a figure shows, and the text without it."""
    paragraphs = re.split(r"\n\s*\n", markdown.strip())
    at = next((i for i, p in enumerate(paragraphs) if ABOUT.match(p)), 0)
    # A table, list or heading is no caption.
    if not re.match(r"[\w*“\"$`(]", paragraphs[at]) or re.match(r"[*-] ", paragraphs[at]):
        return "", markdown
    text = re.sub(r"\s*\n\s*", " ", paragraphs.pop(at))
    return text, "\n\n".join(paragraphs)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def readable(notebook: nbformat.NotebookNode) -> None:
    """Outputs of checks in the page's own colours: those in the notebook are meant for a white ground."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            check = data.pop("application/vnd.bncourse.check+json", None)  # which Sphinx does not know
            if check:
                mark = "passed" if check["ok"] else "failed"
                data["text/html"] = re.sub(r"<div style=[^>]*>", f'<div class="check {mark}">', data["text/html"])
