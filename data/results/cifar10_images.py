"""CIFAR-10 for the runs of unit 11: the official binary version, or JPEG copies of it, as uint8 arrays."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from whole_files import write_whole

OFFICIAL, COPIES = "CIFAR-10, official binary version", "JPEG copies of CIFAR-10"
PACKED, DECODED = "cifar10_jpeg.npz", "cifar10_decoded.npz"
PARTS = ("X_train", "y_train", "X_test", "y_test")


def jpeg_copies(file: Path) -> tuple:
    """CIFAR-10 from JPEG copies: uint8 images (N, 3, 32, 32) and int64 labels, to train on and to test."""
    from PIL import Image

    arrays = []
    with np.load(file) as packed:
        for part in ("train", "test"):
            raw, ends = packed[f"{part}_jpeg"].tobytes(), packed[f"{part}_end"].tolist()
            pieces = (raw[a:b] for a, b in zip([0, *ends], ends))
            images = np.stack([np.asarray(Image.open(io.BytesIO(piece)).convert("RGB")) for piece in pieces])
            arrays += [np.ascontiguousarray(images.transpose(0, 3, 1, 2)), packed[f"{part}_label"].astype(np.int64)]
    return tuple(arrays)


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


def cifar10(official: Callable[[], tuple], place: str | None = None, keep: Path | None = None) -> tuple[str, tuple]:
    """What the images are, in words, and X_train (N, 3, 32, 32), y_train, X_test, y_test: uint8 images, int64 labels.

    place: a folder with the official binary version, or with cifar10_jpeg.npz, or that file; without it CIFAR10_JPEG,
    CIFAR10_DIR, and then wherever `official`, the unit's loader, looks. keep: a folder for the decoded JPEG copies.
    Raises FileNotFoundError or ValueError, with one line that names the place.
    """
    place = place or os.environ.get("CIFAR10_JPEG") or os.environ.get("CIFAR10_DIR")
    if place:
        where = Path(place).expanduser()
        if not where.exists():
            raise FileNotFoundError(f"CIFAR-10 is not in {where}: there is no such file or folder.")
        file = where if where.is_file() else where / PACKED
        if file.is_file():
            try:
                return COPIES, decoded_once(file, keep) if keep else jpeg_copies(file)
            except (ValueError, KeyError, OSError, zipfile.BadZipFile) as problem:  # another file, or half of one
                raise ValueError(f"{file} does not hold JPEG copies of CIFAR-10: {problem}") from None
        os.environ["CIFAR10_DIR"] = str(where)
    try:
        return OFFICIAL, official()
    except FileNotFoundError as problem:
        raise FileNotFoundError(f"{problem} Looked in {place}, too." if place else str(problem)) from None
