"""The picture of a check that fails: a known mistake of a unit, run in its student notebook, and what came out.

    python -m grader.site.failing_check      # needs Chromium; writes docs/failing-check.png

To be made again when the unit, the check's words or their look have changed.
"""

import ast
import copy
import html
import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image, PngImagePlugin

from grader.authoring.figures import shrunk
from grader.errors import CourseError
from grader.paths import NOTEBOOKS, ROOT, SOLUTIONS

PICTURE = ROOT / "docs" / "failing-check.png"
UNIT, EXERCISE, CHECK = "03_batchnorm_forward", "normalize", "normalize-epsilon"
RIGHT, WRONG = "np.sqrt(var + eps)", "(np.sqrt(var) + eps)"
MESSAGE = "message"  # the PNG's text chunk with what the check said: the picture's alt text
WIDTH, SCALE = 620, 2
STYLE = """
body { margin: 0; padding: 12px 18px; width: 584px; background: #fff;
  font: 13px/1.45 system-ui, "Noto Sans", sans-serif }
pre { margin: 0; font: 12px/1.5 "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre-wrap }
.cell { background: #f6f7f9; border: 1px solid #d9dce1; border-radius: 4px; padding: 9px 12px; margin: 0 0 10px }
.name { font-weight: 600; color: #b3261e; margin: 0 0 6px 2px }
.error { background: #fdecea; border-left: 4px solid #b3261e; border-radius: 4px; padding: 9px 12px; color: #3a1210 }
.wrong { background: #ffe0b8; border-radius: 3px }
"""


def run() -> tuple[list[str], str, str]:
    """The sources of the two cells, the name of the check that failed, and what it said."""
    solved = nbformat.read(SOLUTIONS / f"{UNIT}.ipynb", as_version=4)
    student = nbformat.read(NOTEBOOKS / f"{UNIT}.ipynb", as_version=4)
    by_id = {c.metadata.get("nbgrader", {}).get("grade_id"): c for c in student.cells}
    answer = next(c for c in solved.cells if c.metadata.get("nbgrader", {}).get("grade_id") == EXERCISE)
    source = _without_docstring("\n".join(line for line in answer.source.splitlines() if "### " not in line))
    if RIGHT not in source:
        raise CourseError(f"The answer to {EXERCISE!r} no longer has {RIGHT!r}.")
    cells = copy.deepcopy([by_id["setup"], by_id[EXERCISE], by_id[CHECK]])
    cells[1].source = source.replace(RIGHT, WRONG)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=student.metadata)
    with tempfile.TemporaryDirectory() as folder:
        NotebookClient(notebook, allow_errors=True, resources={"metadata": {"path": folder}}).execute()
    data = [o for o in cells[2].outputs if o.output_type == "display_data"]
    errors = [o for o in cells[2].outputs if o.output_type == "error"]
    if not errors or not data:
        raise CourseError("The check did not fail.")
    return [c.source for c in cells[1:]], data[-1].data["text/plain"], f"{errors[0].ename}: {errors[0].evalue}"


def _without_docstring(function: str) -> str:
    """A function's source as one would type it: the picture is to be read at a glance."""
    docstring = ast.parse(function).body[0].body[0]
    lines = function.splitlines()
    return "\n".join(lines[: docstring.lineno - 1] + lines[docstring.end_lineno :])


def document(sources: list[str], name: str, said: str) -> str:
    """What a notebook shows, as a page; the slip is marked."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    formatter = HtmlFormatter(nowrap=True)
    code = [highlight(source, PythonLexer(), formatter).rstrip() for source in sources]
    marked = highlight(WRONG, PythonLexer(), formatter).strip()
    code[0] = code[0].replace(marked, f'<span class="wrong">{marked}</span>')
    cells = "".join(f'<div class="cell"><pre>{text}</pre></div>' for text in code)
    return (
        f"<!doctype html><meta charset=utf-8><style>{formatter.get_style_defs()}{STYLE}</style>{cells}"
        f'<div class="name">{html.escape(name)}</div><div class="error"><pre>{html.escape(said)}</pre></div>'
    )


def photograph(page: str, picture: Path, said: str) -> None:
    """Write a page as a picture, cut where it ends, with few bytes; what the check said goes with it."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise CourseError("The picture is taken with Chromium, which is not here.")
    with tempfile.TemporaryDirectory() as folder:
        file, shot = Path(folder) / "page.html", Path(folder) / "shot.png"
        file.write_text(page, encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder}/p"]
        size = [f"--window-size={WIDTH},1200", f"--force-device-scale-factor={SCALE}", f"--screenshot={shot}"]
        subprocess.run([browser, *flags, *size, file.as_uri()], check=True, capture_output=True, timeout=120)
        image = Image.open(shot).convert("RGB")
    ends = Image.eval(image.convert("L"), lambda v: 255 - v).getbbox()[3]
    image = image.crop((0, 0, WIDTH * SCALE, ends + 14 * SCALE))
    file = BytesIO()
    image.save(file, "PNG")
    text = PngImagePlugin.PngInfo()
    text.add_itxt(MESSAGE, said)
    Image.open(BytesIO(shrunk(file.getvalue()))).save(picture, optimize=True, pnginfo=text)


def image(picture: Path, shown: str) -> str:
    """The picture for a page, with what the check said as its alt text."""
    said = " ".join(Image.open(picture).text.get(MESSAGE, "A check that fails, and the likely cause it names.").split())
    return f"```{{image}} {shown}\n:alt: {said}\n```"


def main() -> int:
    sources, name, said = run()
    photograph(document(sources, name, said), PICTURE, said)
    print(PICTURE, said, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
