"""What the pages need beyond Sphinx and MyST-NB."""

import re

import pytest

from grader.paths import ROOT

pytest.importorskip("sphinx", reason="sphinx is not installed (make site, or pip install -e '.[site]')")


def test_glossary_is_in_order_and_finds_plurals():
    from grader.site.extension import glossary_terms

    text = (ROOT / "docs" / "site" / "glossary.md").read_text(encoding="utf-8")
    terms = glossary_terms(text)
    assert re.search(terms["mini-batch"], "two Mini-batches") and not re.search(terms["feature"], "featureless")
    written = [line for line in text.partition("{glossary}")[2].splitlines() if line and line[0] not in " `"]
    names = [w.replace("β", "sm") for w in written]
    assert names == sorted(names, key=str.lower)
