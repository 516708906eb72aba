"""The site's sources are the pages, with what is made for them, a page for each unit, and nothing else."""

import nbformat
import pytest
from PIL import Image, PngImagePlugin

from grader.site import sources
from grader.site.addresses import Addresses
from grader.site.sources import write_sources

README = """\
# Course

## For instructors

See [grading](docs/grading.md).

## For authors

See [kit](grader/kit/check.py).
"""
INDEX = """\
# Home

<!-- made: unit-table -->

<!-- made: failing-check -->

<!-- made: unit-list -->
"""
FILES = {
    "README.md": README,
    "CONTRIBUTING.md": "[read me](README.md), [data](data/README.md)",
    "CITATION.cff": "title: The course\nversion: '1'\ndate-released: 2026-11-28\nauthors: [{name: us}]\n",
    "LICENSE": "MIT\n",
    "LICENSE-text": "CC-BY\n",
    "data/README.md": "From [there](../README.md)",
    "docs/grading.md": "How. [contributing](../CONTRIBUTING.md)",
    "docs/site/index.md": INDEX,
    "docs/site/instructors.md": "# For instructors\n\n<!-- README -->\n",
    "docs/site/authors.md": "# For authors\n\n<!-- README -->\n\nA line with <!-- made: nothing --> within.\n",
    "docs/site/cite.md": "<!-- made: citation -->\n\n<!-- made: license -->\n\n<!-- made: figures -->\n",
    "docs/site/bibliography.yml": "[]",
    "docs/site/_static/css/site.css": "p {}",
}


@pytest.fixture
def repository(tiny, books, tmp_path, monkeypatch):
    """A repository with the tiny unit alone."""
    root = tmp_path / "repository"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    said = PngImagePlugin.PngInfo()
    said.add_itxt("message", "CheckFailed: so")
    Image.new("L", (2, 2)).save(root / "docs" / "failing-check.png", pnginfo=said)
    for folder, book in zip(("solutions", "notebooks"), books, strict=True):
        (root / folder).mkdir()
        nbformat.write(book, root / folder / "90_tiny.ipynb")
    places = {"ROOT": "", "PAGES": "docs/site", "DATA": "data", "SOLUTIONS": "solutions", "NOTEBOOKS": "notebooks"}
    for name, place in places.items():
        monkeypatch.setattr(sources, name, root / place)
    monkeypatch.setattr(sources, "unit_sources", lambda: [tiny])
    monkeypatch.setattr(sources, "addresses", Addresses)
    return root


@pytest.fixture
def folder(repository, tmp_path):
    """Where the sources were written."""
    write_sources(tmp_path / "out")
    return tmp_path / "out"


def files(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_pages_are_there(folder):
    assert set(files(folder)) == {
        "index.md", "instructors.md", "authors.md", "cite.md", "grading.md", "contributing.md", "data.md",
        "notebooks/90_tiny.ipynb", "downloads/90_tiny.ipynb", "failing-check.png", "_static/css/site.css",
        "figures-small/figure-90-1.png",
    }  # fmt: skip


def test_places_give_way_to_what_is_made(folder):
    index, cite = (folder / "index.md").read_text(), (folder / "cite.md").read_text()
    assert "[**90** Tiny](notebooks/90_tiny.ipynb)" in index and ":alt: CheckFailed: so" in index
    assert index.rstrip().endswith("90 Tiny <notebooks/90_tiny>")
    assert "us (2026). *The course* (version 1)." in cite and "```text\nMIT\n```" in cite
    assert "figures-small/figure-90-1.png" in cite and "made:" not in index + cite
    assert "<!-- made: nothing --> within" in (folder / "authors.md").read_text(), "a place is a line of its own"


def test_a_place_for_nothing_that_is_made_is_not_passed_over(repository, tmp_path):
    (repository / "docs" / "site" / "index.md").write_text("<!-- made: nothing -->\n")
    with pytest.raises(KeyError, match="nothing"):
        write_sources(tmp_path / "out")


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("instructors.md", "# For instructors\n\nSee [grading](grading.md).\n"),
        ("authors.md", "# For authors\n\nSee kit.\n"),
        ("contributing.md", "[read me](index.md), [data](data.md)"),
        ("data.md", "From [there](index.md)"),
        ("grading.md", "How. [contributing](contributing.md)"),
    ],
)
def test_links_between_files_lead_to_pages(page, text, folder):
    assert (folder / page).read_text(encoding="utf-8").startswith(text)


def test_the_page_of_a_unit_is_solved_and_the_download_is_not(folder):
    page, download = ((folder / name / "90_tiny.ipynb").read_text() for name in ("notebooks", "downloads"))
    assert "return x - x.mean(0)" in page and "{exercise}" in page
    assert "return x - x.mean(0)" not in download and "raise NotImplementedError()" in download


def test_what_stays_as_it_was_is_not_written_again(folder):
    kept = [folder / name for name in files(folder) if not name.startswith("figures-small/")]
    before = [path.stat().st_mtime_ns for path in kept]
    write_sources(folder)
    assert [path.stat().st_mtime_ns for path in kept] == before


def test_what_has_changed_is_written_and_what_is_no_source_goes(folder, repository):
    (folder / "old.md").write_text("of a page that was removed")
    (folder / "downloads" / "01_old.ipynb").write_text("{}")
    (repository / "docs" / "grading.md").write_text("Otherwise.")
    (repository / "docs" / "site" / "_static" / "css" / "site.css").write_text("b {}")
    before = set(files(folder)) - {"old.md", "downloads/01_old.ipynb"}
    write_sources(folder)
    assert set(files(folder)) == before
    assert files(folder)["grading.md"] == b"Otherwise." and files(folder)["_static/css/site.css"] == b"b {}"


def test_an_unwritten_section_of_the_readme_is_named(repository, tmp_path):
    (repository / "README.md").write_text("# Course\n\n## For instructors\n\nx\n")
    with pytest.raises(ValueError, match="no section 'For authors'"):
        write_sources(tmp_path / "out")


def test_a_small_picture_of_a_figure_that_is_gone_goes(folder):
    """write_sources makes "the folder hold the sources and nothing else"; figures-small/*.png are all kept."""
    from grader.site.sources import write_sources

    (folder / "figures-small" / "figure-90-9.png").write_bytes(b"old")
    write_sources(folder)
    assert not (folder / "figures-small" / "figure-90-9.png").exists()
