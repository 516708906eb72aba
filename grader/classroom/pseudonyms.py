"""Made-up names for a class's students, where points are to be shown and names are not."""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from grader.errors import CourseError
from grader.grading.store import FOLDER, Store

KEY = "pseudonyms.key"


def pseudonyms(directory: Path, ids: Iterable[str]) -> dict[str, str]:
    """By student's id a made-up name, the same whenever this class is asked.

    Raises CourseError where the class's key is spoilt or another command is at work on the class.
    """
    ids, key = set(ids), _key(directory)
    for length in (5, 10, 32):  # bytes; two students with one name are very few, but not none
        names = {id: _pseudonym(key, id, length) for id in ids}
        if len(set(names.values())) == len(names):
            break
    return names


def _pseudonym(key: bytes, id: str, length: int) -> str:
    digest = hmac.new(key, id.encode(errors="surrogateescape"), hashlib.sha256).digest()
    return base64.b32encode(digest[:length]).decode().rstrip("=")


def _key(directory: Path) -> bytes:
    """The class's secret: whoever has it and the roster can tell who is who, nobody else."""
    path = directory / FOLDER / KEY
    with Store(directory).locked():
        try:
            key = path.read_bytes()
        except FileNotFoundError:
            key = secrets.token_bytes(32)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(key)
    if len(key) != 32:
        raise CourseError(f"{path} is no key: delete it, and there will be other pseudonyms.")
    return key
