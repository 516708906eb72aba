"""How the course is cited follows CITATION.cff."""

import tomllib

import pytest

from grader.paths import ROOT
from grader.site.citation import bibtex, read, sentence

PERSON, GROUP = {"family-names": "Ó Sé", "given-names": "A. B."}, {"name": "the course authors"}
CFF = {"title": "From first principles", "version": "1.10", "date-released": "2026-11-28", "authors": [PERSON, GROUP]}


def test_the_course_s_own_is_complete():
    cff = read(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cff["version"] == project["version"]
    assert cff["title"] in sentence(cff) and cff["title"] in bibtex(cff)
    assert str(cff["date-released"])[:4] in sentence(cff)


def test_a_sentence():
    said = "Ó Sé, A. B.; the course authors (2026). *From first principles* (version 1.10)."
    assert sentence(CFF) == said
    assert sentence({**CFF, "url": "https://example.org"}) == f"{said} https://example.org"


def test_an_entry_for_bibtex_keeps_groups_and_titles_together():
    """BibTeX would take "the course authors" for a first and a last name, and a title's capitals away."""
    assert bibtex({**CFF, "url": "https://example.org"}) == (
        "@misc{batchnorm-course,\n"
        "  author = {Ó Sé, A. B. and {the course authors}},\n"
        "  title = {{From first principles}},\n"
        "  year = {2026},\n"
        "  version = {1.10},\n"
        "  url = {https://example.org}\n}"
    )
    assert "url" not in bibtex(CFF)


@pytest.mark.parametrize("url", [None, ""])
def test_an_address_that_is_empty_is_none(url):
    assert sentence({**CFF, "url": url}) == sentence(CFF) and bibtex({**CFF, "url": url}) == bibtex(CFF)


def test_a_date_is_read_as_one(tmp_path):
    (tmp_path / "c.cff").write_text("title: T\nversion: '0.10'\ndate-released: 2026-01-02\nauthors: [{name: N}]\n")
    assert sentence(read(tmp_path / "c.cff")) == "N (2026). *T* (version 0.10)."
