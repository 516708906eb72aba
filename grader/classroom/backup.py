"""Copies of what a command replaces, in DIR/backup under the date and time: made when there is something to keep."""

import shutil
from datetime import datetime
from pathlib import Path

FOLDER = "backup"


class Backup:
    """The backup of one run over a class directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.folder = directory / FOLDER / datetime.now().strftime("%Y-%m-%d-%H%M%S")

    def copy(self, path: Path) -> str:
        """Copy a file or a folder of the class; of a link what it leads to, links in a folder as links.

        Returns where to, relative to the class.
        """
        copy = self.folder / path.relative_to(self.directory)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, copy, symlinks=True)
        else:
            shutil.copy2(path, copy)
        return copy.relative_to(self.directory).as_posix()
