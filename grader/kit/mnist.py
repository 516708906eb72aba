"""`load_mnist`: the MNIST digits, from this machine or the network; without either, a small set of real digits.

`bncourse build` appends this file to the kit in every notebook that uses it, and after it the line `DIGITS = "…"`, the
text of data/digits.b85. So it needs only the standard library and NumPy, and no name of the kit's other files is here.
"""

import hashlib
import os
import sys
import zlib
from base64 import b85decode
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from secrets import token_hex
from threading import Event, Thread
from time import monotonic
from urllib.request import urlopen

import numpy as np

HASHES = {  # SHA-256 of the decompressed files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
MIRRORS = "https://ossci-datasets.s3.amazonaws.com/mnist/ https://storage.googleapis.com/cvdf-datasets/mnist/"
FIRST, STALL = 4, 10  # seconds to wait for a server's first bytes, and for more in the middle
SLOWEST, LARGEST = 20_000, 1 << 26  # bytes a second, bytes: give up below, above
DIGITS = ""  # in a notebook, the text of data/digits.b85


def load_mnist():
    """MNIST as four arrays: X_train (60000, 28, 28), y_train (60000,), X_test (10000, 28, 28), y_test (10000,).

    Images are float32, 0 (paper) to 1 (ink); labels are int64, 0 to 9. Looks in $MNIST_DIR, in data/mnist of this
    directory and all above it, and in the user's cache; then downloads (11 MB) to the cache, from the addresses in
    MNIST_MIRRORS where that is set (separated by spaces; empty: no download). A file counts only if its SHA-256 is
    right. Without MNIST: 1,740 smaller digits, coarsened and resized (E. Alpaydin, C. Kaynak 1998, UCI repository,
    doi:10.24432/C50P49, CC BY 4.0), as arrays of the same kind, and a line that says so. Raises FileNotFoundError where
    even those are missing.
    """
    arrays, origins, servers, begun = [], {}, mirrors(), []

    def tell(*_):
        if not begun:
            begun.append(print("Downloading MNIST (11 MB, once) …"))

    for name in HASHES:
        array, place = _find(name)
        origin = f"found in {place}"
        if array is None:
            try:
                array, kept = download(name, _cache(), servers, tell)
            except OSError:
                return _digits(name)
            origin = "downloaded to the cache" if kept else "downloaded, but not kept: the cache cannot be written"
        arrays.append(array)
        origins[origin] = True
    print(f"MNIST {' and '.join(origins)}.")
    images, labels = [x / np.float32(255) for x in arrays[::2]], [y.astype(np.int64) for y in arrays[1::2]]
    return images[0], labels[0], images[1], labels[1]


def _find(name):
    """A file's array and the name of the place where it lies, or (None, None). Says which files are no good."""
    wanted = {"$MNIST_DIR": os.environ.get("MNIST_DIR"), "data/mnist": "data/mnist", "the cache": _cache()}
    for place, directory in [(place, up) for place, path in wanted.items() if path for up in _above(path)]:
        for file in (directory / name, directory / f"{name}.gz"):
            try:
                return array_in(name, file.read_bytes()), place
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


def _above(path):
    """A path as seen from the current directory and from every directory above it."""
    return list(dict.fromkeys(up / os.path.expanduser(path) for up in (Path.cwd(), *Path.cwd().parents)))


def _cache():
    system = {"win32": os.environ.get("LOCALAPPDATA"), "darwin": os.path.expanduser("~/Library/Caches")}
    base = os.environ.get("XDG_CACHE_HOME") or system.get(sys.platform) or os.path.expanduser("~/.cache")
    return Path("/", base, "bncourse", "mnist")  # "/": never a relative path


def array_in(name, raw):
    """The uint8 array in an IDX file, gzipped or not. Raises ValueError, saying what is wrong with the file."""
    data = raw
    if raw[:2] == b"\x1f\x8b":
        unzip = zlib.decompressobj(wbits=31)
        try:
            data = unzip.decompress(raw, LARGEST)
        except zlib.error:
            raise ValueError("is damaged") from None
        if not unzip.eof:
            raise ValueError("is incomplete")
    if data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ValueError("is a web page, not data")
    if hashlib.sha256(data).hexdigest() != HASHES[name]:
        raise ValueError("is damaged or incomplete (its SHA-256 is wrong)")
    axes = data[3]  # IDX: two zeros, the type of the values, the number of axes; their lengths; the values
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(np.frombuffer(data, ">i4", axes, 4))


def mirrors():
    return os.environ.get("MNIST_MIRRORS", MIRRORS).split()


def download(name, directory, servers, tell):
    """A file's array, from the first mirror that has it whole, and whether it could be kept in a directory.

    A mirror that fails moves to the end of the list. Calls tell(bytes new, bytes in all or 0) as bytes come in.
    Raises OSError, with the reasons, when no mirror has the file.
    """
    reasons = []
    for _ in servers[:]:
        host = servers[0].partition("//")[2].partition("/")[0].rpartition("@")[2] or "the mirror"
        try:
            raw = _get(f"{servers[0].rstrip('/')}/{name}.gz", tell)
            array = array_in(name, raw)
        except (OSError, ValueError) as problem:
            reasons.append(f"{host}: {problem}")
            if isinstance(problem, ValueError):
                print(f"{name}.gz from {host} {problem}: ignored.")
            servers.append(servers.pop(0))
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


def _get(url, tell):
    """The bytes at a URL. Raises OSError when the server fails, is silent or too slow, ValueError for too many.

    In a thread of its own: a silent name server, or a host with many addresses, would outlast any timeout.
    """
    parts, stop = SimpleQueue(), Event()

    def work():
        try:
            with urlopen(url, timeout=STALL) as response:
                total = int(response.headers.get("Content-Length") or 0)
                while not stop.is_set() and (part := response.read1(1 << 16)):
                    parts.put((part, total))
            parts.put((b"", total))
        except Exception as error:
            parts.put((error, 0))

    data, start, limit = bytearray(), monotonic(), FIRST
    try:
        Thread(target=work, daemon=True).start()
        while len(data) <= LARGEST:
            part, total = parts.get(timeout=max(0.0, start + limit - monotonic()))
            if isinstance(part, Exception):
                raise ConnectionError(getattr(part, "reason", None) or part)
            if not part:
                return bytes(data)
            data += part
            limit = STALL + len(data) / SLOWEST
            tell(len(part), total)
        raise ValueError("is far too large")
    except Empty:
        raise TimeoutError("too slow" if data else "no answer") from None
    finally:
        stop.set()


def _digits(missing):
    """The small set: 145 images of each digit to train on, 29 for tests; 8×8 pixels made 20×20 in a frame of 28×28.

    Whole numbers up to the division: the same on every machine.
    """
    how = "run `bncourse data` (or this again) online, or set MNIST_DIR to a folder with its four files"
    files = [file for file in _above("data/digits.b85") if file.is_file()]
    text = DIGITS or "".join(file.read_text() for file in files[:1])
    if not text:
        raise FileNotFoundError(f"Neither MNIST nor data/digits.b85 is here. To get MNIST, {how}.") from None
    runs = np.frombuffer(zlib.decompress(b85decode(text.strip())), np.uint8)  # 5 · length + step of the level
    levels = (np.cumsum(runs % 5) % 5).repeat(runs // 5).reshape(8, 8, 10, 174)  # columns, rows, digits, images
    at = 4 * np.arange(28)[:, None] - 19  # where each new row (or column) lies among the old ones, in tenths of them
    weights = np.clip(10 - abs(at - 10 * np.arange(8)), 0, 10).astype(np.float32)  # linear between rows, blank beyond
    images = (weights @ levels.T.astype(np.float32) @ weights.T / np.float32(400)).reshape(1740, 28, 28)
    random = np.random.RandomState(0)
    train, test = random.permutation(1450), 1450 + random.permutation(290)
    source = f"a small set of {len(images):,} real digits (UCI, 8×8 pixels, resized)"
    print(f"Using {source}: MNIST's {missing} is not here and could not be downloaded. To get MNIST, {how}.")
    return images[train], train % 10, images[test], test % 10
