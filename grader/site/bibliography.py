"""The papers that the units cite, from docs/site/bibliography.yml, each with the units that do."""

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ARXIV = re.compile(r"\b(\d{4}\.\d{4,5})\b")
# "Wu & He 2018", "Arora, Li & Lyu 2019", "He et al. (2015)", "Glorot and Bengio, 2010"
NAMED = re.compile(r"((?:[A-Z][\w’'-]+, )*[A-Z][\w’'-]+(?: (?:&|and) [A-Z][\w’'-]+| et al\.)),? \(?(\d{4})\b")


@dataclass
class Paper:
    authors: str
    year: int
    title: str
    where: str
    cited: list[str]  # as texts cite it: an arXiv number, "Wu & He 2018"
    arxiv: str = ""
    url: str = ""

    def is_cited(self, text: str) -> bool:
        return bool(self.arxiv and self.arxiv in text) or any(name in text for name in self.cited)

    @property
    def link(self) -> str:
        return f"https://arxiv.org/abs/{self.arxiv}" if self.arxiv else self.url

    def entry(self, units: list[str]) -> str:
        shown = f"[arXiv {self.arxiv}]({self.link})" if self.arxiv else f"[{self.url.partition('//')[2]}]({self.url})"
        cited = ", ".join(f"[{u[:2]}](notebooks/{u}.ipynb)" for u in units)
        said = f" Cited in {cited}." if units else ""
        where = "" if self.where == "arXiv" else f"{self.where}. "  # which the link says
        end = "" if self.title.endswith("?") else "."
        return f"- {self.authors} ({self.year}). *{self.title}{end}* {where}{shown}.{said}"


def read(path: Path) -> list[Paper]:
    papers = [Paper(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return sorted(papers, key=lambda p: (p.authors.lower(), p.year))


def normal(text: str) -> str:
    """A lesson's text in which citations are written in one way: "A & B 2018", without what breaks lines or marks."""
    text = re.sub(r"\n#? ?|\s+", " ", text).replace("*", "")
    return NAMED.sub(lambda m: f"{m[1].replace(' and ', ' & ')} {m[2]}", text)


def citations(text: str) -> set[str]:
    """What a normal text cites: arXiv numbers, and names with years."""
    links = {m[1] for m in re.finditer(r"arxiv(?:\.org/abs/| )(\d{4}\.\d{4,5})", text, re.I)}
    return links | {f"{m[1]} {m[2]}" for m in NAMED.finditer(text)}


def markdown(papers: list[Paper], units: dict[str, str]) -> str:
    """The list as Markdown. `units` are {name: its text as normal() has it}."""
    return "\n".join(p.entry([name for name, text in units.items() if p.is_cited(text)]) for p in papers)
