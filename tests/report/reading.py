"""A report as a reader's browser would take it, and results of two kinds to make it from."""

import html.parser

from helpers.made_up_class import cell, result

from grader.report.write import write_report

UNIT = "04_batchnorm_backward"


VOID = {"meta", "br", "wbr", "rect", "line", "polygon", "polyline", "circle"}


class Reader(html.parser.HTMLParser):
    """Checks that tags balance and nothing is loaded or run, and keeps the text."""

    def __init__(self, source: str):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        assert tag not in ("script", "iframe", "object", "embed", "link", "img", "base", "form", "foreignobject")
        for key, value in attributes:
            assert not key.startswith("on") and key not in ("src", "srcset", "action", "xlink:href")
            assert key != "href" or value.startswith("#")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in VOID
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def read(directory, hidden: bool = False) -> Reader:
    path = write_report(directory, hidden=hidden)
    assert path == directory / ("report-pseudonyms.html" if hidden else "report.html")
    assert not list(directory.glob("*.part"))
    source = path.read_text(encoding="utf-8")
    assert "url(" not in source and "@import" not in source
    return Reader(source)


def full(student: str, **changes) -> dict:
    cells = [cell("normalize-values", 2.0, 2.0), cell("normalize-hidden", 1.0, 1.0), cell("q_epsilon-answer", 1.0, 1.0)]
    return result(student, UNIT, cells, **changes)


def wrong(student: str, *hints: str, message="x_hat: wrong value\nmore", kind="wrong", **changes) -> dict:
    cells = [
        cell("normalize-values", 0.0, 2.0, message, *hints, kind=kind),
        cell("normalize-hidden", 0.0, 1.0, message, *hints, kind=kind),
        cell("q_epsilon-answer", 1.0, 1.0),
    ]
    return result(student, UNIT, cells, **changes)
