"""The built site as files: links, what must not be in it, what must."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def soups(site, pages) -> dict[str, BeautifulSoup]:
    return {page: BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser") for page in pages}


@pytest.fixture(scope="module")
def units(soups) -> dict[str, BeautifulSoup]:
    return {page: soup for page, soup in soups.items() if re.match(r"notebooks/\d\d_", page)}


def test_links_inside_the_site_hold(site, soups):
    ids = {page: {e["id"] for e in soup.find_all(id=True)} for page, soup in soups.items()}
    count, dead = 0, []
    for page, soup in soups.items():
        for link in soup.find_all("a", href=True):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            count += 1
            target = (site / page).parent / unquote(parts.path) if parts.path else site / page
            name = str(target.resolve().relative_to(site.resolve()))
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and name in ids and anchor not in ids[name]):
                dead.append(f"{page} → {link['href']}")
    assert count > 1000 and dead == []


def test_every_unit_has_its_page(units):
    from grader.paths import unit_sources

    assert set(units) == {f"notebooks/{source.stem}.html" for source in unit_sources()}


def test_pages_have_no_setup_and_no_hidden_tests(units):
    for page, soup in units.items():
        text = soup.get_text()
        for secret in ("bncourse_kit", "HIDDEN TESTS", "load_table", "BEGIN SOLUTION"):
            assert secret not in text, f"{page} has {secret}"


def test_every_exercise_has_an_answer_and_says_how_it_is_judged(units):
    from grader.authoring.unit import read_unit
    from grader.paths import unit_sources

    for source in unit_sources():
        boxes = units[f"notebooks/{source.stem}.html"].select(".exercise")
        unit = read_unit(source)
        assert len(boxes) >= len(unit.exercises), source.stem
        for box in boxes:
            assert len(box.select("details.answer")) == len(box.select(".checked")) == 1


def test_every_figure_has_a_caption_and_its_words_as_alt_text(units, soups):
    figures = [figure for soup in units.values() for figure in soup.select(".cell_output figure")]
    assert len(figures) == len(soups["figures.html"].select(".figure-index .entry")) > 30
    for figure in figures:
        assert len(figure.img["alt"]) > 30, figure.img["alt"]
        assert re.match(r"Figure \d+\.\d+\.", figure.figcaption.get_text().strip())
    alone = [img for soup in units.values() for img in soup.select(".cell_output img") if not img.find_parent("figure")]
    assert alone == []


def test_unit_leads_on_and_hands_out_its_notebook(site, units):
    for at, page in enumerate(sorted(units)):
        soup = units[page]
        assert bool(soup.select(".prev-next-area a.right-next")), page
        assert at == 0 or soup.select(".prev-next-area a.left-prev"), page
        download = soup.select_one(".unit-bar a.download")
        target = ((site / page).parent / download["href"]).resolve()
        assert target.name == page.removeprefix("notebooks/").replace(".html", ".ipynb")
        assert "raise NotImplementedError" in target.read_text(encoding="utf-8")
        assert soup.select('.unit-bar a[href*="glossary"]')


def test_no_button_leads_to_an_address_that_is_not_set(soups):
    from grader.site.addresses import addresses

    if addresses().repository:
        pytest.skip("an address is set")
    for page, soup in soups.items():
        for link in soup.find_all("a", href=re.compile(r"colab|mybinder|git-pull|OWNER")):
            raise AssertionError(f"{page} links to {link['href']}")
