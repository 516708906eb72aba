"""How to cite the course, from CITATION.cff: a sentence, and an entry for BibTeX."""

from pathlib import Path

import yaml


def read(path: Path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _authors(cff: dict) -> list[str]:
    return [a.get("name") or f"{a['family-names']}, {a['given-names']}" for a in cff["authors"]]


def sentence(cff: dict) -> str:
    year = str(cff["date-released"])[:4]
    address = f" {cff['url']}" if cff.get("url") else ""
    return f"{'; '.join(_authors(cff))} ({year}). *{cff['title']}* (version {cff['version']}).{address}"


def bibtex(cff: dict) -> str:
    lines = {
        "author": " and ".join("{" + a + "}" if ", " not in a else a for a in _authors(cff)),
        "title": "{" + cff["title"] + "}",
        "year": str(cff["date-released"])[:4],
        "version": str(cff["version"]),
        **({"url": cff["url"]} if cff.get("url") else {}),
    }
    body = ",\n".join(f"  {key} = {{{value}}}" for key, value in lines.items())
    return f"@misc{{batchnorm-course,\n{body}\n}}"
