"""Run a notebook's code cells in a fresh namespace, without Jupyter: fast, for trusted code only."""

import contextlib
import io
import linecache
import traceback
from dataclasses import dataclass

import matplotlib

matplotlib.use("Agg")


@dataclass
class Result:
    error: BaseException | None
    output: str

    @property
    def line(self) -> int:
        """The line of the cell that raised, counted from 1; 0 where none did."""
        frames = traceback.extract_tb(self.error.__traceback__) if self.error else []
        return next((f.lineno for f in frames if f.filename.startswith("<cell ")), 0)


class Session:
    """A namespace in which cells are run; what they print is kept, what they raise is returned."""

    def __init__(self) -> None:
        self.namespace: dict = {"__name__": "__main__"}

    def run(self, source: str, label: str) -> Result:
        filename = f"<cell {label}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        output, error = io.StringIO(), None
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            try:
                exec(compile(source, filename, "exec"), self.namespace)
            except (Exception, SystemExit) as caught:
                error = caught
        import matplotlib.pyplot as plt

        plt.close("all")
        return Result(error, output.getvalue())
