"""`load_mnist`: the MNIST digits, from this machine or the network; without either, a small set of real digits.

`bncourse build` copies this file after kit.py into the setup cell of every notebook that uses it, and appends the line
`_MNIST_DIGITS = "…"` (data/digits.npz in base 85). So it needs only the standard library and NumPy, and its global
names are none that a learner would use for something else (no `time`, no `io`).
"""

import base64
import hashlib
import os
import sys
import zlib
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Event, Thread
from time import monotonic
from urllib.request import urlopen

import numpy as np

_MNIST_SHA256 = {  # of the decompressed files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_MNIST_MIRRORS = "https://ossci-datasets.s3.amazonaws.com/mnist/ https://storage.googleapis.com/cvdf-datasets/mnist/"
_MNIST_FIRST, _MNIST_STALL = 4, 10  # seconds to wait for a server's first bytes, and for more in the middle
_MNIST_SLOWEST, _MNIST_LARGEST = 20_000, 1 << 26  # bytes a second, bytes: give up below, above
_MNIST_DIGITS = ""  # E. Alpaydin, C. Kaynak (1998), UCI repository, doi:10.24432/C50P49, licence CC BY 4.0


def load_mnist():
    """MNIST as four arrays: X_train (60000, 28, 28), y_train (60000,), X_test (10000, 28, 28), y_test (10000,).

    Images are float32, 0 (paper) to 1 (ink); labels are int64, 0 to 9. Looks in $MNIST_DIR, in data/mnist of this
    directory and all above it, and in the user's cache; then downloads (11 MB) to the cache, from the addresses in
    MNIST_MIRRORS where that is set (separated by spaces; empty: no download). A file counts only if its SHA-256 is
    right. Without MNIST: 1,797 smaller digits, resized, as arrays of the same kind, and a line that says so.
    Raises FileNotFoundError where even those are missing.
    """
    arrays, origins, mirrors, begun = [], {}, _mnist_mirrors(), []

    def tell(*_):
        if not begun:
            begun.append(print("Downloading MNIST (11 MB, once) …"))

    for name in _MNIST_SHA256:
        array, place = _mnist_find(name)
        origin = f"found in {place}"
        if array is None:
            try:
                array, kept = _mnist_download(name, _mnist_cache(), mirrors, tell)
            except OSError:
                return _mnist_digits(name)
            origin = "downloaded to the cache" if kept else "downloaded, but not kept: the cache cannot be written"
        arrays.append(array)
        origins[origin] = True
    print(f"MNIST {' and '.join(origins)}.")
    images, labels = [x / np.float32(255) for x in arrays[::2]], [y.astype(np.int64) for y in arrays[1::2]]
    return images[0], labels[0], images[1], labels[1]


def _mnist_find(name):
    """A file's array and the name of the place where it lies, or (None, None). Says which files are no good."""
    wanted = {"$MNIST_DIR": os.environ.get("MNIST_DIR"), "data/mnist": "data/mnist", "the cache": _mnist_cache()}
    for place, directory in [(place, up) for place, path in wanted.items() if path for up in _mnist_above(path)]:
        for file in (directory / name, directory / f"{name}.gz"):
            try:
                return _mnist_array(name, file.read_bytes()), place
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                print(f"{file.name} in {place} cannot be read ({error.strerror}): ignored.")
            except ValueError as problem:
                fate = "ignored"
                if place == "the cache":
                    with suppress(OSError):
                        file.unlink(missing_ok=True)
                        fate = "deleted"
                print(f"{file.name} in {place} {problem}: {fate}.")
    return None, None


def _mnist_above(path):
    """A path as seen from the current directory and from every directory above it."""
    return list(dict.fromkeys(up / os.path.expanduser(path) for up in (Path.cwd(), *Path.cwd().parents)))


def _mnist_cache():
    system = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": os.path.expanduser("~/Library/Caches")}
    base = os.environ.get("XDG_CACHE_HOME") or system.get(sys.platform) or os.path.expanduser("~/.cache")
    return Path("/", base, "bncourse", "mnist")  # "/": never a relative path


def _mnist_array(name, raw):
    """The uint8 array in an IDX file, gzipped or not. Raises ValueError, saying what is wrong with the file."""
    data = raw
    if raw[:2] == b"\x1f\x8b":
        unzip = zlib.decompressobj(wbits=31)
        try:
            data = unzip.decompress(raw, _MNIST_LARGEST)
        except zlib.error:
            raise ValueError("is damaged") from None
        if not unzip.eof:
            raise ValueError("is incomplete")
    if data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ValueError("is a web page, not data")
    if hashlib.sha256(data).hexdigest() != _MNIST_SHA256[name]:
        raise ValueError("is damaged or incomplete (its SHA-256 is wrong)")
    axes = data[3]  # IDX: two zeros, the type of the values, the number of axes; their lengths; the values
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(np.frombuffer(data, ">i4", axes, 4))


def _mnist_mirrors():
    return os.environ.get("MNIST_MIRRORS", _MNIST_MIRRORS).split()


def _mnist_download(name, directory, mirrors, tell):
    """A file's array, from the first mirror that has it whole, and whether it could be kept in a directory.

    A mirror that fails moves to the end of the list. Calls tell(bytes new, bytes in all or 0) as bytes come in.
    Raises OSError, with the reasons, when no mirror has the file.
    """
    reasons = []
    for _ in mirrors[:]:
        host = mirrors[0].partition("//")[2].partition("/")[0].rpartition("@")[2] or "the mirror"
        try:
            raw = _mnist_get(f"{mirrors[0].rstrip('/')}/{name}.gz", tell)
            array = _mnist_array(name, raw)
        except (OSError, ValueError) as problem:
            reasons.append(f"{host}: {problem}")
            if isinstance(problem, ValueError):
                print(f"{name}.gz from {host} {problem}: ignored.")
            mirrors.append(mirrors.pop(0))
            continue
        kept = directory / (f"{name}.gz" if raw[:2] == b"\x1f\x8b" else name)
        part = directory / f".{name}.{token_hex(4)}.part"  # other processes see all of a file or nothing
        try:
            directory.mkdir(parents=True, exist_ok=True)
            part.write_bytes(raw)
            os.replace(part, kept)
            return array, True
        except OSError:
            return array, False
        finally:
            with suppress(OSError):
                part.unlink()
    raise ConnectionError("; ".join(reasons) or "no mirror to ask")


def _mnist_get(url, tell):
    """The bytes at a URL. Raises OSError when the server fails, is silent or too slow, ValueError for too many.

    In a thread of its own: a silent name server, or a host with many addresses, would outlast any timeout.
    """
    parts, stop = SimpleQueue(), Event()

    def work():
        try:
            with urlopen(url, timeout=_MNIST_STALL) as response:
                total = int(response.headers.get("Content-Length") or 0)
                while not stop.is_set() and (part := response.read1(1 << 16)):
                    parts.put((part, total))
            parts.put((b"", total))
        except Exception as error:
            parts.put((error, 0))

    data, start, limit = bytearray(), monotonic(), _MNIST_FIRST
    try:
        Thread(target=work, daemon=True).start()
        while len(data) <= _MNIST_LARGEST:
            part, total = parts.get(timeout=max(0.0, start + limit - monotonic()))
            if isinstance(part, Exception):
                raise ConnectionError(getattr(part, "reason", None) or part)
            if not part:
                return bytes(data)
            data += part
            limit = _MNIST_STALL + len(data) / _MNIST_SLOWEST
            tell(len(part), total)
        raise ValueError("is far too large")
    except Empty:
        raise TimeoutError("too slow" if data else "no answer") from None
    finally:
        stop.set()


def _mnist_digits(missing):
    """The small set: 8×8 pixels of 0 to 16 made 20×20 in a frame of 28×28, as in MNIST; every sixth is for tests."""
    how = "run `bncourse data` (or this again) online, or set MNIST_DIR to a folder with its four files"
    files = [file for file in _mnist_above("data/digits.npz") if file.is_file()]
    if _MNIST_DIGITS:
        files = [BytesIO(base64.b85decode(_MNIST_DIGITS))]
    if not files:
        raise FileNotFoundError(f"Neither MNIST nor data/digits.npz is here. To get MNIST, {how}.") from None
    with np.load(files[0]) as file:
        images, labels = file["images"] / 16, file["labels"].astype(np.int64)
    at = (np.arange(28) - 13.5) * 8 / 20 + 3.5  # where each new row (or column) lies among the 8 old ones
    weights = np.clip(1 - abs(at[:, None] - np.arange(8)), 0, 1)  # linear between two rows, blank beyond them
    images = (weights @ images @ weights.T).astype(np.float32)
    test = np.zeros(len(labels), bool)
    for digit in range(10):
        test[np.flatnonzero(labels == digit)[::6]] = True
    source = f"a small set of {len(labels):,} real digits (UCI, 8×8 pixels, resized)"
    print(f"Using {source}: MNIST's {missing} is not here and could not be downloaded. To get MNIST, {how}.")
    return images[~test], labels[~test], images[test], labels[test]
