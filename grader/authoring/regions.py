"""The regions of a cell: between `### BEGIN …` and `### END …`, an answer or hidden tests, as nbgrader reads them."""

SOLUTION, HIDDEN = "SOLUTION", "HIDDEN TESTS"


def region_problem(source: str, kind: str) -> str | None:
    """What is wrong with the markers of a kind of region in a cell; None when they are balanced."""
    depth = 0
    for line in source.splitlines():
        if f"### BEGIN {kind}" in line:
            depth += 1
        elif f"### END {kind}" in line:
            depth -= 1
        if depth not in (0, 1):
            break
    if depth:
        return f"'### BEGIN {kind}' and '### END {kind}' do not pair up"
    return None


def visible(source: str) -> str:
    """A check cell without its hidden tests."""
    return "\n".join(text for text, hidden in parts_of(source) if not hidden).rstrip("\n")


def hidden_parts(source: str) -> list[str]:
    """The hidden tests of a check cell, one text a region; none where it has no such region."""
    return [text for text, hidden in parts_of(source) if hidden]


def blanked(source: str) -> str:
    """A check cell with blank lines in the place of hidden tests and their markers."""
    lines, hidden = [], False
    for line in source.split("\n"):
        hidden = hidden or f"### BEGIN {HIDDEN}" in line
        lines.append("" if hidden else line)
        hidden = hidden and f"### END {HIDDEN}" not in line
    return "\n".join(lines)


def parts_of(source: str) -> list[tuple[str, bool]]:
    """A check cell cut at the markers of hidden tests, which are left out: (text, whether it is hidden), in order."""
    parts: list[tuple[list[str], bool]] = [([], False)]
    for line in source.split("\n"):
        if f"### BEGIN {HIDDEN}" in line:
            parts.append(([], True))
        elif f"### END {HIDDEN}" in line:
            parts.append(([], False))
        else:
            parts[-1][0].append(line)
    return [("\n".join(lines), hidden) for lines, hidden in parts if lines or hidden]
