"""An exercise as a box: the task, the hint, what the learner is given, an answer behind a fold, and what is checked."""

import ast
import re
from collections.abc import Iterable

from grader.authoring.regions import visible

START = re.compile(r"^#{3,4} .*$|^\*\*[^*\n]*\b[Qq]uestion\b", re.M)  # the task begins at the last of these
HINT = re.compile(r"<details>\s*<summary>(.*?)</summary>\s*(.*?)\s*</details>", re.S)
MARKER = re.compile(r"^\s*### (?:BEGIN|END) SOLUTION\n?", re.M)
HEADING = re.compile(r"\A#{2,4} .*\n*")


def folded(markdown: str) -> str:
    """Markdown whose <details> are folds of the site."""
    return HINT.sub(lambda hint: fold(hint[1], hint[2]), markdown)


def fold(title: str, body: str, kind: str = "hint") -> str:
    return f"\n::::{{fold}} {title}\n:class: {kind}\n\n{body}\n::::\n"


def split_task(markdown: str) -> tuple[str, str]:
    """The prose above an exercise, and the exercise's own text from its heading on; "" where it has none."""
    starts = list(START.finditer(markdown))
    if not starts:
        return markdown, ""
    return markdown[: starts[-1].start()].rstrip(), markdown[starts[-1].start() :]


def box(task: str, stub: str, answer: str, checks: Iterable[str], points: float, by_hand: bool) -> str:
    """The exercise as MyST. `checks` are the sources of its check cells; a person grades it where `by_hand` is true."""
    heading = HEADING.match(task)
    body = [folded(task[heading.end() :] if heading else task)]
    is_code = not by_hand or _parses(answer)
    if is_code and _says_something(stub):
        body.append(_code(stub))
    shown = MARKER.sub("", answer).strip("\n")
    body.append(fold("Show an answer", _code(shown) if is_code else shown, "answer"))
    body.append(_checked(checks, points, by_hand))
    return (heading[0] if heading else "") + ":::::{exercise}\n" + "\n\n".join(b for b in body if b) + "\n:::::\n"


def _checked(checks: Iterable[str], points: float, by_hand: bool) -> str:
    worth = f" · {points:g} {'point' if points == 1 else 'points'}" if points else ""
    if by_hand:
        return f":::{{checked}} Graded by a person{worth}\n:::"
    names = list(dict.fromkeys(name for source in checks for name in check_names(source)))
    plural = names if len(names) > 1 else []  # a question's one check says nothing that its text does not
    return f":::{{checked}} Checked in the notebook{worth}\n" + "".join(f"- {name}\n" for name in plural) + ":::"


def check_names(source: str) -> list[str]:
    """What the visible `check` calls of a check cell are named."""
    calls = [n for n in ast.walk(ast.parse(visible(source))) if isinstance(n, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    return [
        call.args[0].value
        for call in calls
        if getattr(call.func, "id", "") == "check" and call.args and isinstance(call.args[0], ast.Constant)
    ]


def _code(source: str) -> str:
    fence = "```"
    while fence in source:
        fence += "`"
    return f"{fence}python\n{source.rstrip()}\n{fence}"


def _parses(source: str) -> bool:
    try:
        return bool(ast.parse(source).body)
    except SyntaxError:
        return False


def _says_something(stub: str) -> bool:
    """Whether what the learner is given is more than a place to write a letter."""
    lines = [line for line in stub.splitlines() if line.strip() and not line.strip().startswith("#")]
    return any(line.strip() not in ("raise NotImplementedError()", "pass") for line in lines)
