"""Read a unit's mistakes file: for each exercise other right answers, and what learners write instead, with hints."""

import ast
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.edits import apply, read_hints
from grader.authoring.percent import Block, read_percent
from grader.errors import SourceError

WORDS = ("mistakes", "mistake", "variant")  # bare words on a `# %%` line
KEYS = ("exercise", "right")  # roles that have a value
OPTIONS = ("hidden", "of", "otherwise")  # of the cells that have hints


@dataclass
class Answer:
    """A whole exercise cell in place of the reference's; it stands in `line` of the mistakes file."""

    exercise: str
    source: str
    path: Path
    line: int


@dataclass
class RightAnswer(Answer):
    """An answer that earns everything, like the reference."""

    name: str


@dataclass
class Mistake(Answer):
    """A wrong answer, and what its learner is told."""

    hint: str
    hidden: bool = False  # whether hidden tests alone can tell it
    otherwise: str = ""


def read_mistakes(path: Path, references: dict[str, str]) -> tuple[list[RightAnswer], list[Mistake]]:
    """The answers in a mistakes file, in its order. `references` holds the lesson's exercise cells, in their order.

    Raises SourceError at the first thing that is wrong.
    """
    header, blocks = read_percent(path)
    if header is not None:
        raise SourceError(path, 1, "a mistakes file has no header", "Leave title and question to the lesson")
    sections: list[_Section] = []
    for block in blocks:
        role = _role(path, block)
        if role == "exercise":
            exercise = _section_name(path, block, list(references), [s.exercise for s in sections])
            sections.append(_Section(path, exercise, references[exercise]))
        elif not sections:
            raise SourceError(path, block.line, f"{role} of no exercise", "Write '# %% exercise=\"…\"' above it")
        else:
            sections[-1].read(role, block)
    return [r for s in sections for r in s.rights.values()], [m for s in sections for m in s.mistakes]


def _role(path: Path, block: Block) -> str:
    """A cell's role; everything on its `# %%` line is known, and it holds code."""
    word = block.options.get("title")  # what Jupytext makes of words that have no value
    roles = [key for key in KEYS if key in block.options] + ([word] if word in WORDS else [])
    known = {*KEYS, *(["title"] if word in WORDS else []), *(OPTIONS if word in ("mistakes", "mistake") else [])}
    unknown = sorted(set(block.options) - known)
    if unknown:
        problem = f"unknown role or option {word if unknown[0] == 'title' else unknown[0]!r}"
        if unknown[0] in OPTIONS:
            problem = f"{unknown[0]} belongs to mistakes"
        remedy = f'Use exercise="id", right="name", {", ".join(WORDS)}; with mistakes also {", ".join(OPTIONS)}'
        raise SourceError(path, block.line, problem, remedy)
    if len(roles) != 1:
        problem = f"a cell has one role, not {' and '.join(roles)}" if roles else "this cell has no role"
        raise SourceError(path, block.line, problem, f'Write one of exercise="id", right="name", {", ".join(WORDS)}')
    if block.kind != "code":
        problem = f"a {roles[0]} cell holds code, not {block.kind}"
        raise SourceError(path, block.line, problem, f"Take [{block.kind}] off its line")
    return roles[0]


def _section_name(path: Path, block: Block, exercises: list[str], above: list[str]) -> str:
    """The exercise whose section a cell opens: one of the lesson's, in their order, for the first time."""
    name = str(block.options["exercise"])
    if name not in exercises:
        remedy = f"The lesson has {', '.join(exercises) or 'none'}"
        raise SourceError(path, block.line, f"the lesson has no exercise {name!r}", remedy)
    if name in above:
        raise SourceError(path, block.line, f"the exercise {name!r} has a section above", "Put the two together")
    if above and exercises.index(name) < exercises.index(above[-1]):
        problem = f"the section of {name!r} stands below that of {above[-1]!r}"
        raise SourceError(path, block.line, problem, "Put the sections in the lesson's order")
    line, text = _code(block, 0)
    if text:
        raise SourceError(path, line, "text below the line that names the exercise", "Begin a cell for it")
    return name


class _Section:
    """What the file says of one exercise, cell by cell."""

    def __init__(self, path: Path, exercise: str, reference: str) -> None:
        self.path, self.exercise, self.reference = path, exercise, reference
        self.rights: dict[str, RightAnswer] = {}
        self.mistakes: list[Mistake] = []
        self.hints: dict[tuple, int] = {}  # the line of each hint so far, by its text and options
        self.shapes = {_shape(reference): 0}  # the line of each answer so far; 0 is the reference

    def read(self, role: str, block: Block) -> None:
        """Take in one cell below the one that names the exercise."""
        if role == "right":
            self._read_right(block)
        elif role == "variant":
            self._read_variant(block)
        else:
            self._read_mistakes(role, block)

    def _read_right(self, block: Block) -> None:
        name = str(block.options["right"]).strip()
        if not name:
            raise self._wrong(block.line, "this right answer has no name", 'Write right="what is special about it"')
        if name in self.rights:
            raise self._wrong(block.line, f"the name {name!r} is used twice", "Give the answer a name of its own")
        line, source = self._whole(block, 0)
        self.rights[name] = RightAnswer(self.exercise, source, self.path, line, name)

    def _read_variant(self, block: Block) -> None:
        """One more whole answer with the hint of the mistake above."""
        if not self.mistakes:
            raise self._wrong(block.line, "a variant of no mistake", "Write a mistake with its hint above it")
        above = self.mistakes[-1]
        line, source = self._whole(block, 0)
        self.mistakes.append(Mistake(self.exercise, source, self.path, line, above.hint, above.hidden, above.otherwise))

    def _read_mistakes(self, role: str, block: Block) -> None:
        """Hints with their edits; in a cell 'mistake' one hint, and below it a whole answer."""
        base, options = self._base(block), self._options(block)
        comments, code = self._comments(role, block)
        hints = read_hints(self.path, comments)
        if not hints:
            raise self._wrong(block.line, f"'# %% {role}' without a hint", "Write what the learner is told: '# …'")
        if role == "mistake" and len(hints) > 1:
            raise self._wrong(hints[1].line, "a second hint in one mistake", "Begin a cell '# %% mistake' for it")
        for hint in hints:
            key = (hint.text, block.options.get("of"), *options.values())
            if key in self.hints:
                problem = f"this hint stands in line {self.hints[key]} too"
                raise self._wrong(hint.line, problem, "Put the variants together; '# %% variant' adds a whole answer")
            if not hint.variants and role == "mistakes":
                problem = "a hint without a mistake"
                raise self._wrong(hint.line, problem, "Add '# - old  =>  new', or make it a cell '# %% mistake'")
            self.hints[key] = hint.line
            for edits in hint.variants:
                source = self._new(apply(self.path, base, edits), edits[0].line)
                self.mistakes.append(Mistake(self.exercise, source, self.path, edits[0].line, hint.text, **options))
        if role == "mistake":
            line, source = self._whole(block, code)
            self.mistakes.append(Mistake(self.exercise, source, self.path, line, hints[0].text, **options))

    def _base(self, block: Block) -> str:
        """The answer in which a cell's edits are made."""
        name = block.options.get("of")
        if name is None:
            return self.reference
        if str(name) not in self.rights:
            remedy = f"Above stand {', '.join(map(repr, self.rights)) or 'none'}"
            raise self._wrong(block.line, f"{self.exercise!r} has no right answer {name!r} above", remedy)
        return self.rights[str(name)].source

    def _options(self, block: Block) -> dict:
        hidden, otherwise = block.options.get("hidden", False), block.options.get("otherwise", "")
        if not isinstance(hidden, bool):
            raise self._wrong(block.line, f"hidden={hidden!r} is neither true nor false", "Write hidden=true")
        if not isinstance(otherwise, str):
            problem = f"otherwise={otherwise!r} is not the name of a check"
            raise self._wrong(block.line, problem, 'Write otherwise="the name"')
        return {"hidden": hidden, "otherwise": otherwise}

    def _comments(self, role: str, block: Block) -> tuple[list[tuple[int, str]], int]:
        """The numbered lines of a cell that are hints and edits, and how many lines of its text come before its code.

        In a cell 'mistake' a blank line ends them, so that the answer may begin with a comment of its own.
        """
        numbered = list(enumerate(block.text, block.line + 1))
        if role == "mistake":
            code = next((n for n, line in enumerate(block.text) if not line.startswith("#")), len(numbered))
            return numbered[:code], code
        comments = [(number, line) for number, line in numbered if line.strip()]
        for number, line in comments:
            if not line.startswith("#"):
                raise self._wrong(
                    number, "code below '# %% mistakes'", "Begin a cell '# %% mistake' for a whole answer"
                )
        return comments, len(numbered)

    def _whole(self, block: Block, begin: int) -> tuple[int, str]:
        """A whole answer, from a line of the cell's text on, and the number of its first line."""
        line, source = _code(block, begin)
        if not source:
            raise self._wrong(block.line, "this cell has no answer", "Write the whole answer below")
        return line, self._new(source, line, whole=True)

    def _new(self, source: str, line: int, whole: bool = False) -> str:
        """An answer, which Python must be able to read, and which must be none that the exercise has already."""
        try:
            shape = _shape(source)
        except SyntaxError as error:
            line += (error.lineno or 1) - 1 if whole else 0
            raise self._wrong(line, f"Python cannot read this answer: {error.msg}", "Mend it") from None
        if shape in self.shapes:
            known = self.shapes[shape]
            problem = f"this is the answer of line {known}" if known else "this is the reference answer"
            raise self._wrong(line, problem, "Remove it, or change what it does")
        self.shapes[shape] = line
        return source

    def _wrong(self, line: int, problem: str, remedy: str) -> SourceError:
        return SourceError(self.path, line, problem, remedy)


def _code(block: Block, begin: int) -> tuple[int, str]:
    """What stands in a cell's text from a line on, without blank lines around it, and the number of its first line."""
    lines = block.text[begin:]
    blank = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    return block.line + 1 + begin + blank, "\n".join(lines[blank:]).rstrip()


def _shape(source: str) -> str:
    """What Python makes of an answer, without its docstrings: equal for answers that differ in comments and layout."""
    compile(source, "an answer", "exec", dont_inherit=True)  # refuses some of what ast.parse lets pass
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)
