"""CIFAR-10: found in every form, or refused with a reason. Files of three images stand in for the real ones."""

import ast
import gzip
import hashlib
import io
import os
import pickle
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from grader.authoring.carried import KIT_FOLDER, bare
from grader.kit import cifar10

SOURCE = KIT_FOLDER / "cifar10.py"
REAL = Path(os.environ.get("CIFAR10_IMAGES") or KIT_FOLDER.parents[2] / "shared" / "cifar10").resolve()
NUMBER = 3  # of images in each made-up file
BIN, PY = (list(files) for files in cifar10.CIFAR10_FILES.values())
PAGE = b"\r\n<!DOCTYPE html><html>Please log in.</html>"


def images(k):
    """Of the k-th file: red is 10·k + n, green 100, blue the column. And labels."""
    pixels = np.empty((NUMBER, 3, 32, 32), np.uint8)
    pixels[:, 0] = 10 * k + np.arange(NUMBER)[:, None, None]
    pixels[:, 1], pixels[:, 2] = 100, np.arange(32)
    return pixels, [(k + n) % 10 for n in range(NUMBER)]


def binary(k):
    pixels, labels = images(k)
    return b"".join(bytes([label]) + image.tobytes() for image, label in zip(pixels, labels))


def python2(k):
    """A file as Python 2 and the NumPy of its time wrote the official ones: protocol 2, with byte strings."""
    pixels, labels = images(k)

    def text(value):
        return b"T" + len(value).to_bytes(4, "little") + value

    def number(value):
        return b"J" + value.to_bytes(4, "little", signed=True)

    new = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + number(0) + b"t" + text(b"b") + b"tR"
    dtype = b"cnumpy\ndtype\n(" + text(b"u1") + number(0) + number(1) + b"tR("
    dtype += number(3) + text(b"|") + b"NNN" + number(-1) * 2 + number(0) + b"tb"
    state = b"(" + number(1) + b"(" + number(NUMBER) + number(3072) + b"t" + dtype
    state += b"\x89" + text(pixels.tobytes()) + b"tb"  # not in Fortran's order
    listed = b"](" + b"".join(map(number, labels)) + b"e"
    return b"\x80\x02}(" + text(b"labels") + listed + text(b"data") + new + state + b"u."


BINARY = {name: binary(k) for k, name in enumerate(BIN)}
PYTHON = {name: python2(k) for k, name in enumerate(PY)}


def tar(files, folder="cifar-10-batches-bin", mode="w:gz"):
    with tarfile.open(fileobj=(packed := io.BytesIO()), mode=mode) as out:
        top = tarfile.TarInfo(folder)
        top.type = tarfile.DIRTYPE
        out.addfile(top)
        for name, raw in {"readme.html": PAGE, **files}.items():
            member = tarfile.TarInfo(f"{folder}/{name}")
            member.size = len(raw)
            out.addfile(member, io.BytesIO(raw))
    return packed.getvalue()


def zipped(files):
    with zipfile.ZipFile(packed := io.BytesIO(), "w") as out:
        for name, raw in files.items():
            out.writestr(name, raw)
    return packed.getvalue()


def picture(image, form):
    Image.fromarray(image.transpose(1, 2, 0)).save(out := io.BytesIO(), form, quality=95)
    return out.getvalue()


def pictures(form="PNG", kept=lambda path: True):
    files = {}
    for k in range(6):
        for n, (image, label) in enumerate(zip(*images(k))):
            path = f"{'train' if k < 5 else 'test'}/{cifar10.CIFAR10_CLASSES[label]}/{k}{n}.{form.lower()}"
            files[path] = picture(image, form)
    return {path: raw for path, raw in files.items() if kept(path)}


def packed():
    arrays = {}
    for part, ks in (("train", range(5)), ("test", [5])):
        pieces = [picture(image, "JPEG") for k in ks for image in images(k)[0]]
        arrays[f"{part}_jpeg"] = np.frombuffer(b"".join(pieces), np.uint8)
        arrays[f"{part}_end"] = np.cumsum([len(piece) for piece in pieces])
        arrays[f"{part}_label"] = np.array([label for k in ks for label in images(k)[1]], np.uint8)
    np.savez(out := io.BytesIO(), names=cifar10.CIFAR10_CLASSES, **arrays)
    return out.getvalue()


GZ, PY_GZ, NPZ = tar(BINARY), tar(PYTHON, "cifar-10-batches-py"), packed()


def under(folder, files):
    return {f"{folder}/{name}": raw for name, raw in files.items()}


def fill(folder, files):
    for name, raw in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)
    return folder


def sums(files, algorithm):
    return {name: (len(raw), hashlib.new(algorithm, raw).hexdigest()) for name, raw in files.items()}


@pytest.fixture(autouse=True)
def mine(tmp_path, monkeypatch):
    """The folder that CIFAR10_DIR names, not there yet; empty directories and home; the made-up files' sums."""
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "course" / "notebooks")
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "mine"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    files = {cifar10.CIFAR10_BINARY: sums(BINARY, "sha1"), cifar10.CIFAR10_PYTHON: sums(PYTHON, "md5")}
    monkeypatch.setattr(cifar10, "CIFAR10_FILES", files)
    monkeypatch.setattr(cifar10, "CIFAR10_ARCHIVES", {"bin": len(GZ), "py": len(PY_GZ)})
    monkeypatch.setattr(cifar10, "CIFAR10_COUNTS", {"train": 5 * NUMBER, "test": NUMBER})
    return tmp_path / "mine"


def right(arrays, close=0, ordered=True):
    X_train, y_train, X_test, y_test = arrays
    assert X_train.shape == (5 * NUMBER, 3, 32, 32) and X_test.shape == (NUMBER, 3, 32, 32)
    assert X_train.dtype == X_test.dtype == np.uint8 and y_train.dtype == y_test.dtype == np.int64
    assert X_train.flags.c_contiguous and X_test.flags.c_contiguous
    for X, y, ks in ((X_train, y_train, range(5)), (X_test, y_test, [5])):
        wanted = np.concatenate([images(k)[0] for k in ks]).astype(int)
        labels = np.concatenate([images(k)[1] for k in ks])
        order = range(len(y)) if ordered else [abs(wanted - x).sum((1, 2, 3)).argmin() for x in X]
        assert sorted(order) == list(range(len(y))) and (ordered or len(y) < 9 or list(order) != sorted(order))
        assert y.tolist() == labels[order].tolist() and abs(X - wanted[order]).max() <= close


OFFICIAL, PYTHON_FORM = cifar10.CIFAR10_FILES
JPEG, PNG = cifar10.CIFAR10_JPEG, cifar10.CIFAR10_PNG
FORMS = {
    "binary": (BINARY, OFFICIAL, ""),
    "binary, in its folder": (under("cifar-10-batches-bin", BINARY), OFFICIAL, "/cifar-10-batches-bin"),
    "binary archive": ({"cifar-10-binary.tar.gz": GZ}, OFFICIAL, "/cifar-10-binary.tar.gz"),
    "gunzipped": ({"cifar-10-binary.tar": gzip.decompress(GZ)}, OFFICIAL, "/cifar-10-binary.tar"),
    "renamed by a browser": ({"cifar-10-binary.tar (1).gz": GZ}, OFFICIAL, "/cifar-10-binary.tar (1).gz"),
    "renamed by somebody": ({"download": GZ, "notes.txt": b"mine"}, OFFICIAL, "/download"),
    "half unpacked": (
        {"cifar-10-batches-bin/data_batch_1.bin": BINARY["data_batch_1.bin"], "cifar-10-binary.tar.gz": GZ},
        OFFICIAL,
        "/cifar-10-binary.tar.gz. Passed over $CIFAR10_DIR/cifar-10-batches-bin: data_batch_2.bin is missing, "
        "only 1 of 6 files are there",
    ),
    "torchvision": (under("cifar-10-batches-py", PYTHON), PYTHON_FORM, "/cifar-10-batches-py"),
    "torchvision's archive": ({"cifar-10-python.tar.gz": PY_GZ}, PYTHON_FORM, "/cifar-10-python.tar.gz"),
    "Kaggle's zip of it": ({"archive.zip": zipped(under("cifar-10-batches-py", PYTHON))}, PYTHON_FORM, "/archive.zip"),
    "binary before Python": (BINARY | {"cifar-10-python.tar.gz": PY_GZ}, OFFICIAL, ""),
    "pictures": (under("cifar10", pictures()), PNG, "/cifar10"),
    "pictures from a Mac": (pictures() | {"test/cat/._1.png": b"x", "train/.DS_Store": b"x"}, PNG, ""),
    "pictures in an archive": ({"cifar10.tgz": tar(pictures(), "cifar10")}, PNG, "/cifar10.tgz"),
    "pictures that are JPEG": (pictures("JPEG"), JPEG, ""),
    "JPEG copies": ({"cifar10_jpeg.npz": NPZ, "README.md": b"mine"}, JPEG, "/cifar10_jpeg.npz"),
    "originals before copies": ({"cifar10_jpeg.npz": NPZ, "z.tar.gz": GZ}, OFFICIAL, "/z.tar.gz"),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_is_found_and_named(name, mine, capsys):
    files, form, where = FORMS[name]
    fill(mine, files)
    right(cifar10.load_cifar10(), 5 * (form == JPEG), "pictures" not in name)
    differ = " (their pixels differ a little from the originals)" * (form == JPEG)
    assert capsys.readouterr().out == f"{form}{differ}: found in $CIFAR10_DIR{where}.\n"
    assert cifar10.cifar10_found([mine])[1] == form


@pytest.mark.parametrize("file, raw", [("any name", GZ), ("a.npz", NPZ), ("x.zip", zipped(BINARY))])
def test_cifar10_dir_may_be_the_archive(file, raw, mine, monkeypatch):
    fill(mine, {file: raw})
    monkeypatch.setenv("CIFAR10_DIR", str(mine / file))
    right(cifar10.load_cifar10(), 5)


def test_cifar10_dir_may_be_one_of_the_six(mine, monkeypatch):
    fill(mine, BINARY)
    monkeypatch.setenv("CIFAR10_DIR", str(mine / "test_batch.bin"))
    right(cifar10.load_cifar10())


@pytest.mark.parametrize(
    "where, said",
    [
        ("course/notebooks/data/cifar10/data_batch_1.bin", "data/cifar10"),
        ("course/data/cifar10/data_batch_1.bin", "../data/cifar10"),
        ("course/data/cifar-10-batches-py/data_batch_1", "../data/cifar-10-batches-py"),  # torchvision's root="data"
        ("home/.keras/datasets/cifar-10-batches-py/data_batch_1", "~/.keras/datasets/cifar-10-batches-py"),
        (
            "home/.keras/datasets/cifar-10-batches-py/cifar-10-batches-py/data_batch_1",  # Keras 3
            "~/.keras/datasets/cifar-10-batches-py/cifar-10-batches-py",
        ),
        ("home/.keras/datasets/cifar-10-batches-py_archive", "~/.keras/datasets/cifar-10-batches-py_archive"),
        ("home/.keras/datasets/cifar-10-batches-py.tar.gz", "~/.keras/datasets/cifar-10-batches-py.tar.gz"),
    ],
)
def test_other_places(where, said, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("CIFAR10_DIR")
    place = tmp_path / where
    one = {"data_batch_1.bin": BINARY, "data_batch_1": PYTHON}.get(place.name)
    fill(place.parent, one or {place.name: PY_GZ})
    right(cifar10.load_cifar10())
    assert capsys.readouterr().out.endswith(f"version: found in {said}.\n")


def test_a_relative_cifar10_dir_is_found_from_below(tmp_path, monkeypatch):
    fill(tmp_path / "course" / "photographs", BINARY)
    monkeypatch.setenv("CIFAR10_DIR", "photographs")
    right(cifar10.load_cifar10())


def test_keras_home(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "k"))
    fill(tmp_path / "k/datasets/cifar-10-batches-py", PYTHON)
    right(cifar10.load_cifar10())
    assert "found in $KERAS_HOME/datasets/cifar-10-batches-py." in capsys.readouterr().out


# What is wrong


def flipped(raw, at=-1):
    changed = bytearray(raw)
    changed[at] ^= 1
    return bytes(changed)


NAME = "data_batch_3.bin"
SIZE = len(BINARY[NAME])
LATE = next(path for path in pictures() if path.startswith("train/frog"))
DAMAGED, LARGER = ({**pictures(), LATE: raw} for raw in (b"x", picture(np.zeros((3, 28, 28), np.uint8), "PNG")))
NEVER = {name: raw for name, raw in BINARY.items() if name != NAME}
WRONG = {
    "nothing": ({"mine.txt": b"x"}, " ({mine}): nothing of CIFAR-10"),
    "cut": (BINARY | {NAME: BINARY[NAME][:-1000]}, f": {NAME} is truncated, {SIZE - 1000:,} of {SIZE:,} bytes"),
    "empty": (BINARY | {NAME: b""}, f": {NAME} is truncated, 0 of {SIZE:,} bytes"),
    "too long": (BINARY | {NAME: BINARY[NAME] + b"x"}, f": {NAME} is too long, {SIZE + 1:,} of {SIZE:,} bytes"),
    "one bit": (BINARY | {NAME: flipped(BINARY[NAME])}, f": {NAME} is damaged, its SHA1 checksum is wrong"),
    "page": (BINARY | {NAME: PAGE}, f": {NAME} is a web page, not data"),
    "lost": (NEVER, f": {NAME} is missing, only 5 of 6 files are there"),
    "python, one bit": (
        PYTHON | {"test_batch": flipped(PYTHON["test_batch"], 500)},
        ": test_batch is damaged, its MD5 checksum is wrong",
    ),
    "archive, cut": (
        {"cifar-10-binary.tar.gz": GZ[:-30]},
        f"/cifar-10-binary.tar.gz: truncated, {len(GZ) - 30:,} of {len(GZ):,} bytes",
    ),
    "archive, renamed and cut": (
        {"download": GZ[:-30]},
        f"/download: truncated, {len(GZ) - 30:,} of {len(GZ):,} bytes",
    ),
    "python archive, cut": (
        {"cifar-10-python.tar.gz.part": PY_GZ[:90]},
        f"/cifar-10-python.tar.gz.part: truncated, 90 of {len(PY_GZ):,} bytes",
    ),
    "archive, empty": (
        {"cifar-10-binary.tar.gz": b""},
        "/cifar-10-binary.tar.gz: no archive (tar, tar.gz, zip), 0 bytes",
    ),
    "archive, one bit": ({"cifar-10-binary.tar.gz": flipped(GZ, 300)}, " damaged"),
    "archive of a bad file": ({"a.tar": tar(BINARY | {NAME: b"x"}, mode="w")}, f"/a.tar: {NAME} is truncated, 1 of"),
    "gunzipped, cut": ({"cifar10.tar": gzip.decompress(GZ)[:-20000]}, "/cifar10.tar: "),
    "archive, page": ({"cifar-10-binary.tar.gz": PAGE}, "/cifar-10-binary.tar.gz: a web page, not data"),
    "another archive": ({"cifar10.zip": zipped({"x": b"y"})}, "/cifar10.zip: nothing of CIFAR-10"),
    "zip, cut": ({"cifar10.zip": zipped(BINARY)[:-1000]}, "/cifar10.zip: damaged or truncated, "),
    "Kaggle": (
        {"train.7z": b"7z", "trainLabels.csv": b"id,label"},
        ": from Kaggle's competition, which keeps the labels",
    ),
    "MATLAB": (
        under("cifar-10-batches-mat", {"data_batch_1.mat": b"MATLAB"}),
        "/cifar-10-batches-mat: the MATLAB version",
    ),
    "CIFAR-100": (
        {"cifar-100-binary.tar.gz": tar({"fine_label_names.txt": b""}, "c")},
        "tar.gz: CIFAR-100, another data",
    ),
    "few pictures": (pictures(kept=lambda path: "train" in path), ": 0 of 3 pictures in test/"),
    "damaged picture": (DAMAGED, ": picture "),
    "picture of another size": (LARGER, ", or not of 32×32 pixels"),
    "copies, cut": (
        {"cifar10_jpeg.npz": NPZ[:900]},
        "/cifar10_jpeg.npz: damaged, truncated or something else, 900 bytes",
    ),
    "copies, another": ({"cifar10_jpeg.npz": PAGE}, "/cifar10_jpeg.npz: damaged, truncated or something else, "),
}


def message():
    with pytest.raises(FileNotFoundError) as caught:
        cifar10.load_cifar10()
    return str(caught.value)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said(name, mine):
    files, said = WRONG[name]
    fill(mine, files)
    lines = message().splitlines()
    assert lines[1].startswith("- $CIFAR10_DIR") and said.format(mine=mine) in lines[1] and len(lines) == 6, lines
    assert all(len(line.replace(str(mine), "")) < 120 for line in lines)


def test_each_place_is_named(mine, tmp_path, monkeypatch):
    nowhere = f"""CIFAR-10 is not here. Searched:
- $CIFAR10_DIR ({mine}): no such file or folder
- data/cifar10, here and above: no such file or folder
- data/cifar-10-*, here and above: nothing there
- ~/.keras/datasets/cifar-10-*: nothing there
`bncourse data cifar10` fetches it (170 MB). Or let CIFAR10_DIR be the folder or archive that has it."""
    assert message() == nowhere
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "home" / "data"))
    fill(tmp_path / "home/data", {"cifar-10-binary.tar.gz": PAGE, "cifar-10-batches-bin/test_batch.bin": b""})
    fill(tmp_path / "course/data/cifar-10-batches-py", {"test_batch": b"x"})
    (tmp_path / "data" / "cifar10").mkdir(parents=True)
    assert message().splitlines()[1:5] == [
        "- $CIFAR10_DIR/cifar-10-batches-bin: data_batch_1.bin is missing, only 1 of 6 files are there",
        "- $CIFAR10_DIR/cifar-10-binary.tar.gz: a web page, not data",
        "- data/cifar10, here and above: nothing of CIFAR-10",
        "- ../data/cifar-10-batches-py: data_batch_1 is missing, only 1 of 6 files are there",
    ]
    monkeypatch.delenv("CIFAR10_DIR")
    assert message().splitlines()[1] == "- $CIFAR10_DIR (not set): nothing there"


def test_home_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("CIFAR10_DIR", str(tmp_path / "home" / "gone"))
    assert "- $CIFAR10_DIR (~/gone): no such file or folder\n" in message()
    with pytest.raises(FileNotFoundError, match=r"- ~/gone: no such file or folder\n"):
        cifar10.cifar10_found([tmp_path / "home" / "gone"])


def test_a_bad_copy_does_not_hide_a_good_one(mine, tmp_path, capsys):
    fill(mine, NEVER)
    fill(tmp_path / "data/cifar10", BINARY)
    right(cifar10.load_cifar10())
    passed = f"Passed over $CIFAR10_DIR: {NAME} is missing, only 5 of 6 files are there."
    assert capsys.readouterr().out == f"{OFFICIAL}: found in ../../data/cifar10. {passed}\n"


def test_what_may_not_be_read(mine, monkeypatch):
    fill(mine, BINARY)

    def refuse(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "- $CIFAR10_DIR: Permission denied\n" in message()
    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "- $CIFAR10_DIR: Permission denied\n" in message()


def test_what_else_lies_there_is_passed_over(mine, capsys):
    others = {
        "a.tar.gz": tar({"x": b"y"}, "linux"),
        "b.tar": tar({"x": b"y" * 9000}, "linux", "w")[:2000],
        "c.npz": b"x",
    }
    fill(
        mine, others | {"d.zip": zipped({"x": b"y"}), "e.zip": b"PK", ".cifar10.tar.gz": PAGE, "cifar10_jpeg.npz": NPZ}
    )
    if hasattr(os, "mkfifo"):
        os.mkfifo(mine / "pipe")
    right(cifar10.load_cifar10(), 5)
    assert "Passed over" not in capsys.readouterr().out


def test_links_in_circles(mine):
    fill(mine, BINARY)
    (mine / "cifar-loop").symlink_to(mine, target_is_directory=True)
    right(cifar10.load_cifar10())


def test_without_pillow(mine, monkeypatch):
    fill(mine, {"cifar10_jpeg.npz": NPZ})
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert "Pillow, which reads them, is not installed" in message()


class Hostile:
    """What a pickle may do: run a command as it is read."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_hostile_pickle_is_refused(protocol, mine, tmp_path, monkeypatch):
    raw = pickle.dumps({"data": Hostile(tmp_path / "ran"), "labels": [1]}, protocol)
    fill(mine, PYTHON | {"data_batch_1": raw})
    assert "- $CIFAR10_DIR: data_batch_1 is t" in message()  # by its length already
    monkeypatch.setattr(cifar10, "CIFAR10_FILES", {PYTHON_FORM: sums(PYTHON | {"data_batch_1": raw}, "md5")})
    assert ".mkdir, which could run code: refused\n" in message()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["builtins.eval", "os.system", "numpy.load", "numpy.core.multiarray.scalar"])
def test_the_unpickler_knows_arrays_alone(name):
    module, _, what = name.rpartition(".")
    with pytest.raises(ValueError, match="refused"):
        cifar10.cifar10_unpickler(io.BytesIO(f"c{module}\n{what}\n.".encode())).load()


# The file itself, and the real copies


@pytest.mark.slow
def test_it_stands_alone_in_an_empty_directory(mine, tmp_path):
    """As a cell of a notebook: no comments, no private docstrings, nothing of the course, its names all cifar10's."""
    code = bare(SOURCE.read_text(encoding="utf-8"))
    nodes = ast.parse(code).body
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {target.id for node in nodes if isinstance(node, ast.Assign) for target in ast.walk(node.targets[0])
              if isinstance(target, ast.Name)}  # fmt: skip
    assert names and all(name.lower().startswith("cifar10_") for name in names - {"load_cifar10"})
    imported = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    imported += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    assert set(imported) <= sys.stdlib_module_names | {"numpy"} and "'''" not in code
    run = "import sys; exec(sys.stdin.read(), {'__name__': '__main__'})"
    code += "\ntry:\n    load_cifar10()\nexcept FileNotFoundError as problem:\n    print(problem)"
    done = subprocess.run([sys.executable, "-X", "utf8", "-I", "-c", run], input=code, capture_output=True, text=True,
                          encoding="utf-8", cwd=tmp_path, timeout=30)  # fmt: skip
    assert done.stdout.startswith("CIFAR-10 is not here. Searched:\n- $CIFAR10_DIR ("), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(not (REAL / "cifar10_jpeg.npz").is_file(), reason="set CIFAR10_IMAGES to the folder of JPEG copies")
def test_the_real_jpeg_copies(monkeypatch):
    """A thousand of them, which is quick: where each ends and what it is are read by hand."""
    with np.load(REAL / "cifar10_jpeg.npz") as real:
        few = {}
        for part, n in (("train", 800), ("test", 200)):
            ends = real[f"{part}_end"][:n]
            few |= {f"{part}_jpeg": real[f"{part}_jpeg"][: ends[-1]], f"{part}_end": ends}
            few[f"{part}_label"] = real[f"{part}_label"][:n]
        assert real["names"].tolist() == cifar10.CIFAR10_CLASSES
        assert len(real["train_end"]) == 50_000 and len(real["test_end"]) == 10_000
    np.savez(out := io.BytesIO(), **few)
    X, y, X_test, y_test = cifar10.cifar10_packed(out.getvalue())
    assert X.shape == (800, 3, 32, 32) and X_test.shape == (200, 3, 32, 32) and X.dtype == np.uint8
    assert y.dtype == np.int64 and y[:5].tolist() == [5, 1, 2, 5, 1] and y_test[:3].tolist() == [3, 8, 1]
    assert np.allclose(X.mean((0, 2, 3)), [125.3, 122.9, 113.9], atol=5), "red, green, blue: of all images"
