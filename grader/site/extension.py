"""What the pages need beyond Sphinx and MyST-NB: boxes, folds, links to units and glossary, MathJax from here."""

import html
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

UNIT_DOCS = "notebooks/"  # as in the repository
UNITS = re.compile(r"(?:\b[Uu]nits? |\bBuilds on )\d\d(?:(?:, | and | to | or |, and )\d\d)*")
# Where a word is no mention of a thing: its own name, code, a formula, a link.
CLOSED = (nodes.title, nodes.literal, nodes.reference, nodes.literal_block, nodes.math, nodes.math_block, pending_xref)
NOT_LINKED = (*CLOSED, nodes.raw, nodes.Invisible, nodes.caption)


class Exercise(SphinxDirective):
    """An exercise: task, hint, stub, answer, checks."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        return [nodes.container("", *self.parse_content_to_nodes(), classes=["exercise"])]


class Fold(SphinxDirective):
    """`<details>`: its summary is the argument. Opens by mouse and keyboard, without script."""

    required_arguments, final_argument_whitespace, has_content = 1, True, True
    option_spec = {"class": str}  # noqa: RUF012  as docutils has it

    def run(self) -> list[nodes.Node]:
        kind, title = html.escape(self.options.get("class", "")), html.escape(self.arguments[0])
        begin = f'<details class="fold {kind}"><summary>{title}</summary>'
        return [
            nodes.raw("", begin, format="html"),
            *self.parse_content_to_nodes(),
            nodes.raw("", "</details>", format="html"),
        ]


class Checked(SphinxDirective):
    """A line on how an answer is judged, with the names of the checks where there are several."""

    required_arguments, final_argument_whitespace, has_content = 1, True, True
    option_spec = {}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        head = nodes.paragraph("", self.arguments[0], classes=["checked-head"])
        return [nodes.container("", head, *self.parse_content_to_nodes(), classes=["checked"])]


class Links(SphinxTransform):
    """In the units, "unit 05" leads there, and the first mention of each word of the glossary to its entry."""

    default_priority = 700  # after MyST has made its links

    def apply(self, **kwargs) -> None:
        if not self.env.docname.startswith(UNIT_DOCS):
            return
        self.seen: set[str] = set()
        for text in list(self.document.findall(nodes.Text)):
            if not self._closed(text):
                pieces = self._pieces(text.astext())
                if len(pieces) > 1:
                    text.parent.replace(text, pieces)

    def _closed(self, node: nodes.Node) -> bool:
        while node is not None:
            if isinstance(node, NOT_LINKED) or "checked" in getattr(node, "attributes", {}).get("classes", ()):
                return True
            node = node.parent
        return False

    def _pieces(self, text: str) -> list[nodes.Node]:
        """The text as nodes, some of which are links."""
        links = [(m.start(), m.end(), "doc", m[0]) for names in UNITS.finditer(text) for m in _numbers(names)]
        for term, pattern in self.config.course_terms.items():
            match = None if term in self.seen else re.search(pattern, text)
            if match and not any(start < match.end() and match.start() < end for start, end, *_ in links):
                self.seen.add(term)
                links.append((*match.span(), "term", term))
        pieces, at = [], 0
        for start, end, kind, target in sorted(links):
            link = self._link(kind, target, text[start:end])
            if link is not None:
                pieces += [nodes.Text(text[at:start]), link]
                at = end
        return [*pieces, nodes.Text(text[at:])]

    def _link(self, kind: str, target: str, text: str) -> nodes.Node | None:
        if kind == "doc":
            target = self.config.course_units.get(target, "")
            if not target or target == self.env.docname:
                return None
            target = f"/{target}"
        link = pending_xref("", reftype=kind, refdomain="std", refexplicit=True, reftarget=target, refwarn=True)
        link["refdoc"] = self.env.docname
        link += nodes.inline("", text, classes=["std", f"std-{kind}"])
        return link


def _numbers(names: re.Match):
    """The numbers of units in a mention of some, with their places in the text."""
    return re.compile(r"\d\d").finditer(names.string, names.start(), names.end())


def glossary_terms(page: str) -> dict[str, str]:
    """{term: a pattern that finds it in prose} of the glossary in a page. A plural, a capital letter fit too."""
    terms: dict[str, str] = {}
    for block in re.findall(r"^(`{3,}|:{3,})\{glossary\}\n(.*?)^\1$", page, re.M | re.S):
        for line in block[1].splitlines():
            if line and not line[0].isspace() and not line.startswith(":"):
                word = re.escape(line)
                first = f"[{line[0].upper()}{line[0].lower()}]" if line[0].isalpha() else re.escape(line[0])
                terms[line] = rf"(?<![\w-]){first}{word[len(re.escape(line[0])) :]}(?:s|es)?(?![\w-])"
    return dict(sorted(terms.items(), key=lambda item: -len(item[0])))  # "running mean" before "mean"


def _read_names(app: Sphinx) -> None:
    source = Path(app.srcdir)
    app.config.course_terms = glossary_terms((source / "glossary.md").read_text(encoding="utf-8"))
    app.config.course_units = {p.name[:2]: UNIT_DOCS + p.stem for p in (source / UNIT_DOCS).glob("[0-9][0-9]_*.ipynb")}


def _drop_icons_script(app: Sphinx, error: Exception | None) -> None:
    """The theme has its icons twice: as a font, and as 1.5 MB of script that would draw each anew."""
    script = Path(app.outdir) / "_static" / "scripts" / "fontawesome.js"
    if error is None and script.exists():
        script.write_text("// The icons come from the font.\n", encoding="utf-8")
        script.with_name("fontawesome.js.map").unlink(missing_ok=True)


def _copy_mathjax(app: Sphinx, error: Exception | None) -> None:
    """MathJax's parts that a page may ask for, so that nothing is fetched from elsewhere."""
    if error is not None or app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline")  # a package only for its files: it would copy all 24 MB of them
    source, target = Path(package.origin).parent / "static" / "mathjax", Path(app.outdir) / "_static" / "mathjax"
    for name in ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions"):
        to = target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if to.exists():
            continue
        if (source / name).is_dir():
            shutil.copytree(source / name, to, ignore=shutil.ignore_patterns("all-packages.js"))
        else:
            shutil.copy(source / name, to)


def _visit_folded(translator, node) -> None:
    """As MyST-NB's, without a label that is not the words that are seen (WCAG 2.5.3)."""
    start = len(translator.body)
    visit_HideCellInput(translator, node)
    label = ' aria-label="Toggle hidden content"'
    translator.body[start:] = [part.replace(label, "") for part in translator.body[start:]]


def setup(app: Sphinx) -> dict:
    app.add_node(HideCodeCellNode, override=True, html=(_visit_folded, depart_HideCellInput))
    app.add_directive("exercise", Exercise)
    app.add_directive("fold", Fold)
    app.add_directive("checked", Checked)
    for name in ("course_terms", "course_units"):  # set above; "": a change makes no page stale
        app.add_config_value(name, {}, "", types=frozenset({dict}))
    app.add_transform(Links)
    app.connect("builder-inited", _read_names)
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _drop_icons_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
