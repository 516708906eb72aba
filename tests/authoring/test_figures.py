"""Figures of solved notebooks: a third of the bytes, and nothing to be seen of it."""

import base64
import hashlib
import subprocess
import sys
from io import BytesIO

import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from grader.authoring.figures import shrink_figures, shrunk

SIZE = (120, 160)  # rows, columns


def png(array, **options) -> bytes:
    file = BytesIO()
    Image.fromarray(np.asarray(array, np.uint8)).save(file, "PNG", **options)
    return file.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGBA")).astype(int)


def off(data: bytes) -> np.ndarray:
    """How far each pixel of a picture is from what it was, in the channel where it is most."""
    return abs(pixels(shrunk(data)) - pixels(data)).max(2)


def photograph(rows, columns, seed=0) -> np.ndarray:
    """Something smooth in all directions of colour, with noise."""
    r = np.random.RandomState(seed)
    smooth = np.cumsum(np.cumsum(r.normal(0, 1, (rows, columns, 3)), 0), 1)
    return np.clip(smooth * 4 + 128 + r.normal(0, 5, smooth.shape), 0, 255)


def plot() -> bytes:
    """What a unit draws: lines in colours, bands over each other, a grid, text."""
    figure = Figure(figsize=(6, 3))
    r = np.random.RandomState(0)
    for axes in figure.subplots(1, 2):
        axes.grid(alpha=0.3)
        axes.set(title="The weights have adapted", xlabel="steps", ylabel="accuracy (%)")
        for colour in ("#0072B2", "#D55E00", "#009E73"):
            line = np.cumsum(r.normal(0, 1, 60))
            axes.fill_between(range(60), line - 3, line + 3, color=colour, alpha=0.15, lw=0)
            axes.plot(line, color=colour, label=colour)
        axes.legend()
    file = BytesIO()
    figure.savefig(file, dpi=100)
    return file.getvalue()


def crowded() -> np.ndarray:
    """A grey grid beside a pale green area, and edges of thousands of colours."""
    array = np.full((*SIZE, 3), 255)
    array[60:, :] = (217, 240, 232)
    array[::20] = array[:, ::20] = (233, 233, 233)
    edges = np.random.RandomState(0).rand(*SIZE) < 0.1
    array[edges] = np.random.RandomState(1).randint(0, 255, (edges.sum(), 1)) * [1, 0.6, 0.3] + [0, 20, 60]
    return array


def test_a_plot():
    data = plot()
    small = shrunk(data)
    assert Image.open(BytesIO(small)).mode == "P"
    assert len(small) < 0.4 * len(data)
    away = off(data)
    assert away.max() < 20 and np.mean(away > 0) < 0.1
    for colour in ((255, 255, 255), (0, 114, 178), (213, 94, 0), (0, 158, 115)):
        assert not away[(pixels(data)[..., :3] == colour).all(2)].any()  # paper and lines: their own colour


@pytest.mark.slow
def test_again_and_in_another_process_the_same_bytes():
    data = plot()
    small = shrunk(data)
    assert shrunk(small) == small
    code = """
import hashlib, sys
from grader.authoring.figures import shrunk
print(hashlib.sha256(shrunk(sys.stdin.buffer.read())).hexdigest())
"""
    other = subprocess.run([sys.executable, "-c", code], input=data, stdout=subprocess.PIPE, check=True).stdout
    assert other.decode().strip() == hashlib.sha256(small).hexdigest()


@pytest.mark.parametrize("count", [1, 2, 16, 17, 256])
def test_few_colours_are_kept_exactly(count):
    r = np.random.RandomState(count)
    data = png(r.randint(0, 255, (count, 3))[np.arange(SIZE[0] * SIZE[1]) % count].reshape(*SIZE, 3))
    assert not off(data).any()


def test_a_colour_map_with_its_text_has_no_bands():
    ramp = np.arange(160)[None].repeat(SIZE[0], 0)
    array = np.stack([ramp, 255 - ramp, 0 * ramp + 90], -1)
    array[:8] = np.random.RandomState(0).randint(0, 255, (8, 160, 1))  # "text": as many greys again
    assert off(png(array))[8:].max() <= 1


def test_a_grid_is_not_mixed_with_an_area():
    away, array = off(png(crowded())), crowded()
    for colour in ((255, 255, 255), (217, 240, 232), (233, 233, 233)):
        assert not away[(array == colour).all(2)].any()


def test_a_photograph_keeps_its_colours():
    array = photograph(*SIZE)
    array[:20], array[-20:] = 255, 0
    data = png(array)
    small = shrunk(data)
    assert Image.open(BytesIO(small)).mode == "RGB" and len(small) < 0.85 * len(data)
    away = off(data)
    assert away.max() <= 2 and not away[:20].any() and not away[-20:].any()
    assert shrunk(small) == small


@pytest.mark.slow
def test_a_small_photograph_in_a_plot_does_too():
    array = pixels(plot())[..., :3]
    array[20:70, 20:70] = photograph(50, 50)
    assert off(png(array)).max() <= 2


def test_a_transparent_picture_of_few_colours():
    array = np.zeros((*SIZE, 4))
    array[20:60] = (200, 30, 30, 255)
    array[60:80] = (200, 30, 30, 100)
    data = png(array)
    assert Image.open(BytesIO(shrunk(data))).mode == "P" and len(shrunk(data)) < len(data)
    assert (pixels(shrunk(data)) == pixels(data)).all()


def test_a_transparent_picture_of_many_colours():
    alpha = np.random.RandomState(0).randint(0, 256, (*SIZE, 1))
    data = png(np.concatenate([photograph(*SIZE), alpha], 2))
    assert (pixels(shrunk(data)) == pixels(data)).all()


@pytest.mark.parametrize("array", [crowded(), photograph(*SIZE), np.zeros((*SIZE, 4))], ids=["lines", "photo", "clear"])
def test_metadata_are_dropped(array):
    text = PngInfo()
    text.add_text("Software", "Matplotlib version 3.10")
    data = shrunk(png(array, pnginfo=text, dpi=(72, 72), icc_profile=b"a profile"))
    chunks, at = [], 8
    while at < len(data):
        chunks.append(data[at + 4 : at + 8].decode())
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    assert set(chunks) <= {"IHDR", "PLTE", "tRNS", "IDAT", "IEND"}


def test_other_kinds_of_picture():
    for mode in ("L", "LA", "1", "P", "I;16"):
        file = BytesIO()
        Image.new(mode, (30, 20)).save(file, "PNG")
        assert pixels(shrunk(file.getvalue())).shape == (20, 30, 4)


def output(data: bytes, kind="display_data"):
    bundle = {"image/png": base64.b64encode(data).decode() + "\n", "text/plain": "<Figure size 600x300>"}
    return new_output(kind, bundle, metadata={"image/png": {"width": 300}})


@pytest.mark.slow
def test_a_notebook():
    data, tiny = plot(), shrunk(png(np.zeros((2, 2, 3))))
    outputs = [output(data), new_output("stream", text="a line\n"), output(data, "execute_result"), output(tiny)]
    notebook = new_notebook(cells=[new_markdown_cell("words"), new_code_cell("plot()", outputs=outputs)])
    before = nbformat.from_dict(notebook)
    assert shrink_figures(notebook) is None
    nbformat.validate(notebook)
    first, stream, second, last = notebook.cells[1].outputs
    for small in (first, second):
        assert base64.b64decode(small.data["image/png"]) == shrunk(data)
        assert small.data["image/png"].endswith("\n") and small.data["image/png"].count("\n") == 1
        assert small.metadata == {"image/png": {"width": 300}} and small.data["text/plain"] == "<Figure size 600x300>"
    assert (stream, last) == (before.cells[1].outputs[1], before.cells[1].outputs[3])
    once = nbformat.writes(notebook)
    shrink_figures(notebook)
    assert nbformat.writes(notebook) == once
