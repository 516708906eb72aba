"""Pages that are files of the repository, or parts of them: their links lead to the site's own pages."""

import re
from collections.abc import Mapping
from pathlib import Path
from posixpath import normpath

LINK = re.compile(r"(!?)\[([^]]*)\]\(([^)\s]+)\)")
ELSEWHERE = re.compile(r"[a-z]+:|#")


def page(text: str, folder: str, pages: Mapping[str, str], slug: str) -> str:
    """Markdown of a file in a folder of the repository, as a page at the top of the site.

    `pages` are {file of the repository: page}. What has no page is linked on GitHub, where the repository has an
    address; else it is named, and no link.
    """

    def link(match: re.Match) -> str:
        picture, said, target = match.groups()
        if ELSEWHERE.match(target):
            return match[0]
        target, mark, place = target.partition("#")
        path = normpath(f"{folder}/{target}") if folder else normpath(target)
        if path in pages:
            return f"{picture}[{said}]({pages[path]}{mark}{place})"
        return f"[{said}](https://github.com/{slug}/blob/main/{path}{mark}{place})" if slug else said

    return LINK.sub(link, text)


def section(text: str, heading: str) -> str:
    """What stands below a heading of the second level, up to the next."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise ValueError(f"no section {heading!r}")
    return found[1].strip()


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
