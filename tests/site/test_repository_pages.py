"""Files of the repository become pages: their links lead to pages, to GitHub, or nowhere."""

import pytest

from grader.site.repository_pages import page, read, section

PAGES = {"docs/grading.md": "grading.md", "README.md": "index.md", "LICENSE": "cite.md"}


@pytest.mark.parametrize(
    ("folder", "link", "made"),
    [
        ("", "[grading](docs/grading.md)", "[grading](grading.md)"),
        ("", "[grading](./docs/../docs/grading.md)", "[grading](grading.md)"),
        ("docs", "[x](grading.md)", "[x](grading.md)"),
        ("docs", "[x](../README.md)", "[x](index.md)"),
        ("docs", "[licence](../LICENSE)", "[licence](cite.md)"),
        ("", "[web](https://example.org)", "[web](https://example.org)"),
        ("", "[mail](mailto:a@example.org)", "[mail](mailto:a@example.org)"),
        ("docs", "[here](#x)", "[here](#x)"),
        ("", "[a], [b] (c) and f[i](x, y)", "[a], [b] (c) and f[i](x, y)"),
    ],
)
def test_what_has_a_page_is_linked_there(folder, link, made):
    for slug in ("", "a/b"):
        assert page(link, folder, PAGES, slug) == made


@pytest.mark.parametrize(("folder", "target"), [("", "grader/kit/check.py"), ("docs", "../grader/kit/check.py")])
def test_what_has_none_is_linked_on_github_or_only_named(folder, target):
    text = f"See [code]({target}), and [code]({target})."
    assert page(text, folder, PAGES, "") == "See code, and code."
    on_github = "[code](https://github.com/a/b/blob/main/grader/kit/check.py)"
    assert page(text, folder, PAGES, "a/b") == f"See {on_github}, and {on_github}."


TEXT = "# Course\n\n## For authors\n\nWrite.\n\n### How\n\nSo.\n\n## For authors (more)\n\n## Last\nEnd.\n"


@pytest.mark.parametrize(
    ("heading", "found"),
    [("For authors", "Write.\n\n### How\n\nSo."), ("For authors (more)", ""), ("Last", "End.")],
)
def test_a_section_ends_at_the_next_of_its_level(heading, found):
    assert section(TEXT, heading) == found


@pytest.mark.parametrize("heading", ["How", "Course", "For", "last", "For authors (.*)"])
def test_a_section_that_is_not_there(heading):
    with pytest.raises(ValueError, match="no section"):
        section(TEXT, heading)


def test_files_are_read_as_utf_8(tmp_path):
    (tmp_path / "a.md").write_bytes("γ and β\r\n".encode())
    assert read(tmp_path / "a.md") == "γ and β\n"


def test_a_link_to_a_section_of_a_page_stays_a_link():
    made = page("[limits](docs/grading.md#limits)", "", {"docs/grading.md": "grading.md"}, "")
    assert made == "[limits](grading.md#limits)"


def test_a_picture_is_no_link():
    assert not page("![alt](docs/p.png)", "", {}, "").startswith("!alt")
