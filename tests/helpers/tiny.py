"""The small unit of `tiny_unit.py` and `tiny_mistakes.py`, written where a test wants it."""

from pathlib import Path

HERE = Path(__file__).parent


def write_tiny(root: Path) -> Path:
    """Write the two files of the small unit into a directory, as in the repository; returns the lesson's path."""
    lesson = root / "solutions" / "90_tiny.py"
    mistakes = lesson.parent / "mistakes" / lesson.name
    mistakes.parent.mkdir(parents=True)
    lesson.write_text((HERE / "tiny_unit.py").read_text(encoding="utf-8"), encoding="utf-8")
    mistakes.write_text((HERE / "tiny_mistakes.py").read_text(encoding="utf-8"), encoding="utf-8")
    return lesson
