"""MNIST: found, downloaded, refused, replaced. Tiny files stand in for the real ones; servers are on 127.0.0.1."""

import ast
import gzip
import hashlib
import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from grader import data
from grader.authoring import digits as small
from grader.authoring.carried import bare
from grader.authoring.setup import KIT, MNIST, literal
from grader.kit import mnist

ROOT = Path(__file__).resolve().parents[2]
REAL = os.environ.get("MNIST_DIR") and Path(os.environ["MNIST_DIR"]).resolve()
HTML = b"\r\n<!DOCTYPE html><html><body>Please log in to the airport's network.</body></html>"
REAL_HASHES = mnist.HASHES
SIZES = dict(zip(REAL_HASHES, [20, 20, 8, 8]))  # images or labels in the tiny files
IMAGES, LABELS = "train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx(name):
    """A small file in MNIST's format."""
    random, count = np.random.RandomState(len(name)), SIZES[name]
    shape, top = ((count, 28, 28), 256) if "images" in name else ((count,), 10)
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">i4").tobytes()
    return header + random.randint(0, top, shape).astype(np.uint8).tobytes()


PLAIN = {name: idx(name) for name in SIZES}
GZ = {f"{name}.gz": gzip.compress(raw, mtime=0) for name, raw in PLAIN.items()}
MIXED = {**dict(list(GZ.items())[:2]), **dict(list(PLAIN.items())[2:])}
HASHES = {name: hashlib.sha256(raw).hexdigest() for name, raw in PLAIN.items()}


def flip(raw, at=-20):
    """A copy with one bit changed."""
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


def fill(directory, files):
    directory.mkdir(parents=True, exist_ok=True)
    for name, raw in files.items():
        (directory / name).write_bytes(raw)
    return directory


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` (a missing one: 404). `before(name)` runs first; `answer(handler, name)` replaces it all."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked, self.before, self.answer = dict(GZ), [], lambda name: None, None
        self.done, self.hung_up = threading.Event(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/mnist/"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is what some tests are about

    def close(self):
        self.done.set()
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.rpartition("/")[2]
        self.server.asked.append(name)
        self.server.before(name)
        if self.server.answer:
            self.server.answer(self, name)
        elif name in self.server.files:
            self.send(self.server.files[name])
        else:
            self.send_error(404)

    def send(self, body, length=None):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def second_server():
    server = Server()
    yield server
    server.close()


def wait(monkeypatch, seconds):
    """Let downloads wait this long for a server."""
    monkeypatch.setattr(mnist, "FIRST", seconds)
    monkeypatch.setattr(mnist, "STALL", seconds)


@pytest.fixture(autouse=True)
def world(monkeypatch, tmp_path):
    """An empty current directory and cache, no mirror, short waits, and the tiny files' hashes."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("MNIST_MIRRORS", "")
    monkeypatch.setenv("no_proxy", "*")
    wait(monkeypatch, 3)
    monkeypatch.setattr(mnist, "HASHES", HASHES)


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "xdg" / "bncourse" / "mnist"


@pytest.fixture
def online(server, monkeypatch):
    monkeypatch.setenv("MNIST_MIRRORS", server.url)
    return server


@pytest.fixture
def digits(monkeypatch):
    """The digits embedded, as in a notebook."""
    monkeypatch.setattr(mnist, "DIGITS", small.packed_digits())


def assert_tiny(arrays):
    """These are the tiny files' contents, in the promised shapes and types."""
    for x, y, part in ((*arrays[:2], "train"), (*arrays[2:], "t10k")):
        pixels = np.frombuffer(PLAIN[f"{part}-images-idx3-ubyte"][16:], np.uint8).reshape(-1, 28, 28)
        assert x.dtype == np.float32 and y.dtype == np.int64
        assert x.shape == pixels.shape and x.min() == 0 and x.max() == 1
        np.testing.assert_allclose(x * 255, pixels, rtol=1e-6)
        assert y.tolist() == list(PLAIN[f"{part}-labels-idx1-ubyte"][8:])


def assert_digits(arrays, printed):
    """This is the small set, and one line says so."""
    x_train, y_train, x_test, y_test = arrays
    for x, y in ((x_train, y_train), (x_test, y_test)):
        assert x.dtype == np.float32 and y.dtype == np.int64
        assert x.shape == (len(y), 28, 28) and x.min() >= 0 and 0.9 < x.max() <= 1
    assert np.bincount(y_train).tolist() == [145] * 10 and np.bincount(y_test).tolist() == [29] * 10
    assert_one_line(printed)


def assert_one_line(printed):
    lines = [line for line in printed.splitlines() if "small set of 1,740 real digits" in line]
    assert len(lines) == 1 and "`bncourse data`" in lines[0] and "MNIST_DIR" in lines[0]


# Files on this machine


@pytest.mark.parametrize("files", [GZ, PLAIN, MIXED], ids=["gz", "plain", "mixed"])
def test_four_good_files_in_mnist_dir(files, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_DIR", str(fill(tmp_path / "mine", files)))
    assert_tiny(mnist.load_mnist())
    assert capsys.readouterr().out == "MNIST found in $MNIST_DIR.\n"


@pytest.mark.parametrize("where", ["here/data/mnist", "data/mnist"], ids=["here", "above"])
def test_data_mnist_here_or_above(where, tmp_path, capsys):
    fill(tmp_path / where, GZ)
    assert_tiny(mnist.load_mnist())
    assert capsys.readouterr().out == "MNIST found in data/mnist.\n"


def test_a_relative_mnist_dir_is_found_from_below(tmp_path, monkeypatch):
    fill(tmp_path / "shared", GZ)
    (tmp_path / "course/notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "course/notebooks")
    monkeypatch.setenv("MNIST_DIR", "../shared")  # meant from course/
    assert_tiny(mnist.load_mnist())


def test_the_cache_is_last_and_files_may_be_spread(cache, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_DIR", str(fill(tmp_path / "mine", dict(list(GZ.items())[:1]))))
    fill(cache, GZ)
    assert_tiny(mnist.load_mnist())
    assert capsys.readouterr().out == "MNIST found in $MNIST_DIR and found in the cache.\n"


@pytest.mark.parametrize(
    "name, raw, problem",
    [
        (f"{IMAGES}.gz", GZ[f"{IMAGES}.gz"][:-100], "is incomplete"),
        (f"{IMAGES}.gz", flip(GZ[f"{IMAGES}.gz"], at=-6), "is damaged"),  # in gzip's own checksum
        (f"{IMAGES}.gz", gzip.compress(flip(PLAIN[IMAGES])), "is damaged or incomplete (its SHA-256 is wrong)"),
        (f"{IMAGES}.gz", HTML, "is a web page, not data"),
        (f"{IMAGES}.gz", gzip.compress(HTML), "is a web page, not data"),
        (IMAGES, PLAIN[IMAGES][:-1], "is damaged or incomplete (its SHA-256 is wrong)"),
        (IMAGES, flip(PLAIN[IMAGES]), "is damaged or incomplete (its SHA-256 is wrong)"),
        (IMAGES, b"", "is damaged or incomplete (its SHA-256 is wrong)"),
    ],
    ids=["cut gz", "flipped gz", "flipped", "html", "html gz", "cut plain", "flipped plain", "empty"],
)
@pytest.mark.parametrize("place", ["$MNIST_DIR", "the cache"])
def test_a_bad_file_is_named_and_replaced(place, name, raw, problem, online, cache, tmp_path, monkeypatch, capsys):
    rest = {other: GZ[other] for other in GZ if IMAGES not in other}
    directory = fill(tmp_path / "mine" if place == "$MNIST_DIR" else cache, {**rest, name: raw})
    if place == "$MNIST_DIR":
        monkeypatch.setenv("MNIST_DIR", str(directory))
    assert_tiny(mnist.load_mnist())
    fate = "ignored" if place == "$MNIST_DIR" else "deleted"
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == f"{name} in {place} {problem}: {fate}."
    assert str(tmp_path) not in printed
    assert online.asked == [f"{IMAGES}.gz"]  # only what was bad
    if place == "$MNIST_DIR":
        assert (directory / name).read_bytes() == raw  # the user's own
    assert (cache / f"{IMAGES}.gz").read_bytes() == GZ[f"{IMAGES}.gz"]
    assert_tiny(mnist.load_mnist())  # from the cache from now on
    assert online.asked == [f"{IMAGES}.gz"]


def test_a_bad_plain_file_beside_a_good_gz(cache, capsys):
    fill(cache, {**GZ, IMAGES: PLAIN[IMAGES][:50]})
    assert_tiny(mnist.load_mnist())
    assert capsys.readouterr().out.splitlines()[1:] == ["MNIST found in the cache."]
    assert not (cache / IMAGES).exists()


def test_a_directory_in_a_files_place(cache, digits, capsys):
    (cache / IMAGES).mkdir(parents=True)
    mnist.load_mnist()
    named, small = capsys.readouterr().out.splitlines()
    assert named.startswith(f"{IMAGES} in the cache cannot be read (") and named.endswith("ignored.")
    assert_one_line(small)


# Downloads


def test_download_keeps_the_files(online, cache, capsys):
    assert_tiny(mnist.load_mnist())
    assert capsys.readouterr().out == "Downloading MNIST (11 MB, once) …\nMNIST downloaded to the cache.\n"
    assert {file.name: file.read_bytes() for file in cache.iterdir()} == GZ
    assert_tiny(mnist.load_mnist())
    assert capsys.readouterr().out == "MNIST found in the cache.\n"
    assert len(online.asked) == 4


def test_a_mirror_that_serves_plain_bytes(online, cache):
    online.files = {f"{name}.gz": raw for name, raw in PLAIN.items()}
    assert_tiny(mnist.load_mnist())
    assert {file.name for file in cache.iterdir()} == set(PLAIN)  # a name that says what is in it


def test_a_mirror_in_a_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_MIRRORS", fill(tmp_path / "mirror", GZ).as_uri())
    assert_tiny(mnist.load_mnist())


def bad_answer(kind):
    """How a server answers with something that is not the file."""

    def answer(handler, name):
        raw = GZ[name]
        if kind == "html":
            handler.send(HTML)
        elif kind == "truncated":  # the connection ends early
            handler.send(raw[: len(raw) // 2], length=len(raw))
        elif kind == "short":  # a proxy's partial copy, with a length that fits
            handler.send(raw[: len(raw) // 2])
        elif kind == "flipped":
            handler.send(flip(raw, at=-6))
        elif kind == "stalls":
            handler.send(raw[:30], length=len(raw))
            handler.server.done.wait(5)
        elif kind == "stalls late":  # having earned much patience
            handler.send(bytes(1 << 19), length=1 << 20)
            handler.server.done.wait(5)
        elif kind == "silent":
            handler.server.done.wait(5)
        elif kind == "drips":
            handler.send(raw[:1], length=len(raw))
            for _ in range(100):
                handler.server.done.wait(0.05)
                handler.wfile.write(b"x")
        elif kind == "503":
            handler.send_error(503)
        elif kind == "endless":
            handler.send(b"", length=1 << 40)
            try:
                while not handler.server.done.is_set():
                    handler.wfile.write(bytes(1 << 16))
            except OSError:
                handler.server.hung_up.set()

    return answer


KINDS = ["html", "truncated", "short", "flipped", "stalls", "stalls late", "silent", "drips", "503", "endless"]
NAMED = {"html": "is a web page", "truncated": "is incomplete", "short": "is incomplete", "flipped": "is damaged"}
NAMED["endless"] = "is far too large"


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_server_alone_leads_to_the_digits(kind, online, cache, digits, monkeypatch, capsys):
    monkeypatch.setattr(mnist, "LARGEST", 1 << 20)
    if kind in ("stalls", "stalls late", "silent", "drips"):
        wait(monkeypatch, 0.3)
    online.answer = bad_answer(kind)
    start = time.monotonic()
    arrays = mnist.load_mnist()
    assert time.monotonic() - start < 4
    assert kind != "endless" or online.hung_up.wait(4)  # the download does not go on in the background
    printed = capsys.readouterr().out
    assert_digits(arrays, printed)
    named = [line for line in printed.splitlines() if "127.0.0.1" in line]
    assert len(named) == (kind in NAMED)
    if named:
        assert f"{IMAGES}.gz from 127.0.0.1:{online.server_port} {NAMED[kind]}" in named[0]
    assert not cache.exists() or not any(cache.iterdir())  # nothing bad is kept


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["html", "truncated", "flipped", "stalls"])
def test_the_next_mirror_helps_and_is_asked_first_from_then_on(kind, server, second_server, monkeypatch):
    wait(monkeypatch, 1)
    monkeypatch.setenv("MNIST_MIRRORS", f"{server.url} {second_server.url.rstrip('/')}")
    server.answer = bad_answer(kind)
    assert_tiny(mnist.load_mnist())
    assert len(server.asked) == 1 and len(second_server.asked) == 4


@pytest.mark.parametrize(
    "mirrors", ["{gone}", "{gone} {gone}", "", "nonsense", "http://[ ftp://", "http://127.0.0.1:1/"]
)
def test_no_server_leads_to_the_digits(mirrors, digits, monkeypatch, capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/"
    monkeypatch.setenv("MNIST_MIRRORS", mirrors.format(gone=gone))
    arrays = mnist.load_mnist()
    printed = capsys.readouterr().out
    assert_digits(arrays, printed)
    assert len(printed.splitlines()) == 1


@pytest.mark.slow
def test_a_name_server_that_keeps_silent(digits, monkeypatch, capsys):
    release = threading.Event()
    monkeypatch.setattr(mnist, "urlopen", lambda *args, **kwargs: release.wait(5))
    wait(monkeypatch, 0.3)
    monkeypatch.setenv("MNIST_MIRRORS", "http://one/ http://two/")
    start = time.monotonic()
    assert_digits(mnist.load_mnist(), capsys.readouterr().out)
    assert time.monotonic() - start < 3
    release.set()


def test_a_server_that_goes_away_midway(online, cache, digits, capsys):
    online.files = {name: raw for name, raw in GZ.items() if "t10k" not in name}
    assert_digits(mnist.load_mnist(), capsys.readouterr().out)
    online.files = GZ
    assert_tiny(mnist.load_mnist())
    assert "found in the cache and downloaded to the cache" in capsys.readouterr().out


LOAD = """
import json, sys
from grader.kit import mnist
mnist.HASHES = json.loads(sys.argv[1])
print(*[array.shape[0] for array in mnist.load_mnist()])
"""


@pytest.mark.slow
def test_two_processes_at_once(online, cache):
    both = threading.Barrier(2)
    online.before = lambda name: both.wait(10)  # each file is sent when both processes have asked for it
    command = [sys.executable, "-c", LOAD, json.dumps(HASHES)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    pair = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in pair:
        printed, _ = process.communicate(timeout=15)
        assert process.returncode == 0
        assert printed.splitlines()[-2:] == ["MNIST downloaded to the cache.", "20 20 8 8"]
    assert {file.name: file.read_bytes() for file in cache.iterdir()} == GZ  # whole, and no temporary files


# Directories that cannot be written


def assert_works_unkept(capsys):
    assert_tiny(mnist.load_mnist())
    assert "not kept: the cache cannot be written" in capsys.readouterr().out


def test_cache_below_a_file(online, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file/cache"))
    assert_works_unkept(capsys)


def test_replace_is_refused(online, cache, monkeypatch, capsys):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert_works_unkept(capsys)
    assert not any(cache.iterdir())  # no temporary files stay behind


def test_disk_full(online, cache, monkeypatch, capsys):
    def full(self, raw):
        with self.open("wb") as file:
            file.write(raw[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert_works_unkept(capsys)
    assert not any(cache.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_cache_without_write_permission(online, cache, capsys):
    fill(cache, {IMAGES: PLAIN[IMAGES][:50]})
    cache.chmod(0o500)
    try:
        assert_works_unkept(capsys)
    finally:
        cache.chmod(0o700)


def test_missing_mnist_dir_and_home(digits, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "nowhere"))
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "gone"))
    assert_digits(mnist.load_mnist(), capsys.readouterr().out)
    assert not (tmp_path / "gone").exists()


# The small set


def test_digits_from_the_file_above(tmp_path, capsys):
    fill(tmp_path / "data", {"digits.b85": small.PACKED.read_bytes()})
    assert_digits(mnist.load_mnist(), capsys.readouterr().out)


def test_digits_are_digits(digits, capsys):
    x_train, y_train, x_test, y_test = mnist.load_mnist()
    nearest = [y_train[np.argmin(((x_train - x) ** 2).sum((1, 2)))] for x in x_test]
    assert np.mean(nearest == y_test) > 0.95
    frame = np.ones((28, 28), bool)
    frame[3:25, 3:25] = False
    assert not x_train[:, frame].any()  # as in MNIST, a margin
    assert all(len(set(y_train[i : i + 64])) == 10 for i in range(0, 1400, 64))  # shuffled


def test_digits_are_the_same_on_every_machine(digits, capsys):
    total = hashlib.sha256()
    for array in mnist.load_mnist():
        total.update(np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes())
    assert total.hexdigest()[:16] == "dd14b54e76ed76c9"


@pytest.mark.slow
def test_digits_are_the_levels_resized(digits, capsys):
    """As np.interp does it, twice; in the order in which RandomState(0) draws them."""
    levels, at = small.all_levels() / 4, (np.arange(28) - 13.5) * 8 / 20 + 3.5

    def stretched(line):
        return np.interp(at, np.arange(-1, 9), [0, *line, 0])

    large = np.apply_along_axis(stretched, 0, np.apply_along_axis(stretched, 1, levels)).transpose(3, 2, 1, 0)
    random = np.random.RandomState(0)
    train, test = random.permutation(1450), random.permutation(290)
    x_train, y_train, x_test, y_test = mnist.load_mnist()
    np.testing.assert_allclose(x_train, large[:145].reshape(-1, 28, 28)[train], atol=1e-6)
    np.testing.assert_allclose(x_test, large[145:].reshape(-1, 28, 28)[test], atol=1e-6)
    assert (y_train == train % 10).all() and (y_test == test % 10).all()


def test_digits_are_quick(digits, capsys):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        mnist.load_mnist()
        times.append(time.perf_counter() - start)
    assert min(times) < 0.05


def test_without_anything_the_error_says_what_to_do():
    with pytest.raises(FileNotFoundError, match="bncourse data") as error:
        mnist.load_mnist()
    assert error.value.__suppress_context__


@pytest.mark.slow
def test_one_file_in_an_empty_directory(tmp_path):
    """The module as a build makes it: the kit, this file, the digits. No network, no data, nothing installed."""
    code = [bare(path.read_text(encoding="utf-8")) for path in [*KIT, MNIST]]
    code += [literal("DIGITS = ", small.packed_digits()), "arrays = load_mnist()"]
    code += ["assert [a.shape for a in arrays] == [(1450, 28, 28), (1450,), (290, 28, 28), (290,)]"]
    code += ["assert [str(a.dtype) for a in arrays] == ['float32', 'int64'] * 2"]
    (tmp_path / "cell.txt").write_text("\n".join(code), encoding="utf-8")
    run = "import sys; exec(open(sys.argv[1], encoding='utf-8').read(), {'__name__': '__main__'})"
    environment = {**os.environ, "MNIST_MIRRORS": "http://127.0.0.1:1/", "PYTHONIOENCODING": "utf-8"}
    result = subprocess.run(
        [sys.executable, "-I", "-c", run, str(tmp_path / "cell.txt")],
        env=environment, cwd=tmp_path / "here", capture_output=True, text=True, encoding="utf-8", timeout=15,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert len(result.stdout.splitlines()) == 1
    assert_one_line(result.stdout)


def names_in(path):
    """The global names that a file defines, and the modules that it imports."""
    nodes = ast.parse(path.read_text(encoding="utf-8")).body
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {name.id for node in nodes if isinstance(node, ast.Assign) for name in ast.walk(node.targets[0])
              if isinstance(name, ast.Name)}  # fmt: skip
    modules = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    return names, modules | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_names_stay_out_of_the_way_of_the_kit_s():
    """All of them share a module in the notebook."""
    mine, modules = names_in(MNIST)
    assert "load_mnist" in mine
    assert not mine & {name for path in KIT for name in names_in(path)[0]}
    assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names | {"numpy"}


# The real files, where there are some


@pytest.mark.slow
@pytest.mark.skipif(not (REAL and (REAL / f"{LABELS}.gz").exists()), reason="set MNIST_DIR to the real MNIST")
def test_the_real_mnist(monkeypatch, capsys):
    monkeypatch.setenv("MNIST_DIR", str(REAL))
    monkeypatch.setattr(mnist, "HASHES", REAL_HASHES)
    arrays = x_train, y_train, x_test, y_test = mnist.load_mnist()
    assert capsys.readouterr().out == "MNIST found in $MNIST_DIR.\n"
    assert [array.shape for array in arrays] == [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]
    assert [str(array.dtype) for array in arrays] == ["float32", "int64"] * 2
    assert x_train.min() == 0 and x_train.max() == 1
    assert abs(x_train.mean(dtype="f8") - 0.13066) < 1e-5 and abs(x_test.mean(dtype="f8") - 0.13251) < 1e-5
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert data.verify(REAL) == 0
