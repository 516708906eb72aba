"""Read a text file in Jupytext's percent format, cell by cell, with the options on each cell's `# %%` line."""

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext

from grader.errors import SourceError

COLUMNS = 120
UNREADABLE = "incorrectly_encoded_metadata"  # where Jupytext puts a `# %%` line that it cannot read


@dataclass
class Block:
    """One cell as it stands in the file; its `# %%` line has the number `line`, the text begins one line below."""

    kind: str  # 'markdown', 'code' or 'raw'
    options: dict  # a bare word on the `# %%` line is the option "title"
    source: str  # as Jupytext reads it: markdown without its `# `
    text: list[str]  # the very lines of the file
    line: int


def read_percent(path: Path) -> tuple[str | None, list[Block]]:
    """The file's YAML header (None where it has none) and its cells.

    Raises SourceError for a line that is too long, text above the first cell, and options that cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise SourceError(path, line, "the file is not UTF-8", "Save it as UTF-8") from None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            raise SourceError(path, number, f"the line has {len(line)} columns", f"Break it at {COLUMNS}")
    text = text.lstrip("\n")  # blank lines would be a cell
    cells = jupytext.reads(text, fmt="py:percent").cells if text else []
    header = cells.pop(0).source if cells and text.startswith("# ---\n") else None
    markers = [number for number, line in enumerate(lines, 1) if re.match(r"# %%", line)]
    if len(markers) != len(cells):
        if odd := _odd_marker(lines):
            raise SourceError(path, odd, "'# %%' stands inside a cell", "Write it otherwise, or begin a cell with it")
        raise SourceError(path, _first_text(lines), "text stands above the first cell", "Begin every cell with '# %%'")
    blocks = []
    for cell, line, end in zip(cells, markers, [*markers, len(lines) + 1][1:], strict=True):
        options = {key: value for key, value in cell.metadata.items() if key != "lines_to_next_cell"}
        if UNREADABLE in options:
            raise SourceError(
                path,
                line,
                f"the options {options[UNREADABLE]!r} cannot be read",
                'Write [markdown], if any, then key="text" or key=1, with spaces between',
            )
        blocks.append(Block(cell.cell_type, options, cell.source, lines[line : end - 1], line))
    return header, blocks


def _odd_marker(lines: list[str]) -> int | None:
    """The number of the first line with a marker that is indented, or inside a text of several lines."""
    within = False
    for number, line in enumerate(lines, 1):
        if re.match(r"\s+# %%", line) or (within and line.startswith("# %%")):
            return number
        within ^= line.count('"""') % 2 == 1
    return None


def _first_text(lines: list[str]) -> int:
    """The number of the first line that is neither blank nor part of the header."""
    begin = lines.index("# ---", 1) + 1 if lines[0] == "# ---" and "# ---" in lines[1:] else 0
    return next((n for n, line in enumerate(lines[begin:], begin + 1) if line.strip()), 1)
