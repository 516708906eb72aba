"""Sphinx's settings for the course's site. Its sources are made by grader/site/ (`make site`)."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from grader.site.addresses import addresses  # noqa: E402

where = addresses()
project = "Batch normalization from first principles"
author = "the batchnorm-course authors"
copyright = "the batchnorm-course authors. Text and figures: CC BY 4.0. Code: MIT"
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
language = "en"

extensions = ["myst_nb", "grader.site.extension"]
exclude_patterns = ["downloads/**"]  # the students' notebooks, which are handed out, no pages
suppress_warnings = ["config.cache"]  # the two settings that grader.site.extension fills in while it runs

# Stored outputs, nothing is run; no widgets, whose scripts would come from a CDN.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

# From this site, not from a CDN; no menu, since it would load more.
mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {"options": {"enableMenu": False}}

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_theme_options = {
    "navbar_persistent": [],  # search stands in the sidebar
    "show_navbar_depth": 1,
    "show_toc_level": 2,
    "use_download_button": False,  # of the page's source; each unit has its own
    "use_fullscreen_button": False,
    "use_repository_button": bool(where.repository),
    "use_issues_button": bool(where.repository),
    "search_bar_text": "Search the course",
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "logo": {"text": "Batch normalization from first principles"},
    "footer_content_items": ["copyright.html"],
    "back_to_top_button": False,
}
if where.repository:
    html_theme_options["repository_url"] = f"https://github.com/{where.repository}"
