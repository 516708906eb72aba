"""Files that are there as a whole or not at all, also when the process is killed while it writes."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


def write_whole(file: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Let `write` fill a file beside this one, then put it in its place in one step.

    Until then `file` is what it was. What an interrupted write leaves behind, the next one overwrites.
    """
    unfinished = file.with_name(file.name + ".unfinished")
    with unfinished.open("wb") as out:
        write(out)
        out.flush()
        os.fsync(out.fileno())  # else a crash of the machine may keep the new name, but not what is in it
    os.replace(unfinished, file)
