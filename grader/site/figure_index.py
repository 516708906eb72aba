"""The index of all figures: a small picture, its number and the beginning of its caption, linked to its place."""

import base64
from io import BytesIO
from pathlib import Path

from PIL import Image

from grader.site.figures import Figure
from grader.site.plain import first_sentence, literal

WIDTH = 360  # pixels; shown at half of it


def write_small(figure: Figure, folder: Path) -> str:
    """A small copy of a figure in a folder; returns its name there."""
    name = f"{figure.anchor}.png"
    image = Image.open(BytesIO(base64.b64decode(figure.png))).convert("RGB")
    image.thumbnail((WIDTH, WIDTH))
    image = image.quantize(32, dither=Image.Dither.NONE)
    image.save(folder / name, optimize=True)
    return name


def markdown(figures: dict[str, list[Figure]], titles: dict[str, str], folder: Path) -> str:
    """The index as MyST: a heading for each unit, below it its figures. The small copies go into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for unit, found in figures.items():
        if not found:
            continue
        parts.append(f"## {unit[:2]} {titles[unit]}\n\n::::{{container}} figure-index")
        for figure in found:
            name = write_small(figure, folder)
            caption = first_sentence(figure.alt, 110)
            # The picture says nothing that the words beside it do not: an empty alt text spares a reader both.
            parts.append(
                f":::{{container}} entry\n[![]({folder.name}/{name})Figure {figure.number}]"
                f"(notebooks/{unit}.ipynb#{figure.anchor}). {literal(caption)}\n:::"
            )
        parts.append("::::\n")
    return "\n".join(parts)
