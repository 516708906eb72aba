"""Where the course's files are."""

import tomllib
from pathlib import Path

from grader.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS, NOTEBOOKS, DATA = ROOT / "solutions", ROOT / "notebooks", ROOT / "data"


def unit_sources(names: list[str] = ()) -> list[Path]:
    """The sources of the units named (all where none is), each by its full name, its number or its path."""
    sources = sorted(SOLUTIONS.glob("[0-9][0-9]_*.py"))
    if not sources:
        raise CourseError(f"No units found in {SOLUTIONS}. Install the course from its checkout: pip install -e .")
    found = []
    for name in names:
        stem = Path(name).stem
        matches = [s for s in sources if s.stem == stem or s.stem[:2] == stem]
        if not matches:
            raise CourseError(f"There is no unit {name!r}. The units are: {', '.join(s.stem for s in sources)}.")
        found += [m for m in matches if m not in found]
    return found or sources


def repository() -> str:
    """owner/name of the GitHub repository that [project.urls] in pyproject.toml names; "" while it names none."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    url = project.get("urls", {}).get("Repository", "").rstrip("/").removesuffix(".git")
    return url.removeprefix("https://github.com/") if url.startswith("https://github.com/") else ""
