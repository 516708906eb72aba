"""The comments of a mistakes file: hints, and below each the edits that make wrong answers of a right one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from grader.errors import SourceError

ARROW = "  =>  "
FORM = f"Write '# - old{ARROW}new', or '# - old' and below it '# + new'"


@dataclass
class Edit:
    """A piece of an answer and the lines in its place; `line` is its number in the file."""

    line: int
    old: str
    new: list[str]
    arrow: bool  # whether `new` stands on the same line


@dataclass
class Hint:
    """What a learner is told, and the variants of the mistake: each some edits, made one after the other."""

    line: int
    text: str
    variants: list[list[Edit]] = field(default_factory=list)


def read_hints(path: Path, comments: Iterable[tuple[int, str]]) -> list[Hint]:
    """The hints in comment lines, given with their numbers. Raises SourceError at the first thing that is wrong.

    `# - old  =>  new` begins a variant, `# & old  =>  new` is its next edit, `# + new` is a line in the place of the
    text above, where that has no arrow. A bare `#` is passed by. All else is a hint; after an edit the next one begins.
    """
    hints: list[Hint] = []
    for number, line in comments:
        mark, text = line[:4].rstrip(), line[4:]
        if mark == "#" and not text.strip():
            continue
        if mark in ("# -", "# &", "# +"):
            if not hints:
                raise SourceError(path, number, "an edit without a hint", "Write the hint above it: '# …'")
            _add_edit(path, hints[-1], number, mark[2], text)
        elif ARROW in line:
            raise SourceError(path, number, f"{ARROW.strip()!r} in the text of a hint", FORM)
        elif not hints or hints[-1].variants:
            hints.append(Hint(number, line[1:].strip()))
        else:
            hints[-1].text += " " + line[1:].strip()
    for edit in (edit for hint in hints for variant in hint.variants for edit in variant):
        if not edit.new:
            raise SourceError(path, edit.line, f"the edit of {edit.old!r} has no replacement", FORM)
    return hints


def _add_edit(path: Path, hint: Hint, number: int, mark: str, text: str) -> None:
    if mark != "-" and not hint.variants:
        raise SourceError(path, number, f"'# {mark}' goes on with no edit above it", FORM)
    if mark == "+":
        last = hint.variants[-1][-1]
        if last.arrow:
            raise SourceError(path, number, "'# +' below an edit that has its replacement", FORM)
        last.new.append(text)
        return
    old, arrow, new = text.partition(ARROW)
    if text.endswith(ARROW.rstrip()):
        old, arrow, new = text.removesuffix(ARROW.rstrip()), ARROW, ""
    edit = Edit(number, old, [new] if arrow else [], bool(arrow))
    if mark == "-":
        hint.variants.append([edit])
    else:
        hint.variants[-1].append(edit)


def apply(path: Path, source: str, edits: list[Edit]) -> str:
    """An answer after some edits. Raises SourceError where the text to replace does not stand exactly once."""
    for edit in edits:
        count = source.count(edit.old)
        if count != 1:
            problem = f"the text to replace, {edit.old!r}, stands {count} times in the answer"
            raise SourceError(path, edit.line, problem, "Give a piece of text that occurs exactly once")
        source = source.replace(edit.old, "\n".join(edit.new))
    return source
