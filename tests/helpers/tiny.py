"""Small units, written where a test wants them; above all that of `tiny_unit.py` and `tiny_mistakes.py`."""

from pathlib import Path

HERE = Path(__file__).parent


def write_unit(root: Path, name: str, lesson: str, mistakes: str) -> Path:
    """Write the two files of a unit into a directory, as in the repository; returns the lesson's path."""
    path = root / "solutions" / f"{name}.py"
    beside = path.parent / "mistakes" / path.name
    beside.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lesson, encoding="utf-8")
    beside.write_text(mistakes, encoding="utf-8")
    return path


def write_tiny(root: Path) -> Path:
    """Write the small unit, as `write_unit` does."""
    lesson, mistakes = ((HERE / f"tiny_{what}.py").read_text(encoding="utf-8") for what in ("unit", "mistakes"))
    return write_unit(root, "90_tiny", lesson, mistakes)


def claim(text: str, options: str = "", before: str = "") -> tuple[str, str]:
    """An edit of the small unit, old and new text: a demo that computes `losses`, and a claim on them."""
    demo = "plt.plot([1, 2])\nplt.show()"
    return demo, f'{before}losses = [1, 2]\n{demo}\n\n# %% claim="it falls"{options}\n{text}'
