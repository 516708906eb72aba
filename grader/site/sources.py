"""Write the site's sources: the pages in docs/site/, with what is made for them, and a page for each unit."""

import re
import shutil
from pathlib import Path

import nbformat

from grader.authoring.unit import Unit, read_unit
from grader.paths import DATA, NOTEBOOKS, ROOT, SOLUTIONS, unit_sources
from grader.site import bibliography, citation, failing_check, figure_index, results, unit_map
from grader.site.addresses import Addresses, addresses
from grader.site.repository_pages import page, read, section
from grader.site.unit_page import unit_page

PAGES = ROOT / "docs" / "site"
PLACE = re.compile(r"^<!-- made: ([a-z-]+) -->$", re.M)  # a line of a page that gives way to what is made
FILES = {  # files of the repository that are a page, or are part of one
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "data/README.md": "data.md",
    "LICENSE": "cite.md",
    "LICENSE-text": "cite.md",
}


def write_sources(folder: Path) -> None:
    """Make the folder hold the sources and nothing else. Files that stay as they were are not touched."""
    files = _texts(folder)
    kept = {folder / name for name in files}
    for name, text in files.items():
        _write(folder / name, text)
    copies = {PAGES / "_static": "_static", ROOT / "docs" / "failing-check.png": "failing-check.png"}
    copies |= {NOTEBOOKS / f"{u.stem}.ipynb": f"downloads/{u.stem}.ipynb" for u in unit_sources()}
    for source, name in copies.items():
        for path in [p for p in source.rglob("*") if p.is_file()] if source.is_dir() else [source]:
            target = folder / name / path.relative_to(source) if source.is_dir() else folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists() or target.read_bytes() != path.read_bytes():
                shutil.copy(path, target)
            kept.add(target)
    kept |= {
        folder / "figures-small" / name for name in re.findall(r"\(figures-small/([^)]+)\)", "".join(files.values()))
    }
    for path in [p for p in folder.rglob("*") if p.is_file() and p not in kept]:
        path.unlink()


def _texts(folder: Path) -> dict[str, str]:
    """{name: text} of all pages."""
    units = [read_unit(source) for source in unit_sources()]
    where = addresses()
    files, figures = {}, {}
    for unit in units:
        solved = nbformat.read(SOLUTIONS / f"{unit.name}.ipynb", as_version=4)
        student = nbformat.read(NOTEBOOKS / f"{unit.name}.ipynb", as_version=4)
        made, figures[unit.name] = unit_page(unit.name, solved, student, where)
        files[f"notebooks/{unit.name}.ipynb"] = nbformat.writes(made)
    parts = _parts(units, figures, folder)
    for path in sorted(PAGES.glob("*.md")):
        files[path.name] = PLACE.sub(lambda m: parts[m[1]], read(path))
    pages = FILES | {f"docs/{p.name}": p.name for p in sorted((ROOT / "docs").glob("*.md"))}
    pages |= {f"notebooks/{u.name}.ipynb": f"notebooks/{u.name}.ipynb" for u in units}
    for path in sorted((ROOT / "docs").glob("*.md")):
        files[path.name] = page(read(path), "docs", pages, where.repository)
    files["contributing.md"] = page(read(ROOT / "CONTRIBUTING.md"), "", pages, where.repository)
    files["data.md"] = page(read(DATA / "README.md"), "data", pages, where.repository)
    readme = read(ROOT / "README.md")
    for name in ("instructors", "authors"):
        text = page(section(readme, f"For {name}"), "", pages, where.repository)
        files[f"{name}.md"] = files[f"{name}.md"].replace("<!-- README -->", text)
    return files


def _parts(units: list[Unit], figures: dict, folder: Path) -> dict[str, str]:
    """What the pages ask for by name."""
    links = {u.name[:2]: f"notebooks/{u.name}.ipynb" for u in units}
    texts = {u.name: bibliography.normal(read(u.path)) for u in units}
    cff = citation.read(ROOT / "CITATION.cff")
    return {
        "unit-map": f"```{{raw}} html\n{unit_map.drawing(units)}\n```",
        "unit-table": unit_map.as_table(units),
        "unit-list": _toctree(units),
        "failing-check": failing_check.image(ROOT / "docs" / "failing-check.png", "failing-check.png"),
        "results": results.table(DATA / "results", links),
        "records": results.records(DATA / "results"),
        "figures": figure_index.markdown(figures, {u.name: u.title for u in units}, folder / "figures-small"),
        "bibliography": bibliography.markdown(bibliography.read(PAGES / "bibliography.yml"), texts),
        "citation": citation.sentence(cff),
        "bibtex": f"```bibtex\n{citation.bibtex(cff)}\n```",
        "license": f"```text\n{read(ROOT / 'LICENSE').strip()}\n```",
        "license-text": read(ROOT / "LICENSE-text").strip(),
        "nbgitpuller": _hub_example(units[0].name),
        "docs": "\n".join(p.stem for p in sorted((ROOT / "docs").glob("*.md"))),
    }


def _toctree(units: list[Unit]) -> str:
    """The units for the contents: `Title <page>`, with the number in front."""
    return "\n".join(f"{u.name[:2]} {u.title} <notebooks/{u.name}>" for u in units)


def _hub_example(unit: str) -> str:
    """nbgitpuller's link to a unit, with names to replace where no address is set."""
    where = addresses()
    known = Addresses(where.repository or "OWNER/REPOSITORY", where.hub or "https://HUB")
    return f"```text\n{known.pull(f'notebooks/{unit}.ipynb')}\n```"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
