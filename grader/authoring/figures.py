"""Figures of an executed notebook as PNGs with a palette: a third of the bytes, and to the eye the same.

Photographs, for which 256 colours are too few, keep all theirs, a little rounded.
"""

import base64
from io import BytesIO

import nbformat
import numpy as np
from PIL import Image

PNG = "image/png"
NEAR = 200  # distance² × pixels^¾: one pixel may be off by 14 of 255, each of ten by 6, of a hundred by 2
FAR, FEW = 10, 1 / 250  # no palette where more than this share of the pixels would be further off than this
COARSE = 4  # then each channel is rounded to multiples of this


def shrink_figures(notebook: nbformat.NotebookNode) -> None:
    """Replace every PNG among a notebook's outputs by the same picture in fewer bytes, where there is one.

    The same bytes at every run, with the same Pillow; and none change when it is done again.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if PNG in output.get("data", {}):
                old = base64.b64decode(output.data[PNG])
                new = shrunk(old)
                if len(new) < len(old):
                    output.data[PNG] = base64.b64encode(new).decode() + "\n"  # as IPython writes it


def shrunk(png: bytes) -> bytes:
    """A picture with a palette of 256 colours, where they are enough, and without metadata."""
    image = Image.open(BytesIO(png)).convert("RGBA")
    pixels = np.asarray(image)
    codes = pixels.copy().view(np.uint32)[..., 0]
    codes, index, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = codes.view(np.uint8).reshape(-1, 4)  # one a row, and how many pixels have it
    if len(colours) > 256:
        if not (colours[:, 3] == 255).all():  # a shadow or the like: rare enough to be left as it is
            return written(image)
        chosen, nearest = palette_of(colours.astype(int), counts)
        away = ((colours.astype(int) - colours[chosen][nearest]) ** 2).sum(1)
        if counts[away > FAR**2].sum() > FEW * counts.sum():
            return written(Image.fromarray(rounded(pixels[..., :3])))
        colours, index = colours[chosen], nearest[index]
    small = Image.frombytes("P", image.size, index.astype(np.uint8).tobytes())
    small.putpalette(colours[:, :3].tobytes())
    opaque = (colours[:, 3] == 255).all()
    return written(small, **({} if opaque else {"transparency": colours[:, 3].tobytes()}))


def palette_of(colours: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the colours, 256 at most, that are to stand for all; and for each colour which of them does.

    Beginning with the most common colour, always the one follows that is worst off: far from all those chosen, and that
    of many pixels. So areas and lines keep their own colour, and what is approximated are the many colours at edges.
    Pillow's methods do not see to this: they mix a grey grid with a pale green area.
    """
    weights = np.sqrt(counts * np.sqrt(counts))  # exactly rounded, which a power need not be
    chosen, nearest = [int(counts.argmax())], np.zeros(len(colours), int)
    away = ((colours - colours[chosen[0]]) ** 2).sum(1)
    while len(chosen) < 256:
        worst = int((weights * away).argmax())
        if weights[worst] * away[worst] <= NEAR:
            break
        from_it = ((colours - colours[worst]) ** 2).sum(1)
        nearest[from_it < away] = len(chosen)
        away = np.minimum(away, from_it)
        chosen.append(worst)
    order = np.argsort(chosen)
    return np.array(chosen)[order], np.argsort(order)[nearest]


def rounded(channels: np.ndarray) -> np.ndarray:
    """Values off by 2 of 255 at most, white and black by nothing. There are fewer of them, which pack better."""
    return np.minimum((channels.astype(int) + COARSE // 2) // COARSE * COARSE, 255).astype(np.uint8)


def written(image: Image.Image, **options) -> bytes:
    """A picture as a PNG with nothing but the picture."""
    file = BytesIO()
    image.info.clear()
    image.save(file, "PNG", optimize=True, **options)
    return file.getvalue()
