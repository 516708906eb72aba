"""What is made for the site, piece by piece, without Sphinx."""

import re
import tomllib

import nbformat
import pytest

from grader.authoring.unit import read_unit
from grader.paths import DATA, ROOT, unit_sources
from grader.site import bibliography, citation, repository_pages, results, unit_map
from grader.site.addresses import Addresses
from grader.site.exercises import box, check_names, folded, split_task
from grader.site.extension import glossary_terms
from grader.site.plain import first_sentence, plain
from grader.site.tables import dressed
from grader.site.unit_page import unit_page

SITE = ROOT / "docs" / "site"


@pytest.fixture(scope="module")
def tiny_page(built):
    """The page of the tiny unit as text."""
    solved = nbformat.read(built.with_suffix(".ipynb"), as_version=4)
    student = nbformat.read(built.parent.parent / "notebooks" / f"{built.stem}.ipynb", as_version=4)
    before = nbformat.writes(solved)
    page, _ = unit_page(built.stem, solved, student, Addresses())
    again, _ = unit_page(built.stem, solved, student, Addresses())
    assert nbformat.writes(solved) == before, "the notebook was changed"
    assert nbformat.writes(page) == nbformat.writes(again)
    return page


def test_page_of_a_unit(tiny_page):
    text = "\n\n".join(cell.source for cell in tiny_page.cells)
    assert "bncourse_kit" not in text and "HIDDEN" not in text and "BEGIN SOLUTION" not in text
    assert text.count(":::::{exercise}") == text.count("{fold} Show an answer") > 0
    assert ":::{checked} Checked in the notebook" in text
    assert "raise NotImplementedError" in text
    assert "colab" not in text


def test_box():
    task = "### Exercise: `f` (5 minutes)\n\nDo it.\n\n<details><summary>Hint</summary>\n\nThink.\n\n</details>"
    hidden = '### BEGIN HIDDEN TESTS\ncheck("three", f, 3)\n### END HIDDEN TESTS'
    checks = [f'check("one", f, 1)\ncheck("two", f, 2)\n{hidden}']
    answer = 'def f(x):\n    """Twice."""\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION'
    made = box(task, 'def f(x):\n    """Twice."""\n    raise NotImplementedError()', answer, checks, 3, False)
    assert made.startswith("### Exercise: `f` (5 minutes)\n\n:::::{exercise}\n")
    assert "::::{fold} Hint\n:class: hint\n\nThink.\n::::" in made
    assert "return 2 * x" in made and "SOLUTION" not in made
    assert "Checked in the notebook · 3 points\n- one\n- two\n:::" in made and "three" not in made


def test_names_of_checks_in_order():
    assert check_names('x = check("b", f)\nassert check("a", g)\nprint("c")') == ["b", "a"]


@pytest.mark.parametrize(
    ("above", "task"),
    [
        ("Prose.\n\n### Exercise: f (5 minutes)\n\nDo.", "### Exercise: f (5 minutes)\n\nDo."),
        ("## A\n\nProse.\n\n**Concept question 1.** Why?\n\n- (a) so", "**Concept question 1.** Why?\n\n- (a) so"),
        ("## Only prose\n\nof a section", ""),
    ],
)
def test_where_a_task_begins(above, task):
    prose, found = split_task(above)
    assert found == task and prose + ("\n\n" if task else "") + found == above


def test_details_become_folds_and_keep_their_text():
    text = "a\n\n<details><summary>Hint for x</summary>\n\n$x$ and `y`\n\n</details>\n\nb"
    assert "{fold} Hint for x" in folded(text) and "$x$ and `y`" in folded(text) and "<details>" not in folded(text)


def test_formulas_in_html_tables_are_marked():
    made = dressed("a\n\n<table>\n<tr><td>$a &lt; b$ &amp; c</td></tr>\n</table>\n\n$d$")
    assert '<span class="math notranslate nohighlight">\\(a &lt; b\\)</span> &amp; c' in made
    assert made.startswith('a\n\n<div class="pst-scrollable-table-container"><table class="table">')
    assert made.endswith("</table></div>\n\n$d$")


def test_plain_text_of_formulas():
    assert plain(r"The mean of $\hat x$ is $\beta$; $|z| \le 1$, $10^{-6}$, `dx`, *so*") == (
        "The mean of x̂ is β; |z| ≤ 1, 10⁻⁶, dx, so"
    )
    assert first_sentence("One. Two.") == "One."


def test_buttons_need_an_address():
    assert Addresses().launch("03_x") == {}
    made = Addresses("someone/course", "https://hub.example.edu/").launch("03_x")
    assert (
        made["Open in Colab"]
        == "https://colab.research.google.com/github/someone/course/blob/main/notebooks/03_x.ipynb"
    )
    assert made["Open in Binder"].startswith(
        "https://mybinder.org/v2/gh/someone/course/main?labpath=notebooks/03_x.ipynb"
    )
    assert made["Open in JupyterHub"] == (
        "https://hub.example.edu/hub/user-redirect/git-pull?repo=https%3A%2F%2Fgithub.com%2Fsomeone%2Fcourse"
        "&branch=main&urlpath=lab%2Ftree%2Fcourse%2Fnotebooks%2F03_x.ipynb"
    )


def test_links_of_the_repository_lead_to_pages_or_nowhere():
    text = "[grading](docs/grading.md), [code](grader/kit/check.py), [web](https://example.org), [here](#x)"
    pages = {"docs/grading.md": "grading.md"}
    assert repository_pages.page(text, "", pages, "") == (
        "[grading](grading.md), code, [web](https://example.org), [here](#x)"
    )
    assert "(https://github.com/a/b/blob/main/grader/kit/check.py)" in repository_pages.page(text, "", pages, "a/b")
    assert repository_pages.page("[x](grading.md)", "docs", pages, "") == "[x](grading.md)"


def test_map_has_every_unit_and_only_direct_needs():
    units = [read_unit(source) for source in unit_sources()]
    direct = unit_map.needs(units)
    for unit in units:
        assert direct[unit.name] <= set(unit.builds_on)
        for other in direct[unit.name]:
            assert not direct[unit.name] & direct[other], f"{unit.name} needs {other}, and what that needs"
    drawn = unit_map.drawing(units)
    assert drawn.count("<a ") == len(units) and drawn.count('class="arrow"') == sum(map(len, direct.values()))


def test_bibliography_has_what_the_units_cite():
    papers = bibliography.read(SITE / "bibliography.yml")
    texts = {s.stem: bibliography.normal(s.read_text(encoding="utf-8")) for s in unit_sources()}
    known = {p.arxiv for p in papers} | {name for p in papers for name in p.cited}
    for unit, text in texts.items():
        missing = {c for c in bibliography.citations(text) if not any(c in k or k in c for k in known if k)}
        assert not missing, f"{unit} cites {missing}"
    unused = [p.title for p in papers if not any(p.is_cited(text) for text in texts.values())]
    assert not unused, f"cited nowhere: {unused}"
    keys = [(p.authors, p.title) for p in papers]
    assert len(keys) == len(set(keys))


def test_results_are_computed_from_the_records():
    table = results.table(DATA / "results", {f"{i:02}": f"{i:02}.md" for i in range(12)})
    assert table.count("\n") == 1 + len(results.ROWS), "a record is missing"
    assert "nan" not in table
    said = results.records(DATA / "results")
    assert all(path.name in said for path in (DATA / "results").glob("*.json"))


def test_glossary_is_in_order_and_finds_plurals():
    text = (SITE / "glossary.md").read_text(encoding="utf-8")
    terms = glossary_terms(text)
    assert re.search(terms["mini-batch"], "two Mini-batches") and not re.search(terms["feature"], "featureless")
    written = [line for line in text.partition("{glossary}")[2].splitlines() if line and line[0] not in " `"]
    names = [w.replace("β", "sm") for w in written]
    assert names == sorted(names, key=str.lower)


def test_citation():
    cff = citation.read(ROOT / "CITATION.cff")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cff["version"] == project["version"]
    assert cff["title"] in citation.sentence(cff) and cff["title"] in citation.bibtex(cff)
