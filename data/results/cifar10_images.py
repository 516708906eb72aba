"""CIFAR-10 for the runs of unit 11, as uint8 arrays, in whichever form it is here, as the unit itself reads it."""

import hashlib
import os
from pathlib import Path

import numpy as np
from whole_files import write_whole

from grader.kit.cifar10 import CIFAR10_JPEG, CIFAR10_PACKED, cifar10_packed, cifar10_places, cifar10_search

DECODED = "cifar10_decoded.npz"
PARTS = ("X_train", "y_train", "X_test", "y_test")


def jpeg_copies(file: Path) -> tuple:
    """CIFAR-10 from JPEG copies: uint8 images (N, 3, 32, 32) and int64 labels, to train on and to test."""
    return cifar10_packed(file.read_bytes())


def decoded_once(file: Path, keep: Path) -> tuple:
    """What `jpeg_copies` gives, kept decoded in the folder `keep`: a run that goes on need not decode again."""
    kept, digest = keep / DECODED, hashlib.sha256(file.read_bytes()).hexdigest()
    if kept.is_file():
        with np.load(kept) as arrays:
            if str(arrays["sha256_of_jpeg"]) == digest:
                return tuple(arrays[part] for part in PARTS)
    arrays = jpeg_copies(file)
    write_whole(kept, lambda out: np.savez(out, sha256_of_jpeg=digest, **dict(zip(PARTS, arrays))))
    return arrays


def cifar10(place: str | None = None, keep: Path | None = None) -> tuple[str, tuple]:
    """What the images are, in words, and X_train (N, 3, 32, 32), y_train, X_test, y_test: uint8 images, int64 labels.

    place: a folder or an archive with CIFAR-10 in any form that `load_cifar10` reads, cifar10_jpeg.npz first; without
    it CIFAR10_JPEG, CIFAR10_DIR, and then wherever the units look. keep: a folder for the decoded JPEG copies.
    Raises FileNotFoundError or ValueError, with lines that name the places.
    """
    place = place or os.environ.get("CIFAR10_JPEG") or os.environ.get("CIFAR10_DIR")
    where = Path(place).expanduser() if place else None
    if where and not where.exists():
        raise FileNotFoundError(f"CIFAR-10 is not in {where}: there is no such file or folder.")
    file = where / CIFAR10_PACKED if where and where.is_dir() else where
    if file and file.suffix == ".npz" and file.is_file():
        try:
            return CIFAR10_JPEG, decoded_once(file, keep) if keep else jpeg_copies(file)
        except (ValueError, OSError) as problem:  # another file, or half of one
            raise ValueError(f"{file} does not hold JPEG copies of CIFAR-10: {problem}") from None
    arrays, form, *_ = cifar10_search({str(where): [(str(where), where)]} if where else cifar10_places())
    return form, arrays
