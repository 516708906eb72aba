"""What of a cell's outputs goes into the graded notebook, which instructors and students open in a browser."""

import html
import re
import textwrap

LINES, CHARACTERS, TRACEBACK = 1000, 100_000, 100
OUTPUTS = 400  # of one cell: each is a box of a page
BLANK = 1000  # characters: browsers and colourers of code take seconds over more white space in one piece
_IMAGES = ("image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*\Z")


def cleaned(outputs: list[dict]) -> list[dict]:
    """Text and pictures; no HTML, no script, nothing endless."""
    if len(outputs) > OUTPUTS:
        what = f"... {len(outputs) - OUTPUTS:,} more outputs are left out here ...\n"
        left_out = {"output_type": "stream", "name": "stdout", "text": what}
        outputs = [*outputs[: OUTPUTS // 2], left_out, *outputs[-OUTPUTS // 2 :]]
    return [output for output in map(_clean, outputs) if output]


def is_blank_for_long(source: str) -> bool:
    """Whether white space goes on for BLANK characters somewhere."""
    return max(map(len, re.findall(r"\s+", source)), default=0) >= BLANK


def readable(source: str) -> str:
    """A student's code without white space that goes on for pages: of so much, three lines are left."""
    if not is_blank_for_long(source):
        return source
    return re.sub(r"\s+", lambda found: found[0] if len(found[0]) < BLANK else "\n\n\n" + _indent(found[0]), source)


def _indent(space: str) -> str:
    """What stands before the next word in its line; of a long indent, nothing: such a line is no code."""
    last = space.rpartition("\n")[2]
    return last if len(last) < BLANK else ""


def _clean(output: dict) -> dict | None:
    kind = output["output_type"]
    if kind == "stream":
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return {"output_type": "stream", "name": name, "text": _shorten(output.get("text"))}
    if kind == "error":
        lines = output.get("traceback")
        lines = [_shorten(line) for line in lines] if isinstance(lines, list) else []
        if len(lines) > TRACEBACK:
            lines = [*lines[: TRACEBACK // 2], "... Traceback truncated ...", *lines[-TRACEBACK // 2 :]]
        return error(line(output.get("ename"), 100), plain(output.get("evalue", "")), lines)
    data = output.get("data")
    if not isinstance(data, dict):
        return None
    kept = {"text/plain": _shorten(data.get("text/plain"))} if "text/plain" in data else {}
    kept |= {t: data[t] for t in _IMAGES if isinstance(data.get(t), str) and _BASE64.match(data[t])}
    return {"output_type": "display_data", "data": kept, "metadata": {}} if kept else None


def some(names: list[str], most: int) -> str:
    """At most so many names between commas, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def line(text, length: int = 300) -> str:
    """Any text as one line that can be printed and written: no control characters, at most `length` characters."""
    text = " ".join(str(text)[: 4 * length].split())
    text = "".join(c if c.isprintable() else "\ufffd" for c in text)
    return text if len(text) <= length else f"{text[: length - 1]}…"


def shown(name: str) -> str:
    """A name as it can be printed, in one line: what rules a terminal or is no text is escaped; no two look alike."""
    return "".join(c if c.isprintable() and c != "\\" else _escaped(c) for c in name)


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is not in UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def plain(text, length: int = 2000) -> str:
    """Any text, its lines kept, that can be written and shown: no other control characters, at most `length` long."""
    text = str(text)
    text = text if len(text) <= length else f"{text[: length - 1]}…"
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def _shorten(text) -> str:
    text = str(text if text is not None else "")
    if len(text) > CHARACTERS or text.count("\n") > LINES:
        text = "\n".join(text[:CHARACTERS].splitlines()[:LINES]) + "\n... Output truncated ..."
    return text.encode(errors="replace").decode()  # half a surrogate pair cannot be written to a file


def error(name: str, message: str, traceback: list[str] | None = None) -> dict:
    """An error output; without a traceback, the message stands in its place."""
    name, message = line(name, 100), plain(message)
    if traceback is None:
        traceback = [textwrap.fill(line, 96, break_on_hyphens=False) for line in f"{name}: {message}".splitlines()]
    return {"output_type": "error", "ename": name, "evalue": message, "traceback": traceback}


def check_line(name: str, passed: bool) -> dict:
    """The green or red line of a check, as the kit shows it."""
    line, colour = f"{'✓' if passed else '✗'} {name}", "#1b6e3c" if passed else "#b3261e"
    body = f'<div style="color:{colour};font-weight:600">{html.escape(line)}</div>'
    return {"output_type": "display_data", "data": {"text/html": body, "text/plain": line}, "metadata": {}}
