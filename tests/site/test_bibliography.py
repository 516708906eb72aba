"""What the units cite stands in the bibliography, and each paper names the units that cite it."""

import pytest

from grader.paths import ROOT, unit_sources
from grader.site.bibliography import Paper, citations, markdown, normal, read

FILE = ROOT / "docs" / "site" / "bibliography.yml"
BN = Paper("Ioffe, S.", 2015, "Batch Normalization", "ICML", ["Ioffe & Szegedy 2015"], arxiv="1502.03167")
SHIFT = Paper("Shimodaira, H.", 2000, "Improving", "JSPI", ["Shimodaira 2000"], url="https://doi.org/10.1/x(0)")


def test_every_citation_of_a_unit_has_its_entry_and_every_entry_a_citation():
    papers = read(FILE)
    texts = {s.stem: normal(s.read_text(encoding="utf-8")) for s in unit_sources()}
    known = {p.arxiv for p in papers} | {name for p in papers for name in p.cited}
    for unit, text in texts.items():
        missing = {c for c in citations(text) if not any(c in k or k in c for k in known if k)}
        assert not missing, f"{unit} cites {missing}"
    unused = [p.title for p in papers if not any(p.is_cited(text) for text in texts.values())]
    assert not unused, f"cited nowhere: {unused}"
    keys = [(p.authors, p.title) for p in papers]
    assert len(keys) == len(set(keys))
    assert all(p.link.startswith("http") for p in papers), "each can be opened"


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("as Wu & He 2018 say", {"Wu & He 2018"}),
        ("(Arora, Li & Lyu (2019))", {"Arora, Li & Lyu 2019"}),
        ("Glorot and Bengio, 2010,", {"Glorot & Bengio 2010"}),
        ("He et al. (2015)", {"He et al. 2015"}),
        ("*Ioffe &\n# Szegedy* 2015", {"Ioffe & Szegedy 2015"}),
        ("Ilyas & Mądry 2018", {"Ilyas & Mądry 2018"}),
        ("[BN](https://arxiv.org/abs/1502.03167v3) and arXiv 1805.11604", {"1502.03167", "1805.11604"}),
        ("In May 2018, 1502.03167 items", set()),
        ("", set()),
    ],
)
def test_what_a_text_cites(text, cited):
    assert citations(normal(text)) == cited


def test_a_paper_is_cited_by_name_or_number():
    assert BN.is_cited("see arXiv 1502.03167") and BN.is_cited("Ioffe & Szegedy 2015")
    assert not BN.is_cited("Ioffe & Szegedy 2016") and not SHIFT.is_cited("")
    assert not Paper("A", 1, "T", "W", []).is_cited("anything"), "one without a number is not in every text"


def test_entries_name_their_units():
    made = markdown([BN, SHIFT], {"03_forward": "Ioffe & Szegedy 2015", "05_x": "arXiv 1502.03167", "06_y": ""})
    assert made.splitlines() == [
        "- Ioffe, S. (2015). *Batch Normalization.* ICML. [arXiv 1502.03167](https://arxiv.org/abs/1502.03167)."
        " Cited in [03](notebooks/03_forward.ipynb), [05](notebooks/05_x.ipynb).",
        "- Shimodaira, H. (2000). *Improving.* JSPI. [doi.org/10.1/x(0)](https://doi.org/10.1/x(0)).",
    ]


def test_papers_are_read_by_author_and_year(tmp_path):
    entry = '- {{authors: "{}", year: {}, title: T, where: W, cited: []}}\n'
    file = tmp_path / "b.yml"
    file.write_text("".join(entry.format(*e) for e in [("van L", 2017), ("He", 2019), ("He", 2015)]), encoding="utf-8")
    assert [(p.authors, p.year) for p in read(file)] == [("He", 2015), ("He", 2019), ("van L", 2017)]


def test_an_entry_with_an_unknown_field_is_refused(tmp_path):
    (tmp_path / "b.yml").write_text("- {authors: A, year: 1, title: T, where: W, cited: [], doi: x}\n")
    with pytest.raises(TypeError, match="doi"):
        read(tmp_path / "b.yml")
