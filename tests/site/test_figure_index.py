"""The index of figures has a small picture of each, its number and the beginning of its caption."""

import pytest
from PIL import Image

from grader.site.figure_index import WIDTH, markdown, write_small
from grader.site.figures import Figure


@pytest.fixture
def figure(png) -> Figure:
    return Figure("3.2", "figure-3-2", "The loss of $x_i$ <b>. Another sentence.", png)


def test_a_small_copy_keeps_its_proportions(figure, tmp_path):
    assert write_small(figure, tmp_path) == "figure-3-2.png"
    with Image.open(tmp_path / "figure-3-2.png") as small:
        assert small.size == (WIDTH, WIDTH // 2)


def test_an_entry_leads_to_the_figure_s_place(figure, tmp_path):
    made = markdown({"03_forward": [figure], "04_back": []}, {"03_forward": "Forward"}, tmp_path / "small")
    assert made == (
        "## 03 Forward\n\n::::{container} figure-index\n"
        ":::{container} entry\n[![](small/figure-3-2.png)Figure 3.2](notebooks/03_forward.ipynb#figure-3-2). "
        "The loss of x\\_i \\<b\\>.\n:::\n::::\n"
    )
    assert [path.name for path in (tmp_path / "small").iterdir()] == ["figure-3-2.png"]


def test_a_long_caption_is_cut_at_a_word(figure, tmp_path):
    figure.caption = "word " * 60
    entry = markdown({"03_forward": [figure]}, {"03_forward": "F"}, tmp_path).splitlines()[4]
    caption = entry.partition("). ")[2]
    assert caption.endswith("word …") and len(caption) <= 112


def test_without_figures_there_is_no_heading(tmp_path):
    assert markdown({"03_forward": []}, {}, tmp_path / "a" / "small") == ""
    assert markdown({}, {}, tmp_path / "a" / "small") == "" and (tmp_path / "a" / "small").is_dir()


def test_a_picture_that_is_none_is_not_passed_over(figure, tmp_path):
    figure.png = "AAAA"
    with pytest.raises(OSError):
        write_small(figure, tmp_path)
