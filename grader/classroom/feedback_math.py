"""Markdown as HTML whose formulas are MathML: browsers set them without a script, and without a network."""

from functools import lru_cache
from html import escape

from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

KEPT = 20_000  # formulas: a unit has some two hundred, which are the same on all pages of a class


@lru_cache(KEPT)
def mathml(formula: str, display: bool = False) -> str:
    """A formula in TeX as MathML; as it was typed where it is none that can be read."""
    # latex2mathml leaves what stands in \text{…} as it is, markup too.
    plain = formula.strip().replace("<", r"\lt ").replace(">", r"\gt ")
    try:
        return convert(plain, display="block" if display else "inline")
    except Exception:  # latex2mathml's own errors, and IndexError, ValueError …, of what people write into comments
        return f"<code>{escape(formula)}</code>"


class MathRenderer(IPythonRenderer):
    """nbconvert's own, but for formulas."""

    def block_math(self, body: str) -> str:
        return mathml(body, display=True)

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(rf"\begin{{{name}}}{body}\end{{{name}}}", display=True)


def html_of(markdown: str, **options) -> str:
    """Markdown as HTML. options: those of nbconvert's IPythonRenderer."""
    renderer = MathRenderer(escape=False, exclude_anchor_links=True, **options)
    return MarkdownWithMath(renderer=renderer).render(markdown)
